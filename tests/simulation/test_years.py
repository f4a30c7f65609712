"""Five hundred years keep every promise, the same seed is the same year, and a house with any one
of its guarantees taken out is caught. `make simulate` runs ten thousand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import contact_rules.handlers.decide_visits as deciding
import pytest
import year.house
from contact_rules.domain.ledger import Line
from contact_rules.store import approvals, ledger
from credentials import Keys
from shared.inbox import Consumer
from shared.outbox import Relay
from sqlmodel import Session
from year.house import House, opened
from year.run import run_year

from shared import outbox

SIMULATE: Final = Path(__file__).parents[1] / "simulate.py"
YEARS: Final = 500
UNTIL_CAUGHT: Final = 25
"""So many years at most until a sabotaged house must have been caught."""

OpenHouse = Callable[[], AbstractContextManager[House]]


@pytest.fixture
def open_house(make_database: Callable[[str], str], keys: Keys) -> OpenHouse:
    """A house on new databases each time."""

    @contextmanager
    def opening() -> Iterator[House]:
        with opened(make_database("cases"), make_database("contact_rules"), keys) as house:
            yield house

    return opening


def test_five_hundred_years_keep_every_promise() -> None:
    done = subprocess.run(
        [sys.executable, str(SIMULATE), "--years", str(YEARS)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{YEARS} years, ")
    assert last.endswith("; 0 years broke a promise")


def test_the_same_seed_is_the_same_year(open_house: OpenHouse) -> None:
    """Alone in a new house, and after other years in another."""
    with open_house() as house:
        first = run_year(house, 4)
    with open_house() as house:
        run_year(house, 11)
        second = run_year(house, 4)
    assert first == second
    assert first.decisions > 0
    assert first.deaths > 0


def test_other_seeds_are_other_years(open_house: OpenHouse) -> None:
    with open_house() as house:
        prints = {run_year(house, seed).print for seed in range(3)}
    assert len(prints) == 3


# --- houses that must be caught ------------------------------------------------------------------


def forgets_what_is_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions see what was made, and not what is planned."""
    read = ledger.lines

    def lines(session: Session, persons: Any) -> dict[Any, list[Line]]:
        found = read(session, persons)
        return {who: [each for each in of if each.kind != "reserved"] for who, of in found.items()}

    monkeypatch.setattr(ledger, "lines", lines)


def approves_without_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Approvals are given and nothing is reserved for them."""
    add = ledger.add
    monkeypatch.setattr(
        ledger,
        "add",
        lambda session, entries: add(session, [e for e in entries if e.kind != "reserved"]),
    )


def never_ends_an_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are given back, and their approvals stay as they were."""
    monkeypatch.setattr(approvals, "end", lambda _session, _ended: None)


def keeps_its_answers_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer in four is decided, and never announced."""
    add, told = outbox.add_many, [0]

    def add_many(session: Session, keyed: Any, *, now: Any) -> None:
        told[0] += 1
        add(session, keyed if told[0] % 4 else [], now=now)

    monkeypatch.setattr(deciding.outbox, "add_many", add_many)


def marks_before_it_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that dies between the two has lost what it marked."""
    run_once = Relay.run_once

    def careless(self: Relay) -> bool:
        publisher = self._bus.publisher()

        class Marked:
            """Says that all is confirmed, and publishes afterwards."""

            def __init__(self) -> None:
                self.parcels: Any = []

            def publish(self, parcels: Any) -> int:
                self.parcels = parcels
                return len(parcels)

            def keep_alive(self) -> None: ...

            def close(self) -> None: ...

        marked = Marked()
        self._publisher = marked
        try:
            went = run_once(self)
        finally:
            self._publisher = None
        if marked.parcels:
            publisher.publish(marked.parcels)
        return went

    monkeypatch.setattr(Relay, "run_once", careless)


def acknowledges_before_it_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that dies between the two has lost what it took."""
    handle = Consumer._handle

    def hasty(self: Consumer, deliveries: Any) -> None:
        assert self._subscription is not None
        self._subscription.ack(deliveries)
        handle(self, deliveries)

    monkeypatch.setattr(Consumer, "_handle", hasty)


SABOTAGES: Final = (
    forgets_what_is_reserved,
    approves_without_a_place,
    never_ends_an_approval,
    keeps_its_answers_to_itself,
    marks_before_it_publishes,
    acknowledges_before_it_commits,
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.__name__)
def test_a_house_without_one_of_its_guarantees_is_caught(
    open_house: OpenHouse,
    monkeypatch: pytest.MonkeyPatch,
    sabotage: Callable[[pytest.MonkeyPatch], None],
) -> None:
    with open_house() as house:
        sabotage(monkeypatch)
        monkeypatch.setattr(year.house, "MOST_ROUNDS", 40)
        assert any(_goes_wrong(house, seed) for seed in range(UNTIL_CAUGHT))


def _goes_wrong(house: House, seed: int) -> bool:
    try:
        return bool(run_year(house, seed).complaints)
    except Exception:
        return True  # it breaks down, or does not even come to rest
