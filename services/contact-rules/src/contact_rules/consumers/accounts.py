"""What cases announces of accounts: whose they are. They have a queue of their own, so that a
million of them, pushed at once, keep no visit waiting."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime
from shared.inbox import Delivered, Handler
from shared.messages import Received
from sqlmodel import Session

from contact_rules.store import accounts
from contact_rules.store.accounts import Account

QUEUE: Final = "contact-rules-accounts"


class AccountReceived(Received):
    """A lender stated an account as of a moment."""

    TYPE: ClassVar[str] = "cases.account-received.v1"

    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    as_of: AwareDatetime


def of_accounts() -> list[Handler[Any]]:
    """What is done about each type."""
    return [Handler(AccountReceived, _received)]


def _received(
    session: Session, delivered: Sequence[Delivered[AccountReceived]], now: datetime
) -> None:
    """Whose account it is. A recall changes nothing in that: what was done about it stays told."""
    accounts.keep(
        session,
        [
            Account(
                one.event.account_id,
                one.event.lender,
                one.event.external_id,
                one.event.person_id,
                one.event.as_of,
            )
            for one in delivered
        ],
    )
