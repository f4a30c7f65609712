"""The two processes of a service: its API and its worker, and how they stop."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from shared.http.operations import Readiness, add_operations
from shared.service.looping import run_loops
from shared.service.parts import Service, Site

_log = structlog.get_logger(__name__)

# Docker and Kubernetes kill after 10 and 30 s unless told otherwise.
_GRACE_SECONDS: Final = 25
# Longer than a gateway keeps its idle connections: it closes first, so no request is lost.
_KEEP_ALIVE_SECONDS: Final = 150


def api_server(app: ASGIApp) -> uvicorn.Server:
    """An HTTP server for ``app``, not started; run it on a `bound_socket`.

    When it stops, requests in flight are finished, for 25 s at most.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket, bound now: a taken port is an OSError before anything has started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    return listening


def run_api(service: Site, *, host: str | None = None, port: int | None = None) -> None:
    """Serve the API until SIGTERM or SIGINT; then finish the requests in flight and close.

    Raises OSError if the port is taken.
    """
    settings = service.settings
    try:
        listening = bound_socket(host or settings.host, settings.port if port is None else port)
        _log.info("api_started", address=_address(listening))
        with listening, _signals_survived():
            api_server(service.app).run(sockets=[listening])
    finally:
        service.close()
    _log.info("api_stopped")


def run_worker(service: Service, *, host: str | None = None, port: int | None = None) -> None:
    """Run the loops until SIGTERM or SIGINT; each finishes its round. A second signal ends at once.

    Health and metrics are served beside them. Raises OSError if their port is taken.
    """
    settings = service.settings
    stopping = threading.Event()
    try:
        listening = bound_socket(
            host or settings.worker_host, settings.worker_port if port is None else port
        )
        with listening, _stop_on_signals(stopping), _health_served(service, listening):
            _log.info(
                "worker_started",
                loops=[loop.name for loop in service.loops],
                health=_address(listening),
            )
            threads = run_loops(service.loops, stopping, service.watch)
            _wait_for(stopping, threads)
            for loop in service.loops:
                if (wake := getattr(loop, "wake", None)) is not None:
                    wake()
            for thread in threads:
                thread.join()
    finally:
        service.close()
    _log.info("worker_stopped")


def _wait_for(stopping: threading.Event, threads: list[threading.Thread]) -> None:
    """Until the stop; a worker whose every loop has died is of no use and ends too."""
    while not stopping.wait(1.0):
        if threads and not any(thread.is_alive() for thread in threads):
            stopping.set()


@contextmanager
def _health_served(service: Service, listening: socket.socket) -> Iterator[None]:
    """Health, readiness and metrics of a worker, on a port of their own: no routes, no tokens."""
    app = FastAPI(openapi_url=None)
    app.state.service = _WorkerHealth(service, service.worker_readiness())
    add_operations(app, service.name)
    server = api_server(app)
    # Signals are the main thread's; uvicorn leaves them alone in any other.
    serving = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="health", daemon=True
    )
    serving.start()
    try:
        yield
    finally:
        server.should_exit = True
        serving.join(_GRACE_SECONDS)


@dataclass(frozen=True, slots=True)
class _WorkerHealth:
    service: Service
    readiness: Readiness

    def measure(self) -> tuple[int, float]:
        return self.service.measure()


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _signals_survived() -> Iterator[None]:
    """Uvicorn raises the signal that stopped it once more at its end: we still have to close."""
    with _handled(lambda _signal, _frame: None):
        yield


@contextmanager
def _stop_on_signals(stopping: threading.Event) -> Iterator[None]:
    def stop(received: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            # Whoever asks twice means it: what is not committed, the database rolls back.
            signal.signal(received, signal.SIG_DFL)
            signal.raise_signal(received)
        stopping.set()

    with _handled(stop):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may; whoever runs us in another one stops us himself.
        yield
        return
    before = {each: signal.signal(each, handler) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, previous in before.items():
            signal.signal(each, previous)
