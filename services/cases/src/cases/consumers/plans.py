"""What plans tells: cases' own copies of its events, and what is done about each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.inbox import Delivered, Handler
from shared.messages import Received
from sqlmodel import Session

from cases.handlers import plans
from cases.handlers.plans import OfAccount


class _OfPlan(Received):
    plan_id: UUID
    lender: str
    account: str


class PlanActivated(_OfPlan):
    """A repayment plan runs."""

    TYPE: ClassVar[str] = "plans.plan-activated.v1"

    activated_at: datetime


class PlanCompleted(_OfPlan):
    """A repayment plan was kept to its end."""

    TYPE: ClassVar[str] = "plans.plan-completed.v1"

    completed_at: datetime


class PlanCancelled(_OfPlan):
    """A repayment plan ended before its end."""

    TYPE: ClassVar[str] = "plans.plan-cancelled.v1"

    cancelled_at: datetime


class PaymentReceived(Received):
    """Money came in."""

    TYPE: ClassVar[str] = "plans.payment-received.v1"

    payment_id: UUID
    lender: str
    account: str
    amount: str
    currency: str
    paid_at: datetime
    balance_after: str


class AccountPaid(Received):
    """Nothing of an account is owed any more."""

    TYPE: ClassVar[str] = "plans.account-paid.v1"

    lender: str
    account: str
    paid_at: datetime


def of_plans() -> list[Handler[Any]]:
    """What is done about each type."""
    return [
        Handler(PlanActivated, _plan_activated),
        Handler(PlanCompleted, _plan_completed),
        Handler(PlanCancelled, _plan_cancelled),
        Handler(PaymentReceived, _payment_received),
        Handler(AccountPaid, _account_paid),
    ]


def _of_plan(event: _OfPlan, at: datetime) -> OfAccount:
    return OfAccount(event.lender, event.account, at, plan_id=event.plan_id)


def _plan_activated(
    session: Session, delivered: Sequence[Delivered[PlanActivated]], now: datetime
) -> None:
    told = [_of_plan(one.event, one.event.activated_at) for one in delivered]
    plans.start_plans(session, told, now)


def _plan_completed(
    session: Session, delivered: Sequence[Delivered[PlanCompleted]], now: datetime
) -> None:
    told = [_of_plan(one.event, one.event.completed_at) for one in delivered]
    plans.end_plans(session, told, "plan_completed", now)


def _plan_cancelled(
    session: Session, delivered: Sequence[Delivered[PlanCancelled]], now: datetime
) -> None:
    told = [_of_plan(one.event, one.event.cancelled_at) for one in delivered]
    plans.end_plans(session, told, "plan_cancelled", now)


def _payment_received(
    session: Session, delivered: Sequence[Delivered[PaymentReceived]], now: datetime
) -> None:
    told = [
        OfAccount(
            one.event.lender,
            one.event.account,
            one.event.paid_at,
            data={
                "payment_id": str(one.event.payment_id),
                "amount": one.event.amount,
                "currency": one.event.currency,
                "balance_after": one.event.balance_after,
            },
        )
        for one in delivered
    ]
    plans.receive_payments(session, told, now)


def _account_paid(
    session: Session, delivered: Sequence[Delivered[AccountPaid]], now: datetime
) -> None:
    told = [OfAccount(one.event.lender, one.event.account, one.event.paid_at) for one in delivered]
    plans.pay_accounts(session, told, now)
