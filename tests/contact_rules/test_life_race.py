"""Two things happen to one person's visits at the same moment; the twins have no lock, and fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from contact_rules.domain.ledger import Entry, standing
from contact_rules.handlers.check_in_visits import CheckedInVisit, check_in_visits
from contact_rules.handlers.decide_visits import decide_visits
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.release_reservations import CancelledVisit, release_reservations
from contact_rules.handlers.reschedule_visits import reschedule_visits
from contact_rules.store import approvals, ledger, persons
from rules_house import TUESDAY, Debtor, House, VisitRequested
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import text
from sqlmodel import Session
from visit_life import asked, expire, learn, moved

PEOPLE: Final = 6
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)

Job = Callable[[], Any]


class Doing:
    """What can happen, each in a transaction of its own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.desk: Desk = house.kept_desk()

    def request(self, visit: VisitRequested) -> None:
        with transaction(self.house.engine) as session:
            decide_visits(session, [asked(visit)], self.house.clock(), desk=self.desk)

    def move(self, visit: VisitRequested, to: datetime) -> None:
        request = moved(visit, to)
        with transaction(self.house.engine) as session:
            reschedule_visits(
                session, [asked(request, request.request_id)], self.house.clock(), desk=self.desk
            )

    def cancel(self, visit: VisitRequested) -> None:
        now = self.house.clock()
        over = CancelledVisit(visit.visit_id, visit.person_id, visit.lender, "agent", now)
        with transaction(self.house.engine) as session:
            release_reservations(session, [over], now)

    def check_in(self, visit: VisitRequested) -> None:
        arrived = CheckedInVisit(
            visit.visit_id, visit.person_id, visit.lender, new_id(), visit.starts_at
        )
        with transaction(self.house.engine) as session:
            check_in_visits(session, [arrived], self.house.clock(), desk=self.desk)


@dataclass(frozen=True)
class Found:
    """How one person's visits stand in the end."""

    approvals: Sequence[Any]
    entries: Sequence[Entry]

    @property
    def reserved(self) -> list[Any]:
        return [row for row in self.approvals if row.state == "reserved"]

    @property
    def places(self) -> dict[UUID, datetime]:
        """When each visit that holds a place is to take place."""
        return {
            UUID(visit): entry.starts_at
            for visit, entry in standing(self.entries).items()
            if entry.kind == "reserved" and entry.starts_at is not None
        }

    @property
    def agree(self) -> bool:
        """Does the ledger hold the very places that approvals are in force for?"""
        waiting = [row for row in self.reserved if row.checked_in_at is None]
        return self.places == {row.visit_id: row.starts_at for row in waiting}


def a_fact_and_a_request(doing: Doing, debtor: Debtor) -> list[Job]:
    visit = debtor.visit()
    return [lambda: doing.request(visit), lambda: learn(doing.house, debtor, "deceased")]


def nobody_is_to_come(found: Found) -> bool:
    return not found.reserved


def a_fact_and_a_move(doing: Doing, debtor: Debtor) -> list[Job]:
    visit = debtor.visit()
    doing.request(visit)
    in_bed = (TUESDAY + 2 * DAY).date()
    return [
        lambda: doing.move(visit, TUESDAY + 2 * DAY),
        lambda: learn(doing.house, debtor, "hospital", since=in_bed),
    ]


def nobody_comes_to_the_hospital(found: Found) -> bool:
    return all(row.starts_at == TUESDAY for row in found.reserved)


def two_moves(doing: Doing, debtor: Debtor) -> list[Job]:
    visit = debtor.visit()
    doing.request(visit)
    return [
        lambda: doing.move(visit, TUESDAY + DAY),
        lambda: doing.move(visit, TUESDAY + 2 * DAY),
    ]


def one_of_three_approvals_is_in_force(found: Found) -> bool:
    return len(found.approvals) == 3 and len(found.reserved) == 1


def a_move_and_a_cancellation(doing: Doing, debtor: Debtor) -> list[Job]:
    visit = debtor.visit()
    doing.request(visit)
    return [lambda: doing.move(visit, TUESDAY + DAY), lambda: doing.cancel(visit)]


