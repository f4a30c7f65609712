"""Caps hold while sixteen race for the last place; the twins that only look atomic do not.

A statement's snapshot is taken before it waits for a lock, so a lock in the statement that reads
(or a snapshot that lasts for the whole transaction) reads what was there before the winner. Each
twin below is the real handler with nothing but its lock changed, and must be caught. The full race
(16 racers, 300 persons, 5 seeds, every kind of cap) is `make race`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from cap_races import CAPS, RACERS, Cap, Race
from contact_rules.domain.ledger import Entry, Line
from contact_rules.handlers.decide_visits import VisitRequest, decide_visits
from contact_rules.store import ledger, persons
from credentials import Keys
from settable_clock import SettableClock
from shared.db import transaction
from sqlalchemy import Engine, text
from sqlmodel import Session

StartRace = Callable[[Cap, int], Race]


@pytest.fixture
def start_race(
    make_engine_on: Callable[..., Engine], keys: Keys, clock: SettableClock, tmp_path: Path
) -> StartRace:
    def start(cap: Cap, people: int) -> Race:
        engine = make_engine_on("contact_rules", pool_size=RACERS)
        return Race.of(cap, people, engine, keys, clock, tmp_path)

    return start


@pytest.fixture
def slow_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading a history and reserving, others get their chance."""
    add = ledger.add

    def late(session: Session, entries: Sequence[Entry]) -> None:
        time.sleep(0.004)
        add(session, entries)

    monkeypatch.setattr(ledger, "add", late)


@pytest.mark.parametrize("cap", CAPS, ids=lambda cap: cap.name)
def test_caps_hold_when_all_ask_at_the_same_moment(
    start_race: StartRace, slow_to_write: None, cap: Cap
) -> None:
    race = start_race(cap, 4)
    race.decide_all_at_once(lambda request: race.decide([request]))
    assert race.over_approved() == 0
    # Nor is a place given away to nobody: the first to come always fits.
    assert all(race.reserved().values())
    if cap is CAPS[0]:
        assert {len(lines) for lines in race.reserved().values()} == {1}


@pytest.mark.parametrize("cap", CAPS, ids=lambda cap: cap.name)
def test_caps_hold_when_batches_meet_in_every_order(start_race: StartRace, cap: Cap) -> None:
    race = start_race(cap, 10)
    race.decide_in_batches(8, seed=CAPS.index(cap))
    assert race.over_approved() == 0
    with race.engine.connect() as connection:
        count = text("SELECT count(*) FROM decision")
        assert connection.execute(count).scalar_one() == 10 * RACERS


# --- the twins that must fail --------------------------------------------------------------------

IN_ONE_STATEMENT: Final = {
    "a locking CTE": (
        "WITH locked AS (SELECT id FROM person WHERE id = ANY(:ids) ORDER BY id FOR UPDATE)"
        " SELECT ledger.* FROM locked JOIN ledger ON ledger.person_id = locked.id"
        " ORDER BY ledger.person_id, ledger.seq"
    ),
    "an advisory lock": (
        "WITH locked AS MATERIALIZED ("
        " SELECT id, pg_advisory_xact_lock(hashtext(id::text)) FROM person WHERE id = ANY(:ids))"
        " SELECT ledger.* FROM locked JOIN ledger ON ledger.person_id = locked.id"
        " ORDER BY ledger.person_id, ledger.seq"
    ),
}


def no_lock(_session: Session, _persons: Any) -> None:
    """The person's lock, left out."""


@pytest.fixture(params=["no lock", *IN_ONE_STATEMENT, "REPEATABLE READ"])
def broken(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, slow_to_write: None
) -> Callable[[Race], Callable[[VisitRequest], None]]:
    """The real handler with one of the four locks that look right."""
    if request.param != "REPEATABLE READ":
        monkeypatch.setattr(persons, "lock", no_lock)
    if (statement := IN_ONE_STATEMENT.get(request.param)) is not None:

        def lines(session: Session, people: Sequence[UUID]) -> dict[UUID, list[Line]]:
            found: dict[UUID, list[Line]] = {person: [] for person in people}
            for row in session.execute(text(statement), {"ids": list(people)}):
                columns = row._asdict()
                line = Line(**{name: columns[name] for name in Line._fields})
                found[row.person_id].append(line)
            return found

        monkeypatch.setattr(ledger, "lines", lines)

    def decider(race: Race) -> Callable[[VisitRequest], None]:
        def decide(visit: VisitRequest) -> None:
            with transaction(race.engine) as session:
                if request.param == "REPEATABLE READ":
                    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                decide_visits(session, [visit], race.clock(), desk=race.desk)

        return decide

    return decider


@pytest.mark.parametrize("cap", CAPS[:3], ids=lambda cap: cap.name)
def test_the_race_catches_a_lock_that_only_looks_right(
    start_race: StartRace,
    broken: Callable[[Race], Callable[[VisitRequest], None]],
    cap: Cap,
) -> None:
    race = start_race(cap, 4)
    race.decide_all_at_once(broken(race))
    assert race.over_approved() > 0
