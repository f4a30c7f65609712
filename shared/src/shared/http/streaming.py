"""Bodies that are worked off while they come in: never more of one is in memory than a line.

For routes in `unlimited_paths`: what `shared.http.bodies` does for others, they do by these. All
of it is for endpoints that run in a thread, as those of the house do.
"""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import anyio
import anyio.from_thread
from starlette.types import Message, Receive

from shared.clock import monotonic
from shared.http.bodies import too_large
from shared.problems import Problem, Words

_SILENCE_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 2 * 60 * 60.0
# What is left of a refused body is read on for a while: a sender who is still sending would
# otherwise see a broken connection in place of the answer.
_DRAIN_BYTES: Final = 64 * 1024 * 1024
_DRAIN_SECONDS: Final = 10.0
_PIECE: Final = 64 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class StreamedBody:
    """The body of a request, chunk by chunk.

    Iterating raises Problem 400 ``upload_broken`` when the sender is gone, and 408
    ``upload_too_slow`` when nothing came for a minute or it was not whole after two hours. While
    the caller works between two chunks the sender waits: the server reads no further ahead.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
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
            raise _refused(408, "upload_too_slow", _TOO_SLOW) from None
        if message["type"] == "http.disconnect":
            self._ended = True
            raise _refused(400, "upload_broken", _BROKEN)
        return message


async def _within(receive: Receive, seconds: float) -> Message:
    with anyio.fail_after(max(seconds, 0.0)):
        return await receive()


def bounded(chunks: Iterable[bytes], largest: int) -> Iterator[bytes]:
    """The chunks, until they are more than ``largest`` bytes: then Problem 413."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise too_large(largest)
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
    return Problem(status, code, words, headers={"Connection": "close"})


_BROKEN: Final = Words(
    "The connection broke before the body was whole.", "连接在请求体传输完成前中断。"
)
_TOO_SLOW: Final = Words("The body did not come in time.", "请求体未能及时传输完成。")
_NOT_GZIP: Final = Words("The gzip data is damaged.", "gzip 数据已损坏。")
_HALF_GZIP: Final = Words("The gzip data ends in the middle.", "gzip 数据不完整。")
