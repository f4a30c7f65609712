"""What FastAPI works out of a route, once in a test run instead of once for each application.

Every house has applications of its own, with the same routes: looking at each route's parameters
anew was a fifth of the time of the tests that ask for a house.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from fastapi.routing import APIRoute, _IncludedRouter


@contextmanager
def routes_worked_out_once() -> Iterator[None]:
    """While it lasts, a route included in the same way as before is the same as before."""
    work_out = _IncludedRouter._build_effective_context
    known: dict[Any, Any] = {}

    def once(included: _IncludedRouter, route: Any) -> Any:
        how = included.include_context
        if not isinstance(route, APIRoute) or how.callbacks:
            return work_out(included, route)
        key = (
            id(route),
            how.prefix,
            tuple(how.tags),
            tuple(each.dependency for each in how.dependencies),
            tuple(how.responses),
            how.deprecated,
            how.include_in_schema,
            how.generate_unique_id_function,
            how.max_body_size,
        )
        if key not in known:
            known[key] = route, work_out(included, route)  # the route, so that its id stays its own
        return known[key][1]

    with patch.object(_IncludedRouter, "_build_effective_context", once):
        yield
