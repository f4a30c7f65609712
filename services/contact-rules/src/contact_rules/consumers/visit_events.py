"""What cases announces of visits, as far as contact-rules reads it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from shared.messages import Received

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
from contact_rules.handlers.deciding import VisitRequest


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


class _Described(Received):
    """A visit as it was asked for. With a word we do not know it is parked: nothing is guessed."""

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
    debts: list[DebtHere]
    collector: CollectorHere
    team: list[MemberHere]
    requested_by: str | None = None

    @model_validator(mode="after")
    def _lasts_whole_minutes(self) -> Self:
        length = self.ends_at - self.starts_at
        if length <= timedelta(0) or length % timedelta(minutes=1) or self.starts_at.microsecond:
            raise ValueError("a visit starts on a whole second and lasts whole minutes")
        return self


class VisitRequested(_Described):
    """Somebody asks to visit."""

    TYPE: ClassVar[str] = "cases.visit-requested.v1"

    debts: Annotated[list[DebtHere], Field(min_length=1)]


class RescheduleRequested(_Described):
    """Somebody asks to move a visit: all of it as it would be then."""

    TYPE: ClassVar[str] = "cases.reschedule-requested.v1"

    request_id: UUID
    debts: Annotated[list[DebtHere], Field(min_length=1)]


class VisitAmended(_Described):
    """What a visit rests on changed. Its debts may be paid by now, so there may be none."""

    TYPE: ClassVar[str] = "cases.visit-amended.v1"

    why: str


class AnnouncedVisit(Received):
    """A visit that was decided about before: which it is, to whom, and for whom."""

    visit_id: UUID
    person_id: UUID
    lender: str


class VisitCheckedIn(AnnouncedVisit):
    """The team is at the door."""

    TYPE: ClassVar[str] = "cases.visit-checked-in.v1"

    approval_id: UUID
    checked_in_at: AwareDatetime


class VisitCancelled(AnnouncedVisit):
    """A visit will not happen."""

    TYPE: ClassVar[str] = "cases.visit-cancelled.v1"

    reason: str
    cancelled_at: AwareDatetime


class VisitCompleted(AnnouncedVisit):
    """A visit took place."""

    TYPE: ClassVar[str] = "cases.visit-completed.v1"

    outcome: str
    contact_outcome: Outcome
    started_at: AwareDatetime
    ended_at: AwareDatetime


def request_of(event: _Described, request_id: UUID | None = None) -> VisitRequest:
    """The question an event asks; ``request_id`` where it is not the visit's own request."""
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
        request_id=request_id,
        requested_by=event.requested_by,
    )
