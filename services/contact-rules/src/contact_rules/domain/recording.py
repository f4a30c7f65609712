"""What a contact that somebody tells of becomes: a line of the ledger, nothing, or a refusal.

Diallers and message senders tell of contacts by ids of their own. Of one id the first telling
counts; the same again is nothing new; another needs to say that it corrects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

from contact_rules.domain.contact import (
    Channel,
    Collector,
    Direction,
    Outcome,
    Party,
    Place,
    Purpose,
    Role,
)
from contact_rules.domain.ledger import Entry, EntryKind, kind_of, standing

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far in the future what has happened may lie: the sender's clock may be ahead of ours."""

_NAMESPACE: Final = UUID("6f1f8f4e-3c1b-5a59-9d0a-7e1f0a5b2c11")


class Status(StrEnum):
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    CORRECTED = "corrected"
    PLANNED = "planned"
    WITHDRAWN = "withdrawn"


class ContactRefused(Exception):
    """Why a contact can't be recorded; ``pointer`` is the field to blame."""

    code: ClassVar[str]
    en: ClassVar[str]
    zh: ClassVar[str]

    def __init__(self, pointer: str) -> None:
        super().__init__(self.en)
        self.pointer = pointer


class ToldOtherwise(ContactRefused):
    code = "told_otherwise"
    en = "was told before, and otherwise: say `correction` if that was wrong"
    zh = "此前以不同内容上报过：如需更正，请填写 correction"


class ToldOfAnother(ContactRefused):
    code = "told_of_another"
    en = "was told of another person: withdraw it, and tell it again under an id of its own"
    zh = "此前上报的是另一人的联系：请撤回后以新的 id 重新上报"


class NeverTold(ContactRefused):
    code = "unknown_contact"
    en = "was never told, so there is nothing to correct"
    zh = "从未上报过，无可更正"


class TookPlace(ContactRefused):
    code = "took_place"
    en = "was told as made: withdraw it, and plan under an id of its own"
    zh = "此前上报为已发生：请撤回后以新的 id 上报计划"


class WasWithdrawn(ContactRefused):
    code = "withdrawn"
    en = "was a plan that was withdrawn: plan anew under an id of its own"
    zh = "该计划已撤回：请以新的 id 重新上报"


class NotYet(ContactRefused):
    code = "not_yet"
    en = "must be left out of what has not begun"
    zh = "尚未开始的联系不得有结果"


class VisitsAreAskedFor(ContactRefused):
    code = "ask_for_visits"
    en = "must not be a visit to come: those are asked for at cases, and approved first"
    zh = "不得为尚未进行的外访：外访须先在 cases 提出申请并获批准"


@dataclass(frozen=True, slots=True)
class ToldContact:
    """One contact as a sender tells of it. What is None was not said.

    Either ``person_id`` or ``account`` (the lender's own id) says with whom. ``said`` is a digest
    of all of it: equal digests tell the same. ``told_by`` is who sent it.
    """

    contact_id: UUID
    external_id: str
    lender: str
    said: str
    told_by: str
    channel: Channel
    direction: Direction
    starts_at: datetime
    person_id: UUID | None = None
    account: str | None = None
    ends_at: datetime | None = None
    outcome: Outcome | None = None
    purpose: Purpose | None = None
    place: Place | None = None
    party: Party | None = None
    accounts: tuple[str, ...] | None = None
    collector: Collector | None = None
    point: str | None = None
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The sender says that a contact it told of never happened, or will not."""

    contact_id: UUID
    external_id: str
    lender: str
    said: str
    told_by: str
    correction: str


def contact_id(lender: str, external_id: str) -> UUID:
    """The id of the contact that this lender's sender calls ``external_id``: always the same."""
    return uuid5(_NAMESPACE, f"{len(lender)}:{lender}{external_id}")


def telling(
    told: ToldContact,
    person_id: UUID,
    debts: tuple[str, ...],
    earlier: Sequence[Entry],
    entry_id: UUID,
    now: datetime,
) -> tuple[Status, Entry]:
    """What becomes of ``told``, given all ``earlier`` lines of the contact, oldest first, of which
    none said the same (`said_before`).

    - A plan, or a contact whose outcome was not known, may be told again with what came of it.
    - Anything else is a correction, and says so; it takes the place of all that was said.

    Raises a `ContactRefused`.
    """
    planned = told.outcome is None and told.starts_at > now
    if planned and told.channel is Channel.VISIT:
        raise VisitsAreAskedFor("/channel")
    if told.outcome is not None and told.starts_at > now + CLOCKS_DIFFER:
        raise NotYet("/outcome")
    stands = _stands(earlier)
    if stands is None:
        if told.correction is not None:
            raise NeverTold("/id")
        if planned:
            entry = _entry(told, EntryKind.PLANNED, person_id, debts, entry_id, now)
            return Status.PLANNED, entry
        kind, status = kind_of(told.outcome), Status.RECORDED
    else:
        if stands.person_id != person_id:
            raise ToldOfAnother("/id")
        kind, status = _again(told, stands, planned=planned)
    return status, _entry(told, kind, person_id, debts, entry_id, now)


