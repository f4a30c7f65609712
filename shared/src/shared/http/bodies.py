"""Request bodies before anyone reads them: their size, their encoding, and strict JSON."""

from email.message import Message as Headers
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import strict_json
from shared.http.routes import declared_at, route_path
from shared.problems import Problem, Words

# What is read in less time than another thread takes to wake.
_MOMENTARY: Final = 64 * 1024
_UTF_8: Final = {"utf-8", "utf8", "us-ascii", ""}


class Bodies:
    """ASGI middleware: bodies over the limit are refused, JSON is read strictly.

    A body that says it is too long is refused before a byte of it is read; one that does not say
    is read to the limit and no further. ``unlimited_paths`` read their own body as it streams.
    """

    def __init__(self, app: ASGIApp, *, largest: int, unlimited_paths: tuple[str, ...]) -> None:
        self._app = app
        self._largest = largest
        self._unlimited = frozenset(unlimited_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or route_path(scope) in self._unlimited:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self._refuse_declared_length(headers.get(b"content-length"))
        if headers.get(b"content-encoding", b"identity").strip().lower() not in {b"identity", b""}:
            raise _unsupported("Send the body uncompressed.", "请求体请勿压缩。")
        kind = _kind(headers.get(b"content-type", b"").decode("latin-1"))
        if kind is _Kind.JSON_OF_ANOTHER_CHARSET:
            raise _not_json()
        await self._app(scope, self._limited(receive, kind is _Kind.JSON), send)

    def _refuse_declared_length(self, declared: bytes | None) -> None:
        if declared is None:
            return
        if not declared.isdigit() or len(declared) > 18:
            raise Problem(400, "malformed_request")
        if int(declared) > self._largest:
            raise too_large(self._largest)

    def _limited(self, receive: Receive, json: bool) -> Receive:
        total = 0
        chunks: list[bytes] = []

        async def limited() -> Message:
            nonlocal total
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return message
                chunk = message.get("body", b"")
                total += len(chunk)
                if total > self._largest:
                    raise too_large(self._largest)
                if not json:
                    return message
                # JSON is handed on whole, so that nobody acts on half of it.
                chunks.append(chunk)
                if message.get("more_body", False):
                    continue
                body = b"".join(chunks)
                chunks.clear()
                if len(body) > _MOMENTARY:
                    await run_in_threadpool(strict_json.read, body)
                elif body:
                    strict_json.read(body)
                return {"type": "http.request", "body": body, "more_body": False}

        return limited


async def refuse_other_types(request: Request) -> None:
    """415 where the route reads JSON and something else was sent."""
    if not declared_at(request).wants_json or not await request.body():
        return
    if _kind(request.headers.get("content-type", "")) is _Kind.OTHER:
        raise _not_json()


def too_large(largest: int) -> Problem:
    """413.

    The connection is left open, and the server discards what still comes: hung up on, a client in
    the middle of sending would see a reset and never the answer.
    """
    detail = Words(f"At most {largest} bytes are taken here.", f"此处最多接受 {largest} 字节。")
    return Problem(413, "body_too_large", detail)


def _not_json() -> Problem:
    return _unsupported(
        "Send JSON in UTF-8, with `Content-Type: application/json`.",
        "请发送 UTF-8 编码的 JSON，并注明 `Content-Type: application/json`。",
    )


def _unsupported(en: str, zh: str) -> Problem:
    return Problem(
        415, "unsupported_media_type", Words(en, zh), headers={"Accept": "application/json"}
    )


class _Kind(Enum):
    JSON = auto()
    JSON_OF_ANOTHER_CHARSET = auto()
    OTHER = auto()


@lru_cache(maxsize=128)
def _kind(content_type: str) -> _Kind:
    """Read as FastAPI reads it, so that both agree on what is parsed."""
    message = Headers()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    if message.get_content_maintype() != "application" or not (
        subtype == "json" or subtype.endswith("+json")
    ):
        return _Kind.OTHER
    charset = str(message.get_param("charset", "") or "").strip().lower()
    return _Kind.JSON if charset in _UTF_8 else _Kind.JSON_OF_ANOTHER_CHARSET