def a_move_and_a_request_for_one_day(doing: Doing, debtor: Debtor) -> list[Job]:
    visit, other = debtor.visit(), debtor.visit(TUESDAY + 2 * DAY + 3 * HOUR)
    doing.request(visit)
    return [lambda: doing.move(visit, TUESDAY + 2 * DAY), lambda: doing.request(other)]


def one_visit_a_day(found: Found) -> bool:
    days = [row.starts_at.date() for row in found.reserved]
    return len(days) == len(set(days)) > 0


def a_check_in_and_the_end_of_its_time(doing: Doing, debtor: Debtor) -> list[Job]:
    visit = debtor.visit()
    doing.house.clock.set(TUESDAY - 8 * DAY)
    doing.request(visit)
    doing.house.clock.set(visit.ends_at + HOUR)
    return [lambda: doing.check_in(visit), lambda: expire(doing.house)]


def expired_or_in_use_and_it_counts(found: Found) -> bool:
    (approval,) = found.approvals
    in_use = approval.checked_in_at is not None
    (stands,) = standing(found.entries).values()
    return stands.kind == "attempted" and in_use == (approval.state == "reserved")


def a_fact_and_a_cancellation(doing: Doing, debtor: Debtor) -> list[Job]:
    visit = debtor.visit()
    doing.request(visit)
    return [lambda: learn(doing.house, debtor, "deceased"), lambda: doing.cancel(visit)]


def given_back_once(found: Found) -> bool:
    return [entry.kind for entry in found.entries] == ["reserved", "released"]


RACES: Final = (
    (a_fact_and_a_request, nobody_is_to_come),
    (a_fact_and_a_move, nobody_comes_to_the_hospital),
    (two_moves, one_of_three_approvals_is_in_force),
    (a_move_and_a_cancellation, nobody_is_to_come),
    (a_move_and_a_request_for_one_day, one_visit_a_day),
    (a_check_in_and_the_end_of_its_time, expired_or_in_use_and_it_counts),
    (a_fact_and_a_cancellation, given_back_once),
)
EACH = pytest.mark.parametrize(("race", "holds"), RACES, ids=lambda each: each.__name__)


def spoiled(house: House, race: Callable[[Doing, Debtor], list[Job]], holds: Any) -> int:
    """For how many of some persons the race ended as it must not."""
    doing = Doing(house)
    count = 0
    for _ in range(PEOPLE):
        debtor = Debtor()
        with house.engine.begin() as connection:
            known = text("INSERT INTO person (id) VALUES (:id)")
            connection.execute(known, {"id": debtor.person_id})
        jobs = race(doing, debtor)
        start = threading.Barrier(len(jobs))

        def run(job: Job, start: threading.Barrier = start) -> None:
            start.wait(timeout=60)
            job()

        with ThreadPoolExecutor(len(jobs)) as pool:
            failures = [done.exception() for done in [pool.submit(run, job) for job in jobs]]
        with transaction(house.engine) as session:
            rows = [row for row in house.rows("approval") if row.person_id == debtor.person_id]
            entries = ledger.histories(session, [debtor.person_id])[debtor.person_id]
        found = Found(rows, entries)
        if any(failures) or not holds(found) or not found.agree:
            count += 1
    return count


@pytest.fixture
def slow_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing, others get their chance."""
    add = ledger.add

    def late(session: Session, entries: Sequence[Entry]) -> None:
        time.sleep(0.03)
        add(session, entries)

    monkeypatch.setattr(ledger, "add", late)


@EACH
def test_whoever_comes_first_it_ends_as_it_must(
    house: House, slow_to_write: None, race: Any, holds: Any
) -> None:
    assert spoiled(house, race, holds) == 0


@EACH
def test_without_the_lock_the_race_is_lost(
    house: House, slow_to_write: None, monkeypatch: pytest.MonkeyPatch, race: Any, holds: Any
) -> None:
    def overdue(session: Session, now: datetime, *, most: int) -> list[UUID]:
        due = text(
            "SELECT id FROM approval WHERE state = 'reserved' AND expires_at <= :now"
            " AND checked_in_at IS NULL LIMIT :most"
        )
        return list(session.execute(due, {"now": now, "most": most}).scalars())

    monkeypatch.setattr(persons, "lock", lambda session, people: None)
    monkeypatch.setattr(approvals, "lock_overdue", overdue)
    assert spoiled(house, race, holds) > 0
