"""Bodies that are worked off while they come in: never more of one is in memory than a line.

For routes in `unlimited_paths`: what `shared.http.bodies` does for others, they do by these. All
of it is for endpoints that run in a thread, as those of the house do.
"""

import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import Message as Headers
from typing import Any, Final

import anyio
import anyio.from_thread
from starlette.requests import Request
from starlette.types import Message, Receive

from shared.clock import monotonic
from shared.http.bodies import too_large
from shared.problems import FieldError, Problem, Words

_AT_ONCE: Final = 4
_PATIENCE_SECONDS: Final = 20.0
# A sender that sends nothing for a minute, or is not done after two hours, makes place for others.
_SILENCE_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 2 * 60 * 60.0
# What is left of a refused body is read on for a while: a sender who is still sending would
# otherwise see a broken connection in place of the answer.
_DRAIN_BYTES: Final = 64 * 1024 * 1024
_DRAIN_SECONDS: Final = 10.0
_PIECE: Final = 64 * 1024
_BOM: Final = b"\xef\xbb\xbf"

_BROKEN: Final = Words(
    "The connection broke before the body was whole.", "连接在请求体传输完成前中断。"
)
_TOO_SLOW: Final = Words("The body did not come in time.", "请求体未能及时传输完成。")
_NOT_GZIP: Final = Words("The gzip data is damaged.", "gzip 数据已损坏。")
_HALF_GZIP: Final = Words("The gzip data ends in the middle.", "gzip 数据不完整。")
_TOO_MANY: Final = Words(
    "Too many files are coming in at once; send yours in a moment.",
    "同时上传的文件过多，请稍后再试。",
)


class Slots:
    """Bodies of one kind that may come in at once.

    Each holds one of the forty threads an API has, for as long as its sender likes to send.
    ``code`` is that of the 503 for one too many.
    """

    def __init__(self, code: str, *, at_once: int = _AT_ONCE) -> None:
        self.at_once: Final = at_once
        self._code = code
        self._free = threading.BoundedSemaphore(at_once)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place among them, waited for up to 20 s; the sender is not read meanwhile."""
        waited_until = monotonic() + _PATIENCE_SECONDS
        while not self._free.acquire(blocking=False):
            if monotonic() >= waited_until:
                headers = {"Retry-After": "10", "Connection": "close"}
                raise Problem(503, self._code, _TOO_MANY, headers=headers)
            await anyio.sleep(0.05)
        try:
            yield
        finally:
            self._free.release()


@dataclass(frozen=True, slots=True)
class Form:
    """How a body is written: its media type, compressed or not."""

    media_type: str
    compressed: bool

    @classmethod
    def of(cls, request: Request, media_types: Sequence[str]) -> "Form":
        """What the request's headers say. Raises Problem 415 if it is none of ``media_types``."""
        told = Headers()
        told["content-type"] = request.headers.get("content-type", "")
        media_type = told.get_content_type() if request.headers.get("content-type") else ""
        charset = str(told.get_param("charset", "") or "").strip().lower()
        if media_type not in media_types or charset not in {"", "utf-8", "utf8", "us-ascii"}:
            *others, last = media_types
            raise _unsupported(
                f"Send {', '.join(others)} or {last} in UTF-8.",
                f"请发送 UTF-8 编码的 {'、'.join(others)} 或 {last}。",
                media_types,
            )
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise _unsupported(
                "Compress with gzip or not at all.", "只支持 gzip 压缩或不压缩。", media_types
            )
        return cls(media_type, encoding in {"gzip", "x-gzip"})


def _unsupported(en: str, zh: str, media_types: Sequence[str]) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        Words(en, zh),
        headers={"Accept": ", ".join(media_types), "Connection": "close"},
    )


def refuse_declared_length(request: Request, largest: int) -> None:
    """Problem 413 where the request itself says that its body is longer, before a byte is read."""
    declared = request.headers.get("content-length", "")
    # A number of twenty digits is too large without being worked out.
    if declared.isdecimal() and (len(declared) > 19 or int(declared) > largest):
        raise too_large(largest)


