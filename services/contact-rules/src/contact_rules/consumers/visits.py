"""What is done when cases announces something of a visit, from the asking to the outcome."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypedDict
from uuid import UUID

from shared.inbox import Delivered, Handler
from sqlmodel import Session

from contact_rules.consumers.visit_events import (
    AnnouncedVisit,
    RescheduleRequested,
    VisitAmended,
    VisitCancelled,
    VisitCheckedIn,
    VisitCompleted,
    VisitRequested,
    request_of,
)
from contact_rules.handlers.amend_visits import AmendedVisit, amend_visits
from contact_rules.handlers.check_in_visits import CheckedInVisit, check_in_visits
from contact_rules.handlers.consume_reservations import CompletedVisit, consume_reservations
from contact_rules.handlers.decide_visits import decide_visits
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.move_accounts import follow_late
from contact_rules.handlers.record_facts import facts_of_outcome
from contact_rules.handlers.release_reservations import CancelledVisit, release_reservations
from contact_rules.handlers.reschedule_visits import reschedule_visits


def of_visits(desk: Callable[[], Desk]) -> list[Handler[Any]]:
    """What is done about each type. That a team was sent out changes nothing here.

    ``desk`` gives the rules and the key there are now: a batch is decided at one desk, from its
    beginning to its end.
    """
    return [
        Handler(VisitRequested, partial(_requested, desk)),
        Handler(RescheduleRequested, partial(_to_be_moved, desk)),
        Handler(VisitAmended, partial(_amended, desk)),
        Handler(VisitCheckedIn, partial(_checked_in, desk)),
        Handler(VisitCancelled, _cancelled),
        Handler(VisitCompleted, partial(_completed, desk)),
    ]


def _requested(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[VisitRequested]],
    now: datetime,
) -> None:
    decide_visits(session, [request_of(one.event) for one in delivered], now, desk=desk())


def _to_be_moved(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[RescheduleRequested]],
    now: datetime,
) -> None:
    requests = [request_of(one.event, one.event.request_id) for one in delivered]
    reschedule_visits(session, requests, now, desk=desk())


def _amended(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[VisitAmended]],
    now: datetime,
) -> None:
    # A telling has no id but its message's, which is the same each time it is delivered.
    amended = [
        AmendedVisit(request_of(one.event, one.message.id), one.event.why) for one in delivered
    ]
    amend_visits(session, amended, now, desk=desk())


def _checked_in(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[VisitCheckedIn]],
    now: datetime,
) -> None:
    arrived = [
        CheckedInVisit(
            **_which(one.event),
            approval_id=one.event.approval_id,
            checked_in_at=one.event.checked_in_at,
        )
        for one in delivered
    ]
    check_in_visits(session, arrived, now, desk=desk())
    follow_late(session, [visit.visit_id for visit in arrived], now, desk=desk)


def _cancelled(
    session: Session, delivered: Sequence[Delivered[VisitCancelled]], now: datetime
) -> None:
    cancelled = [
        CancelledVisit(
            **_which(one.event),
            reason=one.event.reason,
            cancelled_at=one.event.cancelled_at,
        )
        for one in delivered
    ]
    release_reservations(session, cancelled, now)


def _completed(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[VisitCompleted]],
    now: datetime,
) -> None:
    completed = [
        CompletedVisit(
            **_which(one.event),
            outcome=one.event.contact_outcome,
            code=one.event.outcome,
            started_at=one.event.started_at,
            ended_at=one.event.ended_at,
        )
        for one in delivered
    ]
    consume_reservations(session, completed, now, desk=desk())
    facts_of_outcome(session, completed, now, desk=desk())
    follow_late(session, [visit.visit_id for visit in completed], now, desk=desk)


class _Which(TypedDict):
    visit_id: UUID
    person_id: UUID
    lender: str


def _which(event: AnnouncedVisit) -> _Which:
    return {"visit_id": event.visit_id, "person_id": event.person_id, "lender": event.lender}
