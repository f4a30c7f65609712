"""The body of ``POST /v1/contacts`` as it comes in: JSON whole, NDJSON line by line."""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Any, Final

from fastapi import Request
from shared.http import strict_json
from shared.http.streaming import (
    Form,
    Slots,
    StreamedBody,
    bounded,
    gunzipped,
    lines,
    refuse_declared_length,
)
from shared.problems import FieldError, Problem, Words, say

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
_MEDIA_TYPES: Final = (JSON, NDJSON)

LARGEST_JSON: Final = 4 * 1024 * 1024
LARGEST_NDJSON: Final = 1024 * 1024 * 1024
LONGEST_LINE: Final = 64 * 1024
MOST_LINES: Final = 2_000_000

_slots = Slots("too_many_uploads")


class Content:
    """What the body of a request holds once it is uncompressed; hashed on the way.

    Raises Problem 415 if it is written in no way known here, 413 if it says that it is too long.
    """

    def __init__(self, request: Request) -> None:
        form = Form.of(request, _MEDIA_TYPES)
        self.streamed: Final = form.media_type == NDJSON
        largest = LARGEST_NDJSON if self.streamed else LARGEST_JSON
        refuse_declared_length(request, largest)
        self._body = StreamedBody(request.receive)
        self._hash = sha256(form.media_type.encode())
        sent = bounded(self._body, largest)
        self._chunks = bounded(gunzipped(sent), largest) if form.compressed else sent

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
    async with _slots.one():
        yield


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


_LINE_TOO_LONG: Final = Words(
    f"is longer than {LONGEST_LINE:,} bytes", f"该行长于 {LONGEST_LINE:,} 字节"
)
_TOO_MANY: Final = Words(
    f"There are more than {MOST_LINES:,} lines; those before are taken. Send the rest apart.",
    f"超过 {MOST_LINES:,} 行；此前各行已接收，其余请另行发送。",
)
