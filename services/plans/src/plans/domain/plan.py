"""A repayment plan's life: offered, consented, active, completed; or cancelled, or expired."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from plans.domain.money import Money
from plans.domain.quote import Terms
from plans.domain.refusals import Refusal


class State(StrEnum):
    OFFERED = "offered"
    CONSENTED = "consented"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


LIVE: Final = frozenset({State.OFFERED, State.CONSENTED, State.ACTIVE})
"""States of which an account has one plan at most."""


class Step(StrEnum):
    CONSENT = "consent"
    ACTIVATE = "activate"
    COMPLETE = "complete"
    CANCEL = "cancel"
    EXPIRE = "expire"


TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = MappingProxyType(
    {
        (State.OFFERED, Step.CONSENT): State.CONSENTED,
        (State.OFFERED, Step.CANCEL): State.CANCELLED,
        (State.OFFERED, Step.EXPIRE): State.EXPIRED,
        (State.CONSENTED, Step.ACTIVATE): State.ACTIVE,
        (State.CONSENTED, Step.CANCEL): State.CANCELLED,
        (State.ACTIVE, Step.COMPLETE): State.COMPLETED,
        (State.ACTIVE, Step.CANCEL): State.CANCELLED,
    }
)
"""Every way a plan can go. Whatever is not in this table is refused as `REFUSALS` says."""


class PlanExpired(Refusal):
    code = "plan_expired"


class PlanEnded(Refusal):
    code = "plan_ended"


class AlreadyConsented(Refusal):
    code = "already_consented"


class NotConsented(Refusal):
    code = "not_consented"


class PlanAlreadyLive(Refusal):
    code = "plan_already_live"

    def __init__(self) -> None:
        super().__init__(
            "The account already has a plan that is offered or active.",
            "该账户已有待同意或执行中的还款计划。",
        )


class UnknownPlan(Refusal):
    code = "unknown_plan"

    def __init__(self) -> None:
        super().__init__("There is no such plan.", "没有此还款计划。")


class BalanceBelowPlan(Refusal):
    code = "balance_below_plan"


class ConsentInFuture(Refusal):
    code = "consented_in_future"
    about = "consented_at"


class ConsentBeforeTerms(Refusal):
    code = "consented_before_terms"
    about = "consented_at"


class AgreedTooFarAway(Refusal):
    code = "agreed_too_far_away"
    about = "agreed_on"


_NOT_CONSENTED: Final = (
    NotConsented,
    "The plan was not consented to yet.",
    "该还款计划尚未获得同意。",
)
_CONSENTED: Final = (AlreadyConsented, "The plan was consented to already.", "该还款计划已获同意。")
_ENDED: Final = (PlanEnded, "The plan has ended.", "该还款计划已终止。")

REFUSALS: Final[Mapping[State, tuple[type[Refusal], str, str]]] = MappingProxyType(
    {
        State.OFFERED: _NOT_CONSENTED,
        State.CONSENTED: _CONSENTED,
        State.ACTIVE: _CONSENTED,
        State.COMPLETED: _ENDED,
        State.CANCELLED: _ENDED,
        State.EXPIRED: (
            PlanExpired,
            "The offer has expired: make a new one.",
            "该方案已过期，请重新提出。",
        ),
    }
)
"""Why a plan in this state does not take a step that the table lacks."""


class ConsentForm(StrEnum):
    """How the debtor consented; the same words as contact-rules' consents."""

    WRITTEN = "written"
    ORAL = "oral"
    ORAL_RECORDED = "oral_recorded"
    SEPARATE_INSTRUMENT = "separate_instrument"


