"""Somebody asks to move a visit; it stands as it was until contact-rules says yes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from cases.domain import visit as domain
from cases.domain import visit_times
from cases.domain.visit import Visit, VisitStep
from cases.events import RescheduleRequested
from cases.handlers.end_visits import Sees, lock_visit
from cases.handlers.request_visit import check_not_held, check_workable
from cases.handlers.visit_questions import ground_of, question, team_of
from cases.store import cases, reschedules, visits
from cases.store.visits import Planned
from shared import outbox


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visit is to become; None: as it is."""

    starts_at: datetime
    duration: timedelta | None = None
    team: Sequence[UUID] | None = None
    address_id: UUID | None = None


def reschedule_visit(
    session: Session, visit_id: UUID, wish: Wish, now: datetime, *, sees: Sees, by: str
) -> UUID:
    """Ask contact-rules to move a scheduled visit; returns the id of the asking.

    Raises `NoSuch`, `RescheduleOpen` while an earlier asking waits, the refusal that names the
    visit's state, what `request_visit` would of its case, and refusals with pointers for what is
    wrong with the wish.
    """
    planned = lock_visit(session, visit_id, sees)
    visit = planned.visit
    domain.after(visit.status, VisitStep.RESCHEDULE)
    if reschedules.is_open(session, visit.id):
        raise domain.RescheduleOpen
    case = cases.get(session, visit.case_id, visit.lender)
    assert case is not None, "cases are never deleted"
    check_workable(session, case, now)
    visit_times.check_start(wish.starts_at, now)
    moved = _moved(planned, wish)
    if (moved.visit, moved.team) == (visit, planned.team):
        raise domain.NothingToMove
    ground = ground_of(session, visit.case_id)
    address = ground.address(moved.visit.address_id)
    begins, ends = moved.visit.starts_at, moved.visit.ends_at
    check_not_held(session, case.id, begins, ends, address.timezone)
    team = team_of(session, visit.lender, moved.team)
    request_id = new_id()
    reschedules.request(session, request_id, moved.visit, moved.team, by=by, now=now)
    visits.touch(session, visit.id, now)
    data = {"visit_id": str(visit.id), "starts_at": moved.visit.starts_at.isoformat()}
    cases.note(session, [cases.Note(visit.case_id, "reschedule_requested", by, now, data)], now)
    event = RescheduleRequested(
        **question(moved.visit, address, team, ground),
        requested_at=now,
        requested_by=by,
        request_id=request_id,
    )
    outbox.add(session, event, key=visit.person_id, now=now)
    return request_id


def _moved(planned: Planned, wish: Wish) -> Planned:
    visit: Visit = planned.visit
    starts_at = wish.starts_at.astimezone(UTC)
    duration = visit.ends_at - visit.starts_at if wish.duration is None else wish.duration
    return Planned(
        visit=replace(
            visit,
            starts_at=starts_at,
            ends_at=starts_at + duration,
            address_id=wish.address_id or visit.address_id,
        ),
        team=planned.team if wish.team is None else tuple(wish.team),
    )