class StreamedBody:
    """The body of a request, chunk by chunk.

    Iterating raises Problem 400 ``upload_broken`` when the sender is gone, and 408
    ``upload_too_slow`` when nothing came for a minute or it was not whole after two hours;
    ``broken`` and ``too_slow`` are their sentences for a caller who knows what became of what had
    come. While the caller works between two chunks the sender waits: the server reads no further
    ahead.
    """

    def __init__(
        self, receive: Receive, *, broken: Words = _BROKEN, too_slow: Words = _TOO_SLOW
    ) -> None:
        self._receive = receive
        self._broken = broken
        self._too_slow = too_slow
        self._ended = False
        self._until = monotonic() + _LONGEST_SECONDS

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self._ended:
            message = self._next(min(_SILENCE_SECONDS, self._until - monotonic()))
            self._ended = not message.get("more_body", False)
            if chunk := message.get("body", b""):
                return bytes(chunk)
        raise StopIteration

    def drain(self) -> None:
        """Read on for a while and throw away, so that the sender sees the answer."""
        read = 0
        until = monotonic() + _DRAIN_SECONDS
        with suppress(Problem):
            while not self._ended and read < _DRAIN_BYTES and monotonic() < until:
                message = self._next(until - monotonic())
                self._ended = not message.get("more_body", False)
                read += len(message.get("body", b""))

    def _next(self, seconds: float) -> Message:
        try:
            message: Message = anyio.from_thread.run(_within, self._receive, seconds)
        except TimeoutError:
            self._ended = True  # who was waited for in vain is not waited for again
            raise _refused(408, "upload_too_slow", self._too_slow) from None
        if message["type"] == "http.disconnect":
            self._ended = True
            raise _refused(400, "upload_broken", self._broken)
        return message


async def _within(receive: Receive, seconds: float) -> Message:
    with anyio.fail_after(max(seconds, 0.0)):
        return await receive()


def bounded(
    chunks: Iterable[bytes], largest: int, refused: Callable[[int], Exception] = too_large
) -> Iterator[bytes]:
    """The chunks, until they are more than ``largest`` bytes: then what ``refused`` makes of it.

    That is Problem 413 where nothing else is said.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise refused(largest)
        yield chunk


def gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip ``chunks`` hold, in pieces of at most 64 KiB however well they compress.

    Several members are read through. Raises Problem 422 ``broken_gzip`` when it is not gzip, or
    ends in the middle.
    """
    member: Any = zlib.decompressobj(wbits=31)
    begun = ended = False
    for chunk in chunks:
        data = chunk
        while data:
            if ended:
                data = data.lstrip(b"\0")  # zero bytes behind a member are padding
                if not data:
                    break
                member, ended = zlib.decompressobj(wbits=31), False
            begun = True
            try:
                out = member.decompress(data, _PIECE)
                while out:
                    yield out
                    # What it still holds comes before more input is given. Asked again after its
                    # end it would count its tail as unused twice.
                    out = b"" if member.eof else member.decompress(member.unconsumed_tail, _PIECE)
            except zlib.error:
                raise _refused(422, "broken_gzip", _NOT_GZIP) from None
            ended = member.eof
            data = member.unused_data if ended else member.unconsumed_tail
    if begun and not ended:
        raise _refused(422, "broken_gzip", _HALF_GZIP)


def lines(chunks: Iterable[bytes], longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Each line that is not blank with its number from 1; None for one longer than ``longest``.

    LF and CRLF end a line; a byte order mark before the first is skipped. A line that is too long
    is passed over as it comes.
    """
    number = 0
    rest = b""
    passing_over = False
    for chunk in chunks:
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            number += 1
            if passing_over or len(piece) > longest:
                passing_over = False
                yield number, None
            elif line := _bare(piece, number):
                yield number, line
        if passing_over or len(rest) > longest:
            passing_over, rest = True, b""
    if passing_over:
        yield number + 1, None
    elif line := _bare(rest, number + 1):
        yield number + 1, line


def _bare(piece: bytes, number: int) -> bytes:
    return (piece.removeprefix(_BOM) if number == 1 else piece).strip()


def _refused(status: int, code: str, words: Words) -> Problem:
    errors = [FieldError("", code, words)]
    return Problem(status, code, words, errors=errors, headers={"Connection": "close"})
