"""What is told counts at once for visits still planned, and racing tellers write it once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from contact_rules.domain.recording import contact_id
from contact_rules.store import persons
from delivery import announced
from rules_house import TUESDAY, Debtor, House
from told_contacts import breaches, call, make_known, tell, visit_told, withdrawal

WEDNESDAY = TUESDAY + timedelta(days=1)
THURSDAY = TUESDAY + timedelta(days=2)


def revoked(house: House) -> list[tuple[str, str]]:
    return [
        (message.data["visit_id"], message.data["reason"])
        for message in announced(house.engine, "contact-rules.approval-revoked.v1")
    ]


@pytest.fixture
def debtor(house: House) -> Debtor:
    debtor = Debtor()
    make_known(house, debtor)
    return debtor


def test_a_late_contact_revokes_what_it_made_one_too_many(house: House, debtor: Debtor) -> None:
    first, second = debtor.visit(TUESDAY), debtor.visit(THURSDAY)
    assert [each["type"] for each in house.ask(first, second)] == ["approved", "approved"]
    house.clock.set(TUESDAY - timedelta(hours=3))
    # Two in seven days are allowed. One was made that nobody knew of: one of two must go.
    tell(house, visit_told(debtor, at=TUESDAY - timedelta(days=3)))
    assert revoked(house) == [(str(second.visit_id), "contact")]
    assert breaches(house) == []


def test_a_correction_revokes_too_and_says_so(house: House, debtor: Debtor) -> None:
    early = TUESDAY - timedelta(days=40)
    tell(house, visit_told(debtor, at=early))
    first, second = debtor.visit(TUESDAY), debtor.visit(THURSDAY)
    house.ask(first, second)
    house.clock.set(TUESDAY - timedelta(hours=3))
    moved = visit_told(debtor, at=TUESDAY - timedelta(days=3), correction={"reason": "wrong_day"})
    assert tell(house, moved).json()["status"] == "corrected"
    assert revoked(house) == [(str(second.visit_id), "correction")]


def test_a_withdrawn_contact_gives_its_place_back(house: House, debtor: Debtor) -> None:
    house.clock.set(TUESDAY - timedelta(days=1))
    tell(house, visit_told(debtor, "door-1", at=TUESDAY - timedelta(days=3)))
    tell(house, visit_told(debtor, "door-2", at=TUESDAY - timedelta(days=2)))
    (denied,) = house.ask(debtor.visit(TUESDAY))
    tell(house, withdrawal("door-2"))
    (approved,) = house.ask(debtor.visit(TUESDAY))
    assert (denied["type"], approved["type"]) == ("denied", "approved")
    assert revoked(house) == []


def test_a_plan_takes_no_approved_visits_place(house: House, debtor: Debtor) -> None:
    visit = debtor.visit(TUESDAY)
    house.ask(visit)
    note = {"channel": "door_note", "outcome": None, "place": {"kind": "home", "country": "TW"}}
    answer = tell(house, call(debtor, at=TUESDAY, **note))
    assert answer.json()["status"] == "planned"
    assert revoked(house) == []


def test_ids_of_contacts_never_change_and_never_meet() -> None:
    assert str(contact_id("northbank", "call-1")) == "d4e12809-d127-567a-8078-526e5efaa53d"
    assert contact_id("ab", "c") != contact_id("a", "bc")
    assert contact_id("1", "1:x") != contact_id("11", ":x")


def _tell_at_once(house: House, bodies: list[Any]) -> list[Any]:
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: tell(house, body).json(), bodies))


def _statuses(answers: list[Any]) -> list[str]:
    return sorted(answer["status"] for answer in answers)


def test_racing_tellers_of_one_contact_write_it_once(house: House) -> None:
    for number in range(10):
        debtor = Debtor()
        make_known(house, debtor)
        answers = _tell_at_once(house, [call(debtor, f"call-{number}")] * 8)
        assert _statuses(answers) == ["duplicate"] * 7 + ["recorded"]
        assert len(house.ledger(debtor)) == 1


def test_without_the_persons_lock_they_write_it_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: nothing but the lock keeps them apart."""
    debtors = [Debtor() for _ in range(10)]
    make_known(house, *debtors)
    tell(house, [call(debtor, f"before-{n}") for n, debtor in enumerate(debtors)])
    monkeypatch.setattr(persons, "lock", lambda session, people: None)
    for number, debtor in enumerate(debtors):
        _tell_at_once(house, [call(debtor, f"call-{number}")] * 8)
    assert max(len(house.ledger(debtor)) for debtor in debtors) > 2
