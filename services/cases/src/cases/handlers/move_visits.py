"""Contact-rules answers those who asked to move visits: a visit moves in one step, or stays."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared.keys import KeySet
from sqlmodel import Session

from cases.domain import visit as domain
from cases.domain.approval import Approval
from cases.domain.visit import CancelReason, VisitStatus, VisitStep
from cases.handlers.cancel_visits import announce_cancelled, cancel
from cases.handlers.decide_visits import (
    BY,
    Answered,
    DecisionOutOfPlace,
    announce_scheduled,
    proven,
    why_over,
)
from cases.store import cases, decisions, reschedules, visits
from cases.store.decisions import Denial
from cases.store.reschedules import Reschedule, RescheduleStatus
from cases.store.visits import Planned

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Moved:
    """A yes to an asking, not believed yet."""

    request_id: UUID
    answered: Answered


@dataclass(frozen=True, slots=True)
class NotMoved:
    """A no to an asking; ``person_id`` is whose lock is held."""

    request_id: UUID
    person_id: UUID
    denial: Denial


def move_visit(session: Session, told: Moved, now: datetime, *, keys: KeySet) -> None:
    """Move a visit of a locked person: its approval, times, address and team in one step.

    The approval must be signed, and one for what was asked to the last word. The one before is
    over in any case: where the new one is over or taken back already, the visit is cancelled; and
    where the visit ended meanwhile, that is told once more, so that the new place is free again.
    Raises `shared.keys.BadToken`, `ApprovalMismatch` or `DecisionOutOfPlace`; nothing moves then.
    """
    answer = told.answered
    planned, asked = _asked(session, answer.visit_id, answer.person_id, told.request_id)
    visit = planned.visit
    moved = Planned(
        visit=replace(
            visit,
            starts_at=asked.starts_at,
            ends_at=asked.ends_at,
            address_id=asked.address_id,
        ),
        team=asked.team,
    )
    approval = proven(answer, moved, keys, now)
    if asked.status is RescheduleStatus.REQUESTED:
        _move(session, planned, moved, asked, approval, now)
    elif asked.status is RescheduleStatus.DONE:
        _log.info("moved_already", visit_id=str(visit.id), request_id=str(asked.id))
    elif visit.status in {VisitStatus.CANCELLED, VisitStatus.EXPIRED}:
        announce_cancelled(session, [moved], CancelReason.REQUEST, now)
    elif visit.status is not VisitStatus.COMPLETED:
        # That it took place is told already, and used up the new place.
        raise DecisionOutOfPlace(f"visit {visit.id} was not to be moved any more")


def _move(
    session: Session,
    planned: Planned,
    moved: Planned,
    asked: Reschedule,
    approval: Approval,
    now: datetime,
) -> None:
    visit = planned.visit
    to = domain.after(visit.status, VisitStep.RESCHEDULE)
    revocation = decisions.revocations_of(session, [approval.id]).get(approval.id)
    if (over := why_over(approval, revocation, now)) is not None:
        cancel(session, [planned], over, now, by=BY)
        return
    decisions.approve(session, [approval], now)
    step = visits.Step(visit, VisitStep.RESCHEDULE, to)
    visits.reschedule(session, step, moved, approval.id, by=BY, now=now)
    reschedules.done(session, asked.id, now)
    announce_scheduled(session, [(moved.visit, approval.id)], now)


def keep_visit(session: Session, told: NotMoved, now: datetime) -> None:
    """A visit of a locked person stays as it is, and why. Raises `DecisionOutOfPlace`."""
    denial = told.denial
    planned, asked = _asked(session, denial.visit_id, told.person_id, told.request_id)
    visit = planned.visit
    if asked.status is RescheduleStatus.DONE:
        raise DecisionOutOfPlace(f"visit {visit.id} was moved already")
    if asked.status is not RescheduleStatus.REQUESTED:
        _log.info("denial_too_late", visit_id=str(visit.id), request_id=str(asked.id))
        return
    reschedules.deny(session, asked.id, denial, now)
    visits.touch(session, visit.id, now)
    data = {"visit_id": str(visit.id), "verdict": denial.verdict}
    cases.note(session, [cases.Note(visit.case_id, "reschedule_denied", BY, now, data)], now)


def _asked(
    session: Session, visit_id: UUID, person_id: UUID, request_id: UUID
) -> tuple[Planned, Reschedule]:
    planned = visits.load(session, [visit_id]).get(visit_id)
    asked = reschedules.load(session, [request_id]).get(request_id)
    if planned is None or planned.visit.person_id != person_id:
        raise DecisionOutOfPlace(f"no visit {visit_id} of that person is known")
    if asked is None or asked.visit_id != visit_id:
        raise DecisionOutOfPlace(f"nobody asked {request_id} of visit {visit_id}")
    return planned, asked
