"""The directory of one server: its data made whole or not at all, its passwords, its log."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import psutil

from doorstep.postgres.account import Account, PostgresDidNotStart, binary, environment

MAJOR: Final = "18"
SUPERUSER: Final = "postgres"
_KEEP_LOG_BYTES: Final = 5_000_000
_STOP_SECONDS: Final = 20.0


def initialise(directory: Path, account: Account, *, durable: bool) -> dict[str, str]:
    """Makes the data beside its place and renames it in: a killed attempt leaves nothing half."""
    passwords = {SUPERUSER: secrets.token_urlsafe(24)}
    write_passwords(directory, passwords)
    for left_over in directory.glob("making-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=directory))
    password_file = making / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(passwords[SUPERUSER])
    account.own(password_file)
    account.own(making)
    command = [
        *account.prefix,
        binary("initdb"),
        f"--pgdata={making / 'data'}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    if not durable:
        command.append("--no-sync")
    done = subprocess.run(  # noqa: S603 - our own binaries
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        cwd=making,
        env=environment(),
    )
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        said = done.stdout.decode(errors="replace").strip()
        raise PostgresDidNotStart(f"The database could not be made in {directory}:\n{said}")
    shutil.rmtree(directory / "data", ignore_errors=True)
    (making / "data").rename(directory / "data")
    shutil.rmtree(making)
    return passwords


def check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise PostgresDidNotStart(
            f"The data in {data} was made by PostgreSQL {found}; this is PostgreSQL {MAJOR}. "
            "Dump it with the old release and load it here, or start with another home."
        )


def end_orphans(data: Path) -> None:
    """Ends what outlived an earlier server of this data, and takes away a dead one's lock file.

    After `kill -9` of the house the server is shutting down by itself: this waits for it. They are
    known by their working directory, not by the number in the lock file: that may since belong to
    anything (a restarted container hands out the same small numbers), and a killed server's own
    children are not in it. Only when none is left is it safe to remove the file.
    """
    for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        left = _running_on(data)
        if not left:
            break
        numbers = {process.pid for process in left}
        for process in left:
            with suppress(psutil.Error):
                # SIGINT is the server's to hear; to one of its children it says something else.
                if sign is not signal.SIGINT or process.ppid() not in numbers:
                    process.send_signal(sign)
        psutil.wait_procs(left, timeout=_STOP_SECONDS)
    if left := _running_on(data):
        raise PostgresDidNotStart(
            f"An older PostgreSQL (process {left[0].pid}) holds {data} and does not end."
        )
    (data / "postmaster.pid").unlink(missing_ok=True)


def _running_on(data: Path) -> list[psutil.Process]:
    # Others' processes have cwd None; a zombie has none either and holds nothing.
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["cwd"] == str(data) and process.info["name"].startswith("postgres")
    ]


def read_passwords(directory: Path) -> dict[str, str]:
    try:
        stored = json.loads((directory / "passwords.json").read_text())
    except FileNotFoundError:
        return {}
    return {str(role): str(password) for role, password in stored.items()}


def write_passwords(directory: Path, passwords: dict[str, str]) -> None:
    """Replaced in one step, readable by the owner only."""
    handle, name = tempfile.mkstemp(prefix="passwords-", dir=directory)  # mkstemp: 0600
    with os.fdopen(handle, "w") as file:
        json.dump(passwords, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(directory / "passwords.json")


def open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > _KEEP_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    log = path.open("ab")
    path.chmod(0o600)
    log.seek(0, os.SEEK_END)
    return log


def said_since(log: Path, start: int) -> str:
    with log.open("rb") as lines:
        lines.seek(start)
        return "\n".join(lines.read().decode(errors="replace").splitlines()[-15:])
