"""Saves, finds and ends approvals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session

from contact_rules.domain.approval import Approval, ApprovalState
from contact_rules.store.rows import Adding
from contact_rules.store.tables import APPROVAL, UUIDS


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval with the token that proves it."""

    approval: Approval
    token: str


_add: Final = Adding(
    APPROVAL,
    (
        "id",
        "decision_id",
        "visit_id",
        "person_id",
        "lender",
        "state",
        "starts_at",
        "ends_at",
        "must_end_by",
        "expires_at",
        "issued_at",
        "token",
    ),
)
_OF_VISITS: Final = select(APPROVAL).where(
    APPROVAL.c.visit_id == bindparam("visits", type_=UUIDS).any_()
)
_MOVE: Final = (
    update(APPROVAL)
    .where(APPROVAL.c.id == bindparam("ids", type_=UUIDS).any_())
    .values(state=bindparam("state"))
)


def of_visits(session: Session, visits: Sequence[UUID]) -> dict[UUID, SignedApproval]:
    """The approvals of these visits, by visit."""
    rows = session.execute(_OF_VISITS, {"visits": visits})
    return {row.visit_id: _signed(row) for row in rows}


def add(session: Session, approvals: Sequence[SignedApproval]) -> None:
    """Save new approvals in one statement."""
    if approvals:
        _add(session, map(_values, approvals))


def move(session: Session, approvals: Sequence[Approval]) -> None:
    """Save the state that these approvals came to; one statement for each state."""
    by_state: dict[ApprovalState, list[UUID]] = {}
    for approval in approvals:
        by_state.setdefault(approval.state, []).append(approval.id)
    for state, ids in by_state.items():
        session.execute(_MOVE, {"ids": ids, "state": state})


def _values(signed: SignedApproval) -> list[Any]:
    approval = signed.approval
    return [
        approval.id,
        approval.decision_id,
        approval.visit_id,
        approval.person_id,
        approval.lender,
        approval.state,
        approval.starts_at,
        approval.ends_at,
        approval.must_end_by,
        approval.expires_at,
        approval.issued_at,
        signed.token,
    ]


def _signed(row: Row[Any]) -> SignedApproval:
    approval = Approval(
        id=row.id,
        decision_id=row.decision_id,
        visit_id=row.visit_id,
        person_id=row.person_id,
        lender=row.lender,
        state=ApprovalState(row.state),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        must_end_by=row.must_end_by,
        expires_at=row.expires_at,
        issued_at=row.issued_at,
    )
    return SignedApproval(approval, row.token)
