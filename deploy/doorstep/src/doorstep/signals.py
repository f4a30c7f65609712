"""Ctrl-C, SIGTERM, a closed terminal: the first stops in order, a second Ctrl-C at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from shared.clock import monotonic

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# `make` hands on what the terminal or a supervisor has already sent to both.
_ECHO_SECONDS: Final = 0.5


class Stopped(BaseException):
    """Raised in the main thread by the first signal. No Exception: nobody handles it in passing."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Within the block the first signal raises Stopped, once; later ones let the end go on.

    Only a further Ctrl-C ends the process at once: the database then stops by itself and recovers,
    and what was not committed never happened.
    """
    first: float | None = None

    def heard(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        if first is None:
            first = monotonic()
            raise Stopped
        if number == signal.SIGINT and monotonic() - first > _ECHO_SECONDS:
            os._exit(128 + number)

    before = {number: signal.signal(number, heard) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
