"""Parked messages and the sweep, on a database that the environment names, as in a container."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from doorstep.__main__ import main
from shared.bus import Parcel
from shared.clock import utc_now
from shared.db import make_engine, transaction
from shared.ids import new_id
from sqlalchemy import Engine, text

from shared import parking

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def engine(
    make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Engine:
    url = make_database("plans")
    secret = tmp_path / "plans-database-url"
    secret.write_text(f"{url}\n")
    monkeypatch.setenv("PLANS_DATABASE_URL_FILE", str(secret))
    engine = make_engine(url, pool_size=1)
    yield engine
    engine.dispose()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)  # where no home is: nothing but the environment can help

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["doorstep", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


def park(engine: Engine, key: str, error: str, attempts: int) -> UUID:
    parcel = Parcel(new_id(), "cases.case-opened.v1", key, b'{"lender": "northbank"}')
    with transaction(engine) as session:
        parking.park(session, parcel, error=error, attempts=attempts, now=utc_now())
    return parcel.id


def left(engine: Engine) -> list[tuple[UUID, bool]]:
    """What is parked, and whether it will be worked off again."""
    with transaction(engine) as session:
        return [
            (message.message_id, message.requeued_at is not None)
            for message in parking.list_parked(session)
        ]


def test_what_is_parked_is_listed_with_its_ids_whole(engine: Engine, run: Run) -> None:
    first = park(engine, "person-1", "KeyError in decide\nmore of it", 3)
    behind = park(engine, "person-1", parking.BEHIND, 0)
    code, said, _ = run("parked", "list")
    assert code == 0
    assert str(first) in said
    assert str(behind) in said
    assert "more of it" not in said


def test_one_message_is_shown_as_json_with_all_of_its_error(engine: Engine, run: Run) -> None:
    message = park(engine, "person-1", "KeyError in decide\nmore of it", 3)
    code, said, _ = run("parked", "show", str(message), "--service", "plans")
    assert code == 0
    shown = json.loads(said)
    assert shown["error"] == "KeyError in decide\nmore of it"
    assert shown["body"] == {"lender": "northbank"}
    assert shown["attempts"] == 3


def test_requeueing_a_message_takes_along_what_waits_behind_it(engine: Engine, run: Run) -> None:
    first, behind = park(engine, "p", "failed", 3), park(engine, "p", parking.BEHIND, 0)
    other = park(engine, "q", "failed", 3)
    code, said, _ = run("parked", "requeue", str(first), "--service", "plans")
    assert code == 0
    assert "2 message(s)" in said
    assert left(engine) == [(first, True), (behind, True), (other, False)]


def test_a_dropped_message_is_gone_and_says_who_and_why(engine: Engine, run: Run) -> None:
    first, behind = park(engine, "p", "failed", 3), park(engine, "p", parking.BEHIND, 0)
    words = ("parked", "drop", str(first), "--service", "plans")
    code, _, said = run(*words, "--reason", " ", "--by", "zoe")
    assert code == 2
    assert "--reason" in said
    assert run(*words, "--reason", "sent twice by mistake", "--by", "zoe")[0] == 0
    assert left(engine) == [(behind, True)]
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT dropped_by, drop_reason FROM parked WHERE message_id = :id"), {"id": first}
        ).one()
    assert tuple(row) == ("zoe", "sent twice by mistake")


@pytest.mark.parametrize("what", ["show", "requeue"])
def test_a_message_that_is_not_parked_is_said_so(engine: Engine, run: Run, what: str) -> None:
    code, _, said = run("parked", what, str(new_id()), "--service", "plans")
    assert code == 2
    assert "is parked" in said


def test_another_services_messages_are_not_reached_from_here(engine: Engine, run: Run) -> None:
    code, _, said = run("parked", "show", str(new_id()), "--service", "cases")
    assert code == 2
    assert "There is no house in" in said


@pytest.mark.parametrize("words", [["parked", "list", "--service", "cases"], ["sweep"]])
def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("CASES_DATABASE_URL", "postgresql://zoe:hush@127.0.0.1:1/cases")
    code, _, said = run(*words)
    assert code == 1
    assert " ".join(said.split()) == (
        'The database can\'t be reached: connection to server at "127.0.0.1", port 1 failed:'
        " Connection refused."
    )


def test_a_database_without_tables_refuses_in_a_sentence(engine: Engine, run: Run) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE parked CASCADE"))
    code, _, said = run("parked", "list")
    assert (code, " ".join(said.split())) == (
        1,
        'The database refuses (SQLSTATE 42P01): relation "parked" does not exist.',
    )


@pytest.mark.parametrize(
    "url", ["cases", "postgresql://zoe:hush@here:port/cases", "postgresql://[::1/cases"]
)
def test_an_address_that_is_no_url_is_said_so_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CASES_DATABASE_URL", url)
    code, _, said = run("parked", "list")
    assert code == 2
    assert "database of cases is no URL" in said
    assert "hush" not in said


def test_the_sweep_forgets_what_is_old_and_keeps_what_is_not(engine: Engine, run: Run) -> None:
    now = utc_now()
    with engine.begin() as connection:
        for days in (1, 29, 31, 89, 91):
            at = now - timedelta(days=days)
            connection.execute(
                text("INSERT INTO inbox (message_id, received_at) VALUES (:id, :at)"),
                {"id": new_id(), "at": at},
            )
            for published in (at, None):
                connection.execute(
                    text(
                        "INSERT INTO outbox (id, type, key, body, created_at, published_at)"
                        " VALUES (:id, 'a.b.v1', 'k', '{}', :at, :published)"
                    ),
                    {"id": new_id(), "at": at, "published": published},
                )
            connection.execute(
                text(
                    "INSERT INTO idempotency_key"
                    " (actor, key, request_hash, status, headers, body, created_at)"
                    " VALUES ('a', :key, '', 200, '{}', '', :at)"
                ),
                {"key": str(days), "at": at},
            )

    def counts() -> list[int]:
        with engine.connect() as connection:
            return [
                int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
                for table in ("idempotency_key", "outbox", "inbox")
            ]

    assert run("sweep", "--as-of", str((now - timedelta(days=60)).date()))[0] == 0
    assert counts() == [3, 10 - 1, 5]
    for forgotten in (["2", "2", "1"], ["0", "0", "0"]):
        code, said, _ = run("sweep")
        assert code == 0
        assert [word for word in said.split() if word.isdigit()] == forgotten
        assert counts() == [1, 5 + 2, 4]  # what is not published is never forgotten
