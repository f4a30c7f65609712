"""A database that another test used before is as new, or it is not given to a test at all."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from databases import Databases
from postgres import PostgresServer, database_name
from psycopg import sql

KIND = "contact_rules"


@pytest.fixture
def used(postgres: PostgresServer) -> Iterator[tuple[Databases, str]]:
    """A database in use, with the `Databases` that gives it back."""
    databases = Databases(postgres)
    yield databases, databases.url(KIND)
    databases.close()


def is_there(postgres: PostgresServer, url: str) -> bool:
    with psycopg.connect(postgres.url) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [database_name(url)]
        )
        return found.fetchone() is not None


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            table: connection.execute(
                sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            ).fetchall()
            for (table,) in tables
        }


def add_to_outbox(url: str) -> int:
    """The number that the row got."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "INSERT INTO outbox (id, type, key, body, created_at)"
            " VALUES (gen_random_uuid(), 't', 'k', '{}', now()) RETURNING seq"
        ).fetchone()
        assert row is not None
        return int(row[0])


def test_the_next_one_gets_it_as_new(postgres: PostgresServer, used: tuple[Databases, str]) -> None:
    databases, url = used
    before = contents(url)
    assert before["rules_revision"], "what a migration put in is there"
    first = add_to_outbox(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO person (id) VALUES (gen_random_uuid())")
        connection.execute("UPDATE rules_revision SET revision = 7")
        connection.execute(
            "INSERT INTO pack_text VALUES ('digest', 'p', '1', 'p.yaml', 'never deleted', now())"
        )
    databases.close()
    next_one = Databases(postgres)
    try:
        assert next_one.url(KIND) == url
        assert contents(url) == before
        assert add_to_outbox(url) == first
    finally:
        next_one.close()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE left_behind (id int)",
        "DROP TABLE approval CASCADE",
        "ALTER TABLE person ADD COLUMN nickname text",
        "ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only",
        "ALTER TABLE outbox ALTER COLUMN type DROP NOT NULL",
        "CREATE INDEX one_more ON person (id)",
        "CREATE SCHEMA elsewhere",
        "CREATE FUNCTION forget() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "REVOKE INSERT ON person FROM CURRENT_USER",
        "ALTER ROLE CURRENT_USER IN DATABASE {} SET search_path = nowhere",
    ],
)
def test_one_whose_tables_were_changed_is_dropped(
    postgres: PostgresServer, used: tuple[Databases, str], change: str
) -> None:
    databases, url = used
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(change).format(sql.Identifier(database_name(url))))
    databases.close()
    assert not is_there(postgres, url)


def test_one_that_grew_large_is_dropped(
    postgres: PostgresServer, used: tuple[Databases, str]
) -> None:
    databases, url = used
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO person (id) SELECT gen_random_uuid() FROM generate_series(1, 300000)"
        )
    databases.close()
    assert not is_there(postgres, url)


def test_whoever_is_still_in_a_transaction_has_to_go(
    postgres: PostgresServer, used: tuple[Databases, str]
) -> None:
    databases, url = used
    before = contents(url)
    with psycopg.connect(url) as forgotten:
        forgotten.execute("INSERT INTO person (id) VALUES (gen_random_uuid())")
        forgotten.execute("LOCK TABLE outbox")
        databases.close()
        with pytest.raises(psycopg.OperationalError):
            forgotten.commit()
    assert is_there(postgres, url)
    assert contents(url) == before
