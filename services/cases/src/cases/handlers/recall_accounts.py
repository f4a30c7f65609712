"""A lender takes an account back: nobody goes to a door for it any more."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlmodel import Session

from cases.domain.case import still_owed
from cases.domain.refusal import NoSuch
from cases.domain.visit import CancelReason
from cases.events import AccountRecalled
from cases.handlers.accounts import ChangedMeanwhile
from cases.handlers.cancel_visits import cancel_live_visits
from cases.handlers.case_ends import settle
from cases.store import accounts, cases, persons
from shared import outbox


class RecallReason(StrEnum):
    """Why an account is taken back, as others are told; the words stay with the account."""

    TERM_ENDED = "term_ended"
    SOLD = "sold"
    SETTLED = "settled"
    COMPLAINT = "complaint"
    LEGAL = "legal"
    MISTAKE = "mistake"
    OTHER = "other"


_CODES: Final = frozenset(RecallReason)


def recall_account(
    session: Session, lender: str, external_id: str, reason: str, now: datetime, *, by: str
) -> UUID:
    """The account takes no part in visits from now on; returns its id.

    Its case is closed as recalled when nothing else is owed in it. Live visits of the case that
    may be about it are cancelled, whatever else they are about. Recalled already, nothing changes.
    A later statement brings it back (`receive_accounts`).

    Raises `NoSuch`, and `ChangedMeanwhile` when it moved to another person at this moment.
    """
    key = (lender, external_id)
    before = accounts.owners(session, [key]).get(key)
    if before is None:
        raise NoSuch("account", "账户")
    persons.lock(session, [before.person_id])
    account = accounts.get(session, lender, external_id)
    assert account is not None, "accounts are never deleted"
    if account.person_id != before.person_id:
        raise ChangedMeanwhile
    if account.recalled_at is not None:
        return account.id
    owed = still_owed(account.overdue, account.as_of, account.paid_at, None)
    code = RecallReason(reason) if reason in _CODES else RecallReason.OTHER
    accounts.recall(session, account.id, reason, now)
    event = AccountRecalled(
        account_id=account.id,
        external_id=external_id,
        person_id=account.person_id,
        case_id=account.case_id,
        lender=lender,
        reason=code.value,
        recalled_at=now,
    )
    outbox.add(session, event, key=account.person_id, now=now)
    if account.case_id is not None:
        data = {"account": external_id, "reason": code.value}
        cases.note(session, [cases.Note(account.case_id, "account_recalled", by, now, data)], now)
        settle(session, [account.case_id], now, by=by, recalled=[account.case_id])
        if owed:
            cancel_live_visits(session, [account.case_id], CancelReason.RECALL, now, by=by)
    return account.id
