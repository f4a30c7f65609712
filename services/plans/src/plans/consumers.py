"""What plans listens to: its own copies of what cases announces, and what it does about each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict
from shared.inbox import Delivered, Handler
from shared.messages import Message, Received
from sqlmodel import Session

from plans.domain.account import Account
from plans.domain.money import Money, UnknownCurrency, total
from plans.handlers.follow_cases import close_cases, lock_all, open_cases
from plans.handlers.receive_accounts import receive_accounts
from plans.store.cases import Moved

_log = structlog.get_logger(__name__)

QUEUE: Final = "plans"


class Balance(BaseModel):
    """What is owed, in parts; decimal strings."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    principal: str
    interest: str
    fees: str


class AccountReceived(Received):
    TYPE: ClassVar[str] = "cases.account-received.v1"

    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    case_id: UUID | None
    currency: str
    balance: Balance
    as_of: datetime


class CaseOpened(Received):
    TYPE: ClassVar[str] = "cases.case-opened.v1"

    case_id: UUID
    lender: str
    person_id: UUID
    opened_at: datetime


class CaseClosed(Received):
    TYPE: ClassVar[str] = "cases.case-closed.v1"

    case_id: UUID
    lender: str
    person_id: UUID
    reason: str
    closed_at: datetime


def on_account_received(
    session: Session, delivered: Sequence[Delivered[AccountReceived]], now: datetime
) -> None:
    """Keep the accounts in currencies that can be paid in; the others can have no plan here."""
    stated = []
    for each in delivered:
        try:
            stated.append(_account(each.event))
        except UnknownCurrency:
            _log.warning("account_not_kept", account_id=str(each.event.account_id))
    receive_accounts(session, stated, now=now)


def on_case_opened(
    session: Session, delivered: Sequence[Delivered[CaseOpened]], now: datetime
) -> None:
    """Remember that the cases are open."""
    open_cases(
        session,
        [
            Moved(event.case_id, event.lender, event.person_id, event.opened_at)
            for event in (each.event for each in delivered)
        ],
    )


def on_case_closed(
    session: Session, delivered: Sequence[Delivered[CaseClosed]], now: datetime
) -> None:
    """End the plans of the cases."""
    close_cases(
        session,
        [
            Moved(event.case_id, event.lender, event.person_id, event.closed_at, event.reason)
            for event in (each.event for each in delivered)
        ],
        now=now,
    )


def lock_batch(session: Session, messages: Sequence[Message]) -> None:
    """Lock all that a batch may change, in the order everybody takes: cases, then accounts."""
    lock_all(
        session,
        cases_moved=_ids(messages, (CaseOpened, CaseClosed), "case_id"),
        cases_closed=_ids(messages, (CaseClosed,), "case_id"),
        accounts_stated=_ids(messages, (AccountReceived,), "account_id"),
    )


def _ids(messages: Sequence[Message], models: Sequence[type[Received]], field: str) -> set[UUID]:
    types = {model.TYPE for model in models}
    return {UUID(message.data[field]) for message in messages if message.type in types}


def _account(event: AccountReceived) -> Account:
    parts = (event.balance.principal, event.balance.interest, event.balance.fees)
    return Account(
        id=event.account_id,
        lender=event.lender,
        external_id=event.external_id,
        case_id=event.case_id,
        person_id=event.person_id,
        balance=total((Money.parse(part, event.currency) for part in parts), event.currency),
        as_of=event.as_of,
    )


HANDLERS: Final[list[Handler[Any]]] = [
    Handler(AccountReceived, on_account_received),
    Handler(CaseOpened, on_case_opened),
    Handler(CaseClosed, on_case_closed),
]
