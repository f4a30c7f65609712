"""What plans announces. Amounts are decimal strings in ``currency``; the key is the person."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.messages import Event

_PLAN: dict[str, Any] = {
    "plan_id": "019aa5a0-7c00-7000-8000-000000000001",
    "case_id": "019aa5a0-7c00-7000-8000-00000000ca5e",
    "person_id": "019aa5a0-7c00-7000-8000-00000000d0e0",
    "lender": "northbank",
    "account": "NB-2021-000017",
}


class PlanActivated(Event):
    """The debtor consented and the plan runs: visits for the case stop."""

    TYPE: ClassVar[str] = "plans.plan-activated.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = _PLAN | {
        "currency": "CNY",
        "total": "10661.86",
        "first_due_on": "2026-12-15",
        "activated_at": "2026-11-21T08:30:00Z",
    }

    plan_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    account: str
    currency: str
    total: str
    first_due_on: date
    activated_at: datetime


class PlanCompleted(Event):
    """Every instalment of an active plan is paid."""

    TYPE: ClassVar[str] = "plans.plan-completed.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = _PLAN | {"completed_at": "2027-11-15T02:00:00Z"}

    plan_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    account: str
    completed_at: datetime


class PlanCancelled(Event):
    """An active plan ended before it was paid. An offer that is withdrawn is not announced."""

    TYPE: ClassVar[str] = "plans.plan-cancelled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = _PLAN | {"cancelled_at": "2027-02-03T03:15:00Z"}

    plan_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    account: str
    cancelled_at: datetime


class PaymentReceived(Event):
    """A payment was recorded.

    ``balance_after`` is what the account owes then, negative if overpaid; a payment that the
    lender's statement already contained leaves it as it was.
    """

    TYPE: ClassVar[str] = "plans.payment-received.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "payment_id": "019aa5a0-7c00-7000-8000-000000000002",
        "external_id": "pay-2026-12-15-0001",
        "lender": "northbank",
        "account": "NB-2021-000017",
        "case_id": "019aa5a0-7c00-7000-8000-00000000ca5e",
        "person_id": "019aa5a0-7c00-7000-8000-00000000d0e0",
        "amount": "888.49",
        "currency": "CNY",
        "paid_at": "2026-12-15T01:00:00Z",
        "balance_after": "9211.51",
    }

    payment_id: UUID
    external_id: str
    lender: str
    account: str
    case_id: UUID | None
    person_id: UUID
    amount: str
    currency: str
    paid_at: datetime
    balance_after: str


class AccountPaid(Event):
    """A payment brought what the account owes to zero or below.

    A lender's own statement of zero is not announced: it came through cases, which knows.
    """

    TYPE: ClassVar[str] = "plans.account-paid.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "lender": "northbank",
        "account": "NB-2021-000017",
        "case_id": "019aa5a0-7c00-7000-8000-00000000ca5e",
        "person_id": "019aa5a0-7c00-7000-8000-00000000d0e0",
        "paid_at": "2027-11-15T02:00:00Z",
    }

    lender: str
    account: str
    case_id: UUID | None
    person_id: UUID
    paid_at: datetime
