"""The `doorstep` command as a process of its own, as a person at a terminal has it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_OPEN = re.compile(r"Serving at (http://127\.0\.0\.1:\d+);")


def doorstep(
    *words: str, seconds: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "doorstep", *words],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=_environment(environment),
    )


class House:
    """A `doorstep run` that is going on."""

    def __init__(self, home: Path, *words: str, environment: dict[str, str] | None = None) -> None:
        self.home = home
        self.said: list[str] = []
        self.url = ""
        self._open = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "doorstep", "run", "--home", str(home), "--port", "0", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(environment or {}),
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := _OPEN.search(line):
                self.url = found[1]
                self._open.set()
        self._open.set()

    @property
    def output(self) -> str:
        return "".join(self.said)

    def wait_until_open(self, seconds: float = 60) -> str:
        """Its URL, once it serves. Fails, with what it said, if it ends or takes too long."""
        assert self._open.wait(seconds), f"not open after {seconds} s:\n{self.output}"
        assert self.url, f"ended before it was open:\n{self.output}"
        return self.url

    def family(self) -> list[psutil.Process]:
        """The process and all it has started."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 30) -> int:
        """Its exit code; waits for it."""
        code = self.process.wait(seconds)
        self._reading.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def house(home: Path, *words: str, environment: dict[str, str] | None = None) -> Iterator[House]:
    """A house that is stopped at the end of the block, if the test has not done so."""
    running = House(home, *words, environment=environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.signal(signal.SIGTERM)
            try:
                running.process.wait(30)
            except subprocess.TimeoutExpired:
                running.process.kill()
        running.end()


def left_over(family: list[psutil.Process], seconds: float = 20) -> list[psutil.Process]:
    """Those of a family that are still alive after a while."""
    _gone, alive = psutil.wait_procs(family, timeout=seconds)
    return alive


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Ours, without what would name another house."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CASES_", "CONTACT_RULES_", "PLANS_", "CONSOLE_", "DOORSTEP_"))
    }
    return ours | {"NO_COLOR": "1", "PYTHONWARNINGS": "default"} | more
