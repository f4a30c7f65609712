"""The fixtures of all tests: a real PostgreSQL, a real RabbitMQ, keys, tokens and a clock.

A test that names none of them runs without any server. The servers start when the first test
asks for them and end with the run, also on Ctrl-C; when one can't be had, the run fails there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

import postgres as postgres_support
import pytest
import rabbitmq as rabbitmq_support
from backing import NoBacking
from credentials import Keys, TokenMint
from databases import PLUMBING, Databases
from postgres import PostgresServer
from rabbitmq import RabbitServer
from routes_once import routes_worked_out_once
from settable_clock import SettableClock
from sqlalchemy import Engine

S = TypeVar("S")


def pytest_report_header() -> list[str]:
    """Says where the servers come from, before anything runs."""
    lines = []
    for name, choose in (
        ("PostgreSQL", postgres_support.choose),
        ("RabbitMQ", rabbitmq_support.choose),
    ):
        try:
            lines.append(f"{name}: {choose().phrase}")
        except NoBacking as error:
            lines.append(f"{name}: NONE. {error}")
    return lines


@pytest.fixture(scope="session", autouse=True)
def _routes_worked_out_once() -> Iterator[None]:
    """Applications are made by the thousand here."""
    with routes_worked_out_once():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this run. The run ends here, failed, if there is none."""
    with _or_end_the_run(postgres_support.running()) as server:
        yield server


@pytest.fixture
def databases(postgres: PostgresServer) -> Iterator[Databases]:
    """Makes databases; they are dropped after the test."""
    made = Databases(postgres)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def make_database(databases: Databases) -> Callable[[str], str]:
    """`make_database("cases")` → the URL of a new database; kinds as in `Databases.url`."""
    return databases.url


@pytest.fixture
def make_engine_on(databases: Databases) -> Callable[..., Engine]:
    """`make_engine_on("cases", pool_size=20)` → an engine on a new database."""
    return databases.engine


@pytest.fixture
def plumbing_engine(databases: Databases) -> Engine:
    """A database with the shared tables alone: outbox, inbox, parked, idempotency keys."""
    return databases.engine(PLUMBING)


@pytest.fixture
def cases_engine(databases: Databases) -> Engine:
    """A new database of the service cases."""
    return databases.engine("cases")


@pytest.fixture
def contact_rules_engine(databases: Databases) -> Engine:
    """A new database of the service contact-rules."""
    return databases.engine("contact_rules")


@pytest.fixture
def plans_engine(databases: Databases) -> Engine:
    """A new database of the service plans."""
    return databases.engine("plans")


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitServer]:
    """The RabbitMQ broker of this run. The run ends here, failed, if there is none."""
    with _or_end_the_run(rabbitmq_support.running()) as server:
        yield server


@pytest.fixture
def make_vhost(rabbit: RabbitServer) -> Iterator[Callable[[], str]]:
    """`make_vhost()` → the AMQP URL of a new, empty virtual host."""
    made: list[str] = []

    def make() -> str:
        made.append(rabbit.create_vhost())
        return made[-1]

    yield make
    for url in made:
        rabbit.drop_vhost(url)


@pytest.fixture
def rabbit_url(make_vhost: Callable[[], str]) -> str:
    """The AMQP URL of a virtual host of this test's own."""
    return make_vhost()


@contextmanager
def _or_end_the_run(starting: AbstractContextManager[S]) -> Iterator[S]:
    """Without a real server no test is passed over: the whole run fails, saying what would help."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(starting)
        except NoBacking as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        yield server


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still at a Monday morning in Taipei until the test moves it."""
    return SettableClock()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys of this run: of bearer tokens and of approvals, private and public."""
    return Keys.make(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def token(keys: Keys, clock: SettableClock) -> TokenMint:
    """`token("lender", lender="northbank")` → a bearer token; `token.header("ops")` → a header."""
    return TokenMint(keys, clock)
