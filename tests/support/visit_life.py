"""What cases announces of visits after they were asked for, and how their approvals stand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from contact_rules.domain import Fact, FactKind
from contact_rules.domain.told import Told
from contact_rules.handlers.expire_approvals import expire_approvals
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.store import facts, persons
from delivery import announced
from rules_house import Debtor, House, VisitRequested
from shared.db import transaction
from shared.ids import new_id
from shared.messages import Event


class RescheduleRequested(VisitRequested):
    TYPE: ClassVar[str] = "cases.reschedule-requested.v1"
    request_id: UUID


class VisitAmended(VisitRequested):
    TYPE: ClassVar[str] = "cases.visit-amended.v1"
    why: str = "team"


class VisitCheckedIn(Event):
    TYPE: ClassVar[str] = "cases.visit-checked-in.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    checked_in_at: datetime
    recorded_at: datetime
    place_check: str = "confirmed"


def moved(visit: VisitRequested, starts_at: datetime, **changed: Any) -> RescheduleRequested:
    """Somebody asks to move the visit."""
    said = visit.model_dump() | {
        "starts_at": starts_at,
        "ends_at": starts_at + (visit.ends_at - visit.starts_at),
        "request_id": new_id(),
    }
    return RescheduleRequested(**(said | changed))


def amended(visit: VisitRequested, **changed: Any) -> VisitAmended:
    """What the visit rests on changed."""
    return VisitAmended(**(visit.model_dump(exclude={"request_id"}) | changed))


def checked_in(visit: VisitRequested, at: datetime | None = None) -> VisitCheckedIn:
    """The team is at the door; a minute late unless told otherwise."""
    at = visit.starts_at + timedelta(minutes=1) if at is None else at
    return VisitCheckedIn(
        visit_id=visit.visit_id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        approval_id=new_id(),
        checked_in_at=at,
        recorded_at=at,
    )


def learn(house: House, debtor: Debtor, kind: str = "deceased", **said: Any) -> None:
    """A fact about a person becomes known, and the visits planned are asked again for it."""
    told = Told(
        id=new_id(),
        person_id=debtor.person_id,
        said=Fact(FactKind(kind), **({"since": house.clock().date()} | said)),
        lender=None,
        told_by="tests",
        occurred_at=house.clock(),
        recorded_at=house.clock(),
    )
    with transaction(house.engine) as session:
        persons.lock(session, [debtor.person_id])
        facts.add(session, told)
        reconsider_visits(session, [debtor.person_id], house.clock(), desk=house.desk, why=kind)


def expire(house: House) -> int:
    """Whatever is due expires."""
    with transaction(house.engine) as session:
        return expire_approvals(session, house.clock())


def states(house: House, visit: VisitRequested) -> list[tuple[str, str | None]]:
    """State of each approval of a visit and why it ended, the oldest first."""
    return [
        (row.state, row.ended_why)
        for row in house.rows("approval", "issued_at, id")
        if row.visit_id == visit.visit_id
    ]


def told_of(house: House, visit: VisitRequested) -> list[tuple[str, dict[str, Any]]]:
    """All that was announced about a visit, oldest first: type and data."""
    return [
        (message.type.removeprefix("contact-rules.").removesuffix(".v1"), message.data)
        for message in announced(house.engine)
        if message.data.get("visit_id") == str(visit.visit_id)
    ]


def refused_by(data: dict[str, Any]) -> set[str]:
    """The rules that an announcement says no or don't know."""
    return {each["rule"] for each in data["checks"] if each["result"] in ("fail", "unknown")}


def asked(event: Any, request_id: UUID | None = None) -> Any:
    """The request that the service makes of an event."""
    from contact_rules.consumers import request_of, visit_events

    model = {
        "cases.visit-requested.v1": visit_events.VisitRequested,
        "cases.reschedule-requested.v1": visit_events.RescheduleRequested,
        "cases.visit-amended.v1": visit_events.VisitAmended,
    }[event.TYPE]
    return request_of(model.model_validate(event.model_dump(mode="json")), request_id)
