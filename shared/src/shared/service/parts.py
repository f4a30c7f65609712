"""The parts of one service, chosen by its composition root."""

from dataclasses import dataclass, field
from typing import Final

import structlog
from fastapi import FastAPI, Request
from sqlalchemy import Engine, text
from sqlmodel import Session

from shared import metrics, migrate, outbox, parking
from shared.auth import Tokens
from shared.bus import Bus
from shared.clock import Clock, utc_now
from shared.http.operations import Check, Readiness
from shared.http.routes import routes_of
from shared.inbox import Consumer
from shared.log import frames
from shared.loops import Loop
from shared.service.looping import LoopWatch
from shared.settings import ServiceSettings, SiteSettings

_log = structlog.get_logger(__name__)

_LONGEST_LAG_SECONDS: Final = 300.0
_STUCK_SECONDS: Final = 60.0


@dataclass(kw_only=True, eq=False)
class Site:
    """What answers HTTP and keeps nothing: an application with its settings and its readiness.

    Making one checks that no route forgot to name its roles: raises `OpenRoute`.
    """

    name: str
    settings: SiteSettings
    app: FastAPI
    clock: Clock = utc_now
    checks: dict[str, Check] = field(default_factory=dict)
    """What must be well for it to be ready."""
    readiness: Readiness = field(init=False)
    """What ``/readyz`` says."""

    def __post_init__(self) -> None:
        self.readiness = Readiness(self.checks)
        routes_of(self.app).refuse_forgotten()
        self.app.state.service = self

    def measure(self) -> object:
        """Bring gauges up to date before they are read. Nothing to do here."""

    def close(self) -> None:
        """Let go of everything. Tolerates being called twice."""


@dataclass(kw_only=True, eq=False)
class Service(Site):
    """One service with all its real parts chosen. Subclass it to add parts of your own.

    Making one reads the token keys and checks that no route forgot to name its roles, so a
    service that would be open does not start: raises `BadKeys` or `OpenRoute`. It owns what it is
    given: `close` closes it.
    """

    settings: ServiceSettings
    engine: Engine
    bus: Bus
    loops: list[Loop] = field(default_factory=list)
    migrations: str | None = None
    """The package whose migrations the database must have for the service to be ready."""
    tokens: Tokens = field(init=False)
    watch: LoopWatch = field(init=False)
    """How the loops fare, once they run in this process."""
    _closed: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = Tokens.from_settings(self.settings, self.clock)
        self.watch = LoopWatch(self.name)
        # With the broker away the API still does all it promises: events wait in the outbox.
        self.readiness = Readiness(self._api_checks(), degrading=self._worker_checks())

    def declare(self) -> None:
        """Make the queues of this service, so that nothing published from now on is missed.

        Before any relay of the house starts. Raises `BusUnavailable`.
        """
        for loop in self.loops:
            if isinstance(loop, Consumer):
                loop.declare()

    def worker_readiness(self) -> Readiness:
        """What ``/readyz`` of a worker says: it can do nothing without the broker."""
        return Readiness({**self._api_checks(), **self._worker_checks()})

    def _api_checks(self) -> dict[str, Check]:
        return {"database": self._database, "migrations": self._migrations, **self.checks}

    def _worker_checks(self) -> dict[str, Check]:
        return {"bus": self._bus, "relay": self._relay, "loops": self._loops}

    def _database(self) -> str | None:
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return None

    def _migrations(self) -> str | None:
        if self.migrations is None or migrate.is_current(self.engine, self.migrations):
            return None
        return "the database has an older schema: run migrate"

    def _bus(self) -> str | None:
        return None if self.bus.ready() else "can't be reached"

    def _relay(self) -> str | None:
        waiting, oldest = self.measure()
        if oldest <= _LONGEST_LAG_SECONDS:
            return None
        return f"{waiting} events wait to be published, the oldest for {oldest:.0f} s"

    def _loops(self) -> str | None:
        stuck = self.watch.stuck(_STUCK_SECONDS)
        return "; ".join(f"{loop}: {words}" for loop, words in stuck.items()) or None

    def measure(self) -> tuple[int, float]:
        """How many events wait in the outbox, and for how many seconds the oldest has."""
        with Session(self.engine) as session:
            waiting, oldest = outbox.lag(session, self.clock())
            metrics.parked_now(self.name, parking.count(session))
        metrics.outbox_waiting(self.name, waiting, oldest)
        return waiting, oldest

    def close(self) -> None:
        """Let go of everything. Tolerates being called twice."""
        if self._closed:
            return
        self._closed = True
        for loop in self.loops:
            try:
                loop.close()
            except Exception as error:
                _log.warning("close_failed", loop=loop.name, raised=frames(error))
        self.bus.close()
        self.engine.dispose()


async def current_service(request: Request) -> Service:
    """Dependency: the service of this application.

    A subclass by annotation: ``service: Annotated[CasesService, Depends(current_service)]``.
    """
    service: Service = request.app.state.service
    return service
