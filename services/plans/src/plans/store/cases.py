"""Cases, as far as plans must know them: whose they are, and whether they are open."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, TextClause, Uuid, bindparam, text
from sqlmodel import Session, col, select

from plans.store.rows import CaseRow


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a case. It is open unless it was closed after it was last opened."""

    id: UUID
    lender: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A case was opened (no ``reason``) or closed."""

    id: UUID
    lender: str
    person_id: UUID
    at: datetime
    reason: str | None = None


def find(session: Session, case_ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Case]:
    """What is known of these cases; of some nothing may be.

    With ``lock`` they can't be closed until the transaction ends. Lock cases before accounts.
    """
    if not case_ids:
        return {}
    asked = (
        select(CaseRow)
        .where(col(CaseRow.id).in_(sorted(case_ids)))
        .order_by(col(CaseRow.id))
        .execution_options(populate_existing=True)
    )
    if lock:
        asked = asked.with_for_update(read=True)
    rows = session.execute(asked).scalars()
    return {row.id: Case(row.id, row.lender, _is_open(row)) for row in rows}


def lock(session: Session, case_ids: Collection[UUID]) -> None:
    """Lock cases that are going to change, in sorted order. Before any account."""
    if case_ids:
        session.execute(
            select(CaseRow.id)
            .where(col(CaseRow.id).in_(sorted(case_ids)))
            .order_by(col(CaseRow.id))
            .with_for_update()
        )


def _of_arrays(sql: str) -> TextClause:
    return text(sql).bindparams(
        bindparam("ids", type_=ARRAY(Uuid())),
        bindparam("lenders", type_=ARRAY(Text())),
        bindparam("persons", type_=ARRAY(Uuid())),
        bindparam("moments", type_=ARRAY(DateTime(timezone=True))),
    )


_OPENED: Final = _of_arrays(
    "INSERT INTO collection_case (id, lender, person_id, opened_at)"
    " SELECT * FROM unnest(:ids, :lenders, :persons, :moments)"
    " ON CONFLICT (id) DO UPDATE"
    " SET opened_at = greatest(collection_case.opened_at, excluded.opened_at)"
)
_CLOSED: Final = _of_arrays(
    "INSERT INTO collection_case (id, lender, person_id, closed_at, close_reason)"
    " SELECT * FROM unnest(:ids, :lenders, :persons, :moments, :reasons)"
    " ON CONFLICT (id) DO UPDATE"
    " SET closed_at = excluded.closed_at, close_reason = excluded.close_reason"
    " WHERE collection_case.closed_at IS NULL OR collection_case.closed_at < excluded.closed_at"
).bindparams(bindparam("reasons", type_=ARRAY(Text())))


def save_opened(session: Session, opened: Sequence[Moved]) -> None:
    """Record openings; one older than what is known changes nothing."""
    session.execute(_OPENED, _arrays(opened))


def save_closed(session: Session, closed: Sequence[Moved]) -> None:
    """Record closings; one older than what is known changes nothing."""
    arrays = _arrays(closed)
    session.execute(_CLOSED, arrays | {"reasons": [each.reason or "" for each in closed]})


def _arrays(moved: Sequence[Moved]) -> dict[str, list[Any]]:
    return {
        "ids": [each.id for each in moved],
        "lenders": [each.lender for each in moved],
        "persons": [each.person_id for each in moved],
        "moments": [each.at for each in moved],
    }


def _is_open(row: CaseRow) -> bool:
    if row.closed_at is None:
        return True
    return row.opened_at is not None and row.opened_at > row.closed_at
