"""Where the server listens: a socket in a private directory, else a loopback port."""

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Final

from doorstep.postgres.account import Account

_SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT: Final = 107  # bytes; sun_path of Linux without its closing NUL


def make_socket_directory(directory: Path, account: Account) -> Path | None:
    """A private directory where a socket can live: in the home, else a short one; None: use TCP.

    Call it only when no server is running: what a killed one left behind is taken away.
    """
    beside = directory / "run"
    elsewhere = directory / "run-elsewhere"  # says where the short one was, to remove it
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text(), ignore_errors=True)
        elsewhere.unlink()
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    if _socket_works_in(beside):
        account.own(beside)
        return beside
    short = Path(tempfile.mkdtemp(prefix="doorstep-", dir="/tmp"))
    if _socket_works_in(short):
        elsewhere.write_text(str(short))
        account.own(short)
        return short
    short.rmdir()
    return None


def _socket_works_in(directory: Path) -> bool:
    path = directory / _SOCKET_NAME
    # ".lock" is longer but an ordinary file; the limit is the socket's.
    if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
        return False
    probe = directory / ".probe"
    try:
        probe.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(probe))
        probe.unlink()
    except OSError:
        return False  # some mounted file systems have no sockets
    return True


def remove_if_temporary(socket_directory: Path | None, directory: Path) -> None:
    if socket_directory is not None and socket_directory.parent != directory:
        shutil.rmtree(socket_directory, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
