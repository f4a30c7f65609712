"""Takes up simulations that wait, one at a time over all workers, each in a process of its own."""

from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import structlog
from shared.clock import Clock
from shared.db import transaction
from shared.ids import new_id
from shared.loops import Resting
from sqlalchemy import Engine

from contact_rules.handlers import simulation_process
from contact_rules.handlers.simulation_process import Told
from contact_rules.store import simulations

_log = structlog.get_logger(__name__)


class Simulations(Resting):
    """Runs what people asked for. A runner that died is followed by another, which goes on where
    it was; that of a worker that is stopped ends with it."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        service: str,
        database_url: str,
        packs: Path,
        begin: Callable[[Told], BaseProcess] = simulation_process.begin,
    ) -> None:
        super().__init__()
        self.name = f"{service} simulations"
        self.idle_seconds = 1.0
        self._engine = engine
        self._clock = clock
        self._database_url = database_url
        self._packs = packs
        self._begin = begin
        self._running: tuple[UUID, UUID, BaseProcess] | None = None

    def run_once(self) -> bool:
        """Look after the one that runs, or take up the next. True if there may be another."""
        if self._running is not None:
            return self._look_after(*self._running)
        runner = new_id()
        with transaction(self._engine) as session:
            found = simulations.claim(session, runner, self._clock())
        if found is None:
            return False
        told = Told(self._database_url, self._packs, found, runner)
        self._running = (found, runner, self._begin(told))
        _log.info("simulation_begun", simulation_id=str(found))
        return False

    def close(self) -> None:
        """End the child, and let others go on with what it did."""
        if self._running is None:
            return
        simulation_id, runner, process = self._running
        self._running = None
        simulation_process.end(process)
        with suppress(Exception), transaction(self._engine) as session:
            simulations.give_back(session, simulation_id, runner)

    def _look_after(self, simulation_id: UUID, runner: UUID, process: BaseProcess) -> bool:
        if process.is_alive():
            return False
        process.join()
        self._running = None
        _log.info("simulation_ended", simulation_id=str(simulation_id), exit_code=process.exitcode)
        if process.exitcode != 0:
            with transaction(self._engine) as session:
                simulations.give_back(session, simulation_id, runner)
        return True
