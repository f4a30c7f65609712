"""The whole house in one process: database, services and their loops behind one port.

Differs from production in two values, the address of the database and the bus: the same tables,
relay, inbox, serialisation and `build()`.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import structlog
import uvicorn
from shared.bus import LocalBus
from shared.db import make_engine
from shared.migrate import upgrade
from shared.service import LoopWatch, Service, api_server, run_loops
from starlette.types import ASGIApp

from doorstep import postgres
from doorstep.entrance import CONSOLE, Entrance
from doorstep.home import Home, HomeLock
from doorstep.ports import LOOPBACK, listen, port_of
from doorstep.rooms import ROOMS, console
from doorstep.screen import Screen
from doorstep.service_token import TokenRenewal
from doorstep.trouble import Trouble
from shared import log

_log = structlog.get_logger(__name__)

_LAST_REQUESTS_SECONDS: Final = 5  # for those in flight; a person waits at the terminal
_START_SECONDS: Final = 30
_KEEP_LOG_BYTES: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class House:
    """A running house."""

    home: Home
    url: str
    ailing: Callable[[], str | None]
    """What has died that the house cannot live without, in words; None while all is well."""


@contextmanager
def running(home: Home, lock: HomeLock, port: socket.socket, screen: Screen) -> Iterator[House]:
    """The house on a reserved port; at the end requests and rounds in progress are finished.

    Call it in the main thread. Raises Trouble.
    """
    url = f"http://{LOOPBACK}:{port_of(port)}"
    # Settings of some other PostgreSQL must not leak into the connections of ours.
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    with ExitStack() as closing:
        closing.enter_context(_logs(home))
        server = closing.enter_context(_database(home, screen))
        with screen.step("bringing the tables up to date"):
            for room in ROOMS:
                _migrate(server.url(room.package, room.package), room.package)
        with screen.step("starting the services"):
            closing.enter_context(_fresh_token(home))
            bus = LocalBus()
            services = []
            applications: dict[str, ASGIApp] = {}
            for room in ROOMS:
                service = room.build(home, url, server.url(room.package, room.package), bus)
                closing.callback(service.close)
                services.append(service)
                applications[room.prefix] = service.app
            pages = console(url)
            closing.callback(pages.close)
            applications[CONSOLE] = pages.app
            closing.enter_context(_turning(services))
            serving = closing.enter_context(_served(applications, port))
        lock.say(url)
        closing.callback(lock.say, None)

        def ailing() -> str | None:
            if not server.alive():
                return f"The database has ended by itself; its log is {server.log}."
            if not serving.is_alive():
                return f"The HTTP server has ended by itself; the log is {home.log}."
            return None

        yield House(home, url, ailing)


@contextmanager
def _logs(home: Home) -> Iterator[None]:
    """What the services log goes to the home's log; the terminal is for the person."""
    if home.log.exists() and home.log.stat().st_size > _KEEP_LOG_BYTES:
        home.log.replace(home.log.with_suffix(".log.1"))
    descriptor = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as stream:
        log.configure(service="doorstep", style="json", stream=stream)
        try:
            yield
        finally:
            log.configure(service="doorstep", level="ERROR")


@contextmanager
def _database(home: Home, screen: Screen) -> Iterator[postgres.Server]:
    try:
        with screen.step("starting the database"):
            server = postgres.start(home.postgres, durable=True)
    except postgres.PostgresDidNotStart as error:
        raise Trouble(str(error)) from error
    with server:
        server.provide(*(room.package for room in ROOMS))
        yield server


@contextmanager
def _fresh_token(home: Home) -> Iterator[None]:
    """The token between services is there when the block begins, and fresh as long as it runs."""
    renewal = TokenRenewal(home)
    renewal.run_once()
    stopping = threading.Event()
    threads = run_loops([renewal], stopping, LoopWatch("doorstep"))
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _migrate(url: str, package: str) -> None:
    engine = make_engine(url, pool_size=1)
    try:
        upgrade(engine, package)
    finally:
        engine.dispose()


@contextmanager
def _turning(services: list[Service]) -> Iterator[None]:
    """The loops of all services, each in its thread; at the end each finishes its round."""
    stopping = threading.Event()
    threads: list[threading.Thread] = []
    # All queues before any relay: what nobody is bound to yet would be nobody's for ever.
    for service in services:
        service.declare()
    try:
        for service in services:
            threads += run_loops(service.loops, stopping, service.watch)
        yield
    finally:
        stopping.set()
        for service in services:
            # A closed bus hands out nothing new, so no relay waits for a consumer that has left.
            service.bus.close()
            for loop in service.loops:
                if (wake := getattr(loop, "wake", None)) is not None:
                    wake()
        for thread in threads:
            thread.join()


@contextmanager
def _served(applications: dict[str, ASGIApp], port: socket.socket) -> Iterator[threading.Thread]:
    """The HTTP server in a thread of its own: signals are the main thread's, and not uvicorn's."""
    server = api_server(Entrance(applications))
    server.config.lifespan = "off"
    server.config.timeout_graceful_shutdown = _LAST_REQUESTS_SECONDS
    listen(port)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [port]}, name="http", daemon=True
    )
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield thread
    finally:
        server.should_exit = True
        thread.join()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    for _ in range(_START_SECONDS * 100):
        if server.started:
            return
        if not thread.is_alive():
            break
        thread.join(0.01)
    raise Trouble("The HTTP server did not start; the log is in the home under logs/.")
