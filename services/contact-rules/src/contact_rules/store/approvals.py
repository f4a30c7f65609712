"""Saves, finds and ends approvals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, select, text, update
from sqlmodel import Session

from contact_rules.domain.approval import REPORTED_WITHIN, Approval, ApprovalState
from contact_rules.store.rows import Adding
from contact_rules.store.tables import APPROVAL, PERSON, UUIDS


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
_OF: Final = select(APPROVAL).where(APPROVAL.c.id == bindparam("ids", type_=UUIDS).any_())


def _lock_reserved(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Reserved approvals whose person nobody else holds, the first to expire first, held now."""
    return (
        select(APPROVAL.c.id)
        .join(PERSON, PERSON.c.id == APPROVAL.c.person_id)
        .where(APPROVAL.c.state == ApprovalState.RESERVED.value, *conditions)
        .order_by(APPROVAL.c.expires_at, APPROVAL.c.id)
        .limit(bindparam("most"))
        .with_for_update(of=PERSON, skip_locked=True)
    )


_OVERDUE: Final = _lock_reserved(
    APPROVAL.c.expires_at <= bindparam("now"), APPROVAL.c.checked_in_at.is_(None)
)
_UNREPORTED: Final = _lock_reserved(
    APPROVAL.c.expires_at <= bindparam("before"), APPROVAL.c.checked_in_at <= bindparam("before")
)
_END: Final = (
    update(APPROVAL)
    .where(APPROVAL.c.id == bindparam("ids", type_=UUIDS).any_())
    .values(state=bindparam("to"), ended_at=bindparam("ended_at"), ended_why=bindparam("ended_why"))
)
_CHECK_IN: Final = text(
    "UPDATE approval SET checked_in_at = arrived.at"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS arrived (id, at)"
    " WHERE approval.id = arrived.id"
).bindparams(bindparam("ids", type_=UUIDS))


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


def lock_overdue(session: Session, now: datetime, *, most: int) -> list[UUID]:
    """Locks persons with approvals that nobody used in time and returns those, the oldest first.

    Nobody is waited for: a person held elsewhere comes the next time. Read the approvals after it
    (`of`); they may have ended, or somebody come to the door, a moment before.
    """
    return list(session.execute(_OVERDUE, {"now": now, "most": most}).scalars())


def lock_unreported(session: Session, now: datetime, *, most: int) -> list[UUID]:
    """As `lock_overdue`, of approvals whose visit began, and of which it is no longer waited for
    that somebody says what came of it."""
    asked = {"before": now - REPORTED_WITHIN, "most": most}
    return list(session.execute(_UNREPORTED, asked).scalars())


def of(session: Session, approvals: Sequence[UUID]) -> list[SignedApproval]:
    """These approvals, in no order. To decide by them, hold their persons' locks."""
    return [_signed(row) for row in session.execute(_OF, {"ids": list(approvals)})]


def find(session: Session, approval_id: UUID) -> SignedApproval | None:
    """One approval."""
    row = session.execute(select(APPROVAL).where(APPROVAL.c.id == approval_id)).one_or_none()
    return None if row is None else _signed(row)


def of_decision(session: Session, visit_id: UUID, decision_id: UUID) -> SignedApproval | None:
    """The approval that a decision about this visit gave; None if it gave none."""
    query = select(APPROVAL).where(
        APPROVAL.c.visit_id == visit_id, APPROVAL.c.decision_id == decision_id
    )
    row = session.execute(query).one_or_none()
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


def check_in(session: Session, arrived: Mapping[UUID, datetime]) -> None:
    """Save since when somebody is at these doors, by approval."""
    if arrived:
        session.execute(_CHECK_IN, {"ids": list(arrived), "times": list(arrived.values())})


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
