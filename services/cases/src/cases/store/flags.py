"""Flags of cases: what holds from a time to a time, and which plan it came from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from cases.domain.case import Flag
from cases.store.recordset import document, recordset
from cases.store.tables import CaseFlagRow

_CHANGE: Final = "reference uuid, case_id uuid, account text, at timestamptz"
_RAISE: Final = text(
    "INSERT INTO case_flag (kind, reference, case_id, account, since)"
    " SELECT :kind, reference, case_id, account, at"
    f" FROM {recordset(_CHANGE)}"
    # One that was lowered before it was raised stays lowered.
    " ON CONFLICT (kind, reference) DO UPDATE SET since = excluded.since"
    " WHERE case_flag.since IS NULL"
    " RETURNING reference, until"
)
_LOWER: Final = text(
    "INSERT INTO case_flag (kind, reference, case_id, account, until)"
    " SELECT :kind, reference, case_id, account, at"
    f" FROM {recordset(_CHANGE)}"
    " ON CONFLICT (kind, reference) DO UPDATE SET until = excluded.until"
    " WHERE case_flag.until IS NULL"
    " RETURNING reference"
)
_MOVE: Final = text(
    "UPDATE case_flag SET case_id = new.to_case"
    f" FROM {recordset('from_case uuid, account text, to_case uuid')}"
    " WHERE case_flag.case_id = new.from_case AND case_flag.account = new.account"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A flag of a case goes up or down at a time, because of ``reference`` (a plan's id)."""

    reference: UUID
    case_id: UUID
    account: str
    at: datetime


def up(session: Session, kind: Flag, changes: Sequence[Change]) -> set[UUID]:
    """Raise flags; returns the references of those that now stand and did not before."""
    if not changes:
        return set()
    rows = session.execute(_RAISE, {"kind": kind.value, "rows": _rows(changes)})
    return {row.reference for row in rows if row.until is None}


def down(session: Session, kind: Flag, changes: Sequence[Change]) -> set[UUID]:
    """Lower flags, also ones never seen up; returns the references of those changed."""
    if not changes:
        return set()
    rows = session.execute(_LOWER, {"kind": kind.value, "rows": _rows(changes)})
    return {row.reference for row in rows}


def move(session: Session, moves: Sequence[tuple[UUID, str, UUID]]) -> None:
    """Flags follow their account: (from case, account's external id, to case)."""
    if moves:
        rows = document(
            {"from_case": from_case, "account": account, "to_case": to_case}
            for from_case, account, to_case in moves
        )
        session.execute(_MOVE, {"rows": rows})


def standing(session: Session, case_ids: Collection[UUID]) -> dict[UUID, list[CaseFlagRow]]:
    """The flags that stand now, by case; the oldest first."""
    found: dict[UUID, list[CaseFlagRow]] = {case_id: [] for case_id in case_ids}
    if not found:
        return found
    rows = session.exec(
        select(CaseFlagRow)
        .where(col(CaseFlagRow.case_id).in_(found), col(CaseFlagRow.until).is_(None))
        .order_by(col(CaseFlagRow.since), col(CaseFlagRow.reference))
    )
    for row in rows:
        found[row.case_id].append(row)
    return found


def _rows(changes: Sequence[Change]) -> str:
    return document(
        {
            "reference": each.reference,
            "case_id": each.case_id,
            "account": each.account,
            "at": each.at,
        }
        for each in changes
    )
