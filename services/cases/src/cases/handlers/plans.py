"""What plans tells: a running plan keeps everybody from the door, money ends the work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from cases.domain.case import Flag
from cases.domain.visit import CancelReason
from cases.handlers.cancel_visits import cancel_live_visits
from cases.handlers.case_ends import settle
from cases.store import accounts, cases, flags, persons
from cases.store.accounts import Owned

BY: Final = "plans"


class AccountNotKnown(Exception):
    """Plans tells of an account that is not here. Somebody must look: the message is parked."""


@dataclass(frozen=True, slots=True)
class OfAccount:
    """Something plans tells of an account: when it happened, and its details for the history."""

    lender: str
    account: str
    at: datetime
    plan_id: UUID | None = None
    data: Mapping[str, Any] | None = None


def start_plans(session: Session, told: Sequence[OfAccount], now: datetime) -> None:
    """Plans run: their cases are flagged and their live visits cancelled.

    One that ended before we hear it began changes nothing. Raises `AccountNotKnown`.
    """
    owned = _owned(session, told)
    changes = _changes(told, owned)
    raised = flags.up(session, Flag.PLAN_ACTIVE, changes)
    started = [change for change in changes if change.reference in raised]
    _note(session, started, "plan_activated", now)
    case_ids = {change.case_id for change in started}
    cancel_live_visits(session, sorted(case_ids), CancelReason.PLAN, now, by=BY)


def end_plans(session: Session, told: Sequence[OfAccount], kind: str, now: datetime) -> None:
    """Plans run no more; ``kind`` is ``plan_completed`` or ``plan_cancelled``.

    A case is free for visits again when no other plan of it runs. Raises `AccountNotKnown`.
    """
    changes = _changes(told, _owned(session, told))
    lowered = flags.down(session, Flag.PLAN_ACTIVE, changes)
    ended = [change for change in changes if change.reference in lowered]
    _note(session, ended, kind, now)


def receive_payments(session: Session, told: Sequence[OfAccount], now: datetime) -> None:
    """Payments came in: they stand in the history of their cases. Raises `AccountNotKnown`."""
    owned = _owned(session, told)
    notes = []
    for each in told:
        case_id = owned[each.lender, each.account].case_id
        if case_id is not None:
            data = {"account": each.account, **(each.data or {})}
            notes.append(cases.Note(case_id, "payment_received", BY, each.at, data))
    cases.note(session, notes, now)


def pay_accounts(session: Session, told: Sequence[OfAccount], now: datetime) -> None:
    """Accounts are paid: their cases are resolved and visits cancelled if nothing else is owed.

    A statement of the lender made after the payment is believed over it. Raises
    `AccountNotKnown`.
    """
    owned = _owned(session, told)
    paid = [(owned[each.lender, each.account].id, each.at) for each in told]
    accounts.mark_paid(session, paid, now)
    cases.note(
        session,
        [
            cases.Note(case_id, "account_paid", BY, each.at, {"account": each.account})
            for each in told
            if (case_id := owned[each.lender, each.account].case_id) is not None
        ],
        now,
    )
    case_ids = {account.case_id for account in owned.values() if account.case_id is not None}
    settle(session, case_ids, now, by=BY)


def _owned(session: Session, told: Sequence[OfAccount]) -> dict[tuple[str, str], Owned]:
    """The accounts told of, their persons locked.

    Locked again here because an account may have moved to another person since the message was
    written; for all others it costs nothing, the consumer locked them first.
    """
    named = {(each.lender, each.account) for each in told}
    before = accounts.owners(session, named)
    persons.lock(session, {account.person_id for account in before.values()})
    owned = accounts.owners(session, named)
    for key in named:
        if key not in owned:
            raise AccountNotKnown("plans tells of an account that was never received")
        if owned[key].person_id != before[key].person_id:
            raise AccountNotKnown("the account moved to another person at this moment")
    return owned


def _changes(
    told: Sequence[OfAccount], owned: Mapping[tuple[str, str], Owned]
) -> list[flags.Change]:
    changes = []
    for each in told:
        case_id = owned[each.lender, each.account].case_id
        assert each.plan_id is not None
        # An account that was never overdue has no case, and so no visits to stop.
        if case_id is not None:
            changes.append(flags.Change(each.plan_id, case_id, each.account, each.at))
    return changes


def _note(session: Session, changes: Sequence[flags.Change], kind: str, now: datetime) -> None:
    cases.note(
        session,
        [
            cases.Note(
                change.case_id,
                kind,
                BY,
                change.at,
                {"plan_id": str(change.reference), "account": change.account},
            )
            for change in changes
        ],
        now,
    )
