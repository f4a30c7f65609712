"""The body of ``POST /v1/contacts`` as it comes in: JSON whole, NDJSON line by line."""

import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.message import Message as Headers
from hashlib import sha256
from typing import Any, Final

import anyio
from fastapi import Request
from shared.clock import monotonic
from shared.http import strict_json
from shared.http.streaming import StreamedBody, bounded, gunzipped, lines
from shared.problems import FieldError, Problem, Words, say

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
_MEDIA_TYPES: Final = (JSON, NDJSON)

LARGEST_JSON: Final = 4 * 1024 * 1024
LARGEST_NDJSON: Final = 1024 * 1024 * 1024
LONGEST_LINE: Final = 64 * 1024
MOST_LINES: Final = 2_000_000

# Each holds one of the forty threads the API has, for as long as its sender likes to send.
_AT_ONCE: Final = 4
_PATIENCE_SECONDS: Final = 20.0
_slots = threading.BoundedSemaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Form:
    """How a body is written: as JSON or NDJSON, compressed or not."""

    media_type: str
    compressed: bool

    @property
    def streamed(self) -> bool:
        return self.media_type == NDJSON

    @property
    def largest(self) -> int:
        return LARGEST_NDJSON if self.streamed else LARGEST_JSON

    @classmethod
    def of(cls, request: Request) -> "Form":
        """What the request's headers say. Raises Problem 415, or 413 for a declared length."""
        told = Headers()
        told["content-type"] = request.headers.get("content-type", "")
        media_type = told.get_content_type() if request.headers.get("content-type") else ""
        charset = str(told.get_param("charset", "") or "").strip().lower()
        if media_type not in _MEDIA_TYPES or charset not in {"", "utf-8", "utf8", "us-ascii"}:
            raise _unsupported(
                f"Send {' or '.join(_MEDIA_TYPES)} in UTF-8.",
                f"请发送 UTF-8 编码的 {' 或 '.join(_MEDIA_TYPES)}。",
            )
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise _unsupported("Compress with gzip or not at all.", "只支持 gzip 压缩或不压缩。")
        return cls(media_type, encoding in {"gzip", "x-gzip"})


class Content:
    """What the body of a request holds once it is uncompressed; hashed on the way."""

    def __init__(self, request: Request, form: Form) -> None:
        self._body = StreamedBody(request.receive)
        self._hash = sha256(form.media_type.encode())
        sent = bounded(self._body, form.largest)
        self._chunks = bounded(gunzipped(sent), form.largest) if form.compressed else sent

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._hash.update(chunk)
        return chunk

    def whole(self) -> Any:
        """The JSON document it is. Raises Problem."""
        try:
            return strict_json.read(b"".join(self))
        except Problem:
            self.drain()
            raise

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Its lines, as `shared.http.streaming.lines` gives them. Raises Problem."""
        for number, line in lines(self, LONGEST_LINE):
            if number > MOST_LINES:
                raise Problem(413, "body_too_large", _TOO_MANY, headers={"Connection": "close"})
            yield number, line

    def digest(self) -> bytes:
        """The hash of all that was read."""
        return self._hash.digest()

    def drain(self) -> None:
        """Read on for a while, so that the sender of a refused body sees why."""
        self._body.drain()


async def streaming_slot(request: Request) -> AsyncIterator[None]:
    """Dependency: a place among the NDJSON bodies that may come in at once, waited for up to 20 s.

    The sender is not read meanwhile. Raises Problem 503.
    """
    if not request.headers.get("content-type", "").strip().lower().startswith(NDJSON):
        yield
        return
    waited_until = monotonic() + _PATIENCE_SECONDS
    while not _slots.acquire(blocking=False):
        if monotonic() >= waited_until:
            raise Problem(
                503,
                "too_many_uploads",
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


def document_of(line: bytes | None) -> tuple[Any, list[FieldError]]:
    """The JSON in a line, or what is wrong with the line."""
    if line is None:
        return None, [FieldError("", "row_too_long", _LINE_TOO_LONG)]
    try:
        return strict_json.read(line), []
    except Problem as problem:
        of_line = Words(
            say(problem.said, "en").replace("The body", "The line"),
            say(problem.said, "zh").replace("请求体", "该行"),
        )
        return None, list(problem.errors) or [FieldError("", problem.code, of_line)]


def _unsupported(en: str, zh: str) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        Words(en, zh),
        headers={"Accept": ", ".join(_MEDIA_TYPES), "Connection": "close"},
    )


_LINE_TOO_LONG: Final = Words(
    f"is longer than {LONGEST_LINE:,} bytes", f"该行长于 {LONGEST_LINE:,} 字节"
)
_TOO_MANY: Final = Words(
    f"There are more than {MOST_LINES:,} lines; those before are taken. Send the rest apart.",
    f"超过 {MOST_LINES:,} 行；此前各行已接收，其余请另行发送。",
)
