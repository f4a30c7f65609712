"""Bodies read as they come: whole lines, honest limits, and senders who go away."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import anyio
import anyio.to_thread
import pytest
from shared.http import streaming
from shared.http.streaming import (
    Form,
    Slots,
    StreamedBody,
    bounded,
    gunzipped,
    lines,
    refuse_declared_length,
)
from shared.problems import Problem, Words, say
from starlette.requests import Request


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def told(*messages: dict[str, Any]) -> Callable[[], Any]:
    """A sender that says this, and then nothing."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if not left:
            await anyio.sleep_forever()
        return left.pop(0)

    return receive


def chunk(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def in_a_thread(work: Callable[[], Any]) -> Any:
    async def main() -> Any:
        return await anyio.to_thread.run_sync(work)

    return anyio.run(main)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_whole_however_they_are_cut(size: int) -> None:
    content = b"\xef\xbb\xbfone\r\n\n  \ntwo\n" + "三".encode() + b"\n" + b"x" * 20 + b"\nfive"
    assert list(lines(chunks(content, size), 10)) == [
        (1, b"one"),
        (4, b"two"),
        (5, "三".encode()),
        (6, None),
        (7, b"five"),
    ]


def test_no_lines_in_nothing() -> None:
    assert list(lines([], 10)) == []
    assert list(lines([b"", b"\n", b" \r\n"], 10)) == []
    assert list(lines([b"x" * 11], 10)) == [(1, None)]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
def test_gzip_is_read_through_all_its_members(size: int) -> None:
    content = gzip.compress(b"a" * 300_000) + gzip.compress(b"second\n") + b"\0" * 12
    assert b"".join(gunzipped(chunks(content, size))) == b"a" * 300_000 + b"second\n"


def test_a_bomb_goes_off_in_small_pieces_and_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    largest = total = 0
    with pytest.raises(Problem, match="body_too_large"):
        for piece in bounded(gunzipped([bomb]), 10_000_000):
            largest, total = max(largest, len(piece)), total + len(piece)
    assert largest <= 64 * 1024
    assert total <= 10_000_000


def test_what_is_too_large_is_refused_as_the_caller_says() -> None:
    assert list(bounded([b"abc", b"", b"de"], 5)) == [b"abc", b"", b"de"]
    with pytest.raises(OverflowError, match="4"):
        list(bounded([b"abc", b"de"], 4, OverflowError))


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    "damaged",
    [
        gzip.compress(b"a" * 1000, mtime=0)[:-9],
        gzip.compress(b"a" * 1000, mtime=0)[:5],
        b"no gzip",
        gzip.compress(b"a", mtime=0) + b"more",
        gzip.compress(b"a", mtime=0)[:-1] + b"\xff",
    ],
)
def test_damaged_gzip_is_refused(damaged: bytes, size: int) -> None:
    with pytest.raises(Problem) as refused:
        list(gunzipped(chunks(damaged, size)))
    assert (refused.value.status, refused.value.code) == (422, "broken_gzip")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("", "broken_gzip")]


def test_nothing_compressed_is_nothing() -> None:
    assert list(gunzipped([])) == []


def request(**headers: str) -> Request:
    told = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "headers": told})


KNOWN = ("text/csv", "application/json")


@pytest.mark.parametrize(
    ("content_type", "encoding", "compressed"),
    [
        ("text/csv", "", False),
        ("TEXT/CSV; charset=UTF-8", "identity", False),
        ("text/csv;charset=us-ascii", "gzip", True),
        ("text/csv", " X-GZip ", True),
    ],
)
def test_headers_say_how_a_body_is_written(
    content_type: str, encoding: str, compressed: bool
) -> None:
    asked = request(content_type=content_type, content_encoding=encoding)
    assert Form.of(asked, KNOWN) == Form("text/csv", compressed)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content_type": "text"},
        {"content_type": "text/plain"},
        {"content_type": "text/csv; charset=big5"},
        {"content_type": "text/csv", "content_encoding": "br"},
        {"content_type": "text/csv", "content_encoding": "gzip, gzip"},
    ],
)
def test_a_body_written_otherwise_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        Form.of(request(**headers), KNOWN)
    assert refused.value.status == 415
    assert (refused.value.headers or {})["Accept"] == "text/csv, application/json"


@pytest.mark.parametrize(
    ("declared", "fits"), [("", True), ("10", True), ("11", False), ("9" * 5000, False)]
)
def test_a_length_is_refused_when_it_is_declared(declared: str, fits: bool) -> None:
    asked = request(content_length=declared)
    if fits:
        refuse_declared_length(asked, 10)
        return
    with pytest.raises(Problem) as refused:
        refuse_declared_length(asked, 10)
    assert refused.value.status == 413


def test_one_too_many_waits_and_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_PATIENCE_SECONDS", 0.1)
    slots = Slots("too_many", at_once=1)

    async def main() -> None:
        async with slots.one():
            with pytest.raises(Problem) as refused:
                async with slots.one():
                    raise AssertionError("two at once")
            assert (refused.value.status, refused.value.code) == (503, "too_many")
            assert (refused.value.headers or {})["Retry-After"]
        with suppress(ZeroDivisionError):
            async with slots.one():
                raise ZeroDivisionError
        async with slots.one():  # given back, whatever became of it
            pass

    anyio.run(main)


def test_a_body_comes_in_the_chunks_it_was_sent_in() -> None:
    receive = told(chunk(b"a"), chunk(b""), chunk(b"b"), chunk(b"c", more=False))
    assert in_a_thread(lambda: list(StreamedBody(receive))) == [b"a", b"b", b"c"]


def test_a_sender_who_goes_away_is_noticed() -> None:
    receive = told(chunk(b"a"), {"type": "http.disconnect"})
    body = StreamedBody(receive)

    def read() -> list[bytes]:
        read = [next(body)]
        with pytest.raises(Problem, match="upload_broken"):
            next(body)
        body.drain()  # there is nothing more to wait for
        return read

    assert in_a_thread(read) == [b"a"]


def test_a_silent_sender_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_SILENCE_SECONDS", 0.05)
    body = StreamedBody(told(chunk(b"a")), too_slow=Words("asleep?", "睡着了？"))

    def read() -> str:
        next(body)
        with pytest.raises(Problem) as refused:
            next(body)
        body.drain()  # it is not waited for again
        return f"{refused.value.code}: {say(refused.value.said, 'en')}"

    started = time.monotonic()
    assert in_a_thread(read) == "upload_too_slow: asleep?"
    assert time.monotonic() - started < 5


def test_the_rest_of_a_refused_body_is_read_to_its_end() -> None:
    receive = told(chunk(b"a"), chunk(b"b"), chunk(b"c", more=False))
    body = StreamedBody(receive)

    def read() -> list[bytes]:
        read = [next(body)]
        body.drain()
        return [*read, *body]

    assert in_a_thread(read) == [b"a"]
