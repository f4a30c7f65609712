"""What contact-rules announces: its answers, what became of approvals, breaches, packs."""

from typing import Final

from shared.messages import Event

from contact_rules.events.approvals import ApprovalExpired, ApprovalRevoked
from contact_rules.events.breaches import BreachFound
from contact_rules.events.packs import PackActivated
from contact_rules.events.parts import (
    ApprovalData,
    CheckData,
    MessageData,
    ObligationData,
    SpanData,
    TraceData,
    check_data,
    obligation_data,
    span_data,
    trace_data,
    window_data,
)
from contact_rules.events.visits import (
    RescheduleDenied,
    VisitApproved,
    VisitDenied,
    VisitNeedsReview,
    VisitRescheduled,
)

ALL: Final[tuple[type[Event], ...]] = (
    VisitApproved,
    VisitDenied,
    VisitNeedsReview,
    VisitRescheduled,
    RescheduleDenied,
    ApprovalRevoked,
    ApprovalExpired,
    BreachFound,
    PackActivated,
)
"""Every type of event this service publishes."""

__all__ = [
    "ALL",
    "ApprovalData",
    "ApprovalExpired",
    "ApprovalRevoked",
    "BreachFound",
    "CheckData",
    "MessageData",
    "ObligationData",
    "PackActivated",
    "RescheduleDenied",
    "SpanData",
    "TraceData",
    "VisitApproved",
    "VisitDenied",
    "VisitNeedsReview",
    "VisitRescheduled",
    "check_data",
    "obligation_data",
    "span_data",
    "trace_data",
    "window_data",
]
