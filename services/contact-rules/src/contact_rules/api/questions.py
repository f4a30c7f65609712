"""The body of a question: a planned contact with all its facts inside, read strictly."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator
from shared.http import AwareTime, Body, Code, Day, Flag, Text, Whole
from shared.problems import FieldError, Words, field_error, invalid_fields

from contact_rules.api.fields import City, Country, Hour, Rate, Region, ZoneName
from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Direction,
    Fact,
    FactKind,
    Form,
    Member,
    Outcome,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Residence,
    Role,
    Slot,
    Weekday,
)

MOST_HISTORY: Final = 10_000
MOST_DEBTS: Final = 1_000
MOST_FACTS: Final = 200
MOST_TEAM: Final = 50
LONGEST_MINUTES: Final = 24 * 60

_VISIT_NEEDS: Final = Words("is missing: somebody goes there", "缺少该字段：有人到场")
_TWICE: Final = Words("is listed twice", "重复出现")
_BACKWARDS: Final = Words("must not be before the beginning", "不得早于起始")


class PlaceBody(Body):
    """Where the contact happens; for a phone, where the number rings."""

    kind: PlaceKind
    timezone: ZoneName | None = None
    country: Country | None = None
    region: Region | None = None
    city: City | None = None


class ResidenceBody(Body):
    """Where the person lives, if it is known: the packs of that place apply as well."""

    country: Country | None = None
    region: Region | None = None
    city: City | None = None
    timezone: ZoneName | None = None


class PartyBody(Body):
    """The person to be contacted; ``timezones`` are those a remote contact may find them in."""

    id: Text
    role: Role
    age: Annotated[Whole, Field(ge=0, le=150)] | None = None
    timezones: Annotated[tuple[ZoneName, ...], Field(max_length=20)] = ()


class DebtBody(Body):
    id: Text
    product: Product | None = None
    days_past_due: Annotated[Whole, Field(ge=0, le=36_500)] | None = None
    annual_rate: Rate | None = None


class CollectorBody(Body):
    id: Text
    class_: CollectorClass = Field(alias="class")


class MemberBody(Body):
    """One of the team, with the credentials valid on the day."""

    id: Text
    credentials: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    employer: Text | None = Field(default=None, description="The id of who employs them.")
    announced_on: Day | None = Field(
        default=None, description="The day on which the debtor was told that they would come."
    )


class SlotBody(Body):
    """Local hours on some weekdays; a ``to`` before ``from`` means past midnight."""

    days: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    from_: Hour = Field(alias="from")
    to: Hour

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.from_ == self.to:
            raise field_error(
                "empty_slot", "must not begin and end at the same time", "起止时刻不得相同"
            )
        return self


class FactBody(Body):
    """Something known, on the days ``since`` to ``until``, both included."""

    kind: FactKind
    since: Day | None = None
    until: Day | None = None
    form: Form | None = None
    party: Text | None = None
    channel: Channel | None = None
    slots: Annotated[tuple[SlotBody, ...], Field(max_length=50)] = ()


class ConsentBody(Body):
    """What the person agreed to, from ``given_at`` until ``until``, both included."""

    scope: ConsentScope
    channel: Channel | None = Field(
        default=None, description="The one a consent of scope `channel` is for."
    )
    form: Form | None = None
    given_at: AwareTime
    until: AwareTime | None = None


class PastBody(Body):
    """A contact that took place, or with ``reserved`` is planned to.

    Where ``outcome`` is left out, the one that counts most is assumed. Entries of one ``id`` that
    say the same are one contact; entries without are as many as there are.
    """

    id: Text | None = None
    channel: Channel
    direction: Direction
    starts_at: AwareTime
    ends_at: AwareTime | None = None
    outcome: Outcome | None = None
    party: Text | None = None
    role: Role | None = None
    debts: Annotated[tuple[Text, ...], Field(max_length=MOST_DEBTS)] = ()
    collector: Text | None = None
    lender: Text | None = None
    place: PlaceKind | None = None
    point: Text | None = None
    purpose: Purpose | None = Field(
        default=None, description="Left out of an outbound contact, it is taken for `collect`."
    )
    reserved: Flag = False


class Question(Body):
    """A planned contact and everything known about it, but for when it starts."""

    packs: Annotated[list[Text], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Exactly these packs: with a version (`tw@2026-11-21`) that one, without it all"
        " versions, of which those speak that are in force. Left out: those of the place and of"
        " the residence (their country, region and city; where it is not known which, the packs of"
        " its parts are asked in doubt and can't say no), with what they extend; where none covers"
        " the place, `default-policy`; the overlay of the `lender`; and always"
        " `person-protection`.",
    )
    duration_minutes: Annotated[Whole, Field(ge=0, le=LONGEST_MINUTES)]
    channel: Channel
    direction: Direction
    purpose: Purpose
    place: PlaceBody | None = None
    residence: ResidenceBody | None = None
    party: PartyBody
    debts: Annotated[tuple[DebtBody, ...], Field(min_length=1, max_length=MOST_DEBTS)]
    collector: CollectorBody
    lender: Text | None = None
    team: Annotated[tuple[MemberBody, ...], Field(max_length=MOST_TEAM)] | None = None
    point: Text | None = Field(default=None, description="The number or address reached.")
    facts: Annotated[tuple[FactBody, ...], Field(max_length=MOST_FACTS)] = ()
    consents: Annotated[tuple[ConsentBody, ...], Field(max_length=MOST_FACTS)] = ()
    history: Annotated[tuple[PastBody, ...], Field(max_length=MOST_HISTORY)] = ()


def contact_of(body: Question, starts_at: datetime) -> Contact:
    """The contact a question is about, begun at ``starts_at``.

    Raises Problem 422 with every field that contradicts another or is missing beside it.
    """
    errors = list(_contradictions(body))
    if errors:
        raise invalid_fields(errors)
    return Contact(
        starts_at=starts_at,
        duration=timedelta(minutes=body.duration_minutes),
        channel=body.channel,
        direction=body.direction,
        purpose=body.purpose,
        place=None if body.place is None else Place(**_given(body.place)),
        party=Party(
            id=body.party.id,
            role=body.party.role,
            age=body.party.age,
            timezones=body.party.timezones,
        ),
        debts=tuple(Debt(**_given(debt)) for debt in body.debts),
        collector=Collector(body.collector.id, body.collector.class_),
        lender=body.lender,
        team=tuple(
            Member(each.id, frozenset(each.credentials), each.employer, each.announced_on)
            for each in body.team or ()
        ),
        point=body.point,
        facts=tuple(_fact(fact) for fact in body.facts),
        consents=tuple(Consent(**_given(consent)) for consent in body.consents),
        history=tuple(_past(past) for past in body.history),
    )


def residence_of(body: Question) -> Residence | None:
    """Where the person lives, if the question says so."""
    return None if body.residence is None else Residence(**_given(body.residence))


def _given(body: Body) -> dict[str, Any]:
    """The fields of a flat body under their own names."""
    return dict(body)


def _fact(body: FactBody) -> Fact:
    slots = tuple(Slot(frozenset(slot.days), slot.from_, slot.to) for slot in body.slots)
    return Fact(**(_given(body) | {"slots": slots}))


def _past(body: PastBody) -> PastContact:
    given = _given(body)
    if body.purpose is None and body.direction is Direction.OUTBOUND:
        # Most ledgers don't say, and most contacts are to collect: the purpose that counts most.
        given["purpose"] = Purpose.COLLECT
    return PastContact(**given)


def _contradictions(body: Question) -> Iterator[FieldError]:
    if body.channel.at_the_door and body.place is None:
        yield FieldError("/place", "missing", _VISIT_NEEDS)
    if body.channel is Channel.VISIT:
        if body.team is None:
            yield FieldError("/team", "missing", _VISIT_NEEDS)
        if body.duration_minutes == 0:
            yield FieldError(
                "/duration_minutes",
                "too_short",
                Words("must be at least 1 for a visit", "上门至少需要 1 分钟"),
            )
    yield from _twice("/debts", [debt.id for debt in body.debts])
    yield from _twice("/team", [member.id for member in body.team or ()])
    for place, fact in enumerate(body.facts):
        if fact.since and fact.until and fact.until < fact.since:
            yield FieldError(f"/facts/{place}/until", "before_the_beginning", _BACKWARDS)
    for place, consent in enumerate(body.consents):
        if consent.until and consent.until < consent.given_at:
            yield FieldError(f"/consents/{place}/until", "before_the_beginning", _BACKWARDS)
    for place, past in enumerate(body.history):
        if past.ends_at and past.ends_at < past.starts_at:
            yield FieldError(f"/history/{place}/ends_at", "before_the_beginning", _BACKWARDS)
        if past.reserved and past.outcome is not None:
            yield FieldError(
                f"/history/{place}/outcome",
                "not_yet",
                Words("must be left out of what is only planned", "尚未发生的联系不得有结果"),
            )


def _twice(pointer: str, ids: list[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for place, each in enumerate(ids):
        if each in seen:
            yield FieldError(
                f"{pointer}/{place}/id", "listed_twice", Words("is listed twice", "重复")
            )
        seen.add(each)
