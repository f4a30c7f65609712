"""What becomes of a visit on its day: the team sets out, stands at the door, has to leave."""

from datetime import datetime
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from shared.messages import Event

from cases.events.parts import AGENT, APPROVAL, CASE, PARTNER, PERSON, VISIT

_EXAMPLE: Final[dict[str, Any]] = {
    "visit_id": VISIT,
    "case_id": CASE,
    "person_id": PERSON,
    "lender": "yushan-bank",
    "approval_id": APPROVAL,
}


class VisitDispatched(Event):
    """The team was sent, after contact-rules was asked once more."""

    TYPE: ClassVar[str] = "cases.visit-dispatched.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_EXAMPLE,
        "dispatched_at": "2026-12-01T01:10:00Z",
        "team": [AGENT, PARTNER],
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    dispatched_at: datetime
    team: list[UUID]


class VisitCheckedIn(Event):
    """The team is at the door, after contact-rules was asked once more.

    ``checked_in_at`` is when they were there, ``recorded_at`` when the house learned of it.
    ``place_check``: their position was compared with the address, or one of the two is unknown.
    """

    TYPE: ClassVar[str] = "cases.visit-checked-in.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_EXAMPLE,
        "checked_in_at": "2026-12-01T02:01:00Z",
        "recorded_at": "2026-12-01T02:01:02Z",
        "place_check": "confirmed",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    checked_in_at: datetime
    recorded_at: datetime
    place_check: Literal["confirmed", "unknown"]


class VisitInterrupted(Event):
    """The team at the door must leave; ``reason`` is the code of what changed."""

    TYPE: ClassVar[str] = "cases.visit-interrupted.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_EXAMPLE,
        "team": [AGENT, PARTNER],
        "reason": "complaint",
        "must_leave_at": "2026-12-01T02:12:00Z",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    team: list[UUID]
    reason: str
    must_leave_at: datetime
