"""What can happen to an import: its file comes in and its rows are worked off, both by batches."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from cases.domain.account_import import (
    AccountImport,
    ImportEnded,
    ImportStatus,
    RefusedRow,
    Tally,
)
from cases.domain.import_file import BadRow, Row
from cases.domain.refusal import Fault
from cases.store import imports as store

# A sender is asked for a sign of life far more often: whoever is silent this long is gone, and
# so is the process that listened.
SILENT_FOR: Final = timedelta(minutes=5)

_INTERRUPTED: Final = Fault(
    "",
    "interrupted",
    "The file broke off: the service stopped while it was coming. Nothing of it was taken; send it"
    " again.",
    "服务在接收过程中停止，文件不完整，未导入任何内容，请重新发送。",
)


def begin_import(
    session: Session, *, lender: str, sent_by: str, dry_run: bool, now: datetime
) -> AccountImport:
    """A file begins to come in."""
    new = AccountImport(
        id=new_id(),
        lender=lender,
        sent_by=sent_by,
        status=ImportStatus.RECEIVING,
        dry_run=dry_run,
        received=0,
        tally=Tally(),
        failure=None,
        created_at=now,
        finished_at=None,
    )
    store.add(session, new, now)
    return new


def stage_rows(
    session: Session,
    import_id: UUID,
    number: int,
    rows: Sequence[Row],
    bad: Sequence[BadRow],
    now: datetime,
) -> None:
    """The next rows of the file have come: they wait, the unreadable ones are refused at once.

    With no rows it is a sign of life. Raises `ImportEnded` if the import was given up meanwhile.
    """
    known = _receiving(session, import_id)
    if rows:
        store.put_batch(session, import_id, number, rows)
    store.put_errors(
        session, import_id, [RefusedRow(each.line, None, (each.fault,)) for each in bad]
    )
    tally = replace(known.tally, rejected=known.tally.rejected + len(bad))
    received = known.received + len(rows) + len(bad)
    store.save(session, replace(known, tally=tally, received=received), now)


def finish_receiving(session: Session, import_id: UUID, now: datetime) -> AccountImport:
    """The file is here, whole; its rows may be worked off. Raises `ImportEnded`."""
    received = _receiving(session, import_id).all_received(now)
    store.save(session, received, now)
    return received


def fail_import(session: Session, import_id: UUID, failure: Fault, now: datetime) -> None:
    """The file did not come whole: nothing of it counts. No matter if the import has ended."""
    known = store.lock(session, import_id)
    if known is not None and known.status is ImportStatus.RECEIVING:
        _fail(session, known, failure, now)


def fail_interrupted(session: Session, now: datetime) -> int:
    """Give up the imports whose sender has been silent too long; returns how many."""
    abandoned = store.abandoned(session, now - SILENT_FOR)
    for each in abandoned:
        _fail(session, each, _INTERRUPTED, now)
    return len(abandoned)


def forget_import(session: Session, import_id: UUID) -> None:
    """The file's key stands for another request: this import never was. Not once it runs."""
    known = store.lock(session, import_id)
    if known is not None and known.status is ImportStatus.RECEIVING:
        store.drop(session, import_id)


def note_batch(
    session: Session,
    running: AccountImport,
    done: Tally,
    refused: Sequence[RefusedRow],
    now: datetime,
) -> AccountImport:
    """Some rows of a locked import have come to something."""
    store.put_errors(session, running.id, refused)
    before = running.tally
    tally = Tally(
        created=before.created + done.created,
        updated=before.updated + done.updated,
        unchanged=before.unchanged + done.unchanged,
        stale=before.stale + done.stale,
        rejected=before.rejected + len(refused),
    )
    noted = replace(running, tally=tally).all_done(now)
    store.save(session, noted, now)
    return noted


def _receiving(session: Session, import_id: UUID) -> AccountImport:
    known = store.lock(session, import_id)
    if known is None or known.status is not ImportStatus.RECEIVING:
        raise ImportEnded
    return known


def _fail(session: Session, known: AccountImport, failure: Fault, now: datetime) -> None:
    store.drop_batches(session, known.id)
    store.save(session, known.moved(ImportStatus.FAILED, now, failure=failure), now)
