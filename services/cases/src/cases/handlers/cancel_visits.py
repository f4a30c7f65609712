"""Visits are kept from happening: cancelled, or interrupted where the team is at the door."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.messages import Event
from sqlmodel import Session

from cases.domain import visit as domain
from cases.domain.visit import CancelReason, VisitStatus, VisitStep
from cases.events import VisitCancelled, VisitInterrupted
from cases.store import cases, reschedules, visit_days, visits
from cases.store.visits import Planned
from shared import outbox

STOPPABLE: Final = domain.LIVE | {VisitStatus.CHECKED_IN}
"""States in which there is something to stop: a visit to come, or one that goes on."""


def cancel_live_visits(
    session: Session, case_ids: Collection[UUID], reason: CancelReason, now: datetime, *, by: str
) -> None:
    """Stop whatever visits of these cases of locked persons may still happen or go on."""
    stop(session, visits.of_cases(session, case_ids, STOPPABLE), reason, now, by=by)


def stop(
    session: Session, stopped: Sequence[Planned], reason: CancelReason, now: datetime, *, by: str
) -> None:
    """Cancel visits of locked persons; teams at the door must leave. Those over stay as they are.

    Whoever was told to leave before is not told again.
    """
    cancel(
        session, [each for each in stopped if each.visit.status in domain.LIVE], reason, now, by=by
    )
    at_the_door = [
        each
        for each in stopped
        if each.visit.status is VisitStatus.CHECKED_IN and each.visit.must_leave_at is None
    ]
    _interrupt(session, at_the_door, reason, now, by=by)


def cancel(
    session: Session,
    cancelled: Sequence[Planned],
    reason: CancelReason,
    now: datetime,
    *,
    by: str,
    words: str | None = None,
) -> None:
    """Cancel visits of locked persons, all or none.

    Raises `VisitAtTheDoor` or `VisitOver` if that can't be for one of them. ``words`` are a
    person's own for the history; the event carries the code alone.
    """
    said = words or reason.value
    steps = [
        visits.Step(
            each.visit,
            VisitStep.CANCEL,
            domain.after(each.visit.status, VisitStep.CANCEL),
            said,
        )
        for each in cancelled
    ]
    visits.move(session, steps, by=by, now=now)
    reschedules.withdraw(session, [each.visit.id for each in cancelled], now)
    announce_cancelled(session, cancelled, reason, now)


def announce_cancelled(
    session: Session, cancelled: Sequence[Planned], reason: CancelReason, now: datetime
) -> None:
    """Tell that these visits do not happen, and whose teams need not go."""
    outbox.add_many(
        session,
        [
            (
                visit.person_id,
                VisitCancelled(
                    visit_id=visit.id,
                    case_id=visit.case_id,
                    person_id=visit.person_id,
                    lender=visit.lender,
                    reason=reason.value,
                    cancelled_at=now,
                    team=list(team),
                ),
            )
            for visit, team in ((each.visit, each.team) for each in cancelled)
        ],
        now=now,
    )


def _interrupt(
    session: Session,
    at_the_door: Sequence[Planned],
    reason: CancelReason,
    now: datetime,
    *,
    by: str,
) -> None:
    visit_days.interrupt(session, [each.visit.id for each in at_the_door], reason.value, now)
    notes, events = [], []
    for visit, team in ((each.visit, each.team) for each in at_the_door):
        assert visit.approval_id is not None, "nobody checks in without an approval"
        data = {"visit_id": str(visit.id), "reason": reason.value}
        notes.append(cases.Note(visit.case_id, "visit_interrupted", by, now, data))
        event = VisitInterrupted(
            visit_id=visit.id,
            case_id=visit.case_id,
            person_id=visit.person_id,
            lender=visit.lender,
            approval_id=visit.approval_id,
            team=list(team),
            reason=reason.value,
            must_leave_at=now,
        )
        events.append((visit.person_id, event))
    cases.note(session, notes, now)
    outbox.add_many(session, list[tuple[UUID | str, Event]](events), now=now)