@dataclass(frozen=True, slots=True)
class Consent:
    """The debtor's yes. ``evidence`` says where the proof is kept (a document's reference)."""

    form: ConsentForm
    given_at: datetime
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: a token's subject and role, or a service by its own name."""

    subject: str
    role: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step in a plan's history: who, when, why."""

    before: State | None
    after: State
    at: datetime
    by: Actor
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan on one account of one case. Its terms never change: other terms are another plan.

    ``basis_as_of`` is set when it becomes active: the time of the lender's statement its amount
    was held against. Money paid before that was never part of the plan.
    """

    id: UUID
    lender: str
    account_id: UUID
    account: str
    case_id: UUID
    person_id: UUID
    terms: Terms
    total: Money
    effective_annual_rate: Decimal
    state: State
    offered_at: datetime
    expires_at: datetime
    consent: Consent | None = None
    activated_at: datetime | None = None
    basis_as_of: datetime | None = None
    ended_at: datetime | None = None

    def state_at(self, now: datetime) -> State:
        """The state as of ``now``: an offer that nobody took has expired, written down or not."""
        if self.state is State.OFFERED and now >= self.expires_at:
            return State.EXPIRED
        return self.state

    def takes_payment_of(self, paid_at: datetime) -> bool:
        """Whether money paid then pays this plan.

        It does while the plan is active, unless the balance the plan was made from already
        contained it: then it was never owed under the plan.
        """
        return (
            self.state is State.ACTIVE
            and self.basis_as_of is not None
            and paid_at >= self.basis_as_of
        )


def step(
    plan: Plan, taken: Step, *, now: datetime, by: Actor, why: str | None = None
) -> tuple[Plan, Change]:
    """The plan one step on, and its line of history; or the refusal that `REFUSALS` names."""
    state = plan.state if taken is Step.EXPIRE else plan.state_at(now)
    after = TRANSITIONS.get((state, taken))
    if after is None:
        refusal, en, zh = REFUSALS[state]
        raise refusal(en, zh)
    ended_at = None if after in LIVE else now
    return replace(plan, state=after, ended_at=ended_at), Change(plan.state, after, now, by, why)


def consent(
    plan: Plan, given: Consent, *, balance: Money, basis_as_of: datetime, now: datetime, by: Actor
) -> tuple[Plan, tuple[Change, Change]]:
    """The plan consented to and active at once, with both lines of history.

    ``balance`` and ``basis_as_of`` are the account's now: a plan over more than is still owed
    raises `BalanceBelowPlan`, since money came in after the offer. An expired offer stays expired
    even if the consent was given in time.
    """
    consented, first = step(plan, Step.CONSENT, now=now, by=by, why=f"consent {given.form}")
    if balance < plan.terms.amount:
        raise BalanceBelowPlan(
            "Less is owed by now than the plan is about: make a new offer.",
            "目前欠款已低于计划金额，请重新提出方案。",
        )
    if given.given_at > now + SKEW:
        raise ConsentInFuture("Consent can't be given in the future.", "同意时间不得晚于现在。")
    agreed = datetime.combine(plan.terms.agreed_on, datetime.min.time(), UTC)
    # A day of leeway: the date is local to a debtor whose zone is not known here.
    if given.given_at < min(agreed, plan.offered_at) - timedelta(days=1):
        raise ConsentBeforeTerms(
            "Consent can't be given before the terms were agreed or offered.",
            "同意时间不得早于约定或提出方案的时间。",
        )
    consented = replace(consented, consent=given, basis_as_of=basis_as_of, activated_at=now)
    active, second = step(consented, Step.ACTIVATE, now=now, by=by)
    return active, (first, second)


SKEW: Final = timedelta(minutes=5)
"""How far a caller's clock may run ahead of ours."""

_AGREEMENT_WITHIN: Final = timedelta(days=366)


def check_agreed_on(terms: Terms, now: datetime) -> None:
    """Raise `AgreedTooFarAway` unless the agreement is within a year of today, either way."""
    if abs(terms.agreed_on - now.date()) > _AGREEMENT_WITHIN:
        raise AgreedTooFarAway(
            "The day of the agreement lies within 366 days of today.",
            "约定日期与今天相差不得超过 366 天。",
        )
