"""The first half of ``POST /v1/imports``: the file as it comes in, row by row into the database.

Never more than a batch of rows is in memory, and never a connection of the database is held while
the sender is waited for. Until the last byte is here nothing counts.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Final, TypeGuard
from uuid import UUID

import structlog
from fastapi import Request
from shared.clock import Clock, monotonic
from shared.db import transaction
from shared.http.streaming import (
    Form,
    Slots,
    StreamedBody,
    bounded,
    gunzipped,
    refuse_declared_length,
)
from shared.log import frames
from shared.problems import FieldError, Problem, Words, say
from sqlalchemy import Engine

from cases.domain.account_import import AccountImport, ImportEnded
from cases.domain.import_csv import Shape, read_csv
from cases.domain.import_file import (
    BadRow,
    FileRefused,
    FileTooLarge,
    Limits,
    Row,
    opened,
)
from cases.domain.import_json import read_json_array, read_ndjson
from cases.domain.refusal import Fault, Refusal
from cases.handlers import imports

_log = structlog.get_logger(__name__)

LIMITS: Final = Limits()
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
JSON: Final = "application/json"
MEDIA_TYPES: Final = (NDJSON, CSV, JSON)

_BATCH_ROWS: Final = 500
_BATCH_BYTES: Final = 2 * 1024 * 1024
_SIGN_OF_LIFE_SECONDS: Final = 30.0
_slots = Slots("too_many_imports")

_BROKEN: Final = Words(
    "The connection broke before the file was whole; nothing of it was taken.",
    "连接在文件传输完成前中断，未导入任何内容。",
)
_TOO_SLOW: Final = Words(
    "The file did not come in time; nothing of it was taken.",
    "文件未能及时传输完成，未导入任何内容。",
)
_STATUSES: Final[dict[type[Refusal], int]] = {
    FileTooLarge: 413,
    FileRefused: 422,
    ImportEnded: 409,
}


async def upload_slot() -> AsyncIterator[None]:
    """Dependency: a place among the files that may come in at once, waited for up to 20 s.

    The sender is not read meanwhile. Raises Problem 503.
    """
    async with _slots.one():
        yield


def receive_file(
    engine: Engine,
    clock: Clock,
    request: Request,
    *,
    lender: str,
    sent_by: str,
    dry_run: bool,
    shape: Shape,
    key: str | None,
) -> tuple[AccountImport, bytes]:
    """Take in the file of ``request``: its rows wait in the database, of an import still receiving.

    Returns the import and a hash of the content (empty without a ``key``). Raises Problem 415, or
    413 for a declared length, before there is an import. Whatever else is raised, the import has
    failed: Problem 422 or 413 for a file that can't be taken, 400 or 408 for one that does not
    come whole, 409 if the import was given up meanwhile.
    """
    form = Form.of(request, MEDIA_TYPES)
    refuse_declared_length(request, LIMITS.file)
    body = StreamedBody(request.receive, broken=_BROKEN, too_slow=_TOO_SLOW)
    with transaction(engine) as session:
        begun = imports.begin_import(
            session, lender=lender, sent_by=sent_by, dry_run=dry_run, now=clock()
        )
    stage = _Stage(engine, clock, begun.id)
    content = _Content(body, stage, form, hashing=key is not None)
    try:
        for row in _rows(content, form, shape):
            stage.put(row)
        # A reader may stop before the end; the key stands for all of the content.
        for _ in content:
            pass
        stage.flush()
    except BaseException as error:
        _log.info("import_failed", import_id=str(begun.id), raised=frames(error))
        with suppress(Exception), transaction(engine) as session:
            imports.fail_import(session, begun.id, _failure(error), clock())
        if isinstance(error, FileRefused) or _of_the_sender(error):
            body.drain()
        if isinstance(error, Refusal):
            raise _problem(error) from None
        raise
    return begun, content.digest()


def _rows(content: "_Content", form: Form, shape: Shape) -> Iterator[Row | BadRow]:
    if form.media_type == CSV:
        return read_csv(opened(content), LIMITS.row, shape)
    read = read_ndjson if form.media_type == NDJSON else read_json_array
    return read(opened(content), LIMITS.row)


def _problem(refusal: Refusal) -> Problem:
    status = next(status for kind, status in _STATUSES.items() if isinstance(refusal, kind))
    words = Words(refusal.en, refusal.zh)
    return Problem(
        status,
        refusal.code,
        words,
        errors=[FieldError(refusal.pointer, refusal.code, words)],
        headers={"Connection": "close"},
    )


def _of_the_sender(error: BaseException) -> TypeGuard[Problem]:
    return isinstance(error, Problem) and error.status < 500


def _failure(error: BaseException) -> Fault:
    if isinstance(error, Refusal):
        return Fault.of("", error)
    if _of_the_sender(error):
        return Fault("", error.code, say(error.said, "en"), say(error.said, "zh"))
    return Fault(
        "",
        "not_received",
        "The file could not be received, through no fault of yours; nothing of it was taken.",
        "由于系统原因，文件未能接收，未导入任何内容。",
    )


def _too_large(largest: int) -> FileTooLarge:
    return FileTooLarge(
        f"The file is larger than {largest:,} bytes.", f"文件大于 {largest:,} 字节。"
    )


class _Content:
    """What a body holds once it is uncompressed; hashes it and gives signs of life on the way."""

    def __init__(self, body: StreamedBody, stage: "_Stage", form: Form, *, hashing: bool) -> None:
        self._stage = stage
        self._hash = sha256(form.media_type.encode()) if hashing else None
        sent = self._alive(bounded(body, LIMITS.file, _too_large))
        self._chunks = (
            bounded(gunzipped(sent), LIMITS.file, _too_large) if form.compressed else sent
        )

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        if self._hash is not None:
            self._hash.update(chunk)
        return chunk

    def _alive(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._stage.give_sign_of_life()
            yield chunk

    def digest(self) -> bytes:
        """The hash of all that was read, empty if nobody wanted one."""
        return b"" if self._hash is None else self._hash.digest()


class _Stage:
    """Collects rows and stores them by batches, each in a transaction of its own."""

    def __init__(self, engine: Engine, clock: Clock, import_id: UUID) -> None:
        self._engine = engine
        self._clock = clock
        self._import_id = import_id
        self._rows: list[Row] = []
        self._bad: list[BadRow] = []
        self._size = 0
        self._count = 0
        self._number = 0
        self._stored = monotonic()

    def put(self, row: Row | BadRow) -> None:
        """One more row. Raises `FileTooLarge`."""
        self._count += 1
        if self._count > LIMITS.rows:
            raise FileTooLarge(
                f"The file has more than {LIMITS.rows:,} rows.", f"文件超过 {LIMITS.rows:,} 行。"
            )
        if isinstance(row, Row):
            self._rows.append(row)
            self._size += len(row.content)
        else:
            self._bad.append(row)
        if len(self._rows) + len(self._bad) >= _BATCH_ROWS or self._size >= _BATCH_BYTES:
            self.flush()

    def give_sign_of_life(self) -> None:
        """Now and then, so that nobody takes the sender for gone."""
        if monotonic() - self._stored > _SIGN_OF_LIFE_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store what has come. Raises `ImportEnded`."""
        with transaction(self._engine) as session:
            imports.stage_rows(
                session, self._import_id, self._number, self._rows, self._bad, self._clock()
            )
        self._rows, self._bad, self._size = [], [], 0
        self._number += 1
        self._stored = monotonic()
