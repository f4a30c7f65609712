"""Deaths of processes: between any two statements, before a commit, around publish and ack."""

from __future__ import annotations

from random import Random
from typing import Any

from sqlalchemy import Engine, event


class Death(BaseException):
    """The process dies here. No Exception: nothing in the services may catch it."""


class Deaths:
    """Counts the steps of a process down to its death; steps are statements, commits, sends."""

    def __init__(self) -> None:
        self._steps_left: int | None = None
        self.count = 0

    def watch(self, engine: Engine) -> None:
        """Each statement and each commit on `engine` is a step from now on."""

        def statement(_connection: Any, _cursor: Any, *_rest: Any) -> None:
            self.step()

        event.listen(engine, "before_cursor_execute", statement)
        event.listen(engine, "commit", lambda _connection: self.step())

    def arm(self, random: Random, likely: float, within: int = 12) -> None:
        """Die within some steps, as likely as that; else live."""
        self._steps_left = random.randrange(within) if random.random() < likely else None

    def disarm(self) -> None:
        """Live."""
        self._steps_left = None

    def step(self) -> None:
        """One step further. Raises `Death` if it was the last."""
        if self._steps_left is None:
            return
        if self._steps_left == 0:
            self._steps_left = None
            self.count += 1
            raise Death
        self._steps_left -= 1
