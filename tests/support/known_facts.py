"""What others announce that is a fact to contact-rules, and what its callers tell it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from contact_rules.store import accounts
from contact_rules.store.accounts import Account
from delivery import announced
from httpx import Response
from rules_house import Debtor, House, VisitRequested
from shared.db import transaction
from shared.ids import new_id
from shared.messages import Event


class _OfCase(Event):
    case_id: UUID
    person_id: UUID
    lender: str


class HoldPlaced(_OfCase):
    TYPE: ClassVar[str] = "cases.hold-placed.v1"
    hold_id: UUID
    reason: str = "hardship"
    from_on: date
    until_on: date | None
    placed_at: datetime


class HoldLifted(_OfCase):
    TYPE: ClassVar[str] = "cases.hold-lifted.v1"
    hold_id: UUID
    lifted_at: datetime


class ComplaintOpened(_OfCase):
    TYPE: ClassVar[str] = "cases.complaint-opened.v1"
    complaint_id: UUID
    about: str = "conduct"
    received_on: date
    opened_at: datetime


class ComplaintClosed(_OfCase):
    TYPE: ClassVar[str] = "cases.complaint-closed.v1"
    complaint_id: UUID
    outcome: str = "upheld"
    closed_at: datetime


class AccountRecalled(_OfCase):
    TYPE: ClassVar[str] = "cases.account-recalled.v1"
    account_id: UUID
    external_id: str = "NB-1"
    reason: str = "term_ended"
    recalled_at: datetime


class AccountReturned(_OfCase):
    TYPE: ClassVar[str] = "cases.account-returned.v1"
    account_id: UUID
    external_id: str = "NB-1"
    recalled_at: datetime
    returned_at: datetime


class _OfPlan(_OfCase):
    plan_id: UUID
    account: str = "NB-1"


class PlanActivated(_OfPlan):
    TYPE: ClassVar[str] = "plans.plan-activated.v1"
    currency: str = "TWD"
    total: str = "9300.00"
    first_due_on: date = date(2026, 12, 15)
    activated_at: datetime


class PlanCompleted(_OfPlan):
    TYPE: ClassVar[str] = "plans.plan-completed.v1"
    completed_at: datetime


class PlanCancelled(_OfPlan):
    TYPE: ClassVar[str] = "plans.plan-cancelled.v1"
    cancelled_at: datetime


def of(debtor: Debtor) -> dict[str, Any]:
    """Whom an event is about."""
    return {
        "case_id": debtor.case_id,
        "person_id": debtor.person_id,
        "lender": debtor.lender,
    }


def hold(debtor: Debtor, at: datetime, **changed: Any) -> HoldPlaced:
    """A hold from the day it is placed, without end."""
    said = {"hold_id": new_id(), "from_on": at.date(), "until_on": None, "placed_at": at}
    return HoldPlaced(**of(debtor), **(said | changed))


def recall(debtor: Debtor, at: datetime) -> AccountRecalled:
    """The lender takes the debtor's account back."""
    return AccountRecalled(**of(debtor), account_id=debtor.account_id, recalled_at=at)


def give_account(house: House, debtor: Debtor, external_id: str = "NB-1") -> None:
    """The debtor's account, as cases announced it."""
    with transaction(house.engine) as session:
        accounts.keep(
            session,
            [
                Account(
                    debtor.account_id,
                    debtor.lender,
                    external_id,
                    debtor.person_id,
                    house.clock() - timedelta(days=30),
                )
            ],
        )


def tell(house: House, debtor: Debtor, kind: str = "cease", **said: Any) -> Response:
    """A fact told by the house's people, of the debtor's lender unless told otherwise."""
    headers = said.pop("headers", None)
    body = {"kind": kind} | ({} if headers else {"lender": debtor.lender}) | said
    return house.client.post(
        f"/v1/persons/{debtor.person_id}/facts", json=body, headers=headers or {}
    )


def known(house: House, debtor: Debtor, **asked: Any) -> list[dict[str, Any]]:
    """What the house knows of a person."""
    answer = house.client.get(f"/v1/persons/{debtor.person_id}/facts", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def state(house: House, visit: VisitRequested) -> str:
    """The state of the visit's newest approval."""
    rows = [row for row in house.rows("approval", "issued_at") if row.visit_id == visit.visit_id]
    return str(rows[-1].state)


def revoked(house: House) -> list[dict[str, Any]]:
    """The approvals announced as revoked, oldest first."""
    return [
        message.data for message in announced(house.engine, "contact-rules.approval-revoked.v1")
    ]
