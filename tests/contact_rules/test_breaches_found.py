"""Contacts that took place and turn out unlawful: reported once, by what is known now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from contact_rules.handlers.report_breaches import report_breaches
from rules_house import TUESDAY, Debtor, House, completed
from shared.db import transaction
from told_contacts import (
    MONDAY,
    breaches,
    breaches_announced,
    call,
    make_known,
    tell,
    visit_told,
    withdrawal,
)

NIGHT = MONDAY.replace(hour=4)
SATURDAY = MONDAY - timedelta(days=2)


@pytest.fixture
def debtor(house: House) -> Debtor:
    """Known, and with a visit once planned: so it is known where he lives."""
    debtor = Debtor()
    make_known(house, debtor)
    house.ask(debtor.visit(TUESDAY))
    return debtor


def test_a_call_at_night_is_a_breach_at_once(house: House, debtor: Debtor) -> None:
    said = tell(house, call(debtor, at=NIGHT)).json()
    assert breaches(house) == [("taiwanese.hours", "contact")]
    (event,) = breaches_announced(house)
    (row,) = house.rows("breach")
    assert event == event | {
        "breach_id": str(row.id),
        "contact_id": said["contact_id"],
        "person_id": str(debtor.person_id),
        "lender": "northbank",
        "channel": "phone",
        "starts_at": "2026-11-22T20:30:00Z",
        "cause": "contact",
    }
    assert event["check"]["message"]["en"] == "04:30-04:32 on Monday: open 09:00-18:00."
    # Once for the contact and the rule, whatever else is told.
    tell(house, call(debtor, "call-2"))
    assert tell(house, call(debtor, at=NIGHT)).json()["status"] == "duplicate"
    assert len(breaches(house)) == 1


def test_a_lawful_call_is_none(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    assert breaches(house) == []


def test_an_inbound_call_at_night_is_none(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor, at=NIGHT, direction="inbound", outcome="conversation"))
    assert breaches(house) == []


def test_where_nobody_knows_the_law_of_the_place_there_is_none(house: House) -> None:
    stranger = Debtor()
    make_known(house, stranger)
    # The rules of elsewhere stand in for a missing law: here it is only not known which.
    tell(house, call(stranger, at=NIGHT))
    assert breaches(house) == []
    there = {"kind": "home", "country": "TW", "timezone": "Asia/Taipei"}
    tell(house, call(stranger, "call-2", at=NIGHT, place=there))
    assert breaches(house) == [("taiwanese.hours", "contact")]


def test_one_who_is_no_debtor_may_not_be_called(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor, party={"id": "next door", "role": "neighbour"}))
    assert breaches(house) == [("taiwanese.neighbours", "contact")]


def test_the_last_one_is_one_too_many(house: House, debtor: Debtor) -> None:
    """Whatever order they are told in: a visit at ten makes that at two the second of its day."""
    first, second = (
        visit_told(debtor, at=SATURDAY),
        visit_told(debtor, "door-2", at=SATURDAY + timedelta(hours=4)),
    )
    tell(house, second)
    assert breaches(house) == []
    late = tell(house, first).json()
    rules = [("everyone.visit-1d", "late_contact"), ("person-protection.visits-1d", "late_contact")]
    assert breaches(house) == rules
    assert {str(row.contact_id) for row in house.rows("breach")} != {late["contact_id"]}


def test_the_same_in_one_batch(house: House, debtor: Debtor) -> None:
    later = visit_told(debtor, "door-2", at=SATURDAY + timedelta(hours=4))
    tell(house, [later, visit_told(debtor, at=SATURDAY)])
    found = house.rows("breach")
    assert {row.cause for row in found} == {"contact"}
    assert {row.starts_at for row in found} == {SATURDAY + timedelta(hours=4)}


def test_what_is_only_planned_makes_nothing_unlawful(house: House, debtor: Debtor) -> None:
    """A visit is approved for the day, and somebody else was there before it."""
    house.clock.set(TUESDAY.replace(hour=9, minute=50))
    tell(house, visit_told(debtor, at=TUESDAY.replace(hour=9)))
    assert breaches(house) == []


def test_a_visit_of_ours_turns_out_to_be_the_second(house: House) -> None:
    debtor = Debtor()
    make_known(house, debtor)
    visit = debtor.visit(TUESDAY)
    (answer,) = house.ask(visit)
    house.clock.set(TUESDAY + timedelta(hours=1))
    house.deliver(completed(visit, "debtor_met"))
    before = house.rows("decision")
    tell(house, visit_told(debtor, at=TUESDAY.replace(hour=9)))
    found = house.rows("breach")
    assert {(row.rule, row.cause) for row in found} == {
        ("everyone.visit-1d", "late_contact"),
        ("person-protection.visits-1d", "late_contact"),
    }
    assert {row.contact_id for row in found} == {visit.visit_id}
    assert found[0].facts["team"], "it is judged by the question that was decided"
    # Never a rewrite.
    assert house.rows("decision") == before
    path = f"/v1/decisions/{answer['decision_id']}"
    assert house.client.get(path).json()["verdict"] == "allow"


def test_what_came_of_it_counts_and_not_what_was_assumed(house: House) -> None:
    """Met twice in thirty days is allowed: who then finds nobody has broken nothing."""
    debtor = Debtor(lender="southbank")
    make_known(house, debtor)
    days = [MONDAY - timedelta(days=each) for each in (21, 13, 5)]
    outcomes = ["debtor_met", "person_met", "nobody_met"]
    for number, (at, outcome) in enumerate(zip(days, outcomes, strict=True)):
        tell(house, visit_told(debtor, f"door-{number}", at, outcome), lender="southbank")
    assert breaches(house) == []
    met = visit_told(debtor, "door-2", days[2], "debtor_met", correction={"reason": "wrong_code"})
    tell(house, met, lender="southbank")
    assert breaches(house) == [("everyone.met-30d", "correction")]


def test_an_outcome_nobody_knows_is_not_assumed(house: House, debtor: Debtor) -> None:
    days = [MONDAY - timedelta(days=each) for each in (21, 13, 5)]
    for number, (at, outcome) in enumerate(
        zip(days, ["debtor_met", None, "debtor_met"], strict=True)
    ):
        tell(house, visit_told(debtor, f"door-{number}", at, outcome))
    assert breaches(house) == []
    tell(house, visit_told(debtor, "door-1", days[1], "person_met"))
    assert breaches(house) == [("everyone.met-30d", "late_contact")]


def test_a_withdrawn_contact_is_no_longer_judged(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor, at=NIGHT))
    tell(house, withdrawal())
    tell(house, call(debtor, "call-2"))
    # It was reported by what was known then, and stays reported.
    assert breaches(house) == [("taiwanese.hours", "contact")]


def test_nobody_asks_a_dialler_who_went(house: House, debtor: Debtor) -> None:
    """The rules of a team need to know who went: of visits of others nobody said it."""
    tell(house, visit_told(debtor))
    assert breaches(house) == []


def test_facts_learned_later_are_asked_by_the_same_hand(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    desk = house.kept_desk()
    with transaction(house.engine) as session:
        found = report_breaches(session, [debtor.person_id], house.clock(), desk=desk, cause="fact")
        nobody = report_breaches(session, [], house.clock(), desk=desk, cause="fact")
    assert (found, nobody) == ([], [])


def test_one_statement_a_table_whatever_the_number_of_persons(
    house: House, count_statements: Any
) -> None:
    debtors = [Debtor() for _ in range(20)]
    make_known(house, *debtors)
    tell(house, [call(debtors[0], "first")])
    with count_statements(house.engine) as one:
        tell(house, [visit_told(debtors[0], at=SATURDAY.replace(hour=3))])
    rows = [
        visit_told(each, f"door-{n}", at=SATURDAY.replace(hour=3))
        for n, each in enumerate(debtors[1:], 2)
    ]
    with count_statements(house.engine) as many:
        tell(house, rows)
    assert len(breaches(house)) == 20
    assert len(many) <= len(one)
