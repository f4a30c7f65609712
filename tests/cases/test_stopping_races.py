"""A visit asked for at the very moment at which something stops all of them is not left over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from cases.store import persons, visits
from cases_house import Debt, House

STOPS = {
    "recall": ("/v1/accounts/YS-1/recall", {"reason": "sold"}),
    "hold": ("/v1/cases/{case}/holds", {"reason": "hospital"}),
    "complaint": (
        "/v1/cases/{case}/complaints",
        {"about": "conduct", "received_on": "2026-11-20"},
    ),
}


def left_of_a_race(house: House, debt: Debt, stop: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The stop comes when the asking has looked and not yet written; the visit's status then."""
    # The case is worked on already, or the database would see a closed one being worked on.
    house.ask(debt, starts_at="2026-12-15T02:00:00Z")
    looked, stopped = Event(), Event()
    write = visits.request

    def late(*said: Any, **more: Any) -> None:
        looked.set()
        stopped.wait(0.5)  # under the lock it can't come before we have written
        write(*said, **more)

    monkeypatch.setattr(visits, "request", late)
    path, body = STOPS[stop]
    with ThreadPoolExecutor(1) as racer:
        asked = racer.submit(house.ask, debt)
        assert looked.wait(5)
        answer = house.client.post(path.format(case=debt.case_id), json=body)
        assert answer.is_success, answer.text
        stopped.set()
        return str(house.visit(asked.result())["status"])


@pytest.mark.parametrize("stop", STOPS)
def test_no_visit_is_left_of_an_asking_and_a_stop_at_once(
    house: House, debt: Debt, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert left_of_a_race(house, debt, stop, monkeypatch) == "cancelled"


@pytest.mark.parametrize("stop", STOPS)
def test_without_the_persons_lock_one_is_left(
    house: House, debt: Debt, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persons, "lock", lambda *_: None)
    assert left_of_a_race(house, debt, stop, monkeypatch) == "requested"
