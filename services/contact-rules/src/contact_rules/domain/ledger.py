"""The ledger of contacts: entries are only ever added, and folding them tells what stands now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
    RESERVED = "reserved"
    """An approved contact holds its place in every window that contains it."""
    RELEASED = "released"
    """It will not happen: its place is free again."""
    CONSUMED = "consumed"
    """It happened, with this outcome, and counts by what it was."""


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


def standing(entries: Iterable[Entry]) -> dict[UUID, Entry]:
    """The entry that counts for each contact, of entries in the order they were written.

    - What happened stays so: a release that comes after it, or came before it, changes nothing.
      Of two reports of one contact the later counts.
    - A release is final: a reservation can't rise again, nor be made after it.
    - Of two reservations of one contact the later is its place.
    """
    found: dict[UUID, Entry] = {}
    for entry in entries:
        earlier = found.get(entry.contact_id)
        if entry.kind is EntryKind.CONSUMED or earlier is None or _yields(earlier):
            found[entry.contact_id] = entry
    return found


def _yields(earlier: Entry) -> bool:
    """Whether an entry may be overtaken by something other than the contact itself happening."""
    return earlier.kind is EntryKind.RESERVED


def effective_history(entries: Iterable[Entry]) -> tuple[PastContact, ...]:
    """The contacts that rules count: what happened, by its outcome, and what is still reserved."""
    return tuple(_counted(standing(entries).values()))


def _counted(entries: Iterable[Entry]) -> Iterator[PastContact]:
    for entry in entries:
        if entry.kind is not EntryKind.RELEASED:
            yield past_contact(entry)


def past_contact(entry: Entry) -> PastContact:
    """The contact an entry that was not a release tells of."""
    assert entry.kind is not EntryKind.RELEASED
    assert entry.channel is not None
    assert entry.direction is not None
    assert entry.starts_at is not None
    return PastContact(
        id=str(entry.contact_id),
        channel=entry.channel,
        direction=entry.direction,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        outcome=entry.outcome,
        party=entry.party_id,
        role=entry.party_role,
        debts=entry.debts,
        collector=entry.collector,
        lender=entry.lender,
        place=entry.place,
        point=entry.point,
        purpose=entry.purpose,
        reserved=entry.kind is EntryKind.RESERVED,
    )
