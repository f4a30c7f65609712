"""Transactions: all or nothing, and which errors a retry may cure."""

import gc
from weakref import ref

import pytest
from shared.db import is_transient, make_engine, on_commit_wake, transaction
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError


def test_a_transaction_commits_at_its_end_and_not_before(plumbing_engine: Engine) -> None:
    def seen() -> int:
        with plumbing_engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM inbox")).scalar_one())

    with transaction(plumbing_engine) as session:
        session.execute(text("INSERT INTO inbox VALUES (gen_random_uuid(), now())"))
        assert seen() == 0
    assert seen() == 1


class Sleeper:
    """Knows its engine, as a relay does."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.woken = engine, 0
        on_commit_wake(engine, self.wake)

    def wake(self) -> None:
        self.woken += 1


def test_an_engine_and_who_waits_for_its_commits_are_given_up_together() -> None:
    sleeper = Sleeper(make_engine("postgresql://nobody@127.0.0.1:1/none"))
    engine = ref(sleeper.engine)
    del sleeper
    gc.collect()
    assert engine() is None


def test_a_transaction_that_raises_leaves_nothing(plumbing_engine: Engine) -> None:
    sleeper = Sleeper(plumbing_engine)
    with pytest.raises(KeyError), transaction(plumbing_engine) as session:
        session.execute(text("INSERT INTO inbox VALUES (gen_random_uuid(), now())"))
        raise KeyError
    with plumbing_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM inbox")).scalar_one() == 0
    assert sleeper.woken == 0


def test_sessions_are_in_utc_and_read_committed(plumbing_engine: Engine) -> None:
    with transaction(plumbing_engine) as session:
        assert session.execute(text("SHOW timezone")).scalar_one() == "UTC"
        assert session.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"


@pytest.mark.parametrize("url", ["sqlite://", "mysql://x/y", "nonsense", ""])
def test_only_postgresql_will_do(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql"):
        make_engine(url)


def failure(engine: Engine, statement: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text(statement))
    return caught.value


def test_a_database_that_is_away_is_transient() -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/nowhere")
    assert is_transient(failure(engine, "SELECT 1"))
    engine.dispose()


def test_a_killed_connection_is_transient(plumbing_engine: Engine) -> None:
    assert is_transient(
        failure(plumbing_engine, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)")
    )


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", True),
        ("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", True),
        ("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", True),
        ("SELECT 1 / 0", False),
        ("INSERT INTO inbox VALUES (NULL, now())", False),
        ("SELECT * FROM no_such_table", False),
    ],
)
def test_the_work_is_at_fault_or_the_database(
    plumbing_engine: Engine, statement: str, expected: bool
) -> None:
    assert is_transient(failure(plumbing_engine, statement)) is expected


def test_an_error_of_the_program_is_not_transient() -> None:
    assert not is_transient(RuntimeError("a bug"))