def withdrawn(
    told: Withdrawal, earlier: Sequence[Entry], entry_id: UUID, now: datetime
) -> tuple[Status, Entry | None]:
    """What becomes of a withdrawal: a plan is released; of what was told as made the ledger says
    from now on that it never was. Done before: nothing. Raises `NeverTold`."""
    stands = _stands(earlier)
    if stands is None:
        raise NeverTold("/id")
    if stands.kind is EntryKind.RELEASED or _never_was(stands):
        return Status.DUPLICATE, None
    plan = stands.kind in (EntryKind.PLANNED, EntryKind.RESERVED)
    entry = replace(
        stands,
        id=entry_id,
        kind=EntryKind.RELEASED if plan else EntryKind.CORRECTED,
        outcome=None,
        reason=told.correction,
        occurred_at=now,
        recorded_at=now,
        seq=None,
        details={"said": told.said, "told_by": told.told_by},
    )
    return Status.WITHDRAWN, entry


def _again(told: ToldContact, stands: Entry, *, planned: bool) -> tuple[EntryKind, Status]:
    """The kind of line a contact becomes that was told of before, in other words."""
    corrects = told.correction is not None
    if stands.kind is EntryKind.PLANNED:
        if not planned:
            return kind_of(told.outcome), Status.CORRECTED if corrects else Status.RECORDED
        if corrects:  # the plan moves: of two plans of one contact the later is its place
            return EntryKind.PLANNED, Status.CORRECTED
        raise ToldOtherwise("/id")
    if planned:
        # A plan can't stand where something happened, nor where a plan was given up.
        if stands.kind is EntryKind.RELEASED:
            raise WasWithdrawn("/id")
        raise TookPlace("/starts_at") if corrects else ToldOtherwise("/id")
    if corrects:
        # Without an outcome a line of correction would say that it never was.
        known = told.outcome is not None
        return EntryKind.CORRECTED if known else EntryKind.ATTEMPTED, Status.CORRECTED
    open_ = stands.outcome is None and not _never_was(stands)
    if open_ and (told.outcome is not None or stands.kind is EntryKind.RELEASED):
        return kind_of(told.outcome), Status.RECORDED
    raise ToldOtherwise("/id")


def said_before(said: str, earlier: Sequence[Entry]) -> bool:
    """Was the very same told of this contact before? Then it is nothing new."""
    return any(entry.details is not None and entry.details.get("said") == said for entry in earlier)


def _stands(earlier: Sequence[Entry]) -> Entry | None:
    return next(iter(standing(earlier).values()), None)


def _never_was(entry: Entry) -> bool:
    return entry.kind is EntryKind.CORRECTED and entry.outcome is None


def _entry(
    told: ToldContact,
    kind: EntryKind,
    person_id: UUID,
    debts: tuple[str, ...],
    entry_id: UUID,
    now: datetime,
) -> Entry:
    return Entry(
        id=entry_id,
        contact_id=told.contact_id,
        person_id=person_id,
        kind=kind,
        lender=told.lender,
        channel=told.channel,
        direction=told.direction,
        starts_at=told.starts_at,
        ends_at=told.ends_at,
        purpose=told.purpose,
        place=None if told.place is None else told.place.kind,
        party_id=str(person_id) if told.party is None else told.party.id,
        party_role=Role.DEBTOR if told.party is None else told.party.role,
        debts=debts,
        collector=told.lender if told.collector is None else told.collector.id,
        point=told.point,
        outcome=told.outcome,
        reason=told.correction,
        occurred_at=now if kind is EntryKind.PLANNED else told.ends_at or told.starts_at,
        recorded_at=now,
        external_id=told.external_id,
        details=_details(told),
    )


def _details(told: ToldContact) -> dict[str, Any]:
    """What the columns of the ledger have no room for."""
    details: dict[str, Any] = {"said": told.said, "told_by": told.told_by}
    if told.place is not None:
        details["place"] = {
            name: value
            for name in ("timezone", "country", "region", "city")
            if (value := getattr(told.place, name)) is not None
        }
    if told.collector is not None:
        details["collector_class"] = told.collector.class_.value
    return details
