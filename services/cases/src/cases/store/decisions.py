"""What contact-rules said of visits: approvals, denials and revocations, kept as they came."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlmodel import Session, col, select

from cases.domain.approval import Approval
from cases.store.recordset import document, recordset
from cases.store.tables import ApprovalRow, DenialRow, RevocationRow

_APPROVE: Final = text(
    "INSERT INTO approval (id, visit_id, decision_id, starts_at, ends_at, token, expires_at,"
    " must_end_by, obligations, received_at)"
    " SELECT id, visit_id, decision_id, starts_at, ends_at, token, expires_at, must_end_by,"
    " obligations, :now FROM "
    + recordset(
        "id uuid, visit_id uuid, decision_id uuid, starts_at timestamptz, ends_at timestamptz,"
        " token text, expires_at timestamptz, must_end_by timestamptz, obligations jsonb"
    )
)
_DENY: Final = text(
    "INSERT INTO denial (decision_id, visit_id, verdict, checks, next_lawful, received_at)"
    " SELECT decision_id, visit_id, verdict, checks, next_lawful, :now FROM "
    + recordset("decision_id uuid, visit_id uuid, verdict text, checks jsonb, next_lawful jsonb")
    # Announced anew under another message id, it is the same decision.
    + " ON CONFLICT (decision_id) DO NOTHING"
)
_REVOKE: Final = text(
    "INSERT INTO revocation (approval_id, visit_id, reason, checks, revoked_at, received_at)"
    " SELECT approval_id, visit_id, reason, checks, revoked_at, :now FROM "
    + recordset(
        "approval_id uuid, visit_id uuid, reason text, checks jsonb, revoked_at timestamptz"
    )
    + " ON CONFLICT (approval_id) DO NOTHING"
)
# One text for any number of approvals: psycopg reads each new text anew.
_REVOCATIONS: Final = select(RevocationRow).where(
    col(RevocationRow.approval_id) == bindparam("ids", type_=ARRAY(Uuid)).any_()
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A no (``deny``), or a question left to people (``needs_review``), with every reason."""

    decision_id: UUID
    visit_id: UUID
    verdict: str
    checks: Sequence[dict[str, Any]]
    next_lawful: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Revocation:
    """An approval taken back: the code of what changed, and the rules that say no now."""

    approval_id: UUID
    visit_id: UUID
    reason: str
    checks: Sequence[dict[str, Any]]
    revoked_at: datetime


def approve(session: Session, approvals: Sequence[Approval], now: datetime) -> None:
    """Store approvals, before the visits that rest on them are scheduled."""
    if not approvals:
        return
    rows = document(
        {
            "id": each.id,
            "visit_id": each.visit_id,
            "decision_id": each.decision_id,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "token": each.token,
            "expires_at": each.expires_at,
            "must_end_by": each.must_end_by,
            "obligations": [
                {"rule": one.rule, "what": one.what, "when": one.when} for one in each.obligations
            ],
        }
        for each in approvals
    )
    session.execute(_APPROVE, {"rows": rows, "now": now})


def deny(session: Session, denials: Sequence[Denial], now: datetime) -> None:
    """Store denials."""
    if not denials:
        return
    rows = document(
        {
            "decision_id": each.decision_id,
            "visit_id": each.visit_id,
            "verdict": each.verdict,
            "checks": list(each.checks),
            "next_lawful": list(each.next_lawful),
        }
        for each in denials
    )
    session.execute(_DENY, {"rows": rows, "now": now})


def revoke(session: Session, revocations: Sequence[Revocation], now: datetime) -> None:
    """Store that approvals were taken back, also of approvals that did not arrive yet."""
    if not revocations:
        return
    rows = document(
        {
            "approval_id": each.approval_id,
            "visit_id": each.visit_id,
            "reason": each.reason,
            "checks": list(each.checks),
            "revoked_at": each.revoked_at,
        }
        for each in revocations
    )
    session.execute(_REVOKE, {"rows": rows, "now": now})


def revocations_of(session: Session, approval_ids: Collection[UUID]) -> dict[UUID, RevocationRow]:
    """Those of these approvals that were taken back."""
    if not approval_ids:
        return {}
    rows = session.execute(_REVOCATIONS, {"ids": list(approval_ids)}).scalars()
    return {row.approval_id: row for row in rows}


def last_revocation(session: Session, visit_id: UUID) -> RevocationRow | None:
    """The last time that an approval of this visit was taken back."""
    return session.exec(
        select(RevocationRow)
        .where(col(RevocationRow.visit_id) == visit_id)
        .order_by(col(RevocationRow.revoked_at).desc(), col(RevocationRow.approval_id).desc())
        .limit(1)
    ).first()


def approvals_of(session: Session, ids: Collection[UUID]) -> dict[UUID, ApprovalRow]:
    """Approvals by their own ids."""
    if not ids:
        return {}
    rows = session.exec(select(ApprovalRow).where(col(ApprovalRow.id).in_(ids)))
    return {row.id: row for row in rows}


def denials_of(session: Session, visit_ids: Collection[UUID]) -> dict[UUID, DenialRow]:
    """The last denial of each of these visits."""
    if not visit_ids:
        return {}
    rows = session.exec(
        select(DenialRow)
        .where(col(DenialRow.visit_id).in_(visit_ids))
        .order_by(col(DenialRow.received_at), col(DenialRow.decision_id))
    )
    return {row.visit_id: row for row in rows}
