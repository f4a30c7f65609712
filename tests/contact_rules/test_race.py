"""Caps hold while sixteen race for the last place; the twins that only look atomic do not.

A statement's snapshot is taken before it waits for a lock, so a lock in the statement that reads
(or a snapshot that lasts for the whole transaction) reads what was there before the winner. Each
twin below is the real handler with nothing but its lock changed, and must be caught.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import load
from contact_rules.domain.ledger import Entry, Line
from contact_rules.handlers.decide_visits import Desk, VisitRequest, decide_visits
from contact_rules.store import ledger, persons
from credentials import Keys
from rules_house import TUESDAY, Debtor
from settable_clock import SettableClock
from shared.db import transaction
from sqlalchemy import Engine, text
from sqlmodel import Session

RACERS: Final = 16
TAIPEI: Final = ZoneInfo("Asia/Taipei")

PACK: Final = """
id: cap
version: 2026-01-01
title: {{en: A cap, zh: 上限}}
applies: always
rules:
  - id: cap.visits
    kind: cap
    severity: policy
    params: {{match: {{channel: [visit]}}, max: {most}, window: {window}}}
    citation: made up
    source_quality: text
    message: {{en: "{{measured}} of {{limit}}", zh: "{{measured}}/{{limit}}"}}
"""


@dataclass(frozen=True)
class Cap:
    """At most so many visits in so many days; sixteen ask for the days ``spread`` says."""

    name: str
    most: int
    days: int
    window: str
    spread: tuple[int, ...]

    def start(self, racer: int) -> Any:
        days = self.spread[racer % len(self.spread)]
        return TUESDAY + timedelta(days=days, minutes=20 * (racer // len(self.spread)))


CAPS: Final = (
    Cap("one a day", 1, 1, "calendar_day", (0,)),
    Cap("two in seven days", 2, 7, "{rolling_days: 7}", (0, 3, 6, 1, 5)),
    Cap("four in thirty days", 4, 30, "{rolling_days: 30}", (0, 29, 7, 14, 21, 3, 26)),
)


@dataclass(frozen=True)
class Race:
    """Sixteen visits to each of some persons, and a desk whose only rule is the cap."""

    cap: Cap
    engine: Engine
    desk: Desk
    clock: SettableClock
    requests: dict[UUID, list[VisitRequest]]

    def decide(self, requests: Sequence[VisitRequest]) -> None:
        with transaction(self.engine) as session:
            decide_visits(session, requests, self.clock(), desk=self.desk)

    def decide_all_at_once(self, decide: Callable[[VisitRequest], None]) -> None:
        """For each person, all sixteen at the same moment."""
        start = threading.Barrier(RACERS)

        def run(racer: int) -> None:
            for visits in self.requests.values():
                start.wait(timeout=60)
                decide(visits[racer])

        with ThreadPoolExecutor(RACERS) as pool:
            for done in [pool.submit(run, racer) for racer in range(RACERS)]:
                done.result()

    def decide_in_batches(self, size: int, seed: int) -> None:
        """Each racer goes through the persons in an order of its own, many in a call."""

        def run(racer: int) -> None:
            order = [visits[racer] for visits in self.requests.values()]
            random.Random(seed * RACERS + racer).shuffle(order)
            for first in range(0, len(order), size):
                self.decide(order[first : first + size])

        with ThreadPoolExecutor(RACERS) as pool:
            for done in [pool.submit(run, racer) for racer in range(RACERS)]:
                done.result()

    def reserved(self) -> dict[UUID, list[date]]:
        """The local days reserved for each person."""
        found: dict[UUID, list[date]] = {person: [] for person in self.requests}
        with self.engine.connect() as connection:
            for row in connection.execute(text("SELECT person_id, starts_at FROM ledger")):
                found[row.person_id].append(row.starts_at.astimezone(TAIPEI).date())
        return found

    def over_approved(self) -> int:
        """How many persons some window of whom holds more visits than the cap, counted plainly."""
        return sum(
            any(
                sum(
                    count
                    for day, count in days.items()
                    if first <= day < first + timedelta(days=self.cap.days)
                )
                > self.cap.most
                for first in days
            )
            for days in map(Counter, self.reserved().values())
        )


StartRace = Callable[[Cap, int], Race]


@pytest.fixture
def start_race(
    make_engine_on: Callable[..., Engine], keys: Keys, clock: SettableClock, tmp_path: Path
) -> StartRace:
    def start(cap: Cap, people: int) -> Race:
        (tmp_path / "cap.yaml").write_text(PACK.format(most=cap.most, window=cap.window))
        debtors = [Debtor() for _ in range(people)]
        requests = {
            debtor.person_id: [
                request_of(
                    VisitRequested.model_validate(
                        debtor.visit(cap.start(racer), minutes=10).model_dump(mode="json")
                    )
                )
                for racer in range(RACERS)
            ]
            for debtor in debtors
        }
        engine = make_engine_on("contact_rules", pool_size=RACERS)
        with engine.begin() as connection:
            known = text("INSERT INTO person (id) SELECT unnest(CAST(:ids AS uuid[]))")
            connection.execute(known, {"ids": list(requests)})
        return Race(cap, engine, Desk(load(tmp_path), keys.approvals), clock, requests)

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
    race = start_race(cap, 10)
    race.decide_all_at_once(lambda request: race.decide([request]))
    assert race.over_approved() == 0
    # Nor is a place given away to nobody: the first to come always fits.
    assert all(race.reserved().values())
    if cap.days == 1:
        assert {len(days) for days in race.reserved().values()} == {1}


@pytest.mark.parametrize("cap", CAPS, ids=lambda cap: cap.name)
def test_caps_hold_when_batches_meet_in_every_order(start_race: StartRace, cap: Cap) -> None:
    race = start_race(cap, 30)
    race.decide_in_batches(8, seed=cap.days)
    assert race.over_approved() == 0
    with race.engine.connect() as connection:
        count = text("SELECT count(*) FROM decision")
        assert connection.execute(count).scalar_one() == 30 * RACERS


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


@pytest.mark.parametrize("cap", CAPS, ids=lambda cap: cap.name)
def test_the_race_catches_a_lock_that_only_looks_right(
    start_race: StartRace,
    broken: Callable[[Race], Callable[[VisitRequest], None]],
    cap: Cap,
) -> None:
    race = start_race(cap, 4)
    race.decide_all_at_once(broken(race))
    assert race.over_approved() > 0
