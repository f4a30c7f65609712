"""The debtor consents: the plan is active, and the rest of the house is told."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from plans.domain.account import CaseClosed
from plans.domain.plan import Actor, Consent, Plan, consent
from plans.events import PlanActivated
from plans.handlers.lock_plan import lock_plan
from plans.store import plans
from shared import outbox


def consent_to_plan(
    session: Session,
    plan_id: UUID,
    given: Consent,
    *,
    lender: str | None,
    by: Actor,
    now: datetime,
) -> Plan:
    """The plan, consented and active in one, announced as ``plans.plan-activated.v1``.

    Raises the `Refusal` that says why not: expired, consented already, ended, closed case, less
    owed than the plan is about, an impossible time of consent.
    """
    offered, account, case_is_open = lock_plan(session, plan_id, lender=lender)
    plan, changes = consent(
        offered, given, balance=account.balance, basis_as_of=account.as_of, now=now, by=by
    )
    if not case_is_open:
        raise CaseClosed
    plans.save(session, [(plan, changes)])
    outbox.add(
        session,
        PlanActivated(
            plan_id=plan.id,
            case_id=plan.case_id,
            person_id=plan.person_id,
            lender=plan.lender,
            account=plan.account,
            currency=plan.total.currency,
            total=str(plan.total),
            first_due_on=plan.terms.first_due_on,
            activated_at=now,
        ),
        key=plan.person_id,
        now=now,
    )
    return plan
