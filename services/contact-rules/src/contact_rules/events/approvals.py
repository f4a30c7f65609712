"""How an approval ended before anybody went: facts changed, or its time passed."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.messages import Event

from contact_rules.events.parts import CHECK_EXAMPLE, IDS_EXAMPLE, CheckData

_EXAMPLE: dict[str, Any] = {
    **IDS_EXAMPLE,
    "lender": "yushan-bank",
    "approval_id": "019ae3a0-0000-7000-8000-000000000005",
}


class ApprovalRevoked(Event):
    """The visit must not take place any more: facts changed, and the rules no longer allow it.

    ``reason`` is the code of what changed (a kind of fact such as `deceased`, or `contact`,
    `correction`, `team`, `rules`). ``checks`` are the rules that now say no. ``must_leave``: the
    team is at the door already and has to go.
    """

    TYPE: ClassVar[str] = "contact-rules.approval-revoked.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_EXAMPLE,
        "reason": "deceased",
        "checks": [CHECK_EXAMPLE],
        "must_leave": False,
        "revoked_at": "2026-11-30T08:00:00Z",
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    decision_id: UUID
    reason: str
    checks: list[CheckData]
    must_leave: bool
    revoked_at: datetime


class ApprovalExpired(Event):
    """Nobody went, and the time of the approval has passed: its place is free again."""

    TYPE: ClassVar[str] = "contact-rules.approval-expired.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {**_EXAMPLE, "expired_at": "2026-12-01T03:30:00Z"}

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    decision_id: UUID
    expired_at: datetime
