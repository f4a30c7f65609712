"""Cases: found by person, opened and moved through their states, with the history of each step.

Everything here that changes a case wants its person locked (`cases.store.persons.lock`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import text
from sqlmodel import Session, col, select

from cases.domain.case import CaseStatus, CloseReason, Resolution, Stage
from cases.store.recordset import document, recordset
from cases.store.tables import CaseRow

# The same question as cases.domain.case.still_owed.
OWED: Final = "recalled_at IS NULL AND overdue > 0 AND (paid_at IS NULL OR as_of > paid_at)"

_INSERT: Final = text(
    "INSERT INTO debt_case (id, lender, person_id, status, stage, opened_at, updated_at)"
    " SELECT id, :lender, person_id, 'open', 'internal', :now, :now"
    f" FROM {recordset('id uuid, person_id uuid')}"
)
_REOPEN: Final = text(
    "UPDATE debt_case SET status = :status, resolution = NULL, resolved_at = NULL,"
    " updated_at = :now WHERE id = ANY(CAST(:ids AS uuid[]))"
)
_RESOLVE: Final = text(
    "UPDATE debt_case SET status = :status, resolution = new.resolution, resolved_at = :now,"
    " updated_at = :now"
    f" FROM {recordset('id uuid, resolution text')}"
    " WHERE debt_case.id = new.id"
)
_CLOSE: Final = text(
    "UPDATE debt_case SET status = :status, close_reason = :reason, closed_at = :now,"
    " updated_at = :now WHERE id = ANY(CAST(:ids AS uuid[]))"
)
_WORK: Final = text(
    "UPDATE debt_case SET status = :status, stage = :stage, updated_at = :now WHERE id = :id"
)
_STANDING: Final = text(
    "SELECT c.id, c.status, c.lender, c.person_id, count(a.id) AS accounts,"
    " count(a.id) FILTER (WHERE recalled_at IS NOT NULL) AS recalled,"
    f" count(a.id) FILTER (WHERE {OWED}) AS owed,"
    " coalesce(sum(principal + interest + fees) FILTER"
    "  (WHERE recalled_at IS NULL AND (paid_at IS NULL OR as_of > paid_at)), 0) AS total"
    " FROM debt_case c LEFT JOIN account a ON a.case_id = c.id"
    " WHERE c.id = ANY(CAST(:ids AS uuid[])) GROUP BY c.id ORDER BY c.id"
)
_NOTE: Final = text(
    "INSERT INTO case_history (id, case_id, at, recorded_at, kind, by, data)"
    " SELECT id, case_id, at, :now, kind, by, data"
    f" FROM {recordset('id uuid, case_id uuid, at timestamptz, kind text, by text, data jsonb')}"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a case is about now: how many accounts, how many of them recalled, how many need work,
    and what they owe in all."""

    id: UUID
    status: CaseStatus
    lender: str
    person_id: UUID
    accounts: int
    recalled: int
    owed: int
    total: int


@dataclass(frozen=True, slots=True)
class Note:
    """A line of a case's history. ``data`` holds ids, codes and amounts, nothing personal."""

    case_id: UUID
    kind: str
    by: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


def live_of(session: Session, lender: str, person_ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """The case of a lender on each person that is not closed; by person."""
    rows = session.exec(
        select(CaseRow).where(
            CaseRow.lender == lender,
            col(CaseRow.person_id).in_(person_ids),
            CaseRow.status != CaseStatus.CLOSED.value,
        )
    )
    return {row.person_id: row for row in rows}


def get(session: Session, case_id: UUID, scope: str | None) -> CaseRow | None:
    """A case, if its lender is ``scope`` or ``scope`` is None."""
    row = session.get(CaseRow, case_id, populate_existing=True)
    return row if row is not None and scope in (None, row.lender) else None


def load(session: Session, ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """The cases with these ids; missing ones are left out."""
    if not ids:
        return {}
    rows = session.exec(select(CaseRow).where(col(CaseRow.id).in_(ids)))
    return {row.id: row for row in rows}


def open_new(
    session: Session, lender: str, cases: Sequence[tuple[UUID, UUID]], now: datetime
) -> None:
    """Open cases, given as (id, person id)."""
    if cases:
        rows = document({"id": case_id, "person_id": person_id} for case_id, person_id in cases)
        session.execute(_INSERT, {"rows": rows, "lender": lender, "now": now})


def reopen(session: Session, ids: Collection[UUID], now: datetime) -> None:
    """Resolved cases are open again."""
    if ids:
        session.execute(_REOPEN, {"ids": list(ids), "status": CaseStatus.OPEN.value, "now": now})


def resolve(session: Session, resolved: Sequence[tuple[UUID, Resolution]], now: datetime) -> None:
    """Nothing of these cases is overdue any more."""
    if resolved:
        rows = document(
            {"id": case_id, "resolution": resolution.value} for case_id, resolution in resolved
        )
        status = CaseStatus.RESOLVED.value
        session.execute(_RESOLVE, {"rows": rows, "status": status, "now": now})


def close(session: Session, ids: Collection[UUID], reason: CloseReason, now: datetime) -> None:
    """These cases are over."""
    if ids:
        session.execute(
            _CLOSE,
            {
                "ids": list(ids),
                "reason": reason.value,
                "status": CaseStatus.CLOSED.value,
                "now": now,
            },
        )


def work(session: Session, case_id: UUID, status: CaseStatus, stage: Stage, now: datetime) -> None:
    """The case is worked on in this stage."""
    session.execute(
        _WORK, {"id": case_id, "status": status.value, "stage": stage.value, "now": now}
    )


def standing(session: Session, ids: Collection[UUID]) -> list[Standing]:
    """How cases stand, in the order of their ids."""
    if not ids:
        return []
    return [
        Standing(
            id=row.id,
            status=CaseStatus(row.status),
            lender=row.lender,
            person_id=row.person_id,
            accounts=row.accounts,
            recalled=row.recalled,
            owed=row.owed,
            total=int(row.total),
        )
        for row in session.execute(_STANDING, {"ids": list(ids)})
    ]


def note(session: Session, notes: Sequence[Note], now: datetime) -> None:
    """Write lines of history."""
    if notes:
        rows = document(
            {
                "id": new_id(),
                "case_id": each.case_id,
                "at": each.at,
                "kind": each.kind,
                "by": each.by,
                "data": dict(each.data),
            }
            for each in notes
        )
        session.execute(_NOTE, {"rows": rows, "now": now})
