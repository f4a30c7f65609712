"""Connections to PostgreSQL and the one place where a request or a batch of messages commits."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakMethod

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

# Set by shared.outbox on a session that has events to publish.
HAS_EVENTS: Final = "shared.outbox.has_events"

_SESSION_SETTINGS: Final = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "timezone": "UTC",
        "statement_timeout": "60s",
        "lock_timeout": "20s",
        "idle_in_transaction_session_timeout": "120s",
    }.items()
)

# Codes of PostgreSQL that a retry of the whole transaction may cure.
_TRANSIENT_STATES: Final = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "57014",  # query_canceled (statement_timeout)
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "53300",  # too_many_connections
    }
)

# A relay knows its engine: held from here, neither of them would ever be given up.
_wakes: WeakKeyDictionary[Engine, list[WeakMethod[Callable[[], None]]]] = WeakKeyDictionary()
_wakes_lock = threading.Lock()


def make_engine(url: str, *, pool_size: int = 5, application_name: str = "doorstep") -> Engine:
    """An engine on PostgreSQL through psycopg 3: READ COMMITTED, UTC, bounded waits.

    ``url`` may begin with ``postgresql://`` or ``postgres://``. A connection is tested when it is
    taken from the pool, so that a restarted database costs a request no error. Keep the pool at
    two or three times the cores: larger ones were measured slower.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        msg = "a database URL begins with postgresql://"
        raise ValueError(msg)
    return create_engine(
        f"postgresql+psycopg://{rest}",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=15,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        insertmanyvalues_page_size=1000,
        # What lenders wrote must not get into an error's text, and so into a log.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "options": _SESSION_SETTINGS,
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises.

    When this returns, the effect and its events are durable. Only then is the relay of this
    process woken; relays of other processes find the rows by looking.
    """
    with Session(engine, expire_on_commit=False) as session:
        with session.begin():
            yield session
        has_events = session.info.get(HAS_EVENTS, False)
    if has_events:
        with _wakes_lock:
            wakes = tuple(_wakes.get(engine, ()))
        for each in wakes:
            if (wake := each()) is not None:
                wake()


def copy_in(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Append ``rows`` to ``table`` in this transaction by COPY: one statement for any number.

    Half the time of executemany for a hundred rows and a third for a thousand; below about ten
    an insert is as good. ``table`` and ``columns`` are the program's own names.
    """
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with driver_cursor(session, statement) as cursor, cursor.copy(statement) as copying:
        for row in rows:
            copying.write_row(row)


@contextmanager
def driver_cursor(session: Session, statement: str) -> Iterator[psycopg.Cursor[Any]]:
    """psycopg's own cursor in this transaction, for what SQLAlchemy has no words for.

    Its errors come as SQLAlchemy's, as if ``statement`` had been executed there: whoever decides
    what to do about a failure looks for those.
    """
    connection = session.connection()
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        with driver.cursor() as cursor:
            yield cursor
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement,
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=driver.closed,
            dialect=connection.dialect,
        ) from error


def on_commit_wake(engine: Engine, wake: Callable[[], None]) -> None:
    """Have the method ``wake`` called after each commit on ``engine`` that wrote events, for as
    long as its object lives."""
    with _wakes_lock:
        _wakes.setdefault(engine, []).append(WeakMethod(wake))


def is_transient(error: BaseException) -> bool:
    """Whether the database, not the work, is at fault, so that the same work may succeed later."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return state in _TRANSIENT_STATES or state.startswith("08")
