"""The parts that events are made of: traces, checks, obligations, approvals."""

from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from typing_extensions import TypedDict

from contact_rules.domain import Check, Obligation, Span, Window
from contact_rules.domain.approval import rfc3339

# Nested parts are typed dictionaries: a decision has a dozen checks, and building a model object
# for each was a fifth of the time of a decision. Their schema is the same.

SpanData = TypedDict("SpanData", {"from": str, "to": str})
"""Dates where a rule counts in days, else times; both ends included."""


class MessageData(TypedDict):
    en: str
    zh: str


class TraceData(TypedDict):
    """What one rule found. With a yes that is all that is told: its law is in the pack."""

    rule: str
    pack: str
    result: Literal["pass", "fail", "unknown", "not_applicable"]
    measured: int | str | None
    limit: int | str | None
    window: SpanData | None


class CheckData(TraceData):
    """What one rule found, and the law behind it."""

    kind: str
    severity: Literal["prohibition", "presumption", "guidance", "policy"]
    citation: str
    source_quality: Literal["text", "report", "memory"]
    message: MessageData


class ObligationData(TypedDict):
    rule: str
    what: str
    when: str


class ApprovalData(TypedDict):
    """The signed yes. ``token`` proves it by the key in ``/.well-known/approval-keys.json``."""

    id: UUID
    token: str
    expires_at: datetime
    must_end_by: datetime | None
    obligations: list[ObligationData]


def span_data(span: Span) -> SpanData:
    """A span as JSON: dates stay dates, times are in UTC."""
    return {"from": _moment(span.from_), "to": _moment(span.to)}


def window_data(window: Window) -> SpanData:
    """The first and the last lawful start of a window, in UTC."""
    return {"from": rfc3339(window.from_), "to": rfc3339(window.to)}


# Rules tell most of what they find of many people in one and the same check, so it is put into
# words once: 2 µs a visit in place of 17. With the check itself, lest its id become another's.
_traces: Final[dict[int, tuple[Check, TraceData]]] = {}
_REMEMBERED: Final = 10_000


def trace_data(check: Check) -> TraceData:
    """What a check found, as JSON; of one check always the same object, not to be changed."""
    known = _traces.get(id(check))
    if known is None or known[0] is not check:
        if len(_traces) >= _REMEMBERED:
            _traces.clear()
        known = _traces[id(check)] = (check, _trace_data(check))
    return known[1]


def _trace_data(check: Check) -> TraceData:
    return {
        "rule": check.rule,
        "pack": check.pack,
        "result": check.result.value,
        "measured": _plain(check.measured),
        "limit": _plain(check.limit),
        "window": None if check.window is None else span_data(check.window),
    }


def check_data(check: Check) -> CheckData:
    """A check as JSON, in both languages."""
    return {
        **trace_data(check),
        "kind": check.kind,
        "severity": check.severity.value,
        "citation": check.citation,
        "source_quality": check.source_quality.value,
        "message": {"en": check.message.en, "zh": check.message.zh},
    }


def obligation_data(obligation: Obligation) -> ObligationData:
    """An obligation as JSON."""
    return {"rule": obligation.rule, "what": str(obligation.what), "when": str(obligation.when)}


def _plain(value: int | str | None) -> int | str | None:
    """A word of an enumeration as bare text: a decision has twenty, each is written as JSON three
    times, and that took 0.3 µs more."""
    return str(value) if isinstance(value, str) else value


def _moment(moment: date | datetime) -> str:
    return rfc3339(moment) if isinstance(moment, datetime) else moment.isoformat()


TRACE_EXAMPLE: Final[dict[str, Any]] = {
    "rule": "person-protection.visits-1d",
    "pack": "person-protection@2026-11-21",
    "result": "fail",
    "measured": 2,
    "limit": 1,
    "window": {"from": "2026-12-01", "to": "2026-12-01"},
}

CHECK_EXAMPLE: Final[dict[str, Any]] = {
    **TRACE_EXAMPLE,
    "kind": "event_count",
    "severity": "policy",
    "citation": "Doorstep house rule, visits to one person (no law)",
    "source_quality": "text",
    "message": {
        "en": "At most 1 visit a day to one person over all debts and lenders; this would be"
        " number 2 on 2026-12-01.",
        "zh": "对同一人，不论债务与委托方，每天最多上门 1 次；本次将是 2026-12-01 的第 2 次。",
    },
}

IDS_EXAMPLE: Final[dict[str, Any]] = {
    "visit_id": "019ae3a0-0000-7000-8000-000000000001",
    "case_id": "019ae3a0-0000-7000-8000-000000000002",
    "person_id": "019ae3a0-0000-7000-8000-000000000003",
    "decision_id": "019ae3a0-0000-7000-8000-000000000004",
}

APPROVAL_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019ae3a0-0000-7000-8000-000000000005",
    "token": "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl",
    "expires_at": "2026-12-01T03:30:00Z",
    "must_end_by": "2026-12-01T14:00:00Z",
    "obligations": [{"rule": "tw.identify", "what": "show_authorisation", "when": "at_start"}],
}

NO_EXAMPLE: Final[dict[str, Any]] = {
    **IDS_EXAMPLE,
    "checks": [CHECK_EXAMPLE],
    "next_lawful": [{"from": "2026-12-02T01:00:00Z", "to": "2026-12-02T13:30:00Z"}],
}
