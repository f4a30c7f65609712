"""What cases listens to: its own copies of others' events, and what it does about each."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final
from uuid import UUID

import jwt
import structlog
from pydantic import BaseModel, ConfigDict
from shared.inbox import Delivered, Handler, Prepare
from shared.keys import BadKeys, KeySet
from shared.messages import Message, Received
from sqlmodel import Session

from cases.domain.approval import Obligation
from cases.handlers import decide_visits, plans
from cases.handlers.decide_visits import Answered
from cases.handlers.plans import OfAccount
from cases.store import persons
from cases.store.decisions import Denial

_log = structlog.get_logger(__name__)

QUEUE: Final = "cases"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Obligation(_Part):
    rule: str
    what: str
    when: str


class _Approval(_Part):
    id: UUID
    token: str
    expires_at: datetime
    obligations: list[_Obligation]


class VisitApproved(Received):
    """Contact-rules says yes to a visit, signed."""

    TYPE: ClassVar[str] = "contact-rules.visit-approved.v1"

    visit_id: UUID
    person_id: UUID
    decision_id: UUID
    approval: _Approval


class _Denied(Received):
    visit_id: UUID
    person_id: UUID
    decision_id: UUID
    # Kept as they came: what a check says is contact-rules' own, and shown, not read.
    checks: list[dict[str, Any]]
    next_lawful: list[dict[str, Any]]


class VisitDenied(_Denied):
    """Contact-rules says no to a visit."""

    TYPE: ClassVar[str] = "contact-rules.visit-denied.v1"


class VisitNeedsReview(_Denied):
    """Contact-rules leaves a visit to people."""

    TYPE: ClassVar[str] = "contact-rules.visit-needs-review.v1"


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


def handlers(keys: KeySet) -> list[Handler[Any]]:
    """What cases does about each type; approvals are proven by ``keys``."""
    return [
        Handler(VisitApproved, partial(_approved, keys)),
        Handler(VisitDenied, partial(_denied, "deny")),
        Handler(VisitNeedsReview, partial(_denied, "needs_review")),
        Handler(PlanActivated, _plan_activated),
        Handler(PlanCompleted, _plan_completed),
        Handler(PlanCancelled, _plan_cancelled),
        Handler(PaymentReceived, _payment_received),
        Handler(AccountPaid, _account_paid),
    ]


def lock(session: Session, messages: Sequence[Message]) -> None:
    """Lock every person the messages are about: the key of each is their id."""
    persons.lock(session, {UUID(message.subject) for message in messages})


def fetch_missing_keys(keys: KeySet) -> Prepare:
    """Before the transaction: fetch contact-rules' public keys if an approval names an unknown one.

    Also when they were fetched long ago, for one may have been withdrawn since. While a missing
    one can't be fetched it raises `TimeoutError`: the batch is kept and tried again, for the
    approvals may be good. One whose key is in no fetched set is tried, and parks.
    """
    # A set of keys in a file is read by itself, and never refreshed over the network.
    remote = keys.may_refresh

    def prepare(messages: Sequence[Message]) -> None:
        named = _key_names(messages) if remote else set()
        unknown = any(keys.get(kid) is None for kid in named)
        if unknown and not keys.may_refresh:
            raise TimeoutError("contact-rules' keys were asked for a moment ago")
        if unknown or (named and keys.wants_refresh):
            try:
                keys.refresh()
            except BadKeys as error:
                _log.warning("approval_keys_unreachable", why=str(error))
                if unknown:
                    raise TimeoutError("contact-rules' keys can't be reached") from None

    return prepare


def _key_names(messages: Sequence[Message]) -> set[str]:
    names = set()
    for message in messages:
        if message.type == VisitApproved.TYPE:
            try:
                kid = jwt.get_unverified_header(message.data["approval"]["token"]).get("kid")
            except (jwt.PyJWTError, LookupError, TypeError):
                continue
            if isinstance(kid, str):
                names.add(kid)
    return names


def _approved(
    keys: KeySet, session: Session, delivered: Sequence[Delivered[VisitApproved]], now: datetime
) -> None:
    answers = [
        Answered(
            visit_id=one.event.visit_id,
            person_id=UUID(one.message.subject),
            decision_id=one.event.decision_id,
            approval_id=one.event.approval.id,
            token=one.event.approval.token,
            expires_at=one.event.approval.expires_at,
            obligations=[
                Obligation(each.rule, each.what, each.when)
                for each in one.event.approval.obligations
            ],
        )
        for one in delivered
    ]
    decide_visits.schedule_visits(session, answers, now, keys=keys)


def _denied(
    verdict: str, session: Session, delivered: Sequence[Delivered[_Denied]], now: datetime
) -> None:
    denials = [
        (
            UUID(one.message.subject),
            Denial(
                decision_id=one.event.decision_id,
                visit_id=one.event.visit_id,
                verdict=verdict,
                checks=one.event.checks,
                next_lawful=one.event.next_lawful,
            ),
        )
        for one in delivered
    ]
    decide_visits.deny_visits(session, denials, now)


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
