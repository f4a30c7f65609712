"""Flags of cases: what holds from a time to a time, and the plan, hold or complaint behind it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from cases.domain.case import Flag
from cases.store.recordset import document, recordset

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

# One hold or complaint is one flag, read from where it is kept, so that the two can't disagree.
RAISED: Final = (
    "SELECT kind, reference, case_id, since, CAST(NULL AS timestamptz) AS until"
    " FROM case_flag WHERE until IS NULL"
    " UNION ALL SELECT 'hold', id, case_id, begins_at, ends_at FROM case_hold"
    " WHERE lifted_at IS NULL AND begins_at <= :now AND (ends_at IS NULL OR ends_at > :now)"
    " UNION ALL SELECT 'complaint_open', id, case_id, opened_at, NULL FROM complaint"
    " WHERE closed_at IS NULL"
)
"""Every flag that stands at ``:now``."""

_STANDING: Final = text(
    f"SELECT kind, reference, case_id, since, until FROM ({RAISED}) AS flag"
    " WHERE case_id = ANY(CAST(:ids AS uuid[])) ORDER BY since, reference"
)
_FOLLOW: Final = tuple(
    text(
        f"UPDATE {table} SET case_id = new.case_id"
        f" FROM {recordset('case_id uuid, person_id uuid')}"
        f" WHERE {table}.lender = :lender AND {table}.person_id = new.person_id"
        f" AND {table}.{ended} IS NULL"
    )
    for table, ended in (("case_hold", "lifted_at"), ("complaint", "closed_at"))
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


@dataclass(frozen=True, slots=True)
class Standing:
    """A flag that stands. ``until``: when it ends by itself; None: when somebody ends it."""

    kind: Flag
    reference: UUID
    since: datetime | None
    until: datetime | None


def standing(
    session: Session, case_ids: Collection[UUID], now: datetime
) -> dict[UUID, list[Standing]]:
    """The flags that stand ``now``, by case; the oldest first."""
    found: dict[UUID, list[Standing]] = {case_id: [] for case_id in case_ids}
    if not found:
        return found
    for row in session.execute(_STANDING, {"ids": list(found), "now": now}):
        found[row.case_id].append(Standing(Flag(row.kind), row.reference, row.since, row.until))
    return found


def follow(session: Session, opened: Sequence[tuple[UUID, UUID]], lender: str) -> None:
    """What stands on closed cases of these persons stands on the new ones, (case, person).

    A case that was closed and opens again is the same work: a hold on it was not lifted, nor a
    complaint answered, by the lender's taking an account back for a week.
    """
    if opened:
        rows = document({"case_id": case_id, "person_id": person} for case_id, person in opened)
        for statement in _FOLLOW:
            session.execute(statement, {"rows": rows, "lender": lender})


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
