"""Visits are cancelled: by a person, or because their case needs none any more."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from cases.domain import visit as domain
from cases.domain.visit import CancelReason, Visit, VisitStep
from cases.events import VisitCancelled
from cases.store import visits
from shared import outbox


def cancel_live_visits(
    session: Session, case_ids: Collection[UUID], reason: CancelReason, now: datetime, *, by: str
) -> None:
    """Cancel whatever visits of these cases of locked persons may still happen."""
    live = [planned.visit for planned in visits.live_of_cases(session, case_ids)]
    cancel(session, live, reason, now, by=by)


def cancel(
    session: Session,
    cancelled: Sequence[Visit],
    reason: CancelReason,
    now: datetime,
    *,
    by: str,
    words: str | None = None,
) -> None:
    """Cancel visits of locked persons, all or none. Raises `VisitOver` if one of them is over.

    ``words`` are a person's own for the history; the event carries the code alone.
    """
    said = words or reason.value
    steps = [
        visits.Step(visit, VisitStep.CANCEL, domain.after(visit.status, VisitStep.CANCEL), said)
        for visit in cancelled
    ]
    visits.move(session, steps, by=by, now=now)
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
                ),
            )
            for visit in cancelled
        ],
        now=now,
    )
