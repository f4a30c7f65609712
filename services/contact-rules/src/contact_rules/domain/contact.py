"""The question a check answers: one contact, with every fact that may matter inside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Self


class Channel(StrEnum):
    VISIT = "visit"
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    IM = "im"
    LETTER = "letter"
    DOOR_NOTE = "door_note"

    @property
    def at_the_door(self) -> bool:
        """Somebody stands at the place, so the place's own zone is the only one that counts."""
        return self in (Channel.VISIT, Channel.DOOR_NOTE)


class Direction(StrEnum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Purpose(StrEnum):
    COLLECT = "collect"
    LOCATE = "locate"
    RELAY = "relay"
    PLAN = "plan"
    REPLY = "reply"
    LEGAL_NOTICE = "legal_notice"
    SERVICE_OF_PROCESS = "service_of_process"
    REPOSSESSION = "repossession"
    VALIDATION = "validation"


class PlaceKind(StrEnum):
    HOME = "home"
    WORK = "work"
    AGREED = "agreed"
    PUBLIC = "public"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    BRANCH = "branch"
    OTHER = "other"


class Role(StrEnum):
    """What the person is to the debt. The first three are liable; anyone else is a third party."""

    DEBTOR = "debtor"
    CO_DEBTOR = "co_debtor"
    GUARANTOR = "guarantor"
    SPOUSE = "spouse"
    DEBT_RELATED = "debt_related"
    FAMILY = "family"
    HOUSEHOLD = "household"
    MINOR = "minor"
    EMPLOYER = "employer"
    COLLEAGUE = "colleague"
    NEIGHBOUR = "neighbour"
    REFERENCE = "reference"
    ATTORNEY = "attorney"
    REPRESENTATIVE = "representative"
    OTHER = "other"


class CollectorClass(StrEnum):
    CREDITOR = "creditor"
    AGENCY = "agency"
    DEBT_BUYER = "debt_buyer"


class Product(StrEnum):
    CREDIT_CARD = "credit_card"
    CONSUMER_LOAN = "consumer_loan"
    MICROCREDIT = "microcredit"
    MORTGAGE = "mortgage"
    AUTO = "auto"
    BUSINESS_LOAN = "business_loan"
    PRIVATE_LOAN = "private_loan"
    OTHER = "other"


class FactKind(StrEnum):
    CEASE = "cease"
    DISPUTE = "dispute"
    REPRESENTED = "represented"
    BANKRUPT = "bankrupt"
    DECEASED = "deceased"
    HOSPITAL = "hospital"
    BEREAVEMENT = "bereavement"
    DISASTER = "disaster"
    HARDSHIP = "hardship"
    VULNERABLE = "vulnerable"
    MINOR = "minor"
    COMPLAINT_OPEN = "complaint_open"
    PLAN_ACTIVE = "plan_active"
    PAID = "paid"
    TIME_BARRED = "time_barred"
    LITIGATION = "litigation"
    EMPLOYER_PROHIBITS = "employer_prohibits"
    NO_HOME_VISITS = "no_home_visits"
    THIRD_PARTY_REFUSED = "third_party_refused"
    CHANNEL_OPT_OUT = "channel_opt_out"
    WAKING_HOURS = "waking_hours"
    WORKING_HOURS = "working_hours"
    EXCLUDED_SLOT = "excluded_slot"
    PREFERRED_SLOT = "preferred_slot"
    MANDATE_ENDED = "mandate_ended"
    AGENCY_NOT_LISTED = "agency_not_listed"
    LICENCE_MISSING = "licence_missing"
    CANNOT_RECORD = "cannot_record"
    HOLD = "hold"


class Form(StrEnum):
    WRITTEN = "written"
    ORAL = "oral"
    ORAL_RECORDED = "oral_recorded"
    SEPARATE_INSTRUMENT = "separate_instrument"


class ConsentScope(StrEnum):
    HOURS = "hours"
    CHANNEL = "channel"
    VISIT = "visit"
    VISIT_FREQUENCY = "visit_frequency"
    CALL_FREQUENCY = "call_frequency"
    WORKPLACE = "workplace"
    ENTRY = "entry"
    RECORDING = "recording"
    THIRD_PARTY = "third_party"


class Outcome(StrEnum):
    NOT_CONNECTED = "not_connected"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    ANSWERED = "answered"
    CONVERSATION = "conversation"
    REFUSED = "refused"
    SENT = "sent"
    NOBODY_MET = "nobody_met"
    PERSON_MET = "person_met"
    DEBTOR_MET = "debtor_met"
    NOTICE_GIVEN = "notice_given"


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


@dataclass(frozen=True, slots=True)
class Slot:
    """Local hours on some weekdays. A `to` that is not after `from_` lies on the next day, so
    24:00 is written 00:00, and 00:00 to 00:00 is the whole day."""

    days: frozenset[Weekday]
    from_: time
    to: time


@dataclass(frozen=True, slots=True)
class Place:
    """Where the contact happens; for a phone, where the number rings."""

    kind: PlaceKind
    timezone: str | None = None  # IANA name
    country: str | None = None  # ISO 3166-1 alpha-2
    region: str | None = None  # ISO 3166-2, without the country
    city: str | None = None  # UN/LOCODE, without the country: NYC


@dataclass(frozen=True, slots=True)
class Residence:
    """Where the person lives: its law applies as well."""

    country: str | None = None
    region: str | None = None
    timezone: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """The person to be contacted. `timezones` are those a remote contact may find them in."""

    id: str
    role: Role
    age: int | None = None
    timezones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Debt:
    id: str
    product: Product | None = None
    days_past_due: int | None = None
    annual_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Collector:
    id: str
    class_: CollectorClass


@dataclass(frozen=True, slots=True)
class Member:
    """One of the team; `credentials` are those valid on the day of the contact.

    `employer` is the id of whoever employs them, `announced_on` the day on which the debtor was
    told that they would come. None: not known.
    """

    id: str
    credentials: frozenset[str] = frozenset()
    employer: str | None = None
    announced_on: date | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known about a person, debt or collector, on the days `since`..`until` inclusive."""

    kind: FactKind
    since: date | None = None
    until: date | None = None
    form: Form | None = None
    party: str | None = None
    channel: Channel | None = None
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person agreed to, from `given_at` until `until`, both instants included.

    `channel` is the one that a consent of scope `channel` is for; None: not known which.
    """

    scope: ConsentScope
    given_at: datetime
    form: Form | None = None
    until: datetime | None = None
    channel: Channel | None = None

    def __post_init__(self) -> None:
        _aware(self.given_at)
        if self.until is not None:
            _aware(self.until)


@dataclass(frozen=True, slots=True)
class PastContact:
    """One entry of the ledger: something that happened, or (`reserved`) is planned to.

    A planned one has no outcome yet: rules assume the outcome that counts most. What is None is
    not known, and no rule takes it for a no: it may match, so the answer is at best `unknown`.
    """

    channel: Channel
    direction: Direction
    starts_at: datetime
    outcome: Outcome | None = None
    party: str | None = None
    role: Role | None = None  # of `party`; found out by id where the ledger does not say
    debts: tuple[str, ...] = ()
    collector: str | None = None
    lender: str | None = None
    place: PlaceKind | None = None
    point: str | None = None
    purpose: Purpose | None = None
    reserved: bool = False
    id: str | None = None
    ends_at: datetime | None = None

    at: int = field(init=False, repr=False, compare=False)
    """When it began, in seconds since 1970: rules compare numbers."""
    shape: str = field(init=False, repr=False, compare=False)
    """What selectors look at: contacts of one shape, to one person, fit the same selectors."""

    def __post_init__(self) -> None:
        _aware(self.starts_at)
        shape = (
            self.channel,
            self.direction,
            self.outcome or "",
            self.role or "",
            self.place or "",
            self.purpose or "",
        )
        object.__setattr__(self, "at", int(self.starts_at.timestamp() // 1))
        object.__setattr__(self, "shape", "|".join(shape))


@dataclass(frozen=True, slots=True)
class Contact:
    """One planned contact and all that is known about it.

    `starts_at` is aware and a whole second. `history` is in any order and must not contain the
    contact itself (leave out its own reservation when asking again).

    ``outcome`` is what came of it, where one asks afterwards; None, as of what is still to come:
    the one that counts most is assumed.
    """

    starts_at: datetime
    duration: timedelta
    channel: Channel
    direction: Direction
    purpose: Purpose
    place: Place | None
    party: Party
    debts: tuple[Debt, ...]
    collector: Collector
    team: tuple[Member, ...] = ()
    point: str | None = None
    facts: tuple[Fact, ...] = ()
    consents: tuple[Consent, ...] = ()
    history: tuple[PastContact, ...] = ()
    lender: str | None = None
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        _aware(self.starts_at)
        if self.starts_at.microsecond or self.duration.microseconds:
            raise ValueError("a contact starts and ends on whole seconds")
        if self.duration < timedelta(0):
            raise ValueError("a contact must not end before it starts")

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration

    def at(self, starts_at: datetime) -> Self:
        """The same contact, begun at another time."""
        return replace(self, starts_at=starts_at)


def _aware(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} says no offset: every time must")
