"""Imports, the rows of theirs that wait, and the rows that were refused."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, LargeBinary, bindparam, text
from sqlalchemy import Row as Record
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Session

from cases.domain.account_import import AccountImport, ImportStatus, RefusedRow, Tally
from cases.domain.import_file import Row
from cases.domain.refusal import Fault

_COLUMNS: Final = (
    "id, lender, sent_by, status, dry_run, received, created, updated, unchanged, stale, rejected,"
    " failure, created_at, finished_at"
)

_INSERT: Final = text(
    "INSERT INTO account_import (id, lender, sent_by, status, dry_run, created_at, touched_at)"
    " VALUES (:id, :lender, :sent_by, :status, :dry_run, :now, :now)"
)
_LOAD: Final = text(
    f"SELECT {_COLUMNS} FROM account_import WHERE id = :id"
    " AND (CAST(:lender AS text) IS NULL OR lender = :lender)"
)
_LOCK: Final = text(f"SELECT {_COLUMNS} FROM account_import WHERE id = :id FOR UPDATE")
_SAVE: Final = text(
    "UPDATE account_import SET status = :status, received = :received, created = :created,"
    " updated = :updated, unchanged = :unchanged, stale = :stale, rejected = :rejected,"
    " failure = :failure, finished_at = :finished_at, touched_at = :now WHERE id = :id"
).bindparams(bindparam("failure", type_=JSONB(none_as_null=True)))
_LIST: Final = text(
    f"SELECT {_COLUMNS} FROM account_import"
    " WHERE (CAST(:lender AS text) IS NULL OR lender = :lender)"
    " AND (CAST(:before AS uuid) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit"
)
# Whoever had no turn for longest is next, so a small file does not wait behind a large one.
# SKIP LOCKED: each worker takes another import, and one import is worked off in the order of its
# rows, by one worker at a time.
_CLAIM: Final = text(
    f"SELECT {_COLUMNS} FROM account_import WHERE status = 'running' AND EXISTS"
    " (SELECT FROM account_import_batch AS waits WHERE waits.import_id = account_import.id)"
    " ORDER BY touched_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
)
_ABANDONED: Final = text(
    f"SELECT {_COLUMNS} FROM account_import WHERE status = 'receiving' AND touched_at < :before"
    " ORDER BY touched_at, id LIMIT 100 FOR UPDATE SKIP LOCKED"
)
_PUT_BATCH: Final = text(
    "INSERT INTO account_import_batch (import_id, number, lines, rows)"
    " VALUES (:import_id, :number, :lines, :rows)"
).bindparams(bindparam("lines", type_=ARRAY(Integer)), bindparam("rows", type_=LargeBinary))
_TAKE_BATCH: Final = text(
    "DELETE FROM account_import_batch WHERE import_id = :import_id AND number ="
    " (SELECT min(number) FROM account_import_batch WHERE import_id = :import_id)"
    " RETURNING lines, rows"
)
_DROP_BATCHES: Final = text("DELETE FROM account_import_batch WHERE import_id = :import_id")
_DROP: Final = text("DELETE FROM account_import WHERE id = :id")
_PUT_ERRORS: Final = text(
    "INSERT INTO account_import_error (import_id, line, external_id, faults)"
    " SELECT :import_id, line, external_id, faults FROM jsonb_to_recordset(:errors)"
    " AS error (line integer, external_id text, faults jsonb)"
).bindparams(bindparam("errors", type_=JSONB))
_ERRORS: Final = text(
    "SELECT line, external_id, faults FROM account_import_error"
    " WHERE import_id = :import_id AND line > :after ORDER BY line LIMIT :limit"
).columns(faults=JSONB)


def add(session: Session, new: AccountImport, now: datetime) -> None:
    """Store a new import."""
    session.connection().execute(
        _INSERT,
        {
            "id": new.id,
            "lender": new.lender,
            "sent_by": new.sent_by,
            "status": new.status.value,
            "dry_run": new.dry_run,
            "now": now,
        },
    )


def load(session: Session, import_id: UUID, *, lender: str | None) -> AccountImport | None:
    """The import, None if there is none or it is another lender's (None = any)."""
    found = session.connection().execute(_LOAD, {"id": import_id, "lender": lender})
    return _import(found.one_or_none())


