"""Databases with the tables of one service, copied from a template that is migrated once.

A test has its own for as long as it runs; the next one gets it as new.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from postgres import PostgresServer
from shared.db import make_engine, transaction
from sqlalchemy import Engine

from shared import migrate, schema

SERVICES = ("cases", "contact_rules", "plans")
PLUMBING = "plumbing"
EMPTY = "empty"


class Databases:
    """The databases of one test; `close` disposes of their engines and gives them back."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._cleanup = ExitStack()

    def url(self, kind: str) -> str:
        """A database as new: a service's (`cases`, `contact_rules`, `plans`) as migrated, only the
        shared tables (`plumbing`), or nothing in it (`empty`). The URL is its owner's."""
        if kind == EMPTY:
            url = self.server.create_database(EMPTY)
            self._cleanup.callback(self.server.drop_database, url)
        else:
            url = self.server.migrated_database(kind, _tables_of(kind))
            self._cleanup.callback(self.server.give_back, kind, url)
        return url

    def engine(self, kind: str, *, pool_size: int = 5) -> Engine:
        """An engine on a new database; as `url`."""
        engine = make_engine(self.url(kind), pool_size=pool_size, application_name="tests")
        self._cleanup.callback(engine.dispose)
        return engine

    def close(self) -> None:
        """Whoever is still connected has to go."""
        self._cleanup.close()


def _tables_of(kind: str) -> Callable[[str], None]:
    if kind == PLUMBING:
        return _plumbing
    if kind not in SERVICES:
        raise ValueError(f"no database is called {kind!r}")
    return lambda url: _migrated(url, kind)


def _migrated(url: str, package: str) -> None:
    engine = make_engine(url, pool_size=2, application_name="tests")
    try:
        migrate.upgrade(engine, package)
    finally:
        engine.dispose()


def _plumbing(url: str) -> None:
    engine = make_engine(url, pool_size=1, application_name="tests")
    try:
        with transaction(engine) as session:
            session.connection().exec_driver_sql(schema.PLUMBING_V1)
    finally:
        engine.dispose()
