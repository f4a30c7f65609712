"""Ends plans before they are paid: on request, or because their case was closed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from plans.domain.plan import Actor, Plan, State, Step, step
from plans.events import PlanCancelled
from plans.handlers.lock_plan import lock_plan
from plans.store import plans
from shared import outbox


def cancel_plan(
    session: Session, plan_id: UUID, *, why: str, lender: str | None, by: Actor, now: datetime
) -> Plan:
    """The plan, cancelled. What was paid stays paid.

    An active plan's end is announced as ``plans.plan-cancelled.v1``; an offer's is not, since
    nobody was told of it. Raises `UnknownPlan`, `PlanEnded` or `PlanExpired`.
    """
    plan, _, _ = lock_plan(session, plan_id, lender=lender)
    return cancel_all(session, [(plan, why)], by=by, now=now)[0]


def cancel_all(
    session: Session, ending: Sequence[tuple[Plan, str]], *, by: Actor, now: datetime
) -> list[Plan]:
    """Cancel plans whose accounts are locked, each for its reason."""
    cancelled = [step(plan, Step.CANCEL, now=now, by=by, why=why) for plan, why in ending]
    plans.save(session, [(plan, [change]) for plan, change in cancelled])
    outbox.add_many(
        session,
        [
            (
                plan.person_id,
                PlanCancelled(
                    plan_id=plan.id,
                    case_id=plan.case_id,
                    person_id=plan.person_id,
                    lender=plan.lender,
                    account=plan.account,
                    cancelled_at=now,
                ),
            )
            for plan, change in cancelled
            if change.before is State.ACTIVE
        ],
        now=now,
    )
    return [plan for plan, _ in cancelled]
