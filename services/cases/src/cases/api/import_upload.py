"""The first half of ``POST /v1/imports``: the file as it comes in, row by row into the database.

Never more than a batch of rows is in memory, and never a connection of the database is held while
the sender is waited for. Until the last byte is here nothing counts.
"""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from email.message import Message as Headers
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import anyio
import anyio.from_thread
import structlog
from fastapi import Header, Request
from shared.clock import Clock, monotonic
from shared.db import transaction
from shared.http.bodies import too_large
from shared.idempotency import Once
from shared.log import frames
from shared.problems import FieldError, Problem, Words
from sqlalchemy import Engine
from starlette.types import Message, Receive

from cases.domain.account_import import AccountImport, ImportEnded
from cases.domain.import_csv import Shape, read_csv
from cases.domain.import_file import (
    BadRow,
    FileRefused,
    FileTooLarge,
    Limits,
    Row,
    bounded,
    gunzipped,
    opened,
)
from cases.domain.import_json import read_json_array, read_ndjson
from cases.domain.refusal import Fault, Refusal
from cases.handlers import imports
from shared import idempotency

_log = structlog.get_logger(__name__)

LIMITS: Final = Limits()
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
JSON: Final = "application/json"
MEDIA_TYPES: Final = (NDJSON, CSV, JSON)

_BATCH_ROWS: Final = 500
_BATCH_BYTES: Final = 2 * 1024 * 1024
_SIGN_OF_LIFE_SECONDS: Final = 30.0
# A sender that sends nothing for a minute, or is not done after two hours, makes place for others.
_SILENCE_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 2 * 60 * 60.0
# What is left of a refused file is read on for a while: a sender who is still sending would
# otherwise see a broken connection in place of the answer.
_DRAIN_BYTES: Final = 64 * 1024 * 1024
_DRAIN_SECONDS: Final = 10.0

# Files that may come in at once; each holds one of the forty threads the API has.
_AT_ONCE: Final = 4
_PATIENCE_SECONDS: Final = 20.0
_slots = threading.BoundedSemaphore(_AT_ONCE)


class UploadBroken(Refusal):
    """The sender stopped in the middle of the file."""

    code = "upload_broken"

    def __init__(self) -> None:
        super().__init__(
            "The connection broke before the file was whole; nothing of it was taken.",
            "连接在文件传输完成前中断，未导入任何内容。",
        )


class UploadTooSlow(Refusal):
    """The sender was silent, or took too long."""

    code = "upload_too_slow"

    def __init__(self) -> None:
        super().__init__(
            "The file did not come in time; nothing of it was taken.",
            "文件未能及时传输完成，未导入任何内容。",
        )


_STATUSES: Final[dict[type[Refusal], int]] = {
    FileTooLarge: 413,
    FileRefused: 422,
    UploadBroken: 400,
    UploadTooSlow: 408,
    ImportEnded: 409,
}


async def upload_slot() -> AsyncIterator[None]:
    """Dependency: a place among the files that may come in at once, waited for up to 20 s.

    The sender is not read meanwhile. Raises Problem 503.
    """
    waited_until = monotonic() + _PATIENCE_SECONDS
    while not _slots.acquire(blocking=False):
        if monotonic() >= waited_until:
            raise Problem(
                503,
                "too_many_imports",
                Words(
                    "Too many files are coming in at once; send yours in a moment.",
                    "同时上传的文件过多，请稍后再试。",
                ),
                headers={"Retry-After": "10", "Connection": "close"},
            )
        await anyio.sleep(0.05)
    try:
        yield
    finally:
        _slots.release()


