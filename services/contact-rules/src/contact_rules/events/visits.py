"""The answers to a visit that was asked for, and to one that is to be moved."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from shared.messages import Event

from contact_rules.events.parts import (
    APPROVAL_EXAMPLE,
    CHECK_EXAMPLE,
    IDS_EXAMPLE,
    NO_EXAMPLE,
    TRACE_EXAMPLE,
    ApprovalData,
    CheckData,
    SpanData,
    TraceData,
)


class VisitApproved(Event):
    """The visit may take place as asked: its place is reserved in the person's ledger.

    ``checks`` are the rules that applied and what each measured; their laws are in the packs.
    """

    TYPE: ClassVar[str] = "contact-rules.visit-approved.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **IDS_EXAMPLE,
        "approval": APPROVAL_EXAMPLE,
        "checks": [{**TRACE_EXAMPLE, "result": "pass", "measured": 1}],
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    approval: ApprovalData
    checks: list[TraceData]


class VisitDenied(Event):
    """The visit must not take place as asked.

    ``checks`` are the rules that applied. ``next_lawful`` are starts at which the same visit would
    be allowed as things stand; nothing is reserved for it.
    """

    TYPE: ClassVar[str] = "contact-rules.visit-denied.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {**NO_EXAMPLE, "verdict": "deny"}

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    verdict: Literal["deny"]
    checks: list[CheckData]
    next_lawful: list[SpanData]


class VisitNeedsReview(Event):
    """A person must look at it: a fact is missing or a rule leaves room. Nothing is reserved."""

    TYPE: ClassVar[str] = "contact-rules.visit-needs-review.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **NO_EXAMPLE,
        "verdict": "needs_review",
        "checks": [{**CHECK_EXAMPLE, "result": "unknown", "measured": None}],
        "next_lawful": [],
    }

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    verdict: Literal["needs_review"]
    checks: list[CheckData]
    next_lawful: list[SpanData]


_REQUEST_EXAMPLE: str = "019ae3a0-0000-7000-8000-000000000006"


class VisitRescheduled(Event):
    """An approved visit has another approval, for another time: its place moved in one step.

    The approval before is released. ``request_id`` is that of the request to move it.
    """

    TYPE: ClassVar[str] = "contact-rules.visit-rescheduled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **IDS_EXAMPLE,
        "request_id": _REQUEST_EXAMPLE,
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "approval": APPROVAL_EXAMPLE,
        "checks": [{**TRACE_EXAMPLE, "result": "pass", "measured": 1}],
    }

    visit_id: UUID
    request_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    starts_at: datetime
    ends_at: datetime
    approval: ApprovalData
    checks: list[TraceData]


class RescheduleDenied(Event):
    """The visit must not move to that time (or only people could say so): it stays as it was.

    Its approval stands, unless it was over already: then an event of its own said so.
    """

    TYPE: ClassVar[str] = "contact-rules.reschedule-denied.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        **NO_EXAMPLE,
        "request_id": _REQUEST_EXAMPLE,
        "verdict": "deny",
    }

    visit_id: UUID
    request_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    verdict: Literal["deny", "needs_review"]
    checks: list[CheckData]
    next_lawful: list[SpanData]
