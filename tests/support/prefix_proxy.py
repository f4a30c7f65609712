"""The gateway of the compose file in small: one port, four prefixes, requests passed on by HTTP."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import children
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@contextmanager
def proxy(upstreams: Mapping[str, str], *, port: int) -> Iterator[str]:
    """Passes requests on while the block runs; yields the address of the entrance.

    `upstreams` leads from a prefix (`/cases`; `""` takes what is left) to the address of a
    service. The prefix is taken off. A service that is away gives 502, one that is being
    restarted is waited for, as the real gateway does.
    """
    config = uvicorn.Config(
        _application(upstreams),
        host="127.0.0.1",
        port=port,
        log_level="error",
        loop="asyncio",
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="prefix proxy", daemon=True)
    thread.start()
    try:
        children.wait_until(lambda: server.started, seconds=20, what="the prefix proxy")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _application(upstreams: Mapping[str, str]) -> Starlette:
    # without its own idea of proxies, and without keeping connections to killed services
    client = httpx.AsyncClient(
        timeout=httpx.Timeout(120, connect=2),
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
        transport=httpx.AsyncHTTPTransport(retries=6),
    )

    async def passed_on(request: Request) -> Response:
        prefix = next(
            (known for known in upstreams if known and request.url.path.startswith(f"{known}/")), ""
        )
        path = (request.scope.get("raw_path") or request.url.path.encode()).decode("ascii")
        url = httpx.URL(upstreams[prefix]).copy_with(
            raw_path=(path.removeprefix(prefix) + _query(request)).encode()
        )
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name.decode().lower() not in _HOP_BY_HOP
        ]
        asked = client.build_request(
            request.method, url, headers=headers, content=_body_of(request)
        )
        try:
            answer = await client.send(asked, stream=True)
        except httpx.TransportError:
            return Response("nobody there", status_code=502)

        async def body() -> AsyncIterator[bytes]:
            try:
                async for chunk in answer.aiter_raw():
                    yield chunk
            finally:
                await answer.aclose()

        passed = StreamingResponse(body(), status_code=answer.status_code)
        passed.raw_headers = [
            (name, value)
            for name, value in answer.headers.raw
            if name.decode().lower() not in _HOP_BY_HOP
        ]
        return passed

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    return Starlette(routes=[Route("/{path:path}", passed_on, methods=_METHODS)], lifespan=life)


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _body_of(request: Request) -> AsyncIterator[bytes] | None:
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    return request.stream() if has_body else None
