"""The person's lock, and rows written by COPY: what callers may rely on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from contact_rules.domain import Channel, Direction
from contact_rules.domain.ledger import Entry, EntryKind
from contact_rules.store import ledger, persons
from rules_house import House
from shared.db import is_transient, transaction
from shared.ids import new_id
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

Count = Callable[[Engine], AbstractContextManager[list[str]]]
NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)


def entry(person: UUID, **changed: Any) -> Entry:
    said: dict[str, Any] = {
        "id": new_id(),
        "contact_id": new_id(),
        "person_id": person,
        "kind": EntryKind.RELEASED,
        "lender": "northbank",
        "occurred_at": NOW,
        "recorded_at": NOW,
    }
    return Entry(**(said | changed))


def test_a_person_nobody_knows_becomes_known_and_is_held(house: House) -> None:
    person = new_id()
    with transaction(house.engine) as session:
        persons.lock(session, [person])
        with (
            pytest.raises(DBAPIError, match="lock timeout"),
            house.engine.connect() as other,
        ):
            # A row of this transaction is not there for others, but its id is taken.
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            other.execute(text("INSERT INTO person (id) VALUES (:id)"), {"id": person})
            raise AssertionError("somebody else got in")
    assert [row.id for row in house.rows("person")] == [person]


def test_asking_again_for_what_is_held_runs_no_statement(
    house: House, count_statements: Count
) -> None:
    people = [new_id() for _ in range(3)]
    with count_statements(house.engine) as seen, transaction(house.engine) as session:
        persons.lock(session, people)
        assert len(seen) == 2
        persons.lock(session, people[1:])
        assert len(seen) == 2
        persons.lock(session, [*people, new_id()])
        assert len(seen) == 4


def test_a_lock_of_an_earlier_transaction_is_not_taken_for_held(
    house: House, count_statements: Count
) -> None:
    from sqlmodel import Session

    person = new_id()
    with count_statements(house.engine) as seen, Session(house.engine) as session:
        for _ in range(2):
            with session.begin():
                persons.lock(session, [person])
    assert len(seen) == 4


def test_a_lock_inside_a_savepoint_is_taken_again_outside(
    house: House, count_statements: Count
) -> None:
    person = new_id()
    with count_statements(house.engine) as seen, transaction(house.engine) as session:
        with session.begin_nested():
            persons.lock(session, [person])
        before = len(seen)
        persons.lock(session, [person])
        assert len(seen) == before + 2


def test_batches_that_overlap_in_any_order_never_wait_in_a_circle(house: House) -> None:
    people = [new_id() for _ in range(30)]
    failures: list[BaseException] = []

    def run(offset: int) -> None:
        try:
            for turn in range(20):
                first = (offset * 7 + turn * 11) % 30
                wanted = [people[(first + each * 13) % 30] for each in range(9)]
                with transaction(house.engine) as session:
                    persons.lock(session, [*wanted, new_id()])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(offset,)) for offset in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_words_that_only_look_like_syntax_are_written_as_they_are(house: House) -> None:
    person = new_id()
    odd = "\t\\N, \"quoted\" {curly} 'single' \\. 上门\n"
    written = entry(
        person,
        kind=EntryKind.RELEASED,
        reason=odd,
        party_id="",
        debts=("a,b", "{}", 'say "no"', "NULL", ""),
        channel=Channel.VISIT,
        direction=Direction.OUTBOUND,
        starts_at=NOW,
    )
    with transaction(house.engine) as session:
        persons.lock(session, [person])
        ledger.add(session, [written])
        ledger.add(session, [])
    with transaction(house.engine) as session:
        (found,) = ledger.histories(session, [person])[person]
        (line,) = ledger.lines(session, [person])[person]
    assert found.reason == odd
    assert found.debts == ("a,b", "{}", 'say "no"', "NULL", "")
    assert found.party_id == ""
    assert (line.person_id, line.contact_id) == (str(person), str(written.contact_id))
    assert line.seq == found.seq is not None


def test_a_row_that_is_refused_raises_as_any_statement_does(house: House) -> None:
    with pytest.raises(IntegrityError) as unknown, transaction(house.engine) as session:
        ledger.add(session, [entry(new_id())])
    assert not is_transient(unknown.value)
    assert unknown.value.orig.diag.constraint_name == "ledger_person_id_fkey"  # type: ignore[union-attr]
    with pytest.raises(DBAPIError), transaction(house.engine) as session:
        persons.lock(session, [person := new_id()])
        ledger.add(session, [entry(person, reason="nul \0")])
    assert house.rows("ledger") == []


def test_a_connection_that_dies_while_rows_are_written_is_worth_another_try(house: House) -> None:
    person = new_id()
    with pytest.raises(DBAPIError) as died, transaction(house.engine) as session:
        persons.lock(session, [person])
        mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with house.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": mine})
        ledger.add(session, [entry(person)])
    assert is_transient(died.value)
    # The pool noticed: the next transaction gets another connection.
    with transaction(house.engine) as session:
        persons.lock(session, [person])
