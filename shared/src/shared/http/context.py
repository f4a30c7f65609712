"""The outermost layer of every request: its ids, its log line, its metrics, and the last net.

Whatever is raised below, what leaves here is an answer with security headers and a correlation
id; only an answer that has begun can be cut off.
"""

from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import metrics
from shared.auth import CALLER_KEY, Caller
from shared.clock import monotonic
from shared.http.answers import Refusals, language_of, problem_for, render
from shared.http.routes import routes_of
from shared.log import correlated, frames

_log = structlog.get_logger(__name__)

_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})

_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class AnswerBroken(Exception):
    """An answer failed after it had begun: the connection is cut, so nobody takes it for whole."""


class Context:
    """ASGI middleware around all others."""

    def __init__(self, app: ASGIApp, *, service: str, prefix: str, refusals: Refusals) -> None:
        self._app = app
        self._service = service
        self._prefix = prefix
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Mounted, the prefix is known; behind a gateway that strips it we say it ourselves.
        if not scope.get("root_path"):
            scope["root_path"] = self._prefix
        correlation, parent = _given_ids(scope)
        with correlated(correlation, parent, service=self._service) as chosen:
            await self._answer(scope, receive, send, chosen)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, correlation: str) -> None:
        began = monotonic()
        status = 0
        body_wanted = not _waits_to_send(scope)

        async def receiving() -> Message:
            nonlocal body_wanted
            body_wanted = True
            return await receive()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-Id"] = correlation
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if not body_wanted:
                    # Nobody told it to go on: whether its next bytes are a body is not known.
                    headers["Connection"] = "close"
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except Exception as error:
            if status:
                _log.exception("answer_broken", raised=frames(error), exc_info=False)
                # From None: the server would log the text of what was raised.
                raise AnswerBroken from None
            problem = problem_for(error, refusals=self._refusals)
            await render(problem, language_of(scope))(scope, receive, sending)
        finally:
            self._note(scope, status, monotonic() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = routes_of(scope["app"]).of(scope)
        path = route.path if route else "none"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics.answered(self._service, method, path, status, seconds)
        caller = scope.get(CALLER_KEY)
        facts = (
            {"caller": caller.subject, "role": caller.role} if isinstance(caller, Caller) else {}
        )
        note = _log.debug if path in _QUIET else _log.info
        # The route, not the address: addresses hold what lenders call their accounts.
        note(
            "request",
            method=method,
            route=path,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            **facts,
        )


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _waits_to_send(scope: Scope) -> bool:
    """Whether the client asked first if it may send its body (``Expect: 100-continue``)."""
    return any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"]
    )


def _given_ids(scope: Scope) -> tuple[str | None, str | None]:
    correlation = parent = None
    for name, value in scope["headers"]:
        if name == b"x-correlation-id":
            correlation = value.decode("latin-1")
        elif name == b"traceparent":
            parent = value.decode("latin-1")
    return correlation, parent
