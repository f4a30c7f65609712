"""A fact is told and a visit asked for at one moment: whoever is second sees the first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import Fact, FactKind
from contact_rules.domain.told import Told
from contact_rules.handlers.decide_visits import decide_visits
from contact_rules.handlers.record_facts import record_fact
from contact_rules.store import approvals, facts, persons
from rules_house import Debtor, House
from shared.db import transaction
from shared.ids import new_id
from two_at_once import admit, waits


def race(house: House, monkeypatch: pytest.MonkeyPatch, *, fact_first: bool) -> tuple[str, int]:
    """The state of the approval in the end, or `denied`; and how many facts stand."""
    debtor = Debtor()
    with transaction(house.engine) as session:
        persons.lock(session, [debtor.person_id])
    meeting = threading.Barrier(2)
    monkeypatch.setattr(facts, "standing", waits(facts.standing, meeting))
    monkeypatch.setattr(approvals, "planned", waits(approvals.planned, meeting))
    asked = VisitRequested.model_validate(debtor.visit().model_dump(mode="json"))
    now, desk = house.clock(), house.kept_desk()
    told = Told(
        id=new_id(),
        person_id=debtor.person_id,
        said=Fact(FactKind.CEASE),
        lender=debtor.lender,
        told_by="the debtor",
        occurred_at=now,
        recorded_at=now,
    )
    begun = threading.Event()

    def ask() -> None:
        with transaction(house.engine) as session:
            begun.set()
            decide_visits(session, [request_of(asked)], now, desk=desk)

    def tell() -> None:
        with transaction(house.engine) as session:
            begun.set()
            record_fact(session, told, now, desk=desk)

    first, second = (tell, ask) if fact_first else (ask, tell)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert begun.wait(10)
        threading.Event().wait(0.1)
        other = pool.submit(second)
        one.result()
        other.result()
    rows = house.rows("approval")
    stands = len(house.rows("known_fact")) - len(house.rows("known_fact_end"))
    return (rows[-1].state if rows else "denied"), stands


@pytest.mark.parametrize(("fact_first", "ends"), [(True, "denied"), (False, "revoked")])
def test_whoever_is_second_sees_the_first(
    house: House, monkeypatch: pytest.MonkeyPatch, fact_first: bool, ends: str
) -> None:
    assert race(house, monkeypatch, fact_first=fact_first) == (ends, 1)


@pytest.mark.parametrize("fact_first", [True, False])
def test_without_the_lock_a_visit_is_approved_against_a_fact(
    house: House, monkeypatch: pytest.MonkeyPatch, fact_first: bool
) -> None:
    monkeypatch.setattr(persons, "lock", admit)
    assert race(house, monkeypatch, fact_first=fact_first) == ("reserved", 1)


def test_of_two_who_tell_the_same_at_once_one_is_kept(house: House) -> None:
    """They hold the locks of different persons, and still one reference is one fact."""
    debtors = [Debtor() for _ in range(8)]
    with transaction(house.engine) as session:
        persons.lock(session, [debtor.person_id for debtor in debtors])
    start = threading.Barrier(len(debtors))
    header = house.header("ops")

    def tell(debtor: Debtor) -> int:
        body = {"kind": "cease", "lender": "northbank", "reference": "letter 1"}
        start.wait(20)
        path = f"/v1/persons/{debtor.person_id}/facts"
        return int(house.client.post(path, json=body, headers=header).status_code)

    with ThreadPoolExecutor(len(debtors)) as pool:
        answers = list(pool.map(tell, debtors))
    assert sorted(answers) == [201, *[409] * 7]
    assert len(house.rows("known_fact")) == 1
