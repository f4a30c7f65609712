"""Every request is authenticated before it is routed, but for the few open paths."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth import CALLER_KEY, Tokens, bearer_token, unauthorized
from shared.http.routes import is_open, route_path


class Authentication:
    """ASGI middleware: 401 without a valid token, before the body is read or the route is known.

    So a route that forgot its roles is still closed, and nobody without a token learns which
    addresses exist.
    """

    def __init__(self, app: ASGIApp, *, open_paths: tuple[str, ...]) -> None:
        self._app = app
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # No service has any; what is not authenticated does not pass.
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and not is_open(route_path(scope), self._open):
            token = bearer_token(
                value.decode("latin-1")
                for name, value in scope["headers"]
                if name == b"authorization"
            )
            scope[CALLER_KEY] = await _tokens(scope["app"]).authenticated(token)
        await self._app(scope, receive, send)


def _tokens(app: FastAPI) -> Tokens:
    service = getattr(app.state, "service", None)
    tokens = getattr(service, "tokens", None)
    if not isinstance(tokens, Tokens):
        # Nobody can be recognised yet.
        raise unauthorized()
    return tokens
