"""Holds: placed, lifted, and found by case, by person, or all that a lender has."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import Session, col, select

from cases.domain.hold import Hold, HoldState
from cases.store.recordset import document, recordset
from cases.store.tables import HoldRow

_LIFT: Final = text(
    "UPDATE case_hold SET lifted_at = :now, lifted_by = :by, lift_reason = :reason"
    f" FROM {recordset('id uuid')} WHERE case_hold.id = new.id"
)


def add(session: Session, holds: Sequence[Hold]) -> None:
    """Store new holds on cases of locked persons."""
    for hold in holds:
        session.add(HoldRow(**asdict(hold), begins_at=hold.begins_at, ends_at=hold.ends_at))
    session.flush()


def lift(session: Session, ids: Collection[UUID], reason: str, *, by: str, now: datetime) -> None:
    """End holds of locked persons before their time."""
    if ids:
        rows = document({"id": each} for each in ids)
        session.execute(_LIFT, {"rows": rows, "reason": reason, "by": by, "now": now})


def get(session: Session, hold_id: UUID, scope: str | None) -> Hold | None:
    """A hold, if its lender is ``scope`` or ``scope`` is None."""
    row = session.get(HoldRow, hold_id, populate_existing=True)
    return of_row(row) if row is not None and scope in (None, row.lender) else None


def not_lifted(session: Session, case_ids: Collection[UUID]) -> dict[UUID, list[Hold]]:
    """The holds of cases that nobody has lifted, past ones among them; by case."""
    found: dict[UUID, list[Hold]] = {case_id: [] for case_id in case_ids}
    if found:
        rows = session.exec(
            select(HoldRow).where(col(HoldRow.case_id).in_(found), col(HoldRow.lifted_at).is_(None))
        )
        for row in rows:
            found[row.case_id].append(of_row(row))
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which holds are wanted; None = any. ``endless``: with no end known, or with one."""

    lender: str | None = None
    case_id: UUID | None = None
    state: HoldState | None = None
    endless: bool | None = None


def find(
    session: Session,
    wanted: Wanted,
    now: datetime,
    *,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[Hold]:
    """The holds wanted, the last placed first."""
    keys = (col(HoldRow.placed_at), col(HoldRow.id))
    query = select(HoldRow).where(*_conditions(wanted, now))
    query = query.order_by(*(key.desc() for key in keys)).limit(limit)
    if after is not None:
        query = query.where(tuple_(*keys) < tuple_(*after))
    return [of_row(row) for row in session.exec(query)]


def _conditions(wanted: Wanted, now: datetime) -> list[Any]:
    conditions: list[Any] = []
    if wanted.lender is not None:
        conditions.append(HoldRow.lender == wanted.lender)
    if wanted.case_id is not None:
        conditions.append(HoldRow.case_id == wanted.case_id)
    if wanted.endless is not None:
        unknown = col(HoldRow.until_on).is_(None)
        conditions.append(unknown if wanted.endless else ~unknown)
    begun = col(HoldRow.begins_at) <= now
    over = col(HoldRow.ends_at) <= now
    lifted = col(HoldRow.lifted_at).is_not(None)
    # NULL is not TRUE: a hold without an end is never over.
    match wanted.state:
        case HoldState.LIFTED:
            conditions.append(lifted)
        case HoldState.UPCOMING:
            conditions += [~lifted, ~begun]
        case HoldState.STANDING:
            conditions += [~lifted, begun, over.is_not(True)]
        case HoldState.ENDED:
            conditions += [~lifted, over]
    return conditions


def of_row(row: HoldRow) -> Hold:
    """The hold in a row."""
    return Hold(
        id=row.id,
        case_id=row.case_id,
        person_id=row.person_id,
        lender=row.lender,
        reason=row.reason,
        note=row.note,
        calendar=row.calendar,
        from_on=row.from_on,
        until_on=row.until_on,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )
