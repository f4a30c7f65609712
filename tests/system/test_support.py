"""The tests' own backing: what it promises to the tests that rely on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import children
import delivery
import pika
import psycopg
import pytest
from credentials import Keys, TokenMint
from delivery import Parked, announced, deliver
from psycopg import sql
from settable_clock import SettableClock
from shared.auth import Role, Tokens
from shared.inbox import Delivered, Handler, each
from shared.keys import BadToken, KeySet
from shared.messages import Event, Received
from sqlalchemy import Engine, text
from sqlmodel import Session

from shared import outbox


class KnockedOnDoor(Event):
    TYPE: ClassVar[str] = "tests.door-knocked.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {"times": 3}
    times: int


class Knock(Received):
    TYPE: ClassVar[str] = "tests.door-knocked.v1"
    times: int


class Opened(Event):
    TYPE: ClassVar[str] = "tests.door-opened.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {"after": 3}
    after: int


def test_each_test_has_a_database_and_a_virtual_host_of_its_own(
    make_database: Callable[[str], str], make_vhost: Callable[[], str]
) -> None:
    first, second = make_database("plumbing"), make_database("plumbing")
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("INSERT INTO inbox VALUES (gen_random_uuid(), now())")
        superuser = connection.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        assert superuser.fetchall() == [(False,)]
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM inbox").fetchall() == [(0,)]
    here, there = make_vhost(), make_vhost()
    with pika.BlockingConnection(pika.URLParameters(here)) as connection:
        connection.channel().queue_declare("letterbox", durable=True)
    with (
        pika.BlockingConnection(pika.URLParameters(there)) as connection,
        pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no queue 'letterbox'"),
    ):
        connection.channel().queue_declare("letterbox", passive=True)


def test_a_role_cannot_enter_what_is_not_its_own(make_database: Callable[[str], str]) -> None:
    url = make_database("plumbing")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(sql.SQL("CREATE ROLE intruder"))


def test_delivery_reaches_the_handler_once_and_tells_what_it_announced(
    plumbing_engine: Engine, clock: SettableClock
) -> None:
    heard: list[int] = []

    @each
    def open_up(session: Session, knock: Delivered[Knock], now: Any) -> None:
        heard.append(knock.event.times)
        outbox.add(session, Opened(after=knock.event.times), key=knock.message.subject, now=now)

    deliver(
        plumbing_engine,
        [Handler(Knock, open_up)],
        ("house 1", KnockedOnDoor(times=1)),
        ("house 2", KnockedOnDoor(times=2)),
        clock=clock,
    )
    assert heard == [1, 2]
    assert [one.data for one in announced(plumbing_engine)] == [{"after": 1}, {"after": 2}]
    assert announced(plumbing_engine, "tests.door-slammed.v1") == []


def test_delivery_says_what_was_parked(plumbing_engine: Engine, clock: SettableClock) -> None:
    @each
    def nobody_home(session: Session, knock: Delivered[Knock], now: Any) -> None:
        raise LookupError("nobody home")

    with pytest.raises(Parked, match="nobody home"):
        deliver(
            plumbing_engine,
            [Handler(Knock, nobody_home)],
            ("house 1", KnockedOnDoor(times=1)),
            clock=clock,
        )


def test_delivery_catches_an_inbox_that_forgets(
    plumbing_engine: Engine, clock: SettableClock
) -> None:
    @each
    def open_up(session: Session, knock: Delivered[Knock], now: Any) -> None:
        outbox.add(session, Opened(after=1), key=knock.message.subject, now=now)

    with plumbing_engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN DELETE FROM inbox; RETURN NULL; END $$"
            )
        )
        connection.execute(
            text("CREATE TRIGGER forget AFTER INSERT ON outbox EXECUTE FUNCTION forget()")
        )
    with pytest.raises(AssertionError, match=r"second delivery .* changed public\.outbox"):
        deliver(
            plumbing_engine,
            [Handler(Knock, open_up)],
            ("house 1", KnockedOnDoor(times=1)),
            clock=clock,
        )


def test_fingerprint_sees_a_row_that_changed(plumbing_engine: Engine) -> None:
    before = delivery.fingerprint(plumbing_engine)
    assert {"public.inbox", "public.outbox", "public.parked"} <= set(before)
    with plumbing_engine.begin() as connection:
        connection.execute(text("INSERT INTO inbox VALUES (gen_random_uuid(), now())"))
    after = delivery.fingerprint(plumbing_engine)
    assert [table for table in after if after[table] != before[table]] == ["public.inbox"]


def test_what_a_killed_run_left_behind_goes_with_the_next() -> None:
    nobody = next(pid for pid in range(4_000_000, 4_194_304) if not children.alive(pid))
    left = children.temporary_directory() / f"{children.PREFIX}-{nobody}-postgres-left"
    left.mkdir()
    with children.own_directory("tests") as mine:
        assert mine.exists()
        assert not left.exists()
    assert not mine.exists()


def test_tokens_are_accepted_by_what_reads_them(
    keys: Keys, token: TokenMint, clock: SettableClock
) -> None:
    reader = Tokens(KeySet(keys.token_jwks), clock=clock)
    caller = reader.caller(token("lender", lender="northbank"))
    assert (caller.role, caller.lender) == (Role.LENDER, "northbank")
    assert {reader.caller(token(role)).role for role in Role} == set(Role)
    clock.advance(days=3651)
    with pytest.raises(BadToken, match="issued in the future"):
        Tokens(KeySet(keys.token_jwks), clock=SettableClock()).caller(token())
