"""A team says that it is at the door: contact-rules is asked once more, place and time compared."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session

from cases.domain import presence
from cases.domain import visit as domain
from cases.domain.presence import Place, Position
from cases.domain.recheck import GoStep, Recheck
from cases.domain.visit import VisitStatus, VisitStep
from cases.events import VisitCheckedIn
from cases.handlers.dispatch_visit import approval_of, latest_arrival, recheck_of
from cases.handlers.end_visits import Sees, lock_visit, seen_visit
from cases.store import addresses, visit_days, visits
from cases.store.visits import Planned
from shared import outbox


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a team says it is, and since when; ``at`` None: now."""

    position: Position | None
    at: datetime | None
    within_m: float


def question_of_check_in(
    session: Session, visit_id: UUID, arrival: Arrival, now: datetime, *, sees: Sees
) -> Recheck:
    """What to ask contact-rules before this team is taken to be at the door.

    Raises `NoSuch`, and whatever `check_in_visit` would as things stand: nobody is asked then.
    """
    planned = seen_visit(session, visit_id, sees)
    _check(session, planned, arrival, now)
    at = None if arrival.at is None else arrival.at.astimezone(UTC)
    return recheck_of(session, planned, GoStep.CHECK_IN, at or now, at)


def check_in_visit(
    session: Session,
    visit_id: UUID,
    arrival: Arrival,
    now: datetime,
    *,
    asked: UUID,
    sees: Sees,
    by: str,
) -> None:
    """The team of a visit is at the door, which contact-rules allowed for the approval ``asked``.

    Raises `NoSuch`, `VisitChanged` when another approval holds by now, `ArrivalNotPlausible`,
    `OutsideHours`, `NotAtThePlace`, or the refusal that names the visit's state.
    """
    planned = lock_visit(session, visit_id, sees)
    visit = planned.visit
    to, place = _check(session, planned, arrival, now)
    if visit.approval_id != asked:
        raise domain.VisitChanged
    at = (arrival.at or now).astimezone(UTC)
    step = visits.Step(visit, VisitStep.CHECK_IN, to, place.check.value)
    visit_days.check_in(session, step, at=at, place=place, by=by, now=now)
    event = VisitCheckedIn(
        visit_id=visit.id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        approval_id=asked,
        checked_in_at=at,
        recorded_at=now,
        place_check=place.check.value,
    )
    outbox.add(session, event, key=visit.person_id, now=now)


def _check(
    session: Session, planned: Planned, arrival: Arrival, now: datetime
) -> tuple[VisitStatus, Place]:
    visit = planned.visit
    to = domain.after(visit.status, VisitStep.CHECK_IN)
    at = arrival.at or now
    presence.check_arrival(visit, at, now)
    presence.check_hours(at, visit.starts_at, latest_arrival(approval_of(session, visit)))
    address = addresses.load(session, [visit.address_id])[visit.address_id]
    place = presence.check_place(
        arrival.position, address.latitude, address.longitude, arrival.within_m
    )
    return to, place
