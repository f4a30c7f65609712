"""Contacts as a dialler tells of them, and the accounts by which it knows persons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from contact_rules.consumers.accounts import lock_batch, of_accounts
from delivery import announced, deliver
from rules_house import Debtor, House
from shared.messages import Event

MONDAY = datetime.fromisoformat("2026-11-23T09:30:00+08:00")
"""Half an hour before the tests' clock; in Taipei, and in the opening hours there."""


class AccountReceived(Event):
    TYPE: ClassVar[str] = "cases.account-received.v1"
    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    product: str = "credit_card"
    as_of: datetime


def account_of(debtor: Debtor) -> str:
    """The lender's own id of the debtor's account."""
    return f"CARD-{str(debtor.account_id)[-12:]}"


def received(debtor: Debtor, as_of: datetime = MONDAY, **changed: Any) -> AccountReceived:
    """The debtor's lender pushed his account."""
    said = {
        "lender": debtor.lender,
        "account_id": debtor.account_id,
        "external_id": account_of(debtor),
        "person_id": debtor.person_id,
        "as_of": as_of,
    }
    return AccountReceived(**(said | changed))


def make_known(house: House, *debtors: Debtor) -> None:
    """Their lenders have pushed their accounts."""
    tell_accounts(house, *[received(each) for each in debtors])


def tell_accounts(house: House, *events: AccountReceived) -> None:
    """Have the events handled, each twice."""
    deliver(
        house.engine,
        of_accounts(house.kept_desk),
        *[house.message(one) for one in events],
        clock=house.clock,
        lock=lock_batch,
    )


def call(
    debtor: Debtor,
    id_: str = "call-1",
    at: datetime = MONDAY,
    outcome: str | None = "no_answer",
    **changed: Any,
) -> dict[str, Any]:
    """A call of two minutes to the debtor's phone. What is changed to None is not said."""
    said: dict[str, Any] = {
        "id": id_,
        "account": account_of(debtor),
        "channel": "phone",
        "direction": "outbound",
        "starts_at": at.isoformat(),
        "ends_at": (at + timedelta(minutes=2)).isoformat(),
        "outcome": outcome,
        "point": "+886912345678",
    } | changed
    return {name: value for name, value in said.items() if value is not None}


def visit_told(
    debtor: Debtor,
    id_: str = "door-1",
    at: datetime = MONDAY,
    outcome: str | None = "debtor_met",
    **changed: Any,
) -> dict[str, Any]:
    """A visit of half an hour that others than we made to the debtor's home."""
    said = {
        "channel": "visit",
        "ends_at": (at + timedelta(minutes=30)).isoformat(),
        "point": None,
        "place": {"kind": "home", "country": "TW", "region": "TPE", "timezone": "Asia/Taipei"},
    }
    return call(debtor, id_, at, outcome, **(said | changed))


def tell(house: House, body: Any, *, lender: str | None = "northbank", **headers: str) -> Any:
    """Post to ``/v1/contacts`` as that lender, or as ops."""
    role = "ops" if lender is None else "lender"
    return house.client.post(
        "/v1/contacts", json=body, headers=house.header(role, lender) | headers
    )


def withdrawal(id_: str = "call-1", reason: str = "not_ours") -> dict[str, Any]:
    """It never happened."""
    return {"id": id_, "withdrawn": True, "correction": {"reason": reason}}


def breaches(house: House) -> list[tuple[str, str]]:
    """Rule and cause of each breach found, oldest first."""
    return [(row.rule, row.cause) for row in house.rows("breach", "id")]


def breaches_announced(house: House) -> list[dict[str, Any]]:
    return [message.data for message in announced(house.engine, "contact-rules.breach-found.v1")]
