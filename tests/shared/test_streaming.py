"""Bodies read as they come: whole lines, honest limits, and senders who go away."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest
from shared.http import streaming
from shared.http.streaming import StreamedBody, bounded, gunzipped, lines
from shared.problems import Problem


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


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_gzip_is_read_through_all_its_members(size: int) -> None:
    content = gzip.compress(b"first\n") + gzip.compress(b"second\n") + b"\0" * 12
    assert b"".join(gunzipped(chunks(content, size))) == b"first\nsecond\n"


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert max(len(piece) for piece in gunzipped([bomb])) <= 64 * 1024
    with pytest.raises(Problem, match="body_too_large"):
        list(bounded(gunzipped([bomb]), 1_000_000))


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"x" * 999, mtime=0)[:-9]])
def test_damaged_gzip_is_refused(content: bytes) -> None:
    with pytest.raises(Problem, match="broken_gzip"):
        list(gunzipped([content]))


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
    body = StreamedBody(told(chunk(b"a")))

    def read() -> str:
        next(body)
        with pytest.raises(Problem) as refused:
            next(body)
        return refused.value.code

    assert in_a_thread(read) == "upload_too_slow"


def test_the_rest_of_a_refused_body_is_read_to_its_end() -> None:
    receive = told(chunk(b"a"), chunk(b"b"), chunk(b"c", more=False))
    body = StreamedBody(receive)

    def read() -> list[bytes]:
        read = [next(body)]
        body.drain()
        return [*read, *body]

    assert in_a_thread(read) == [b"a"]
