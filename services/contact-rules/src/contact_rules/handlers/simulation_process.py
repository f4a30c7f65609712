"""Simulations run in a process of their own, after everybody else: live decisions come first.

In a thread they would take turns with the decisions of that process. What the child needs is
imported by the child itself, once it has stepped back.
"""

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from shared.clock import Clock
    from sqlalchemy import Engine

LEAST_URGENT: Final = 19
AT_WORK: Final = 0.5
"""The share of its time that it works; the rest it rests. Where processes of several sessions or
containers share a machine, being nice is no promise."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the child is told: through a pipe, so no secret is on a command line."""

    database_url: str = field(repr=False)
    packs: Path
    simulation_id: UUID
    runner: UUID
    at_work: float = AT_WORK


def begin(told: Told) -> BaseProcess:
    """A child that runs this simulation. It ends with its parent, however that ends."""
    process = multiprocessing.get_context("spawn").Process(
        target=work, args=(told,), name="contact-rules simulation", daemon=True
    )
    process.start()
    return process


def end(process: BaseProcess) -> None:
    """Stop the child now. What it has not saved is done again by whoever goes on."""
    process.terminate()
    process.join(5)
    if process.is_alive():
        process.kill()
        process.join()


def work(told: Told) -> None:
    """All that the child does."""
    with suppress(OSError):
        os.nice(LEAST_URGENT)
    # Ctrl-C reaches the whole group; the parent ends its child when it has seen to the rest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_the_parent()

    from shared.clock import utc_now
    from shared.db import make_engine

    from shared import log

    # Its errors are in its row; the terminal may be a person's.
    log.configure(service="contact-rules simulation", level="CRITICAL")
    engine = make_engine(
        told.database_url, pool_size=1, application_name="contact-rules simulation"
    )
    try:
        _run(told, engine, utc_now)
    finally:
        engine.dispose()


def _run(told: Told, engine: "Engine", clock: "Clock") -> None:
    from contact_rules.handlers.run_simulation import Run

    never = threading.Event()

    def rest(busy: float) -> None:
        never.wait(busy * (1 - told.at_work) / told.at_work)

    Run(engine, clock, told.simulation_id, told.runner, rest=rest).to_the_end(told.packs)


def _end_with_the_parent() -> None:
    """A parent that is killed ends no children, but the pipe between them breaks."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
