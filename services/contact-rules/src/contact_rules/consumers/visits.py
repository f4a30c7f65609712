"""What cases announces of visits: asked for, cancelled, completed; and what is done then."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from shared.inbox import Delivered, Handler
from shared.messages import Received
from sqlmodel import Session

from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Contact,
    Debt,
    Direction,
    Member,
    Outcome,
    Party,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Residence,
    Role,
)
from contact_rules.domain.approval import Subject
from contact_rules.handlers.consume_reservations import CompletedVisit, consume_reservations
from contact_rules.handlers.decide_visits import Desk, VisitRequest, decide_visits
from contact_rules.handlers.release_reservations import CancelledVisit, release_reservations


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlaceHere(_Part):
    """Where the visit goes. A zone that is not known makes its rules `unknown`, never an error."""

    address_id: UUID
    kind: PlaceKind
    country: str | None
    region: str | None
    city: str | None = None
    timezone: str | None


class ResidenceHere(_Part):
    country: str | None
    region: str | None
    city: str | None = None
    timezone: str | None


class PartyHere(_Part):
    id: str
    role: Role
    age: int | None


class DebtHere(_Part):
    id: str
    product: Product
    days_past_due: int | None
    annual_rate: Decimal | None


class CollectorHere(_Part):
    id: str
    class_: CollectorClass = Field(alias="class")


class MemberHere(_Part):
    id: UUID
    credentials: frozenset[str]
    employer: str | None = None
    announced_on: date | None = None


class VisitRequested(Received):
    """Somebody asks to visit. With a word we do not know it is parked: nothing is guessed."""

    TYPE: ClassVar[str] = "cases.visit-requested.v1"

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    place: PlaceHere
    residence: ResidenceHere | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    party: PartyHere
    purpose: Purpose
    debts: Annotated[list[DebtHere], Field(min_length=1)]
    collector: CollectorHere
    team: list[MemberHere]

    @model_validator(mode="after")
    def _lasts_whole_minutes(self) -> Self:
        length = self.ends_at - self.starts_at
        if length <= timedelta(0) or length % timedelta(minutes=1) or self.starts_at.microsecond:
            raise ValueError("a visit starts on a whole second and lasts whole minutes")
        return self


class VisitCancelled(Received):
    """A visit will not happen."""

    TYPE: ClassVar[str] = "cases.visit-cancelled.v1"

    visit_id: UUID
    person_id: UUID
    lender: str
    reason: str
    cancelled_at: AwareDatetime


class VisitCompleted(Received):
    """A visit took place."""

    TYPE: ClassVar[str] = "cases.visit-completed.v1"

    visit_id: UUID
    person_id: UUID
    lender: str
    outcome: str
    contact_outcome: Outcome
    started_at: AwareDatetime
    ended_at: AwareDatetime


def of_visits(desk: Callable[[], Desk]) -> list[Handler[Any]]:
    """What is done about each type.

    ``desk`` gives the rules and the key there are now: a batch is decided at one desk, from its
    beginning to its end.
    """
    return [
        Handler(VisitRequested, partial(_requested, desk)),
        Handler(VisitCancelled, _cancelled),
        Handler(VisitCompleted, _completed),
    ]


def _requested(
    desk: Callable[[], Desk],
    session: Session,
    delivered: Sequence[Delivered[VisitRequested]],
    now: datetime,
) -> None:
    decide_visits(session, [request_of(one.event) for one in delivered], now, desk=desk())


def _cancelled(
    session: Session, delivered: Sequence[Delivered[VisitCancelled]], now: datetime
) -> None:
    cancelled = [
        CancelledVisit(
            visit_id=one.event.visit_id,
            person_id=one.event.person_id,
            lender=one.event.lender,
            reason=one.event.reason,
            cancelled_at=one.event.cancelled_at,
        )
        for one in delivered
    ]
    release_reservations(session, cancelled, now)


def _completed(
    session: Session, delivered: Sequence[Delivered[VisitCompleted]], now: datetime
) -> None:
    completed = [
        CompletedVisit(
            visit_id=one.event.visit_id,
            person_id=one.event.person_id,
            lender=one.event.lender,
            outcome=one.event.contact_outcome,
            code=one.event.outcome,
            started_at=one.event.started_at,
            ended_at=one.event.ended_at,
        )
        for one in delivered
    ]
    consume_reservations(session, completed, now)


def request_of(event: VisitRequested) -> VisitRequest:
    """The question an event asks."""
    place = event.place
    residence = event.residence
    return VisitRequest(
        subject=Subject(
            visit_id=event.visit_id,
            case_id=event.case_id,
            person_id=event.person_id,
            lender=event.lender,
            address_id=place.address_id,
            team=tuple(member.id for member in event.team),
        ),
        contact=Contact(
            starts_at=event.starts_at,
            duration=event.ends_at - event.starts_at,
            channel=Channel.VISIT,
            direction=Direction.OUTBOUND,
            purpose=event.purpose,
            place=Place(place.kind, place.timezone, place.country, place.region, place.city),
            party=Party(event.party.id, event.party.role, event.party.age),
            debts=tuple(
                Debt(debt.id, debt.product, debt.days_past_due, debt.annual_rate)
                for debt in event.debts
            ),
            collector=Collector(event.collector.id, event.collector.class_),
            team=tuple(
                Member(str(member.id), member.credentials, member.employer, member.announced_on)
                for member in event.team
            ),
            point=str(place.address_id),
            lender=event.lender,
        ),
        residence=None
        if residence is None
        else Residence(residence.country, residence.region, residence.timezone, residence.city),
    )