async def once_streamed(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias=idempotency.HEADER,
            description="Your name for this file, at most 255 printable ASCII characters. The same"
            " key and content again give the stored answer with `Idempotency-Replayed: true`.",
        ),
    ] = None,
) -> Once:
    """Dependency: as `shared.idempotency.once`, without reading the body.

    The content is added by `receive_file` when it has seen it.
    """

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    return await idempotency.once(Request(request.scope, nothing), key)


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written: one of `MEDIA_TYPES`, compressed or not."""

    media_type: str
    compressed: bool

    @classmethod
    def of(cls, request: Request) -> "Form":
        """What the request's headers say. Raises Problem 415, or 413 for a declared length."""
        told = Headers()
        told["content-type"] = request.headers.get("content-type", "")
        media_type = told.get_content_type() if request.headers.get("content-type") else ""
        charset = str(told.get_param("charset", "") or "").strip().lower()
        if media_type not in MEDIA_TYPES or charset not in {"", "utf-8", "utf8", "us-ascii"}:
            raise _unsupported(
                f"Send {', '.join(MEDIA_TYPES)} in UTF-8.",
                f"请发送 UTF-8 编码的 {'、'.join(MEDIA_TYPES)}。",
            )
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise _unsupported("Compress with gzip or not at all.", "只支持 gzip 压缩或不压缩。")
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > LIMITS.file:
            raise too_large(LIMITS.file)
        return cls(media_type, encoding in {"gzip", "x-gzip"})


def receive_file(
    engine: Engine,
    clock: Clock,
    request: Request,
    form: Form,
    *,
    lender: str,
    sent_by: str,
    dry_run: bool,
    shape: Shape,
    key: str | None,
) -> tuple[AccountImport, bytes]:
    """Take in the file of ``request``: its rows wait in the database, of an import still receiving.

    Returns the import and a hash of the content (empty without a ``key``). Whatever is raised, the
    import has failed. Raises Problem 422 or 413 for a file that can't be taken, 400 or 408 for one
    that does not come whole, 409 if the import was given up meanwhile.
    """
    body = _Body(request.receive)
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
        if isinstance(error, FileRefused):
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


def _failure(error: BaseException) -> Fault:
    if isinstance(error, Refusal):
        return Fault.of("", error)
    return Fault(
        "",
        "not_received",
        "The file could not be received, through no fault of yours; nothing of it was taken.",
        "由于系统原因，文件未能接收，未导入任何内容。",
    )


def _unsupported(en: str, zh: str) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        Words(en, zh),
        headers={"Accept": ", ".join(MEDIA_TYPES), "Connection": "close"},
    )


class _Body:
    """The body of a request, chunk by chunk, for an endpoint that runs in a thread."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self._until = monotonic() + _LONGEST_SECONDS

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next chunk. Raises `UploadBroken` or `UploadTooSlow`."""
        while not self._ended:
            message = self._next(min(_SILENCE_SECONDS, self._until - monotonic()))
            self._ended = not message.get("more_body", False)
            if chunk := message.get("body", b""):
                return bytes(chunk)
        raise StopIteration

    def drain(self) -> None:
        """Read on for a while and throw away."""
        read = 0
        until = monotonic() + _DRAIN_SECONDS
        with suppress(UploadBroken, UploadTooSlow):
            while not self._ended and read < _DRAIN_BYTES and monotonic() < until:
                message = self._next(_DRAIN_SECONDS)
                self._ended = not message.get("more_body", False)
                read += len(message.get("body", b""))

    def _next(self, seconds: float) -> Message:
        try:
            message = anyio.from_thread.run(_within, self._receive, seconds)
        except TimeoutError:
            raise UploadTooSlow from None
        if message["type"] == "http.disconnect":
            self._ended = True
            raise UploadBroken
        return message


async def _within(receive: Receive, seconds: float) -> Message:
    with anyio.fail_after(max(seconds, 0.0)):
        return await receive()


class _Content:
    """What a body holds once it is uncompressed; hashes it and gives signs of life on the way."""

    def __init__(self, body: _Body, stage: "_Stage", form: Form, *, hashing: bool) -> None:
        self._stage = stage
        self._hash = sha256(form.media_type.encode()) if hashing else None
        sent = self._alive(bounded(body, LIMITS.file))
        self._chunks = bounded(gunzipped(sent), LIMITS.file) if form.compressed else sent

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


def with_content(once: Once, digest: bytes) -> Once:
    """``once`` for a request whose content has been seen."""
    whole = sha256(once.request_hash + digest).digest()
    return replace(once, request_hash=whole if once.key is not None else b"")
