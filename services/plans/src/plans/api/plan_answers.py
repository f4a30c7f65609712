"""Plans as answers show them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from shared.http import Answer

from plans.api.terms import InstalmentAnswer, TermsAnswer, instalment_values
from plans.domain.allocation import Progress
from plans.domain.money import total
from plans.domain.plan import Change, Consent, ConsentForm, Plan, State


class ConsentAnswer(Answer):
    """The debtor's consent."""

    form: ConsentForm
    evidence: str | None
    consented_at: datetime

    @classmethod
    def of(cls, consent: Consent | None) -> "ConsentAnswer | None":
        if consent is None:
            return None
        return cls(form=consent.form, evidence=consent.evidence, consented_at=consent.given_at)


class PlanSummary(Answer):
    """A plan as lists show it."""

    id: UUID
    status: State
    lender: str
    case_id: UUID
    account: str
    terms: TermsAnswer
    total: str = Field(description="All that is to be paid.")
    total_interest: str
    effective_annual_rate: str
    consent: ConsentAnswer | None
    offered_at: datetime
    expires_at: datetime = Field(description="Until then the debtor can consent.")
    activated_at: datetime | None
    ended_at: datetime | None = Field(description="When it was completed or cancelled.")

    @classmethod
    def of(cls, plan: Plan, now: datetime) -> "PlanSummary":
        return cls(**_values(plan, now))


class PaidInstalment(InstalmentAnswer):
    """An instalment and what is paid of it."""

    paid: str
    status: Literal["scheduled", "part_paid", "paid"]

    @classmethod
    def of_progress(cls, progress: Progress) -> "PaidInstalment":
        status: Literal["scheduled", "part_paid", "paid"] = "scheduled"
        if progress.is_paid:
            status = "paid"
        elif progress.paid.minor:
            status = "part_paid"
        return cls(**instalment_values(progress.instalment), paid=str(progress.paid), status=status)


class ChangeAnswer(Answer):
    """A line of a plan's history: who, when, why."""

    from_status: State | None
    to_status: State
    at: datetime
    by: str
    role: str
    reason: str | None

    @classmethod
    def of(cls, change: Change) -> "ChangeAnswer":
        return cls(
            from_status=change.before,
            to_status=change.after,
            at=change.at,
            by=change.by.subject,
            role=change.by.role,
            reason=change.why,
        )


class PlanAnswer(PlanSummary):
    """A plan with its instalments and its history, oldest first."""

    paid: str = Field(description="How much of the total is paid.")
    instalments: Sequence[PaidInstalment]
    history: Sequence[ChangeAnswer]

    @classmethod
    def whole(
        cls, plan: Plan, progress: Sequence[Progress], history: Sequence[Change], now: datetime
    ) -> "PlanAnswer":
        return cls(
            **_values(plan, now),
            paid=str(total((each.paid for each in progress), plan.total.currency)),
            instalments=[PaidInstalment.of_progress(each) for each in progress],
            history=[ChangeAnswer.of(change) for change in history],
        )


def _values(plan: Plan, now: datetime) -> dict[str, Any]:
    return {
        "id": plan.id,
        "status": plan.state_at(now),
        "lender": plan.lender,
        "case_id": plan.case_id,
        "account": plan.account,
        "terms": TermsAnswer.of(plan.terms),
        "total": str(plan.total),
        "total_interest": str(plan.total - plan.terms.amount),
        "effective_annual_rate": str(plan.effective_annual_rate),
        "consent": ConsentAnswer.of(plan.consent),
        "offered_at": plan.offered_at,
        "expires_at": plan.expires_at,
        "activated_at": plan.activated_at,
        "ended_at": plan.ended_at,
    }
