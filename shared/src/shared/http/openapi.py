"""What the generated OpenAPI says beyond what the routes do: problems, tokens, the prefix."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

from shared.auth import Role
from shared.http.routes import routes_of
from shared.problems import MEDIA_TYPE

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "For machines; never changes."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": (
                            "A JSON pointer into the body, `?name` for a query parameter,"
                            " `#Name` for a header, `{name}` for a part of the path."
                        ),
                        "examples": ["/balance/principal"],
                    },
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "correlation_id": {"type": "string", "description": "In answers of 500 and above."},
    },
}

_CONTENT: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

PROBLEM_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "Refused; nothing was changed.", "content": _CONTENT},
    "5XX": {"description": "Our fault, or not available now.", "content": _CONTENT},
}
"""The answers every route may give besides its own."""


_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A signed token: `doorstep token --role ROLE`, or one of your OIDC issuer.",
}


def complete(app: FastAPI) -> None:
    """Make `app.openapi()` tell of problems, tokens and roles. Its result is the same each time."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {}) | {"Problem": _PROBLEM}
        components["schemas"] = dict(sorted(schemas.items()))
        components["securitySchemes"] = {"bearer": _BEARER}
        _tell_roles(document, routes_of(app).roles())
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _tell_roles(document: dict[str, Any], roles: Mapping[str, frozenset[Role]]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            allowed = roles.get(operation["operationId"])
            if allowed is not None:
                operation["security"] = [{"bearer": []}]
                operation["x-roles"] = sorted(allowed)
