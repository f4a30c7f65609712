"""Complaints: opened, closed, and found by case or by the lender's own id."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import Session, col, select

from cases.domain.complaint import Complaint, ComplaintOutcome
from cases.store.recordset import document, recordset
from cases.store.tables import ComplaintRow

_CLOSE: Final = text(
    "UPDATE complaint SET outcome = new.outcome, closed_on = new.closed_on,"
    " closed_at = new.closed_at, closed_by = new.closed_by FROM "
    + recordset("id uuid, outcome text, closed_on date, closed_at timestamptz, closed_by text")
    + " WHERE complaint.id = new.id"
)
_CLOSING: Final = ("id", "outcome", "closed_on", "closed_at", "closed_by")


def add(session: Session, complaints: Sequence[Complaint]) -> None:
    """Store new complaints about cases of locked persons."""
    for complaint in complaints:
        session.add(ComplaintRow(**asdict(complaint)))
    session.flush()


def close(session: Session, closed: Sequence[Complaint]) -> None:
    """Store what came of complaints of locked persons."""
    if closed:
        rows = document({name: getattr(each, name) for name in _CLOSING} for each in closed)
        session.execute(_CLOSE, {"rows": rows})


def get(session: Session, complaint_id: UUID, scope: str | None) -> Complaint | None:
    """A complaint, if its lender is ``scope`` or ``scope`` is None."""
    row = session.get(ComplaintRow, complaint_id, populate_existing=True)
    return of_row(row) if row is not None and scope in (None, row.lender) else None


def named(session: Session, lender: str, external_id: str) -> Complaint | None:
    """The complaint that a lender calls so; of one carried over, where it stands now."""
    row = session.exec(
        select(ComplaintRow).where(
            ComplaintRow.lender == lender,
            ComplaintRow.external_id == external_id,
            col(ComplaintRow.outcome).is_distinct_from(ComplaintOutcome.MERGED.value),
        )
    ).one_or_none()
    return None if row is None else of_row(row)


def open_of(session: Session, case_ids: Collection[UUID]) -> dict[UUID, list[Complaint]]:
    """The open complaints of cases, by case."""
    found: dict[UUID, list[Complaint]] = {case_id: [] for case_id in case_ids}
    if found:
        rows = session.exec(
            select(ComplaintRow).where(
                col(ComplaintRow.case_id).in_(found), col(ComplaintRow.closed_at).is_(None)
            )
        )
        for row in rows:
            found[row.case_id].append(of_row(row))
    return found


def find(
    session: Session, case_id: UUID, *, after: tuple[Any, ...] | None, limit: int
) -> list[Complaint]:
    """The complaints of a case, the last opened first."""
    keys = (col(ComplaintRow.opened_at), col(ComplaintRow.id))
    query = select(ComplaintRow).where(ComplaintRow.case_id == case_id)
    query = query.order_by(*(key.desc() for key in keys)).limit(limit)
    if after is not None:
        query = query.where(tuple_(*keys) < tuple_(*after))
    return [of_row(row) for row in session.exec(query)]


def of_row(row: ComplaintRow) -> Complaint:
    """The complaint in a row."""
    return Complaint(
        id=row.id,
        case_id=row.case_id,
        person_id=row.person_id,
        lender=row.lender,
        about=row.about,
        channel=row.channel,
        external_id=row.external_id,
        received_on=row.received_on,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        outcome=None if row.outcome is None else ComplaintOutcome(row.outcome),
        closed_on=row.closed_on,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
