"""What plans tells: a running plan keeps everybody from the door, money ends the work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cases_house import (
    PAID,
    Debt,
    House,
    PaymentReceived,
    PlanActivated,
    PlanCancelled,
    PlanCompleted,
)
from delivery import Parked
from shared.ids import new_id
from shared.messages import Event


def flags(house: House, debt: Debt) -> list[str]:
    return [flag["kind"] for flag in house.case(debt.case_id)["flags"]]


def test_a_plan_flags_the_case_and_cancels_what_was_planned(house: House, debt: Debt) -> None:
    scheduled, requested = house.scheduled(debt), house.ask(debt)
    reviewed = house.ask(debt)
    from cases_house import VisitNeedsReview

    house.deliver(house.denial(reviewed, kind=VisitNeedsReview))
    told = house.plan(debt)
    house.deliver(told)
    (flag,) = house.case(debt.case_id)["flags"]
    assert flag == {
        "kind": "plan_active",
        "since": "2026-11-23T02:00:00Z",
        "until": None,
        "reference": str(told[1].plan_id),
    }
    for visit_id in (scheduled, requested, reviewed):
        visit = house.visit(visit_id)
        assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "plan")
    cancelled = house.announced("cases.visit-cancelled.v1")
    assert [(each.subject, each.data["reason"]) for each in cancelled] == [
        (str(debt.person_id), "plan")
    ] * 3
    assert "plan_activated" in house.timeline(debt.case_id)


def test_what_is_over_already_stays_as_it_was(house: House, debt: Debt) -> None:
    denied = house.ask(debt)
    house.deliver(house.denial(denied))
    house.deliver(house.plan(debt))
    assert house.visit(denied)["status"] == "denied"
    assert house.announced("cases.visit-cancelled.v1") == []


@pytest.mark.parametrize("ending", [PlanCompleted, PlanCancelled])
def test_when_the_plan_ends_visits_may_be_asked_for_again(
    house: House, debt: Debt, ending: type[Event]
) -> None:
    plan_id = new_id()
    house.deliver(house.plan(debt, plan_id=plan_id))
    house.deliver(house.plan(debt, ending, plan_id=plan_id))
    assert flags(house, debt) == []
    house.ask(debt)


def test_of_two_plans_both_must_end(house: House, debt: Debt) -> None:
    house.push("YS-2")
    one, other = new_id(), new_id()
    house.deliver(house.plan(debt, plan_id=one), house.plan(debt, plan_id=other, account="YS-2"))
    house.deliver(house.plan(debt, PlanCompleted, plan_id=one))
    assert flags(house, debt) == ["plan_active"]
    house.deliver(house.plan(debt, PlanCancelled, plan_id=other, account="YS-2"))
    assert flags(house, debt) == []


def test_an_end_that_comes_before_its_beginning_is_the_end(house: House, debt: Debt) -> None:
    plan_id = new_id()
    visit_id = house.ask(debt)
    house.deliver(house.plan(debt, PlanCancelled, plan_id=plan_id))
    house.deliver(house.plan(debt, plan_id=plan_id))
    assert flags(house, debt) == []
    assert house.visit(visit_id)["status"] == "requested"


def test_a_plan_told_again_in_a_new_message_cancels_nothing_new(house: House, debt: Debt) -> None:
    plan_id = new_id()
    house.deliver(house.plan(debt, plan_id=plan_id))
    house.deliver(house.plan(debt, PlanCompleted, plan_id=plan_id))
    visit_id = house.ask(debt)
    house.deliver(house.plan(debt, plan_id=plan_id))
    assert flags(house, debt) == []
    assert house.visit(visit_id)["status"] == "requested"


def test_a_payment_stands_in_the_timeline_by_the_day_it_was_made(house: House, debt: Debt) -> None:
    paid_at = house.clock() - timedelta(days=3)
    payment = PaymentReceived(
        payment_id=new_id(),
        external_id="slip-1",
        lender=debt.lender,
        account=debt.external_id,
        case_id=debt.case_id,
        person_id=debt.person_id,
        amount="1000.00",
        currency="TWD",
        paid_at=paid_at,
        balance_after="43430.00",
    )
    visit_id = house.ask(debt)
    house.deliver((debt.person_id, payment))
    entries = house.ok(house.client.get(f"/v1/cases/{debt.case_id}/timeline?sort=at:asc"))["items"]
    assert entries[0]["kind"] == "payment_received"
    assert entries[0]["at"] == "2026-11-20T02:00:00Z"
    assert entries[0]["recorded_at"] == "2026-11-23T02:00:00Z"
    assert entries[0]["data"] == {
        "account": "YS-1",
        "payment_id": str(payment.payment_id),
        "amount": "1000.00",
        "currency": "TWD",
        "balance_after": "43430.00",
    }
    assert house.visit(visit_id)["status"] == "requested"


def test_the_last_account_paid_resolves_the_case_and_stops_the_visits(
    house: House, debt: Debt
) -> None:
    house.push("YS-2")
    visit_id = house.scheduled(debt)
    house.deliver(house.paid(debt))
    assert house.case(debt.case_id)["status"] == "working"
    assert house.visit(visit_id)["status"] == "scheduled"
    person, event = house.paid(debt)
    house.deliver((person, event.model_copy(update={"account": "YS-2"})))
    case = house.case(debt.case_id)
    assert (case["status"], case["resolution"], case["owed"]) == ("resolved", "paid", [])
    assert house.visit(visit_id)["cancel_reason"] == "payment"


def test_a_statement_that_did_not_know_of_the_payment_can_not_undo_it(
    house: House, debt: Debt
) -> None:
    house.deliver(house.paid(debt))
    house.push(as_of="2026-11-22T00:00:00+08:00", status=200)
    assert house.case(debt.case_id)["status"] == "resolved"


def test_a_statement_made_after_the_payment_is_believed(house: House, debt: Debt) -> None:
    """The cheque bounced."""
    house.deliver(house.paid(debt))
    house.clock.advance(days=3)
    house.push(as_of="2026-11-25T00:00:00+08:00", status=200)
    assert house.case(debt.case_id)["status"] == "open"
    house.ask(debt)


def test_a_payment_older_than_the_statement_changes_nothing(house: House, debt: Debt) -> None:
    house.deliver(house.paid(debt, paid_at=house.clock() - timedelta(days=9)))
    assert house.case(debt.case_id)["status"] == "open"


def test_an_account_paid_twice_is_paid(house: House, debt: Debt) -> None:
    house.deliver(house.paid(debt))
    house.deliver(house.paid(debt))
    assert house.case(debt.case_id)["status"] == "resolved"
    assert house.timeline(debt.case_id).count("resolved") == 1


def test_what_is_told_of_an_account_without_case_is_taken(house: House) -> None:
    pushed = house.push(**PAID)
    assert pushed["case_id"] is None
    with house.engine.connect() as connection:
        person = connection.exec_driver_sql("SELECT person_id FROM account").scalar_one()
    debt = Debt("YS-1", "northbank", new_id(), person, new_id(), new_id())
    house.deliver(house.paid(debt), house.plan(debt))
    assert house.count("case_flag") == 0


@pytest.mark.parametrize("changes", [{"account": "YS-404"}, {"lender": "southbank"}])
def test_what_is_told_of_an_unknown_account_parks(
    house: House, debt: Debt, changes: dict[str, Any]
) -> None:
    with pytest.raises(Parked):
        house.deliver(house.plan(debt, PlanActivated, **changes))
    assert flags(house, debt) == []


def test_many_cases_at_once(house: House) -> None:
    debts = [
        house.debt(f"YS-{at}", debtor={"name": "M", "id_number": f"A1{at:07d}9"}) for at in range(8)
    ]
    visits = [house.ask(debt) for debt in debts]
    house.deliver(*(house.plan(debt) for debt in debts[:4]), *(map(house.paid, debts[4:])))
    reasons = [house.visit(visit)["cancel_reason"] for visit in visits]
    assert reasons == ["plan"] * 4 + ["payment"] * 4


def test_a_message_under_no_persons_key_parks(house: House, debt: Debt) -> None:
    _, event = house.plan(debt)
    with pytest.raises(Parked):
        house.deliver(("not-a-person", event))
    assert UUID(house.case(debt.case_id)["id"]) == debt.case_id
