"""A team is sent, after contact-rules was asked whether it may still go.

The question is put together in one transaction, asked outside of any, and its answer acted upon in
another, under the person's lock, if the visit still is what was asked about.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from cases.domain import presence
from cases.domain import visit as domain
from cases.domain.recheck import Goer, GoStep, Recheck
from cases.domain.visit import Visit, VisitStep
from cases.events import VisitDispatched
from cases.handlers.end_visits import Sees, lock_visit, seen_visit
from cases.handlers.visit_questions import day_at
from cases.store import addresses, agents, decisions, reschedules, visit_days, visits
from cases.store.tables import ApprovalRow
from cases.store.visits import Planned
from shared import outbox


def question_of_dispatch(session: Session, visit_id: UUID, now: datetime, *, sees: Sees) -> Recheck:
    """What to ask contact-rules before this visit's team is sent.

    Raises `NoSuch`, and whatever `dispatch_visit` would as things stand: nobody is asked then.
    """
    planned = seen_visit(session, visit_id, sees)
    _check(session, planned, now)
    return recheck_of(session, planned, GoStep.DISPATCH, planned.visit.starts_at, None)


def dispatch_visit(
    session: Session, visit_id: UUID, now: datetime, *, asked: UUID, sees: Sees, by: str
) -> None:
    """Send the team of a visit, which contact-rules allowed for the approval ``asked`` about.

    Raises `NoSuch`, `VisitChanged` when another approval holds by now, `RescheduleOpen`,
    `OutsideHours`, or the refusal that names the visit's state.
    """
    planned = lock_visit(session, visit_id, sees)
    visit = planned.visit
    to = _check(session, planned, now)
    if visit.approval_id != asked:
        raise domain.VisitChanged
    visit_days.dispatch(session, visits.Step(visit, VisitStep.DISPATCH, to), by=by, now=now)
    event = VisitDispatched(
        visit_id=visit.id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        approval_id=asked,
        dispatched_at=now,
        team=list(planned.team),
    )
    outbox.add(session, event, key=visit.person_id, now=now)


def _check(session: Session, planned: Planned, now: datetime) -> domain.VisitStatus:
    visit = planned.visit
    to = domain.after(visit.status, VisitStep.DISPATCH)
    # Its place may be another one in contact-rules already: wait for the answer.
    if reschedules.is_open(session, visit.id):
        raise domain.RescheduleOpen
    latest = latest_arrival(approval_of(session, visit))
    presence.check_not_over(now, visit.starts_at, latest)
    return to


def recheck_of(
    session: Session, planned: Planned, step: GoStep, day_of: datetime, at: datetime | None
) -> Recheck:
    """The question about a visit, its team's papers as valid at its door on the day of a moment."""
    visit = planned.visit
    assert visit.approval_id is not None, "a scheduled visit has an approval"
    address = addresses.load(session, [visit.address_id])[visit.address_id]
    day = day_at(day_of, address.timezone)
    team = agents.load(session, planned.team)
    return Recheck(
        approval_id=visit.approval_id,
        visit_id=visit.id,
        step=step,
        at=at,
        team=[
            Goer(agent_id, team[agent_id].valid_on(day), team[agent_id].employer)
            for agent_id in planned.team
        ],
    )


def approval_of(session: Session, visit: Visit) -> ApprovalRow:
    """The approval of a visit that was scheduled."""
    assert visit.approval_id is not None, "a scheduled visit has an approval"
    return decisions.approvals_of(session, [visit.approval_id])[visit.approval_id]


def latest_arrival(approval: ApprovalRow) -> datetime:
    """Until when the team may be at the door."""
    return presence.latest_arrival(approval.ends_at, approval.must_end_by, approval.expires_at)
