"""The one entrance: sends a request to its service by prefix, as the gateway does."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

CONSOLE: Final = ""
"""The prefix of what answers everything that no other prefix takes."""


class Entrance:
    """ASGI application over the applications of the services, by prefix (`/cases`, …, ``""``).

    Takes the prefix off the path, so that a service sees the same here and behind the gateway.
    """

    def __init__(self, services: Mapping[str, ASGIApp]) -> None:
        self._services = dict(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = "/" + scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else CONSOLE
        if prefix not in self._services:
            prefix = CONSOLE
        if prefix != CONSOLE:
            path = scope["path"].removeprefix(prefix) or "/"
            raw = scope.get("raw_path") or b""
            # A prefix written with percent signs is still that prefix.
            plain = raw.startswith(prefix.encode())
            stripped = (raw[len(prefix) :] or b"/") if plain else quote(path).encode()
            scope = dict(scope, path=path, raw_path=stripped)
        await self._services[prefix](scope, receive, send)
