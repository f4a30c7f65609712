"""The toy service as processes: `python toy_process.py api | worker | migrate`.

Its loops and its slow endpoint leave marks in the folder MARKS, one file a deed.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from shared.auth import Caller, Role, allow
from shared.bus import Bus
from shared.cli import run
from shared.clock import Clock
from shared.db import make_engine
from shared.service import Service
from toy_service import ToySettings, toy_app


def mark(name: str) -> None:
    """Leaves a mark."""
    (Path(os.environ["MARKS"]) / name).touch()


class SlowLoop:
    """Works half a second a round."""

    name = "slow"
    idle_seconds = 0.0
    _rounds = 0

    def run_once(self) -> bool:
        self._rounds += 1
        mark(f"began-{self._rounds}")
        time.sleep(float(os.environ.get("ROUND", "0.5")))
        mark(f"ended-{self._rounds}")
        return True

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        stopping.wait(seconds)

    def close(self) -> None:
        mark("closed")


class FailingLoop(SlowLoop):
    """Fails in its first two rounds."""

    name = "failing"

    def run_once(self) -> bool:
        self._rounds += 1
        mark(f"tried-{self._rounds}")
        if self._rounds <= 2:
            raise ValueError("A123456789")
        return False


def build(settings: ToySettings, bus: Bus, clock: Clock) -> Service:
    """The toy with a slow endpoint and two loops."""
    app = toy_app()

    @app.get("/v1/slow")
    def slow(_caller: Annotated[Caller, Depends(allow(Role.OPS))]) -> str:
        mark("began-1")
        time.sleep(0.7)
        return "done"

    return Service(
        name="toy",
        settings=settings,
        app=app,
        engine=make_engine(settings.database_url),
        bus=bus,
        clock=clock,
        loops=[SlowLoop(), FailingLoop()],
    )


if __name__ == "__main__":
    run("toy", ToySettings, build, "toy")
