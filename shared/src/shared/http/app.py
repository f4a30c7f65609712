"""Makes the FastAPI application of a service, with everything strict that all services share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.http.addresses import Addresses
from shared.http.answers import Refusals, answer
from shared.http.authentication import Authentication
from shared.http.bodies import Bodies, refuse_other_types
from shared.http.context import Context
from shared.http.openapi import PROBLEM_ANSWERS, complete
from shared.http.operations import add_operations
from shared.http.routes import OPEN_PATHS, refuse_unknown_query
from shared.problems import Problem, Words

LARGEST_BODY: Final = 1024 * 1024


def make_app(
    *,
    name: str,
    title: str,
    version: str,
    description: str,
    prefix: str,
    refusals: Mapping[type[Exception], int] | None = None,
    titles: Mapping[str, Words] | None = None,
    max_body: int = LARGEST_BODY,
    unlimited_paths: Sequence[str] = (),
    open_paths: Sequence[str] = (),
) -> FastAPI:
    """An application without routes of its own; add them unprefixed (``/v1/…``).

    What a caller may rely on, whatever the routes do: each request but those to the open paths is
    authenticated first; JSON is strict, bodies are limited to ``max_body`` bytes, unknown query
    parameters are refused; every refusal is a problem in English or Chinese; bad input is never a
    500; each answer has its ``X-Correlation-Id``.

    ``refusals`` says which status each of the domain's exceptions becomes (subclasses follow
    their parents), ``titles`` what their codes are called. ``unlimited_paths`` stream their own
    bodies and must limit them themselves. ``open_paths`` need no token, beside the operations,
    documentation and public keys that never do; ``/static/*`` opens all below it. ``prefix`` is
    where the gateway or the house shows the service, ``""`` for the root.
    """
    known = Refusals(dict(refusals or {}), dict(titles or {}))
    opened = (*OPEN_PATHS, *open_paths)
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        servers=[{"url": prefix or "/"}],
        root_path_in_servers=False,
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        dependencies=[Depends(_strict)],
        responses=PROBLEM_ANSWERS,
        generate_unique_id_function=_operation_id,
    )
    app.state.open_paths = opened
    # The last added is the outermost.
    app.add_middleware(Bodies, largest=max_body, unlimited_paths=tuple(unlimited_paths))
    app.add_middleware(Authentication, open_paths=opened)
    app.add_middleware(Addresses)
    app.add_middleware(Context, service=name, prefix=prefix, refusals=known)

    async def refused(request: Request, error: Exception) -> Response:
        return answer(request, error, known)

    kinds: tuple[Any, ...] = (
        Problem,
        HTTPException,
        RequestValidationError,
        SQLAlchemyError,
        *known.statuses,
    )
    for kind in kinds:
        app.add_exception_handler(kind, refused)
    add_operations(app, name)
    complete(app)
    return app


async def _strict(request: Request) -> None:
    """Dependency of every route; one, because each costs a request some microseconds."""
    refuse_unknown_query(request)
    await refuse_other_types(request)


def _operation_id(route: APIRoute) -> str:
    """The function's name: stable while paths move, and what a generated client calls it."""
    return route.name
