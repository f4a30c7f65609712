"""What stands against a visit beside the rules: its approval is over, or was for something else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from contact_rules.domain.approval import Approval, ApprovalState, may_begin
from contact_rules.domain.decision import (
    Check,
    Result,
    Severity,
    SourceQuality,
    Span,
    Text,
    Verdict,
)

_PACK: Final = "approval"
_CITATION: Final = "Doorstep house rule, no visit but the one that was approved (no law)"

AT_THE_DOOR: Final = "checked_in"
NEVER_GIVEN: Final = "none"


def approval_state(approval: Approval | None) -> Check | None:
    """Why a visit can't be moved: it has no approval, or one that is over or in use. None: it can.

    ``measured`` says in which state it is.
    """
    if approval is None:
        return _failed("state", NEVER_GIVEN, ApprovalState.RESERVED.value, _NEVER)
    if approval.state is not ApprovalState.RESERVED:
        return in_force(approval)
    if approval.checked_in_at is not None:
        return _failed("state", AT_THE_DOOR, ApprovalState.RESERVED.value, _IN_USE)
    return None


def in_force(approval: Approval) -> Check | None:
    """Why nobody may go by this approval any more; None if it is reserved."""
    if approval.state is ApprovalState.RESERVED:
        return None
    return _failed(
        "state", approval.state.value, ApprovalState.RESERVED.value, _OVER[approval.state]
    )


def approved_team(approved: Collection[str], coming: Collection[str]) -> Check | None:
    """Why this team must not go: some of them are not named in the approval. None: all are."""
    strangers = len(set(coming) - set(approved))
    return _failed("team", strangers, 0, _STRANGERS) if strangers else None


def approved_time(approval: Approval, at: datetime) -> Check | None:
    """Why it can't begin at ``at``: that is not the time that was approved. None: it can."""
    first, last = may_begin(approval)
    if first <= at < last:
        return None
    return _failed("time", None, None, _EARLY if at < first else _LATE, Span(first, last))


def begun_already(starts_at: datetime, now: datetime) -> Check | None:
    """Why nobody can approve it any more: its start has passed. None: it is still to come.

    A request may wait in a queue until its time is over; a yes to it would be a yes afterwards.
    """
    if now < starts_at:
        return None
    return _failed("start", None, None, _BEGUN, Span(starts_at, starts_at))


def nothing_owed(debts: Collection[object]) -> Check | None:
    """Why there is nothing left to visit for; None if any debt is left."""
    return None if debts else _failed("debts", 0, 1, _PAID)


def _failed(
    what: str,
    measured: int | str | None,
    limit: int | str | None,
    message: Text,
    window: Span | None = None,
) -> Check:
    return Check(
        rule=f"approval.{what}",
        pack=_PACK,
        kind="approval",
        severity=Severity.PROHIBITION,
        result=Result.FAIL,
        verdict=Verdict.DENY,
        measured=measured,
        limit=limit,
        window=window,
        citation=_CITATION,
        source_quality=SourceQuality.TEXT,
        message=message,
    )


_NEVER: Final = Text(
    "This visit was never approved, so there is nothing to move.",
    "本次外访从未获批准，无从改期。",
)
_IN_USE: Final = Text(
    "The team is at the door already: a visit that has begun can't be moved.",
    "人员已到达现场，外访已开始，不能改期。",
)
_OVER: Final = {
    ApprovalState.CONSUMED: Text("This visit has taken place already.", "本次外访已完成。"),
    ApprovalState.RELEASED: Text(
        "The approval of this visit was given back: the visit was cancelled or moved.",
        "本次外访的批准已退回：外访已取消或改期。",
    ),
    ApprovalState.EXPIRED: Text(
        "The approval of this visit has expired: its time passed and nobody went.",
        "本次外访的批准已过期：时间已过，无人前往。",
    ),
    ApprovalState.REVOKED: Text(
        "The approval of this visit was revoked: the rules allow it no longer.",
        "本次外访的批准已撤销：规则不再允许。",
    ),
}
_STRANGERS: Final = Text(
    "Somebody in this team is not named in the approval.",
    "外访人员中有人不在批准名单内。",
)
_PAID: Final = Text(
    "Nothing is owed any more of the debts that this visit was approved for.",
    "本次外访所涉债务已无欠款。",
)
_EARLY: Final = Text(
    "It is too early: the approval is for a later time.",
    "时间过早：批准的外访时间尚未到。",
)
_LATE: Final = Text(
    "It is too late: the time of the approval has passed.",
    "时间已过：批准的外访时间已结束。",
)
_BEGUN: Final = Text(
    "The start of this visit had passed before it could be decided: nobody may go without asking.",
    "在作出决定之前，本次外访的开始时间已过：未经批准不得前往。",
)
