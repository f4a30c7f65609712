"""An approval: a reservation that can be proven, from the moment it is given until it is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

ISSUER: Final = "doorstep/contact-rules"
AUDIENCE: Final = "doorstep/approval"

LASTS_AFTER_END: Final = timedelta(hours=1)
"""How long after its planned end an approval can still be shown."""
BEFORE_START: Final = timedelta(hours=1)
"""How long before its planned start a team may be at the door: traffic is not to the minute, and
a place kept for the afternoon is none for the morning."""

REPORTED_WITHIN: Final = timedelta(hours=24)
"""How long after an approval could last be shown what came of a visit that began is waited for."""
TOOK_PLACE: Final = "took_place"
NEVER_COMPLETED: Final = "never_completed"
"""Why approvals are consumed: what came of the visit was told; or somebody was at the door, and
nobody said."""


class ApprovalState(StrEnum):
    RESERVED = "reserved"
    CONSUMED = "consumed"
    RELEASED = "released"
    """Given back: the visit was cancelled or moved."""
    EXPIRED = "expired"
    """Its time passed, and nobody went."""
    REVOKED = "revoked"
    """Facts changed: the rules allow it no longer."""


_NEXT: Final[dict[ApprovalState, frozenset[ApprovalState]]] = {
    ApprovalState.RESERVED: frozenset(ApprovalState) - {ApprovalState.RESERVED},
    ApprovalState.CONSUMED: frozenset(),
    ApprovalState.RELEASED: frozenset(),
    ApprovalState.EXPIRED: frozenset(),
    ApprovalState.REVOKED: frozenset(),
}


class ApprovalRefusal(Exception):
    """What can't be done with an approval in its present state."""

    code: ClassVar[str]


class ApprovalWasConsumed(ApprovalRefusal):
    """The visit took place: nothing can be given back or done again."""

    code = "approval_was_consumed"


class ApprovalWasReleased(ApprovalRefusal):
    """Its place was given back, and may be another visit's by now."""

    code = "approval_was_released"


class ApprovalHasExpired(ApprovalRefusal):
    """Its time passed and its place was given back."""

    code = "approval_has_expired"


class ApprovalWasRevoked(ApprovalRefusal):
    """Facts changed, and the rules allowed it no longer."""

    code = "approval_was_revoked"


_OVER: Final[dict[ApprovalState, type[ApprovalRefusal]]] = {
    ApprovalState.CONSUMED: ApprovalWasConsumed,
    ApprovalState.RELEASED: ApprovalWasReleased,
    ApprovalState.EXPIRED: ApprovalHasExpired,
    ApprovalState.REVOKED: ApprovalWasRevoked,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What an approval is for: whom the team may visit, where and on whose behalf."""

    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    address_id: UUID
    team: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes for one visit. ``must_end_by`` is None where no rule limits the end.

    ``checked_in_at``: since when somebody is at the door. ``ended_at`` and ``ended_why`` (a code)
    are there once it is reserved no longer.
    """

    id: UUID
    decision_id: UUID
    visit_id: UUID
    person_id: UUID
    lender: str
    state: ApprovalState
    starts_at: datetime
    ends_at: datetime
    must_end_by: datetime | None
    expires_at: datetime
    issued_at: datetime
    checked_in_at: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str | None = None


def reserve(
    approval_id: UUID,
    decision_id: UUID,
    subject: Subject,
    *,
    starts_at: datetime,
    ends_at: datetime,
    must_end_by: datetime | None,
    now: datetime,
) -> Approval:
    """A new approval, its times in UTC.

    The caller writes its reservation into the ledger in the same transaction.
    """
    return Approval(
        id=approval_id,
        decision_id=decision_id,
        visit_id=subject.visit_id,
        person_id=subject.person_id,
        lender=subject.lender,
        state=ApprovalState.RESERVED,
        starts_at=starts_at.astimezone(UTC),
        ends_at=ends_at.astimezone(UTC),
        must_end_by=None if must_end_by is None else must_end_by.astimezone(UTC),
        expires_at=ends_at.astimezone(UTC) + LASTS_AFTER_END,
        issued_at=now,
    )


def may_begin(approval: Approval) -> tuple[datetime, datetime]:
    """From when, and until before when, a team may begin the visit it was given for."""
    return approval.starts_at - BEFORE_START, approval.expires_at


def release(approval: Approval, why: str, now: datetime) -> Approval:
    """Its place is free again. Raises an `ApprovalRefusal` if it is reserved no longer."""
    return _ended(approval, ApprovalState.RELEASED, why, now)


def consume(approval: Approval, now: datetime) -> Approval:
    """The visit took place. Raises an `ApprovalRefusal` if it is reserved no longer."""
    return _ended(approval, ApprovalState.CONSUMED, TOOK_PLACE, now)


def is_unreported(approval: Approval, now: datetime) -> bool:
    """Did its visit begin so long ago that nobody is waited for to say what came of it?"""
    return (
        approval.state is ApprovalState.RESERVED
        and approval.checked_in_at is not None
        and max(approval.expires_at, approval.checked_in_at) + REPORTED_WITHIN <= now
    )


def give_up(approval: Approval, now: datetime) -> Approval:
    """Somebody was at the door, and nobody said what came of it. Raises an `ApprovalRefusal` as the
    others do."""
    return _ended(approval, ApprovalState.CONSUMED, NEVER_COMPLETED, now)


def expire(approval: Approval, now: datetime) -> Approval:
    """Its time has passed and nobody went. Raises an `ApprovalRefusal` as the others do."""
    return _ended(approval, ApprovalState.EXPIRED, "expired", now)


def revoke(approval: Approval, why: str, now: datetime) -> Approval:
    """Facts changed, ``why`` is their code. Raises an `ApprovalRefusal` as the others do."""
    return _ended(approval, ApprovalState.REVOKED, why, now)


def _ended(approval: Approval, to: ApprovalState, why: str, now: datetime) -> Approval:
    if to not in _NEXT[approval.state]:
        raise _OVER[approval.state](f"The approval of this visit was {approval.state} already.")
    return replace(approval, state=to, ended_at=now, ended_why=why)


def claims(approval: Approval, subject: Subject, *, issuer: str = ISSUER) -> dict[str, Any]:
    """What the approval's token says: who may go, where, for whom, from when until when.

    Times are RFC 3339 in UTC, ids are text; ``iat`` and ``exp`` are seconds as RFC 7519 wants.
    """
    return {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(subject.visit_id),
        "jti": str(approval.id),
        "case_id": str(subject.case_id),
        "person_id": str(subject.person_id),
        "lender": subject.lender,
        "address_id": str(subject.address_id),
        "team": [str(member) for member in subject.team],
        "starts_at": rfc3339(approval.starts_at),
        "ends_at": rfc3339(approval.ends_at),
        "must_end_by": None if approval.must_end_by is None else rfc3339(approval.must_end_by),
        "iat": int(approval.issued_at.timestamp()),
        "exp": int(approval.expires_at.timestamp()),
    }


def rfc3339(moment: datetime) -> str:
    """``2026-12-01T02:00:00Z``: one text for one instant, whatever offset it came with."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
