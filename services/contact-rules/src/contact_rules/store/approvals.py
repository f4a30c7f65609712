"""Saves, finds and ends approvals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update
from sqlmodel import Session

from contact_rules.domain.approval import Approval, ApprovalState
from contact_rules.store.tables import APPROVAL, UUIDS


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval with the token that proves it."""

    approval: Approval
    token: str


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
        session.execute(insert(APPROVAL), [_values(signed) for signed in approvals])


def move(session: Session, approvals: Sequence[Approval]) -> None:
    """Save the state that these approvals came to; one statement for each state."""
    by_state: dict[ApprovalState, list[UUID]] = {}
    for approval in approvals:
        by_state.setdefault(approval.state, []).append(approval.id)
    for state, ids in by_state.items():
        session.execute(_MOVE, {"ids": ids, "state": state})


def _values(signed: SignedApproval) -> dict[str, Any]:
    approval = signed.approval
    return {
        "id": approval.id,
        "decision_id": approval.decision_id,
        "visit_id": approval.visit_id,
        "person_id": approval.person_id,
        "lender": approval.lender,
        "state": approval.state,
        "starts_at": approval.starts_at,
        "ends_at": approval.ends_at,
        "must_end_by": approval.must_end_by,
        "expires_at": approval.expires_at,
        "issued_at": approval.issued_at,
        "token": signed.token,
    }


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
