"""What operators and machines ask a service: alive, ready, metrics."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared import metrics
from shared.clock import monotonic
from shared.log import frames

_log = structlog.get_logger(__name__)

Check = Callable[[], str | None]
"""Returns None when all is well, else a few words on what is not. May raise: that is not well."""

_REMEMBERED_SECONDS: Final = 1.0


class Readiness:
    """Runs checks, at most once a second however often it is asked: the question is open to all."""

    def __init__(
        self, checks: Mapping[str, Check], *, degrading: Mapping[str, Check] | None = None
    ) -> None:
        """``degrading`` checks are shown when they fail, and leave the service ready."""
        self._checks = checks
        self._degrading = degrading or {}
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._found: tuple[dict[str, str], dict[str, str]] = ({}, {})

    def failing(self) -> tuple[dict[str, str], dict[str, str]]:
        """The checks that fail now and why: those that make it unready, then the others."""
        with self._lock:
            if self._asked is None or monotonic() - self._asked > _REMEMBERED_SECONDS:
                self._found = (_run(self._checks), _run(self._degrading))
                self._asked = monotonic()
            return self._found


def _run(checks: Mapping[str, Check]) -> dict[str, str]:
    found = {}
    for name, check in checks.items():
        try:
            words = check()
        except Exception as error:
            _log.warning("check_failed", check=name, raised=frames(error))
            words = "failed"
        if words is not None:
            found[name] = words
    return found


def add_operations(app: FastAPI, service: str) -> None:
    """Give ``app`` its ``/healthz``, ``/readyz`` and ``/metrics``."""

    def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    def readyz(request: Request) -> Response:
        found = getattr(request.app.state, "service", None)
        if found is None:
            return JSONResponse({"status": "not_ready", "failing": {"service": "starting"}}, 503)
        failing, degraded = found.readiness.failing()
        said: dict[str, object] = {"status": "not_ready" if failing else "ready"}
        if failing:
            said["failing"] = failing
        if degraded:
            said["degraded"] = degraded
        return JSONResponse(said, 503 if failing else 200)

    def shown_metrics(request: Request) -> Response:
        try:
            request.app.state.service.measure()
        except Exception as error:
            # The other figures are worth having, with the database away most of all.
            _log.warning("measuring_failed", raised=frames(error))
        return Response(metrics.render(service), media_type=metrics.CONTENT_TYPE)

    app.add_route("/healthz", healthz, include_in_schema=False)
    app.add_route("/readyz", readyz, include_in_schema=False)
    app.add_route("/metrics", shown_metrics, include_in_schema=False)