def lock(session: Session, import_id: UUID) -> AccountImport | None:
    """The import, locked until the transaction ends."""
    return _import(session.connection().execute(_LOCK, {"id": import_id}).one_or_none())


def save(session: Session, changed: AccountImport, now: datetime) -> None:
    """Store how ``changed``, which is locked, stands; this also counts as its turn."""
    session.connection().execute(
        _SAVE,
        {
            "id": changed.id,
            "status": changed.status.value,
            "received": changed.received,
            **asdict(changed.tally),
            "failure": None if changed.failure is None else asdict(changed.failure),
            "finished_at": changed.finished_at,
            "now": now,
        },
    )


def newest(
    session: Session, *, lender: str | None, before: UUID | None, limit: int
) -> list[AccountImport]:
    """Imports of a lender (None = all), the newest first, those older than ``before``."""
    rows = session.connection().execute(_LIST, {"lender": lender, "before": before, "limit": limit})
    return [_made(row) for row in rows]


def claim(session: Session) -> AccountImport | None:
    """A running import with rows that wait, which no other worker has now; locked till the end."""
    return _import(session.connection().execute(_CLAIM).one_or_none())


def abandoned(session: Session, before: datetime) -> list[AccountImport]:
    """Imports whose sender was last heard before ``before``, locked."""
    rows = session.connection().execute(_ABANDONED, {"before": before})
    return [_made(row) for row in rows]


def put_batch(session: Session, import_id: UUID, number: int, rows: Sequence[Row]) -> None:
    """Store rows that wait; batches are taken in the order of ``number``."""
    session.connection().execute(
        _PUT_BATCH,
        {
            "import_id": import_id,
            "number": number,
            "lines": [row.line for row in rows],
            "rows": b"\n".join(row.content for row in rows),
        },
    )


def take_batch(session: Session, import_id: UUID) -> list[Row]:
    """The next rows that wait, removed: when the transaction commits they are done.

    Call it for what `claim` gave: there is such a batch then.
    """
    found = session.connection().execute(_TAKE_BATCH, {"import_id": import_id}).one()
    contents = bytes(found.rows).split(b"\n")
    return [Row(line, content) for line, content in zip(found.lines, contents, strict=True)]


def drop_batches(session: Session, import_id: UUID) -> None:
    """Forget the rows that wait."""
    session.connection().execute(_DROP_BATCHES, {"import_id": import_id})


def drop(session: Session, import_id: UUID) -> None:
    """Forget an import with all that belongs to it."""
    session.connection().execute(_DROP, {"id": import_id})


def put_errors(session: Session, import_id: UUID, refused: Sequence[RefusedRow]) -> None:
    """Store refused rows in one statement; a line is refused once."""
    if not refused:
        return
    errors = [
        {
            "line": row.line,
            "external_id": row.external_id,
            "faults": [asdict(fault) for fault in row.faults],
        }
        for row in refused
    ]
    session.connection().execute(_PUT_ERRORS, {"import_id": import_id, "errors": errors})


def errors(session: Session, import_id: UUID, *, after: int, limit: int) -> list[RefusedRow]:
    """Refused rows behind line ``after``, in the order of the file."""
    rows = session.connection().execute(
        _ERRORS, {"import_id": import_id, "after": after, "limit": limit}
    )
    return [
        RefusedRow(row.line, row.external_id, tuple(Fault(**fault) for fault in row.faults))
        for row in rows
    ]


def _import(row: Record[Any] | None) -> AccountImport | None:
    return None if row is None else _made(row)


def _made(row: Record[Any]) -> AccountImport:
    return AccountImport(
        id=row.id,
        lender=row.lender,
        sent_by=row.sent_by,
        status=ImportStatus(row.status),
        dry_run=row.dry_run,
        received=row.received,
        tally=Tally(row.created, row.updated, row.unchanged, row.stale, row.rejected),
        failure=None if row.failure is None else Fault(**row.failure),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
