"""What the routes of an application declare: their parameters, methods, roles and openness."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Annotated, Any, Final, get_args, get_origin

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel
from starlette._utils import get_route_path
from starlette.routing import Mount
from starlette.types import Scope

from shared.auth import Role, roles_of
from shared.problems import FieldError, Words, invalid_fields

OPEN_PATHS: Final = ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/.well-known/*")
"""What answers without a token, in every service."""

_UNKNOWN: Final = Words("is not a parameter of this address", "此地址没有该参数")
_REPEATED: Final = Words("may be given once only", "只能提供一次")
_MOST_ERRORS: Final = 20


class OpenRoute(Exception):
    """A route that names no roles: the service must not start. The text names the route."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What one route declares."""

    path: str
    pattern: Pattern[str]
    methods: frozenset[str]
    query: Mapping[str, bool]
    """Names of query parameters, and whether one may be repeated."""
    roles: frozenset[Role] | None
    wants_json: bool
    operation: str | None
    """The operation id, if it is documented."""


class Routes:
    """The routes of one application, read once."""

    def __init__(self, app: FastAPI, open_paths: tuple[str, ...]) -> None:
        self._open = open_paths
        self._by_endpoint: dict[Any, Declared] = {}
        self._all: list[Declared] = []
        for context in iter_route_contexts(app.routes):
            declared = _declared(context)
            self._all.append(declared)
            self._by_endpoint.setdefault(context.endpoint, declared)

    def of(self, scope: Scope) -> Declared | None:
        """The route a request was sent to, None if none matched."""
        return self._by_endpoint.get(scope.get("endpoint"))

    def roles(self) -> dict[str, frozenset[Role]]:
        """The roles of each documented operation that names any."""
        return {
            each.operation: each.roles
            for each in self._all
            if each.operation is not None and each.roles is not None
        }

    def methods_at(self, scope: Scope) -> list[str]:
        """Every method some route at this request's path takes."""
        path = route_path(scope)
        methods = {
            method for each in self._all if each.pattern.match(path) for method in each.methods
        }
        return sorted(methods)

    def refuse_forgotten(self) -> None:
        """Raise `OpenRoute` if a route outside the open paths names no roles.

        Also for two routes with one function name: their operation ids would collide.
        """
        for each in self._all:
            if each.roles is None and not is_open(each.path, self._open):
                raise OpenRoute(
                    f"{'/'.join(sorted(each.methods)) or 'mount'} {each.path} names no roles:"
                    " give it `Depends(allow(...))`, or list it in `open_paths`"
                )
        counted = Counter(each.operation for each in self._all if each.operation)
        for operation, count in counted.items():
            if count > 1:
                raise OpenRoute(f"{count} routes are named {operation}: rename a function")


def route_path(scope: Scope) -> str:
    """The path as routes declare it: without the prefix, whether a gateway stripped it or not."""
    return get_route_path(scope)


def is_open(path: str, open_paths: tuple[str, ...]) -> bool:
    """Whether ``path`` answers without a token; ``/static/*`` opens all below ``/static/``."""
    return any(
        path.startswith(each[:-1]) if each.endswith("/*") else path == each for each in open_paths
    )


def routes_of(app: FastAPI) -> Routes:
    """The application's routes; read at the first call, so add routes before."""
    found = getattr(app.state, "routes", None)
    if not isinstance(found, Routes):
        found = Routes(app, getattr(app.state, "open_paths", OPEN_PATHS))
        app.state.routes = found
    return found


def declared_at(request: Request) -> Declared:
    """What the route of ``request`` declares.

    A route added after the first request is read now, and must name its roles as all others:
    raises `OpenRoute`.
    """
    declared = routes_of(request.app).of(request.scope)
    if declared is None:
        request.app.state.routes = None
        routes = routes_of(request.app)
        routes.refuse_forgotten()
        declared = routes.of(request.scope)
    if declared is None:
        raise OpenRoute("a route that is none of its application's")
    return declared


def refuse_unknown_query(request: Request) -> None:
    """422 for query parameters the route does not declare.

    A misspelt filter that is ignored shows rows its sender did not ask for.
    """
    declared = declared_at(request)
    if not request.scope.get("query_string"):
        return
    counted = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        FieldError(
            f"?{_shown(name)}",
            "unknown_parameter" if name not in declared.query else "repeated_parameter",
            _UNKNOWN if name not in declared.query else _REPEATED,
        )
        for name, count in counted.items()
        if name not in declared.query or (count > 1 and not declared.query[name])
    ]
    if errors:
        raise invalid_fields(errors[:_MOST_ERRORS])


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "\ufffd" for each in name[:64])


def _declared(context: RouteContext) -> Declared:
    route = context.original_route
    if isinstance(route, Mount):
        return Declared(
            path=f"{route.path}/", pattern=route.path_regex, methods=frozenset(), query={},
            roles=None, wants_json=False, operation=None,
        )  # fmt: skip
    dependant = getattr(context, "dependant", None) if _is_api(context) else None
    return Declared(
        path=context.path_format or context.path or "",
        pattern=context.path_regex,
        methods=frozenset(context.methods or ()),
        query=dict(_query(dependant)) if dependant else {},
        roles=next(_roles(dependant), None) if dependant else None,
        wants_json=bool(dependant and context.body_field is not None),
        operation=context.name if dependant and context.include_in_schema else None,
    )


def _is_api(context: RouteContext) -> bool:
    return hasattr(context.original_route, "dependant")


def _roles(dependant: Dependant) -> Iterator[frozenset[Role]]:
    roles = roles_of(dependant.call)
    if roles is not None:
        yield roles
    for inner in dependant.dependencies:
        yield from _roles(inner)


def _query(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, inner in annotation.model_fields.items():
                yield inner.alias or name, _is_many(inner.annotation)
        else:
            yield field.alias, _is_many(annotation)
    for inner_dependant in dependant.dependencies:
        yield from _query(inner_dependant)


def _is_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_many(get_args(annotation)[0])
    if origin in {list, set, tuple, frozenset}:
        return True
    return any(_is_many(each) for each in get_args(annotation))
