"""Loops: work that goes on beside the API, each ``run`` around a ``run_once``."""

import threading
from typing import Protocol


class Loop(Protocol):
    """One kind of background work. Belongs to one thread once started.

    It tolerates being closed without having been started, and being closed twice.
    """

    @property
    def name(self) -> str:
        """What logs and metrics call it."""
        ...

    @property
    def idle_seconds(self) -> float:
        """How long to rest after a `run_once` that found nothing to do."""
        ...

    def run_once(self) -> bool:
        """Do one piece of work; True if there was some, so that the next call comes at once.

        May raise: nothing is then half done, and it is called again after a pause.
        """
        ...

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        """Rest up to ``seconds``; returns early when there is work or ``stopping`` is set."""
        ...

    def close(self) -> None:
        """Let go of connections; what was taken and not finished is given back."""
        ...


class Resting:
    """Rest that a wake-up ends: for loops with a `wake`."""

    def __init__(self) -> None:
        self._woken = threading.Event()

    def wake(self) -> None:
        """End the rest of this loop, from any thread."""
        self._woken.set()

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        """See `Loop.wait`. A stop is noticed within a second."""
        if not stopping.is_set():
            self._woken.wait(min(seconds, 1.0))
        self._woken.clear()
