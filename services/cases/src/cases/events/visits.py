"""What becomes of visits, from the asking to the outcome."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field
from shared.messages import Event

from cases.events.parts import (
    ACCOUNT,
    ADDRESS,
    AGENT,
    APPROVAL,
    CASE,
    PARTNER,
    PERSON,
    RESCHEDULE,
    VISIT,
    Collector,
    Debt,
    Member,
    Party,
    Place,
    Residence,
)


class VisitRequested(Event):
    """Somebody asks to visit; contact-rules answers with approved, denied or needs-review."""

    TYPE: ClassVar[str] = "cases.visit-requested.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": VISIT,
        "case_id": CASE,
        "person_id": PERSON,
        "lender": "yushan-bank",
        "place": {
            "address_id": ADDRESS,
            "kind": "home",
            "country": "TW",
            "region": "TPE",
            "timezone": "Asia/Taipei",
            "city": "TPE",
        },
        "residence": {
            "country": "TW",
            "region": "TPE",
            "timezone": "Asia/Taipei",
            "city": "TPE",
        },
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "party": {"id": PERSON, "role": "debtor", "age": 38},
        "purpose": "collect",
        "debts": [
            {
                "id": ACCOUNT,
                "product": "credit_card",
                "days_past_due": 108,
                "annual_rate": "0.15",
            }
        ],
        "collector": {"id": "yushan-bank", "class": "creditor"},
        "team": [
            {"id": AGENT, "credentials": ["authorisation_letter", "work_id"]},
            {"id": PARTNER, "credentials": ["work_id"]},
        ],
        "language": "zh",
        "requested_at": "2026-11-21T03:00:00Z",
        "requested_by": "yushan-bank ops",
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
    requested_by: str | None = None


class RescheduleRequested(VisitRequested):
    """Somebody asks to move a scheduled visit: all of it as it would be then.

    Contact-rules answers with rescheduled or reschedule-denied; until then the visit stands as it
    was. ``request_id`` tells this asking from an earlier one.
    """

    TYPE: ClassVar[str] = "cases.reschedule-requested.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = VisitRequested.EXAMPLE | {
        "starts_at": "2026-12-03T02:00:00Z",
        "ends_at": "2026-12-03T02:30:00Z",
        "request_id": RESCHEDULE,
    }

    request_id: UUID


class VisitScheduled(Event):
    """A visit was approved and stands in the plan; announced again when it was moved."""

    TYPE: ClassVar[str] = "cases.visit-scheduled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": VISIT,
        "case_id": CASE,
        "person_id": PERSON,
        "lender": "yushan-bank",
        "approval_id": APPROVAL,
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
    """A visit will not happen; what was reserved for it is free again.

    ``team`` are the agents who need not go, none where an earlier release told of it.
    """

    TYPE: ClassVar[str] = "cases.visit-cancelled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": VISIT,
        "case_id": CASE,
        "person_id": PERSON,
        "lender": "yushan-bank",
        "reason": "plan",
        "cancelled_at": "2026-11-22T08:00:00Z",
        "team": [AGENT, PARTNER],
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    reason: str
    cancelled_at: datetime
    team: list[UUID] = Field(default_factory=list)


class VisitCompleted(Event):
    """A visit took place. ``contact_outcome`` is the class the ledger counts ``outcome`` as."""

    TYPE: ClassVar[str] = "cases.visit-completed.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "visit_id": VISIT,
        "case_id": CASE,
        "person_id": PERSON,
        "lender": "yushan-bank",
        "approval_id": APPROVAL,
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
