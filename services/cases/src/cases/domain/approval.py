"""Approvals: contact-rules' signed yes for exactly one visit, and the comparison with ours.

The signature is checked before; here every claim is compared with the visit it is said to be
for, so that an approval of another visit, time, address or team never schedules anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from cases.domain.visit import Visit

ISSUER: Final = "doorstep/contact-rules"
AUDIENCE: Final = "doorstep/approval"


class ApprovalMismatch(Exception):
    """A validly signed approval is not for this visit. Somebody must look: nothing is scheduled."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something a rule asks to be done, e.g. ``record`` ``at_start``."""

    rule: str
    what: str
    when: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes for one visit at one time, until ``expires_at``."""

    id: UUID
    visit_id: UUID
    decision_id: UUID
    starts_at: datetime
    ends_at: datetime
    token: str
    expires_at: datetime
    must_end_by: datetime | None
    obligations: Sequence[Obligation]


def compare(
    claims: Mapping[str, Any], visit: Visit, team: Sequence[UUID], approval_id: UUID
) -> None:
    """Raise `ApprovalMismatch`, naming the claims, unless they are this visit's to the last one."""
    wrong = [
        name
        for name, ours in (
            ("sub", str(visit.id)),
            ("jti", str(approval_id)),
            ("case_id", str(visit.case_id)),
            ("person_id", str(visit.person_id)),
            ("lender", visit.lender),
            ("address_id", str(visit.address_id)),
        )
        if claims.get(name) != ours
    ]
    wrong += [
        name
        for name, ours in (("starts_at", visit.starts_at), ("ends_at", visit.ends_at))
        if _moment(claims.get(name)) != ours
    ]
    agents = claims.get("team")
    if not isinstance(agents, list) or sorted(map(str, agents)) != sorted(map(str, team)):
        wrong.append("team")
    if wrong:
        raise ApprovalMismatch(f"the approval's claims are not the visit's: {', '.join(wrong)}")


def expiry(claims: Mapping[str, Any]) -> datetime:
    """When the approval ends; raises `ApprovalMismatch` when it does not say."""
    exp = claims.get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        raise ApprovalMismatch("the approval has no expiry")
    return datetime.fromtimestamp(exp, UTC)


def must_end_by(claims: Mapping[str, Any]) -> datetime | None:
    """When the team must be gone, None where no rule limits it."""
    moment = _moment(claims.get("must_end_by"))
    if moment is None and claims.get("must_end_by") is not None:
        raise ApprovalMismatch("the approval's must_end_by is no time")
    return moment


def _moment(value: Any) -> datetime | None:
    """A claim's time, written as RFC 3339 or as seconds since 1970."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
