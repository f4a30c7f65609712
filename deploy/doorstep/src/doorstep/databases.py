"""The databases of the services, for an operator: as the environment says, or the home's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from shared.db import make_engine
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from doorstep import postgres
from doorstep.home import existing_home
from doorstep.trouble import Trouble


class ServiceName(StrEnum):
    """The services that have a database."""

    CASES = "cases"
    CONTACT_RULES = "contact-rules"
    PLANS = "plans"

    @property
    def database(self) -> str:
        return self.value.replace("-", "_")


class DatabaseFails(Trouble):
    """A database that can't be reached, or refuses: in PostgreSQL's own words."""

    exit_code = 1

    def __init__(self, error: DBAPIError) -> None:
        # The first line alone: those below are guesses, or quote the statement and its row.
        words = str(error.orig).strip().partition("\n")[0].removeprefix("connection failed: ")
        state = getattr(error.orig, "sqlstate", None)
        does = "can't be reached" if state is None else f"refuses (SQLSTATE {state})"
        super().__init__(f"The database {does}: {words.rstrip('.')}.")


@contextmanager
def engines(home: Path, *names: ServiceName) -> Iterator[dict[ServiceName, Engine]]:
    """An engine for each of these services.

    Where the environment names databases of theirs (`CASES_DATABASE_URL` or `…_FILE`, as the
    services themselves read them) it is those and no others: a container of one service knows
    only its own. Else the home's, whose database is started for the while if no house runs there.
    Raises Trouble. None is connected to yet.
    """
    named = {name: url for name in names if (url := _from_environment(name)) is not None}
    if named:
        with _made(named) as found:
            yield found
    else:
        with _of_home(home) as address, _made({n: _url(address, n) for n in names}) as found:
            yield found


def _from_environment(name: ServiceName) -> str | None:
    """Read here and not through the service's settings, which demand much that is of no use."""
    variable = f"{name.database}_DATABASE_URL".upper()
    if url := os.environ.get(variable):
        return url
    if file := os.environ.get(f"{variable}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Trouble(f"{variable}_FILE names {file}: {error.strerror}.") from error
    return None


@contextmanager
def _of_home(directory: Path) -> Iterator[postgres.Address]:
    home = existing_home(directory)
    if (running := postgres.find(home.postgres)) is not None:
        yield running
        return
    with home.locked():
        try:
            server = postgres.start(home.postgres, durable=True)
        except postgres.PostgresDidNotStart as error:
            raise Trouble(str(error)) from error
        with server:
            yield server.address


def _url(address: postgres.Address, name: ServiceName) -> str:
    try:
        return address.url(name.database, name.database)
    except KeyError:
        raise Trouble(
            f"This home has no database for {name.value} yet: run the house once."
        ) from None


@contextmanager
def _made(urls: dict[ServiceName, str]) -> Iterator[dict[ServiceName, Engine]]:
    found: dict[ServiceName, Engine] = {}
    try:
        for name, url in urls.items():
            try:
                found[name] = make_engine(url, pool_size=2)
            except (ValueError, ArgumentError):
                # Neither the URL nor an error that quotes it: a password is in there.
                raise Trouble(
                    f"The address of the database of {name.value} is no URL such as"
                    " postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
                ) from None
        yield found
    finally:
        for engine in found.values():
            engine.dispose()
