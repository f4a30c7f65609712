"""Runs loops, each in a thread of its own, and watches how they fare."""

import random
import threading
from collections.abc import Sequence
from typing import Final

import structlog

from shared import metrics
from shared.clock import monotonic
from shared.log import frames
from shared.loops import Loop

_log = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0


class LoopWatch:
    """How each loop fares: when its last round ended well, and how often it failed since."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._lock = threading.Lock()
        self._well: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def went_well(self, loop: str) -> None:
        """Note the start of a loop, or the end of a good round."""
        with self._lock:
            self._well[loop] = monotonic()
            self._failures[loop] = 0

    def failed(self, loop: str) -> int:
        """Note a failure; returns how many there were in a row."""
        metrics.loop_failed(self.service, loop)
        with self._lock:
            self._failures[loop] = self._failures.get(loop, 0) + 1
            return self._failures[loop]

    def ended(self, loop: str) -> None:
        """Note that a loop was stopped: it is not expected to fare well any more."""
        with self._lock:
            self._well.pop(loop, None)
            self._failures.pop(loop, None)

    def stuck(self, seconds: float) -> dict[str, str]:
        """The loops without a good round for ``seconds``, each with a few words on it."""
        present = monotonic()
        with self._lock:
            return {
                loop: f"no good round for {present - well:.0f} s, {self._failures[loop]} failed"
                for loop, well in self._well.items()
                if present - well > seconds
            }


def run_loops(
    loops: Sequence[Loop], stopping: threading.Event, watch: LoopWatch
) -> list[threading.Thread]:
    """Start one thread a loop; each ends after its current round once ``stopping`` is set.

    A round that raises is logged and tried again after a pause that grows to 5 s. Each loop is
    closed in its own thread at its end. The caller sets ``stopping`` (and may `wake` the loops so
    that they notice at once) and joins the threads.
    """
    threads = [
        threading.Thread(
            target=_run_loop, args=(loop, stopping, watch), name=loop.name, daemon=True
        )
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    return threads


def _run_loop(loop: Loop, stopping: threading.Event, watch: LoopWatch) -> None:
    structlog.contextvars.bind_contextvars(service=watch.service)
    watch.went_well(loop.name)
    try:
        while not stopping.is_set():
            try:
                worked = loop.run_once()
            except Exception as error:
                failures = watch.failed(loop.name)
                pause = _pause(failures)
                _log.error(
                    "loop_failed",
                    loop=loop.name,
                    failures=failures,
                    pause=round(pause, 1),
                    raised=frames(error),
                )
                stopping.wait(pause)
                continue
            watch.went_well(loop.name)
            if not worked:
                loop.wait(stopping, loop.idle_seconds)
    finally:
        watch.ended(loop.name)
        # In its own thread: connections to the bus belong to the thread that made them.
        try:
            loop.close()
        except Exception as error:
            _log.warning("close_failed", loop=loop.name, raised=frames(error))


def _pause(failures: int) -> float:
    """Doubles to 5 s, spread by half so that the loops of many workers don't return as one."""
    longest = min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 30), _LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  no secret
