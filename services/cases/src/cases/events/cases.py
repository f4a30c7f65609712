"""What becomes of cases: opened and closed, held and complained about."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.messages import Event

from cases.events.parts import CASE, COMPLAINT, HOLD, PERSON


class CaseOpened(Event):
    """Work on a person for a lender began."""

    TYPE: ClassVar[str] = "cases.case-opened.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "case_id": CASE,
        "lender": "yushan-bank",
        "person_id": PERSON,
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
        "case_id": CASE,
        "lender": "yushan-bank",
        "person_id": PERSON,
        "reason": "merged",
        "closed_at": "2026-11-25T01:00:00Z",
    }

    case_id: UUID
    lender: str
    person_id: UUID
    reason: str
    closed_at: datetime


class HoldPlaced(Event):
    """No collection on the days ``from_on`` to ``until_on``; null: until it is lifted.

    ``reason`` is a code. The days are those of the calendar at the door.
    """

    TYPE: ClassVar[str] = "cases.hold-placed.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "hold_id": HOLD,
        "case_id": CASE,
        "lender": "yushan-bank",
        "person_id": PERSON,
        "reason": "hardship",
        "from_on": "2026-11-24",
        "until_on": "2026-12-31",
        "placed_at": "2026-11-24T01:30:00Z",
    }

    hold_id: UUID
    case_id: UUID
    lender: str
    person_id: UUID
    reason: str
    from_on: date
    until_on: date | None
    placed_at: datetime


class HoldLifted(Event):
    """A hold ended before its time."""

    TYPE: ClassVar[str] = "cases.hold-lifted.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "hold_id": HOLD,
        "case_id": CASE,
        "lender": "yushan-bank",
        "person_id": PERSON,
        "lifted_at": "2026-12-10T03:00:00Z",
    }

    hold_id: UUID
    case_id: UUID
    lender: str
    person_id: UUID
    lifted_at: datetime


class ComplaintOpened(Event):
    """Somebody complained about how a debt is collected; received on ``received_on``."""

    TYPE: ClassVar[str] = "cases.complaint-opened.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "complaint_id": COMPLAINT,
        "case_id": CASE,
        "lender": "yushan-bank",
        "person_id": PERSON,
        "about": "conduct",
        "received_on": "2026-11-23",
        "opened_at": "2026-11-24T01:30:00Z",
    }

    complaint_id: UUID
    case_id: UUID
    lender: str
    person_id: UUID
    about: str
    received_on: date
    opened_at: datetime


class ComplaintClosed(Event):
    """A complaint was answered: ``upheld``, ``partly``, ``rejected``, ``withdrawn``; ``merged``
    when it goes on under another person's id."""

    TYPE: ClassVar[str] = "cases.complaint-closed.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "complaint_id": COMPLAINT,
        "case_id": CASE,
        "lender": "yushan-bank",
        "person_id": PERSON,
        "outcome": "partly",
        "closed_at": "2026-12-10T03:00:00Z",
    }

    complaint_id: UUID
    case_id: UUID
    lender: str
    person_id: UUID
    outcome: str
    closed_at: datetime
