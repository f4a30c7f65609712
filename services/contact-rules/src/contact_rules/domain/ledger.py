"""The ledger of contacts: entries are only ever added, and folding them tells what stands now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from contact_rules.domain.contact import (
    Channel,
    Direction,
    Outcome,
    PastContact,
    PlaceKind,
    Purpose,
    Role,
)


class EntryKind(StrEnum):
    PLANNED = "planned"
    """Somebody says that it is going to happen: it counts as if it were reserved."""
    RESERVED = "reserved"
    """An approved contact holds its place in every window that contains it."""
    RELEASED = "released"
    """It will not happen: its place is free again."""
    ATTEMPTED = "attempted"
    """It was tried. With an outcome: nobody was reached. Without: nobody said yet."""
    REACHED = "reached"
    """Somebody was reached, and the debt was not talked about."""
    CONVERSED = "conversed"
    """The debt was talked about."""
    CORRECTED = "corrected"
    """All that was said of it before was wrong: it was this. Without outcome: it never happened."""
    CONSUMED = "consumed"
    """What the release before wrote for the three above; it counts by its outcome."""


HAPPENED: Final = frozenset(
    {
        EntryKind.ATTEMPTED,
        EntryKind.REACHED,
        EntryKind.CONVERSED,
        EntryKind.CORRECTED,
        EntryKind.CONSUMED,
    }
)
"""Kinds that tell what took place (or, corrected, that nothing did): no plan undoes them."""
PLANS: Final = frozenset({EntryKind.PLANNED, EntryKind.RESERVED})
"""Kinds that hold a place in every window for what has not happened yet."""

_REACHED: Final = frozenset(
    {
        Outcome.ANSWERED,
        Outcome.PERSON_MET,
        Outcome.DEBTOR_MET,
        Outcome.REFUSED,
        Outcome.NOTICE_GIVEN,
    }
)


def kind_of(outcome: Outcome | None) -> EntryKind:
    """How far a contact with this outcome got; None: it is not known (yet)."""
    if outcome is Outcome.CONVERSATION:
        return EntryKind.CONVERSED
    return EntryKind.REACHED if outcome in _REACHED else EntryKind.ATTEMPTED


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a person's ledger. What is None was not known when it was written.

    ``occurred_at`` is when it became so in the world, ``recorded_at`` when we learned of it.
    Entries of one person are written under that person's lock, so ``seq`` is their order.
    """

    id: UUID
    contact_id: UUID
    person_id: UUID
    kind: EntryKind
    lender: str
    occurred_at: datetime
    recorded_at: datetime
    channel: Channel | None = None
    direction: Direction | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    purpose: Purpose | None = None
    place: PlaceKind | None = None
    party_id: str | None = None
    party_role: Role | None = None
    debts: tuple[str, ...] = ()
    collector: str | None = None
    point: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    decision_id: UUID | None = None
    seq: int | None = None
    external_id: str | None = None  # the sender's own id
    details: Mapping[str, Any] | None = None  # what else was said, as it was said


class Line(NamedTuple):
    """What rules need of an entry, in the plain words of the database.

    Decisions read every line of a ledger: as tuples they cost half of what entries did.
    """

    person_id: str
    seq: int
    contact_id: str
    kind: str
    lender: str
    channel: str | None
    direction: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    purpose: str | None
    place: str | None
    party_id: str | None
    party_role: str | None
    debts: Sequence[str]
    collector: str | None
    point: str | None
    outcome: str | None


def line_of(entry: Entry) -> Line:
    """The line an entry will be, once it is written."""
    return Line(
        person_id=str(entry.person_id),
        seq=entry.seq or 0,
        contact_id=str(entry.contact_id),
        kind=entry.kind,
        lender=entry.lender,
        channel=entry.channel,
        direction=entry.direction,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        purpose=entry.purpose,
        place=entry.place,
        party_id=entry.party_id,
        party_role=entry.party_role,
        debts=entry.debts,
        collector=entry.collector,
        point=entry.point,
        outcome=entry.outcome,
    )


E = TypeVar("E", Entry, Line)


def standing(entries: Iterable[E]) -> dict[str, E]:
    """The entry that counts for each contact, of entries in the order they were written.

    - What happened stays so: a release that comes after it, or came before it, changes nothing.
      Of two reports of one contact, or a report and its correction, the later counts.
    - A release is final: a reservation can't rise again, nor be made after it.
    - Of two reservations of one contact the later is its place.
    """
    found: dict[str, E] = {}
    for entry in entries:
        contact = str(entry.contact_id)
        earlier = found.get(contact)
        if earlier is None or entry.kind in HAPPENED or earlier.kind in PLANS:
            found[contact] = entry
    return found


def effective_history(lines: Iterable[Line]) -> tuple[PastContact, ...]:
    """The contacts that rules count: what happened, by its outcome, and what is still planned."""
    return tuple(past_contact(line) for line in standing(lines).values() if counts(line))


def counts(entry: Entry | Line) -> bool:
    """Does the entry that stands for a contact say that there is one, planned or made?"""
    return entry.kind != EntryKind.RELEASED and not (
        entry.kind == EntryKind.CORRECTED and entry.outcome is None
    )


def past_contact(line: Line) -> PastContact:
    """The contact that a line which `counts` tells of.

    One that goes on, or of which nobody said yet what came, has the outcome that counts most, as
    has one that is still planned.
    """
    assert line.channel is not None
    assert line.direction is not None
    assert line.starts_at is not None
    return PastContact(
        channel=_CHANNELS[line.channel],
        direction=_DIRECTIONS[line.direction],
        starts_at=line.starts_at,
        outcome=_OUTCOMES[line.outcome],
        party=line.party_id,
        role=_ROLES[line.party_role],
        debts=tuple(line.debts),
        collector=line.collector,
        lender=line.lender,
        place=_PLACES[line.place],
        point=line.point,
        purpose=_PURPOSES[line.purpose],
        reserved=line.outcome is None,
        id=line.contact_id,
        ends_at=line.ends_at,
    )


# Looking a word up is several times cheaper than calling its enumeration.
_CHANNELS: Final = {str(each): each for each in Channel}
_DIRECTIONS: Final = {str(each): each for each in Direction}
_OUTCOMES: Final[dict[str | None, Outcome | None]] = {None: None, **{str(e): e for e in Outcome}}
_ROLES: Final[dict[str | None, Role | None]] = {None: None, **{str(e): e for e in Role}}
_PLACES: Final[dict[str | None, PlaceKind | None]] = {None: None, **{str(e): e for e in PlaceKind}}
_PURPOSES: Final[dict[str | None, Purpose | None]] = {None: None, **{str(e): e for e in Purpose}}
