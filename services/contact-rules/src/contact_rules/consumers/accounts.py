"""What cases announces of accounts: whose they are. They have a queue of their own, so that a
million of them, pushed at once, keep no visit waiting."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime
from shared.inbox import Delivered, Handler
from shared.messages import Message, Received
from sqlmodel import Session

from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.move_accounts import move_accounts
from contact_rules.store import accounts, persons
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


def of_accounts(desk: Callable[[], Desk]) -> list[Handler[Any]]:
    """What is done about each type. ``desk`` gives the rules and the key there are now, for visits
    of persons whose debt an account turns out to be."""
    return [Handler(AccountReceived, partial(_received, desk))]


def lock_batch(session: Session, messages: Sequence[Message]) -> None:
    """Lock the accounts of a batch, and then the persons between whom any of them moves."""
    told = [
        (UUID(message.data["account_id"]), UUID(message.data["person_id"])) for message in messages
    ]
    if between := accounts.lock(session, told):
        persons.lock(session, between)


def _received(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[AccountReceived]],
    now: datetime,
) -> None:
    """Whose account it is; what was told of it while it was taken for another's goes with it.

    Visits are decided from another queue: one of the present debtor may have been approved before,
    and is asked again. A recall changes nothing in whose it is: what was done about it stays told.
    """
    moved = accounts.keep(
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
    move_accounts(session, moved, now, desk=desk)
