"""Catches what is logged as JSON lines, and puts the logging of the tests back afterwards."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import structlog

from shared import log


class LogLines:
    """What was logged while `caught` was open."""

    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of one event."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["event"] == event]


@contextmanager
def caught() -> Iterator[LogLines]:
    """Sends all logs of every level to the lines given."""
    lines = LogLines()
    with kept():
        log.configure(service="toy", style="json", level="DEBUG", stream=lines.stream)
        yield lines


@contextmanager
def kept() -> Iterator[None]:
    """Whatever happens to the logging inside, it is afterwards as it was."""
    root = logging.getLogger()
    handlers, level, configuration = list(root.handlers), root.level, structlog.get_config()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configuration)
