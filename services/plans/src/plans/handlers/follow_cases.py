"""Follows cases as they open and close: a closed case has no plan that is still to be paid."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from plans.domain.plan import Actor, State, Step, step
from plans.handlers.cancel_plan import cancel_all
from plans.store import accounts, cases, plans

CASES = Actor("cases", "service")


def lock_all(
    session: Session,
    *,
    cases_moved: Collection[UUID],
    cases_closed: Collection[UUID],
    accounts_stated: Collection[UUID],
) -> None:
    """Lock what statements and moves of cases will change: cases first, then all accounts at once.

    Those that have a live plan for a closed case are among them. What does not exist yet can't be
    locked; nobody else can have locked it either.
    """
    cases.lock(session, cases_moved)
    ending = plans.live_accounts_of_cases(session, cases_closed) if cases_closed else set()
    accounts.lock(session, ending | set(accounts_stated))


def open_cases(session: Session, opened: Sequence[cases.Moved]) -> None:
    """Cases were opened, or opened again."""
    cases.save_opened(session, opened)


def close_cases(session: Session, closed: Sequence[cases.Moved], *, now: datetime) -> None:
    """Cases were closed: their live plans end, offers and active ones alike.

    Whoever closed the case (paid, recalled, sold, deceased) no longer collects on it, so nobody may
    be asked for an instalment. A case opened again since is left alone. An offer that has expired
    is written off as that.
    """
    cases.save_closed(session, closed)
    standing = cases.find(session, [each.id for each in closed])
    reasons = {each.id: each.reason for each in closed if not standing[each.id].is_open}
    locked = accounts.lock(session, plans.live_accounts_of_cases(session, set(reasons)))
    ending = [
        plan
        for plan in plans.live_of_accounts(session, set(locked)).values()
        if plan.case_id in reasons
    ]
    expired = [plan for plan in ending if plan.state_at(now) is State.EXPIRED]
    plans.save(
        session,
        [
            (moved, [change])
            for moved, change in (
                step(plan, Step.EXPIRE, now=now, by=CASES, why="the case was closed")
                for plan in expired
            )
        ],
    )
    cancel_all(
        session,
        [
            (plan, f"the case was closed: {reasons[plan.case_id]}")
            for plan in ending
            if plan not in expired
        ],
        by=CASES,
        now=now,
    )
