"""Processes and directories that a test run starts and makes, and never leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

PREFIX = "doorstep-tests"


def start(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own, its output going to the end of `log`.

    The kernel kills it when this process dies, however it dies; a Ctrl-C at the terminal does
    not reach it, so the fixtures stop it in their order. Call it from the main thread: the
    kernel watches the thread that started the process.
    """
    setpriv = shutil.which("setpriv")
    wrapper = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*wrapper, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            start_new_session=True,
        )


def stop(
    process: subprocess.Popen[bytes],
    *,
    with_signal: signal.Signals = signal.SIGTERM,
    seconds: float = 20.0,
) -> int:
    """Stops a process, with force after `seconds`; returns its exit code. Safe to call twice."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
    return process.returncode


def free_port() -> int:
    """A port on the loopback address that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(ready: Callable[[], Any], *, seconds: float, what: str, pause: float = 0.05) -> None:
    """Waits until `ready()` is true. Raises TimeoutError naming `what` after `seconds`."""
    deadline = monotonic() + seconds
    while not ready():
        if monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        sleep(pause)


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, for the message of a failure."""
    if not log.exists():
        return f"(no {log.name})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def own_directory(purpose: str) -> Iterator[Path]:
    """A directory for one run, removed at the end; those of runs that were killed go first."""
    remove_leftovers()
    path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}-{os.getpid()}-{purpose}-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def remove_leftovers() -> None:
    """Removes the directories of test runs whose process no longer exists."""
    for path in temporary_directory().glob(f"{PREFIX}-*-*"):
        owner = path.name.removeprefix(f"{PREFIX}-").partition("-")[0]
        if owner.isdecimal() and not alive(int(owner)) and path.stat().st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)


def temporary_directory() -> Path:
    """Where the directories of test runs are."""
    return Path(tempfile.gettempdir())


def alive(pid: int) -> bool:
    """Whether a process of this number exists on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
