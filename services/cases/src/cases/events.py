"""What cases announces. No name, address or number of anybody: ids, codes, times and amounts.

Every event's key is the person's id. Times are UTC; amounts are decimal strings.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.messages import Event

_ACCOUNT: Final = "0199ffb4-4d00-7000-8000-000000000001"
_PERSON: Final = "0199ffb4-4d00-7000-8000-000000000002"
_CASE: Final = "0199ffb4-4d00-7000-8000-000000000003"
_VISIT: Final = "0199ffb4-4d00-7000-8000-000000000004"
_ADDRESS: Final = "0199ffb4-4d00-7000-8000-000000000005"
_AGENT: Final = "0199ffb4-4d00-7000-8000-000000000006"
_PARTNER: Final = "0199ffb4-4d00-7000-8000-000000000007"
_APPROVAL: Final = "0199ffb4-4d00-7000-8000-000000000008"


class Part(BaseModel):
    """Part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Balance(Part):
    """What is owed, decimal strings in the account's currency."""

    principal: str
    interest: str
    fees: str


class AccountReceived(Event):
    """A lender stated an account as of a moment, newer than what was known."""

    TYPE: ClassVar[str] = "cases.account-received.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "lender": "yushan-bank",
        "account_id": _ACCOUNT,
        "external_id": "YS-2021-000417",
        "person_id": _PERSON,
        "case_id": _CASE,
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000.00", "interest": "1830.00", "fees": "600.00"},
        "overdue": "9300.00",
        "due_since": "2026-08-15",
        "annual_rate": "0.15",
        "as_of": "2026-11-19T16:00:00Z",
    }

    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    case_id: UUID | None
    product: str
    currency: str
    balance: Balance
    overdue: str
    due_since: date | None
    annual_rate: str | None
    as_of: datetime


class CaseOpened(Event):
    """Work on a person for a lender began."""

    TYPE: ClassVar[str] = "cases.case-opened.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "case_id": _CASE,
        "lender": "yushan-bank",
        "person_id": _PERSON,
        "opened_at": "2026-11-20T01:00:00Z",
    }

    case_id: UUID
    lender: str
    person_id: UUID
    opened_at: datetime


class CaseClosed(Event):
    """Work on a person for a lender is over."""

    TYPE: ClassVar[str] = "cases.case-closed.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "case_id": _CASE,
        "lender": "yushan-bank",
        "person_id": _PERSON,
        "reason": "merged",
        "closed_at": "2026-11-25T01:00:00Z",
    }

    case_id: UUID
    lender: str
    person_id: UUID
    reason: str
    closed_at: datetime


class Place(Part):
    """Where the visit goes: what rules ask of it, not what is written on the door."""

    address_id: UUID
    kind: str
    country: str | None
    region: str | None
    timezone: str | None


class Residence(Part):
    """Where the person lives."""

    country: str | None
    region: str | None
    timezone: str | None


class Party(Part):
    """Who is to be met. Somebody not known by name has one ``id`` for a case and role."""

    id: UUID
    role: str
    age: int | None


class Debt(Part):
    """A debt the visit is about; days past due on the day of the visit, contractual."""

    id: UUID
    product: str
    days_past_due: int
    annual_rate: str | None


class Collector(Part):
    """In whose name it is collected."""

    id: str
    class_: Literal["creditor", "agency"]

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.rstrip("_"),
        populate_by_name=True,
        serialize_by_alias=True,
    )


class Member(Part):
    """One of the team, with the credentials valid on the day of the visit."""

    id: UUID
    credentials: list[str]


class VisitRequested(Event):
    """Somebody asks to visit; contact-rules answers with approved, denied or needs-review."""

    TYPE: ClassVar[str] = "cases.visit-requested.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": _VISIT,
        "case_id": _CASE,
        "person_id": _PERSON,
        "lender": "yushan-bank",
        "place": {
            "address_id": _ADDRESS,
            "kind": "home",
            "country": "TW",
            "region": "TPE",
            "timezone": "Asia/Taipei",
        },
        "residence": {"country": "TW", "region": "TPE", "timezone": "Asia/Taipei"},
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "party": {"id": _PERSON, "role": "debtor", "age": 38},
        "purpose": "collect",
        "debts": [
            {
                "id": _ACCOUNT,
                "product": "credit_card",
                "days_past_due": 108,
                "annual_rate": "0.15",
            }
        ],
        "collector": {"id": "yushan-bank", "class": "creditor"},
        "team": [
            {"id": _AGENT, "credentials": ["authorisation_letter", "work_id"]},
            {"id": _PARTNER, "credentials": ["work_id"]},
        ],
        "language": "zh",
        "requested_at": "2026-11-21T03:00:00Z",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    place: Place
    residence: Residence | None
    starts_at: datetime
    ends_at: datetime
    party: Party
    purpose: str
    debts: list[Debt]
    collector: Collector
    team: list[Member]
    language: Literal["en", "zh"]
    requested_at: datetime


class VisitScheduled(Event):
    """A visit was approved and stands in the plan."""

    TYPE: ClassVar[str] = "cases.visit-scheduled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": _VISIT,
        "case_id": _CASE,
        "person_id": _PERSON,
        "lender": "yushan-bank",
        "approval_id": _APPROVAL,
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    starts_at: datetime
    ends_at: datetime


class VisitCancelled(Event):
    """A visit will not happen; what was reserved for it is free again."""

    TYPE: ClassVar[str] = "cases.visit-cancelled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": _VISIT,
        "case_id": _CASE,
        "person_id": _PERSON,
        "lender": "yushan-bank",
        "reason": "plan",
        "cancelled_at": "2026-11-22T08:00:00Z",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    reason: str
    cancelled_at: datetime


class VisitCompleted(Event):
    """A visit took place. ``contact_outcome`` is the class the ledger counts ``outcome`` as."""

    TYPE: ClassVar[str] = "cases.visit-completed.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": _VISIT,
        "case_id": _CASE,
        "person_id": _PERSON,
        "lender": "yushan-bank",
        "approval_id": _APPROVAL,
        "outcome": "promise",
        "contact_outcome": "conversation",
        "started_at": "2026-12-01T02:03:00Z",
        "ended_at": "2026-12-01T02:21:00Z",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    outcome: str
    contact_outcome: str
    started_at: datetime
    ended_at: datetime


ALL: Final[tuple[type[Event], ...]] = (
    AccountReceived,
    CaseOpened,
    CaseClosed,
    VisitRequested,
    VisitScheduled,
    VisitCancelled,
    VisitCompleted,
)
