"""Saves, finds and ends approvals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
_OF_VISITS: Final = (
    select(APPROVAL)
    .where(APPROVAL.c.visit_id == bindparam("visits", type_=UUIDS).any_())
    .order_by(APPROVAL.c.issued_at, APPROVAL.c.id)
)
_PLANNED: Final = (
    select(APPROVAL)
    .where(
        APPROVAL.c.person_id == bindparam("persons", type_=UUIDS).any_(),
        APPROVAL.c.state == ApprovalState.RESERVED.value,
    )
    .order_by(APPROVAL.c.issued_at, APPROVAL.c.id)
)
_END: Final = (
    update(APPROVAL)
    .where(APPROVAL.c.id == bindparam("ids", type_=UUIDS).any_())
    .values(state=bindparam("to"), ended_at=bindparam("ended_at"), ended_why=bindparam("ended_why"))
)
_CHECK_IN: Final = (
    update(APPROVAL)
    .where(APPROVAL.c.id == bindparam("ids", type_=UUIDS).any_())
    .values(checked_in_at=bindparam("at"))
)


def of_visits(session: Session, visits: Sequence[UUID]) -> dict[UUID, SignedApproval]:
    """The newest approval of each of these visits, by visit."""
    rows = session.execute(_OF_VISITS, {"visits": visits})
    return {row.visit_id: _signed(row) for row in rows}


def planned(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[SignedApproval]]:
    """The approvals of these persons that are reserved, the oldest first."""
    found: dict[UUID, list[SignedApproval]] = {person: [] for person in persons}
    for row in session.execute(_PLANNED, {"persons": list(persons)}):
        found[row.person_id].append(_signed(row))
    return found


def find(session: Session, approval_id: UUID) -> SignedApproval | None:
    """One approval."""
    row = session.execute(select(APPROVAL).where(APPROVAL.c.id == approval_id)).one_or_none()
    return None if row is None else _signed(row)


def add(session: Session, approvals: Sequence[SignedApproval]) -> None:
    """Save new approvals in one statement. One that takes another's place comes after its `end`."""
    if approvals:
        _add(session, map(_values, approvals))


def end(session: Session, ended: Sequence[Approval]) -> None:
    """Save how these approvals ended; one statement for each way and moment."""
    together: dict[tuple[Any, ...], list[UUID]] = {}
    for approval in ended:
        how = (approval.state.value, approval.ended_at, approval.ended_why)
        together.setdefault(how, []).append(approval.id)
    for (to, at, why), ids in together.items():
        session.execute(_END, {"ids": ids, "to": to, "ended_at": at, "ended_why": why})


def check_in(session: Session, approvals: Sequence[UUID], at: datetime) -> None:
    """From ``at`` on somebody is at these doors."""
    if approvals:
        session.execute(_CHECK_IN, {"ids": list(approvals), "at": at})


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
        checked_in_at=row.checked_in_at,
        ended_at=row.ended_at,
        ended_why=row.ended_why,
    )
    return SignedApproval(approval, row.token)
