"""The timeline of a case: what happened to it and to its visits, in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_PAGE: Final = {
    descending: text(
        "SELECT id, at, recorded_at, kind, by, data FROM ("
        " SELECT id, at, recorded_at, kind, by, data FROM case_history WHERE case_id = :case_id"
        " UNION ALL"
        " SELECT id, at, at, 'visit_' || to_status, by,"
        "  jsonb_build_object('visit_id', visit_id, 'step', step, 'from', from_status,"
        "   'reason', reason)"
        "  FROM visit_history WHERE case_id = :case_id"
        " ) AS line"
        " WHERE CAST(:after_id AS uuid) IS NULL"
        f" OR (at, id) {'<' if descending else '>'}"
        "  (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid))"
        f" ORDER BY at {'DESC' if descending else ''}, id {'DESC' if descending else ''}"
        " LIMIT :limit"
    )
    for descending in (False, True)
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, when we knew, what, who, and its details."""

    id: UUID
    at: datetime
    recorded_at: datetime
    kind: str
    by: str
    data: dict[str, Any]


def find(
    session: Session,
    case_id: UUID,
    *,
    descending: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Entry]:
    """The entries of a case by when they happened."""
    after_at, after_id = after or (None, None)
    rows = session.execute(
        _PAGE[descending],
        {"case_id": case_id, "after_at": after_at, "after_id": after_id, "limit": limit},
    )
    return [
        Entry(row.id, row.at, row.recorded_at, row.kind, row.by, dict(row.data)) for row in rows
    ]
