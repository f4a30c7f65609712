"""One year from its seed: people and processes take turns by chance, and then all come to rest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from year.checker import complaints
from year.house import House
from year.people import People

DAYS: Final = 365
_LONGEST_PAUSE: Final = timedelta(days=24)
_A_SHIFT: Final = timedelta(hours=8)


@dataclass(frozen=True)
class Year:
    """What a year came to."""

    seed: int
    deeds: list[str]
    complaints: list[str]
    decisions: int
    deaths: int
    print: str
    """The same for the same year, to the last row."""


def run_year(house: House, seed: int) -> Year:
    """The year of this seed, from the first of January until everybody has come to rest."""
    house.begin(seed)
    died = house.deaths.count
    people = People(house, seed)
    people.arrive()
    end = house.now + timedelta(days=DAYS)
    while house.now < end:
        house.passes(_LONGEST_PAUSE if house.random.random() < 0.5 else _A_SHIFT)
        people.do_something()
        if house.random.random() < 0.7:
            for _ in range(2):  # the question's way and the answer's
                house.goes_round()
        for _ in range(house.random.randint(0, 6)):
            house.work()
    house.settle()
    persons = {debt.person_id for debt in people.debts if debt.person_id is not None}
    year = complaints(house.cases.engine, house.rules.engine, persons)
    with house.rules.engine.connect() as connection:
        mine = {"persons": list(persons)}
        decided = connection.execute(
            text("SELECT count(*) FROM decision WHERE person_id = ANY(CAST(:persons AS uuid[]))"),
            mine,
        ).scalar_one()
        rows = connection.execute(
            text(
                "SELECT id, contact_id, kind, starts_at, outcome, reason, recorded_at FROM ledger"
                " WHERE person_id = ANY(CAST(:persons AS uuid[])) ORDER BY person_id, seq"
            ),
            mine,
        ).all()
    written = hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()
    return Year(seed, people.deeds, year, decided, house.deaths.count - died, written)
