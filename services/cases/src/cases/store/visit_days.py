"""What happens to visits on their day: dispatched, checked in, told to leave.

Everything here wants the visit's person locked (`cases.store.persons.lock`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from cases.domain.presence import Place
from cases.store.visits import Step, record

_DISPATCH: Final = text(
    "UPDATE visit SET status = :status, dispatched_at = :now, updated_at = :now WHERE id = :id"
)
_CHECK_IN: Final = text(
    "UPDATE visit SET status = :status, checked_in_at = :at, check_in_recorded_at = :now,"
    " place_check = :place_check, place_distance_m = :distance_m, updated_at = :now"
    " WHERE id = :id"
)
_INTERRUPT: Final = text(
    "UPDATE visit SET must_leave_at = :now, must_leave_why = :why, updated_at = :now"
    " WHERE id = ANY(CAST(:ids AS uuid[]))"
)


def dispatch(session: Session, step: Step, *, by: str, now: datetime) -> None:
    """The team of a visit was sent."""
    values = {"id": step.visit.id, "status": step.to.value, "now": now}
    session.execute(_DISPATCH, values)
    record(session, [step], by=by, now=now)


def check_in(
    session: Session, step: Step, *, at: datetime, place: Place, by: str, now: datetime
) -> None:
    """The team of a visit is at its door since ``at``."""
    session.execute(
        _CHECK_IN,
        {
            "id": step.visit.id,
            "status": step.to.value,
            "at": at,
            "place_check": place.check.value,
            "distance_m": place.distance_m,
            "now": now,
        },
    )
    record(session, [step], by=by, now=now)


def interrupt(session: Session, ids: Sequence[UUID], why: str, now: datetime) -> None:
    """The teams at the doors of these visits must leave since now."""
    if ids:
        session.execute(_INTERRUPT, {"ids": list(ids), "why": why, "now": now})
