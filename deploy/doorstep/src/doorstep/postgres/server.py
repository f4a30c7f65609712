"""Starts and stops the server process, and makes roles and databases in it."""

import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from doorstep.postgres.account import (
    Account,
    PostgresDidNotStart,
    binary,
    choose_account,
    environment,
)
from doorstep.postgres.data import (
    SUPERUSER,
    check_version,
    end_orphans,
    initialise,
    open_log,
    read_passwords,
    said_since,
    write_passwords,
)
from doorstep.postgres.sockets import (
    free_port,
    make_socket_directory,
    remove_if_temporary,
)

_START_SECONDS: Final = 60.0  # a crash recovery of a developer's database is far below
_STOP_SECONDS: Final = 20.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and the passwords of its roles."""

    socket_directory: Path | None
    port: int
    passwords: dict[str, str]

    def url(self, database: str = SUPERUSER, role: str = SUPERUSER) -> str:
        """A `postgresql://` URL with the role's password inside; for libpq, psycopg and SQLAlchemy.

        The role must be the superuser or one that `Server.provide` made; KeyError otherwise.
        """
        login = f"{quote(role, safe='')}:{quote(self.passwords[role], safe='')}"
        name = quote(database, safe="")
        if self.socket_directory is None:
            return f"postgresql://{login}@127.0.0.1:{self.port}/{name}"
        # The port names the socket's file; said, because PGPORT would count otherwise.
        where = f"host={quote(str(self.socket_directory), safe='')}&port={self.port}"
        return f"postgresql://{login}@/{name}?{where}"


@dataclass
class Server:
    """A running server. `stop` may be called twice, and after the server died by itself."""

    directory: Path
    address: Address
    process: "subprocess.Popen[bytes]"
    _stopping: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    def url(self, database: str = SUPERUSER, role: str = SUPERUSER) -> str:
        """See `Address.url`."""
        return self.address.url(database, role)

    def provide(self, *names: str) -> None:
        """Makes sure that for each name there is a role and a database it alone may enter.

        Does nothing to what is already there; the password is kept beside the data.
        """
        passwords = self.address.passwords
        fresh = [name for name in names if name not in passwords]
        if fresh:
            passwords |= {name: secrets.token_urlsafe(24) for name in fresh}
            write_passwords(self.directory, passwords)
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
            for name in names:
                self._provide(connection, name)

    def _provide(self, connection: psycopg.Connection, name: str) -> None:
        role = sql.Identifier(name)
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
        # ALTER as well as CREATE: a crash between writing the password and making the role, or a
        # restored database, must not lock the house out of its own data.
        verb = sql.SQL("ALTER" if known else "CREATE")
        password = sql.Literal(self.address.passwords[name])
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                verb, role, password
            )
        )
        database = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(database, (name,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(role))

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Stops the server and waits for it: quietly, then harder. Never raises for a dead one.

        SIGINT rolls back what still runs and writes a checkpoint; SIGQUIT leaves the rest to the
        recovery of the next start.
        """
        with self._stopping:
            for sign, seconds in (
                (signal.SIGINT, _STOP_SECONDS),
                (signal.SIGQUIT, 5.0),
                (signal.SIGKILL, 5.0),
            ):
                if self.process.poll() is not None:
                    break
                self.process.send_signal(sign)
                try:
                    self.process.wait(seconds)
                except subprocess.TimeoutExpired:
                    continue
            remove_if_temporary(self.address.socket_directory, self.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def find(directory: Path) -> Address | None:
    """The server that another process runs on this directory; None if none is running."""
    try:
        # Written by PostgreSQL: process, data, start, port, socket directory, listen address, …
        lines = (directory / "data" / "postmaster.pid").read_text().splitlines()
        port, socket_directory = int(lines[3]), lines[4]
    except (OSError, ValueError, IndexError):
        return None
    where = Path(socket_directory) if socket_directory else None
    address = Address(where, port, read_passwords(directory))
    try:
        psycopg.connect(address.url(), connect_timeout=5).close()
    except psycopg.OperationalError:
        return None  # the file of a killed one
    return address


def start(
    directory: Path,
    *,
    durable: bool,
    options: dict[str, str] | None = None,
    say: Progress | None = None,
) -> Server:
    """Starts the server whose data lives in `directory` (made if missing), and waits until ready.

    The caller must be the only one to use the directory, and must call from a thread that lives as
    long as the server should: the kernel stops the server when that *thread* ends, which is how
    even `kill -9` of this process leaves no server behind. Data of a killed server is recovered.

    `durable=False` trades safety at power loss for speed, for databases of tests. `options` are
    further server settings. Raises PostgresDidNotStart.
    """
    directory = directory.resolve()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = directory / "data"
    account = choose_account(data)
    passwords = read_passwords(directory)
    if (data / "PG_VERSION").exists():
        check_version(data)
        if SUPERUSER not in passwords:
            raise PostgresDidNotStart(
                f"The passwords of the database in {directory} are gone (passwords.json). "
                "Put the file back, or start with another home."
            )
    else:
        if say:
            say("making the database")
        passwords = initialise(directory, account, durable=durable)
    end_orphans(data)
    return _launch(directory, account, passwords, durable=durable, options=options or {})


def _launch(
    directory: Path,
    account: Account,
    passwords: dict[str, str],
    *,
    durable: bool,
    options: dict[str, str],
) -> Server:
    socket_directory = make_socket_directory(directory, account)
    port = 5432 if socket_directory else free_port()
    settings = {
        "listen_addresses": "" if socket_directory else "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(socket_directory or ""),
        "unix_socket_permissions": "0700" if os.geteuid() != 0 else "0777",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "password_encryption": "scram-sha-256",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    settings |= options
    command = [*account.prefix, binary("postgres"), "-D", str(directory / "data")]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with open_log(directory / "postgres.log") as log:
        start_of_log = log.tell()
        process = subprocess.Popen(  # noqa: S603 - our own binaries
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
            # Its own session: Ctrl-C at the terminal must reach the house first, the database last.
            start_new_session=True,
        )
    server = Server(directory, Address(socket_directory, port, passwords), process)
    try:
        _wait_until_ready(server, start_of_log)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_until_ready(server: Server, start_of_log: int) -> None:
    give_up = time.monotonic() + _START_SECONDS
    last = ""
    while time.monotonic() < give_up:
        if not server.alive():
            raise PostgresDidNotStart(
                f"PostgreSQL ended at once. The end of {server.log}:\n"
                f"{said_since(server.log, start_of_log)}"
            )
        try:
            with psycopg.connect(server.url(), connect_timeout=5):
                return
        except psycopg.OperationalError as error:
            last = str(error).strip()
            if error.sqlstate == "28P01" or "password authentication failed" in last:
                raise PostgresDidNotStart(
                    f"The passwords kept in {server.directory} are not those of its database."
                ) from error
            time.sleep(0.02)
    raise PostgresDidNotStart(
        f"PostgreSQL was not ready within {_START_SECONDS:.0f} seconds: {last}. See {server.log}."
    )
