"""Holds, complaints, recalls, plans and what visits find out become known, and end, by event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from known_facts import (
    AccountReturned,
    ComplaintClosed,
    ComplaintOpened,
    HoldLifted,
    PlanActivated,
    PlanCancelled,
    PlanCompleted,
    give_account,
    hold,
    known,
    of,
    recall,
    revoked,
    state,
    tell,
)
from rules_house import TUESDAY, Debtor, House, completed
from shared.ids import new_id
from shared.messages import Event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

Pair = Callable[[Debtor, datetime, datetime], tuple[Event, Event]]
"""What begins at the first moment and ends at the second."""


def a_hold(debtor: Debtor, begins: datetime, ends: datetime) -> tuple[Event, Event]:
    placed = hold(debtor, begins)
    return placed, HoldLifted(**of(debtor), hold_id=placed.hold_id, lifted_at=ends)


def a_complaint(debtor: Debtor, begins: datetime, ends: datetime) -> tuple[Event, Event]:
    opened = ComplaintOpened(
        **of(debtor), complaint_id=new_id(), received_on=begins.date(), opened_at=begins
    )
    return opened, ComplaintClosed(**of(debtor), complaint_id=opened.complaint_id, closed_at=ends)


def a_recall(debtor: Debtor, begins: datetime, ends: datetime) -> tuple[Event, Event]:
    returned = AccountReturned(
        **of(debtor), account_id=debtor.account_id, recalled_at=begins, returned_at=ends
    )
    return recall(debtor, begins), returned


def a_plan(debtor: Debtor, begins: datetime, ends: datetime) -> tuple[Event, Event]:
    runs = PlanActivated(**of(debtor), plan_id=new_id(), activated_at=begins)
    return runs, PlanCompleted(**of(debtor), plan_id=runs.plan_id, completed_at=ends)


def a_cancelled_plan(debtor: Debtor, begins: datetime, ends: datetime) -> tuple[Event, Event]:
    runs = PlanActivated(**of(debtor), plan_id=new_id(), activated_at=begins)
    return runs, PlanCancelled(**of(debtor), plan_id=runs.plan_id, cancelled_at=ends)


MATTERS = [a_hold, a_complaint, a_recall, a_plan, a_cancelled_plan]


@pytest.mark.parametrize("pair", MATTERS)
def test_it_stops_visits_while_it_lasts(house: House, pair: Pair) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    begins, ends = pair(debtor, house.clock(), house.clock() + timedelta(hours=2))
    house.deliver(begins)
    assert state(house, visit) == "revoked"
    house.clock.advance(hours=1)
    (denied,) = house.ask(debtor.visit())
    assert denied["type"] == "denied"
    house.clock.advance(hours=1)
    house.deliver(ends)
    (approved,) = house.ask(debtor.visit())
    assert approved["type"] == "approved"
    (listed,) = known(house, debtor)
    assert listed["ended"]["at"] == f"{house.clock():%Y-%m-%dT%H:%M:%SZ}"
    assert known(house, debtor, standing=True) == []


@pytest.mark.parametrize("pair", MATTERS)
def test_an_end_that_arrives_first_ends_it_all_the_same(house: House, pair: Pair) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    begins, ends = pair(debtor, house.clock() - timedelta(hours=2), house.clock())
    house.deliver(ends)
    house.deliver(begins)
    assert state(house, visit) == "reserved"
    (listed,) = known(house, debtor)
    assert listed["ended"] is not None


@pytest.mark.parametrize("pair", MATTERS)
def test_an_end_does_not_end_what_begins_after_it(house: House, pair: Pair) -> None:
    debtor = Debtor()
    now = house.clock()
    begins, ends = pair(debtor, now - timedelta(hours=2), now - timedelta(hours=1))
    at = next(name for name in type(begins).model_fields if name.endswith("_at"))
    again = begins.model_copy(update={at: now})
    house.deliver(ends)
    house.deliver(again)
    (denied,) = house.ask(debtor.visit())
    assert denied["type"] == "denied"
    house.deliver(begins)
    assert [each["ended"] is None for each in known(house, debtor)] == [True, False]


def test_told_twice_under_two_message_ids_it_is_known_once(house: House) -> None:
    debtor = Debtor()
    begins, ends = a_hold(debtor, house.clock(), house.clock() + timedelta(hours=1))
    for event in (begins, begins, ends, ends):
        house.deliver(event)
    assert len(house.rows("known_fact")) == len(house.rows("known_fact_end")) == 1


def test_what_ends_under_the_id_of_one_person_goes_on_under_that_of_another(house: House) -> None:
    """Two turn out to be one person: a complaint is closed under the one id and opened under the
    other, at one moment."""
    one, other = Debtor(), Debtor()
    now = house.clock()
    opened, _ = a_complaint(one, now - timedelta(days=1), now)
    merged = ComplaintClosed(**of(one), complaint_id=opened.complaint_id, closed_at=now)
    again = opened.model_copy(update={"person_id": other.person_id, "opened_at": now})
    for event in (opened, merged, again):
        house.deliver(event)
    assert [each["ended"] is None for each in known(house, one)] == [False]
    assert [each["ended"] is None for each in known(house, other)] == [True]


def test_a_hold_counts_on_its_days(house: House) -> None:
    debtor = Debtor()
    visits = [debtor.visit(TUESDAY + timedelta(days=days)) for days in (0, 8)]
    house.ask(*visits)
    placed = hold(debtor, house.clock(), from_on=date(2026, 12, 2), until_on=date(2026, 12, 9))
    house.deliver(placed)
    assert [state(house, visit) for visit in visits] == ["reserved", "revoked"]
    (the_day_after,) = house.ask(debtor.visit(TUESDAY + timedelta(days=9)))
    assert the_day_after["type"] == "approved"


def test_a_recall_stops_visits_for_that_account_only(house: House) -> None:
    debtor = Debtor()
    other = Debtor(person_id=debtor.person_id, case_id=debtor.case_id)
    mine, others = debtor.visit(), other.visit(TUESDAY + timedelta(days=8))
    house.ask(mine, others)
    house.deliver(recall(debtor, house.clock()))
    assert (state(house, mine), state(house, others)) == ("revoked", "reserved")
    assert [each["reason"] for each in revoked(house)] == ["mandate_ended"]


def test_a_hold_of_one_lender_is_none_of_anothers(house: House) -> None:
    debtor = Debtor()
    elsewhere = Debtor(lender="southbank", person_id=debtor.person_id)
    visit = elsewhere.visit()
    house.ask(visit)
    house.deliver(hold(debtor, house.clock()))
    assert state(house, visit) == "reserved"


@pytest.mark.parametrize(
    ("outcome", "contact_outcome", "kind", "form", "lender"),
    [
        ("deceased", "person_met", "deceased", None, None),
        ("hospital", "nobody_met", "hospital", None, None),
        ("disputes_debt", "conversation", "dispute", "oral", "northbank"),
        ("hardship", "conversation", "hardship", None, "northbank"),
    ],
)
def test_what_a_visit_finds_out_is_known_from_then_on(
    house: House, outcome: str, contact_outcome: str, kind: str, form: str | None, lender: str
) -> None:
    debtor = Debtor()
    visit, next_one = debtor.visit(), debtor.visit(TUESDAY + timedelta(days=8))
    house.ask(visit, next_one)
    house.clock.set(visit.ends_at)
    house.deliver(completed(visit, contact_outcome, outcome))
    (fact,) = known(house, debtor)
    assert (fact["kind"], fact["form"], fact["lender"]) == (kind, form, lender)
    assert (fact["since"], fact["party"]) == ("2026-12-01", None)
    assert fact["debts"] == ([str(debtor.account_id)] if lender else [])
    assert fact["evidence"] == [
        {
            "kind": "visit",
            "reference": str(visit.visit_id),
            "sha256": None,
            "given_on": None,
        }
    ]
    assert state(house, visit) == "consumed"
    # Hardship stops no visit by itself: some laws ask for more care then.
    assert state(house, next_one) == ("reserved" if kind == "hardship" else "revoked")
    # The visit that found it out did nothing wrong.
    assert house.rows("breach") == []


def test_an_outcome_that_is_no_fact_is_none(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.ends_at)
    house.deliver(completed(visit, "nobody_met", "not_home"))
    assert known(house, debtor) == []


def test_what_a_guarantor_says_is_about_the_guarantor(house: House) -> None:
    debtor, guarantor = Debtor(), new_id()
    party = {"id": str(guarantor), "role": "guarantor", "age": 40}
    visit = debtor.visit(party=party)
    to_the_debtor = debtor.visit(TUESDAY + timedelta(days=8))
    house.ask(visit, to_the_debtor)
    house.clock.set(visit.ends_at)
    house.deliver(completed(visit, "person_met", "hospital"))
    (fact,) = known(house, debtor)
    assert fact["party"] == str(guarantor)
    assert state(house, to_the_debtor) == "reserved"


def test_contacts_made_since_a_fact_told_late_began_are_reported(house: House) -> None:
    debtor = Debtor()
    give_account(house, debtor)
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.ends_at)
    house.deliver(completed(visit, "debtor_met", "refused"))
    house.clock.advance(days=3)
    # Of a day that is over nobody knows whether it was said before or after the visit.
    assert tell(house, debtor, "cease", since="2026-12-01").status_code == 201
    assert house.rows("breach") == []
    assert tell(house, debtor, "represented", since="2026-11-25").status_code == 201
    (breach,) = house.rows("breach")
    assert (breach.contact_id, breach.cause) == (visit.visit_id, "fact")
    assert breach.rule == "person-protection.left-in-peace"


@pytest.mark.parametrize("table", ["known_fact", "known_fact_end"])
@pytest.mark.parametrize("attempt", ["UPDATE {} SET told_by = 'nobody'", "DELETE FROM {}"])
def test_what_was_told_is_never_rewritten(house: House, table: str, attempt: str) -> None:
    debtor = Debtor()
    for event in a_hold(debtor, house.clock(), house.clock()):
        house.deliver(event)
    before = house.rows(table)
    with pytest.raises(DBAPIError, match="append-only"), house.engine.begin() as connection:
        connection.execute(text(attempt.format(table)))
    assert house.rows(table) == before
