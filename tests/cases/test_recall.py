"""A lender takes an account back: nobody goes for it, until it is stated anew."""

from __future__ import annotations

from typing import Any

import pytest
from cases_house import CURED, Debt, House
from shared.ids import new_id

LATER = "2026-11-24T00:00:00+08:00"
"""Fourteen hours after the recall at ten on the 23rd, in Taipei."""
OTHER = {"name": "Somebody Else", "id_number": "B287654321"}


def recall(house: House, external_id: str = "YS-1", reason: str = "sold", **headers: str) -> Any:
    return house.client.post(
        f"/v1/accounts/{external_id}/recall", json={"reason": reason}, headers=headers
    )


def test_the_case_closes_and_its_visits_are_cancelled(house: House, debt: Debt) -> None:
    asked, scheduled = house.ask(debt), house.scheduled(debt, starts_at="2026-12-08T02:00:00Z")
    account = house.ok(recall(house))
    assert (account["recalled_at"], account["recall_reason"]) == ("2026-11-23T02:00:00Z", "sold")
    case = house.case(debt.case_id)
    assert (case["status"], case["close_reason"]) == ("closed", "recalled")
    for visit_id in (asked, scheduled):
        visit = house.visit(visit_id)
        assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "recall")
    assert house.timeline(debt.case_id)[-4:] == [
        "account_recalled",
        "closed",
        "visit_cancelled",
        "visit_cancelled",
    ]


def test_what_others_are_told(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    house.ok(recall(house, reason="王先生自己来付"))
    account_id = house.ok(house.client.get("/v1/accounts/YS-1"))["id"]
    recalled, cancelled, closed = house.announced(
        "cases.account-recalled.v1", "cases.case-closed.v1", "cases.visit-cancelled.v1"
    )
    assert recalled.subject == closed.subject == cancelled.subject == str(debt.person_id)
    assert recalled.data == {
        "lender": "northbank",
        "account_id": account_id,
        "external_id": "YS-1",
        "person_id": str(debt.person_id),
        "case_id": str(debt.case_id),
        "reason": "other",  # not the words: they may hold anything
        "recalled_at": "2026-11-23T02:00:00Z",
    }
    assert closed.data["reason"] == "recalled"
    assert cancelled.data["visit_id"] == str(visit_id)
    assert cancelled.data["reason"] == "recall"
    assert cancelled.data["team"] == [str(debt.agent_id)]


def test_again_it_changes_nothing(house: House, debt: Debt) -> None:
    first = house.ok(recall(house))
    house.clock.advance(hours=1)
    assert house.ok(recall(house, reason="legal")) == first
    assert len(house.announced("cases.account-recalled.v1")) == 1


def test_a_case_with_another_debt_goes_on_without_its_visits(house: House, debt: Debt) -> None:
    house.push("YS-2", product="mortgage")
    visit_id = house.scheduled(debt)
    house.ok(recall(house))
    case = house.case(debt.case_id)
    assert case["status"] == "working"
    assert [(a["external_id"], a["recalled_at"] is None) for a in case["accounts"]] == [
        ("YS-1", False),
        ("YS-2", True),
    ]
    assert case["owed"] == [{"currency": "TWD", "balance": "44430.00", "overdue": "9300.00"}]
    assert house.visit(visit_id)["cancel_reason"] == "recall"
    house.ask(debt)
    asked = house.announced("cases.visit-requested.v1")[-1]
    assert [each["product"] for each in asked.data["debts"]] == ["mortgage"]


def test_visits_stay_that_can_not_be_about_it(house: House, debt: Debt) -> None:
    house.push("YS-2", **CURED)
    house.push("YS-3", as_of=LATER)
    visit_id = house.scheduled(debt)
    house.ok(recall(house, "YS-2"))
    assert house.visit(visit_id)["status"] == "scheduled"


def test_an_address_that_went_with_the_account_is_none_of_the_case(
    house: House, debt: Debt
) -> None:
    house.push("YS-2", addresses=[{"kind": "work", "text": "加班路 9 號", "country": "TW"}])
    house.ok(recall(house))
    answer = house.client.post(f"/v1/cases/{debt.case_id}/visits", json=house.asking(debt))
    assert [each["code"] for each in answer.json()["errors"]] == ["address_not_of_case"]


def test_a_later_statement_brings_it_back_in_a_case_of_its_own(house: House, debt: Debt) -> None:
    house.ok(recall(house))
    house.clock.advance(days=1)
    back = house.push(as_of=LATER, status=200)
    assert back["case_id"] != str(debt.case_id)
    case = house.case(back["case_id"])
    assert case["status"] == "open"
    assert house.timeline(back["case_id"]) == ["opened", "account_added", "account_returned"]
    assert house.ok(house.client.get("/v1/accounts/YS-1"))["recalled_at"] is None
    (returned,) = house.announced("cases.account-returned.v1")
    assert returned.data["recalled_at"] == "2026-11-23T02:00:00Z"
    assert returned.data["returned_at"] == "2026-11-24T02:00:00Z"
    assert returned.data["case_id"] == back["case_id"]
    assert house.case(debt.case_id)["status"] == "closed"
    # And may be taken back once more.
    house.clock.advance(hours=1)
    house.ok(recall(house))
    assert house.case(back["case_id"])["close_reason"] == "recalled"


@pytest.mark.parametrize("as_of", ["2026-11-23T10:00:00+08:00", "2026-11-22T00:00:00+08:00"])
def test_a_file_that_was_under_way_does_not_bring_it_back(
    house: House, debt: Debt, as_of: str
) -> None:
    house.ok(recall(house))
    taken = house.push(as_of=as_of, overdue="9400", status=200)
    assert taken["result"] == "updated"
    assert taken["case_id"] == str(debt.case_id)
    assert house.case(debt.case_id)["status"] == "closed"
    assert house.announced("cases.account-returned.v1") == []


def test_one_dated_ahead_is_recalled_all_the_same(house: House) -> None:
    debt = house.debt(as_of=LATER)
    house.ok(recall(house))
    assert house.case(debt.case_id)["close_reason"] == "recalled"
    # Sent once more, corrected, it was known when the lender took the account back.
    house.push(as_of=LATER, overdue="9400", status=200)
    assert house.case(debt.case_id)["status"] == "closed"


def test_what_stood_on_the_case_stands_on_the_one_that_follows(house: House, debt: Debt) -> None:
    house.deliver(house.plan(debt))
    body = {"reason": "hospital"}
    house.ok(house.client.post(f"/v1/cases/{debt.case_id}/holds", json=body), 201)
    house.ok(recall(house))
    house.clock.advance(days=1)
    back = house.push(as_of=LATER, status=200)
    flags = {flag["kind"] for flag in house.case(back["case_id"])["flags"]}
    assert flags == {"plan_active", "hold"}


def test_an_account_that_was_never_overdue_is_recalled_too(house: House) -> None:
    house.push(**CURED)
    house.ok(recall(house))
    (recalled,) = house.announced("cases.account-recalled.v1")
    assert recalled.data["case_id"] is None
    house.clock.advance(days=1)
    assert house.push(as_of=LATER, status=200)["case_id"] is not None


def test_a_resolved_case_is_closed_with_its_last_account(house: House, debt: Debt) -> None:
    house.deliver(house.paid(debt))
    house.ok(recall(house))
    assert house.case(debt.case_id)["close_reason"] == "recalled"


def test_a_payment_told_after_the_recall_changes_nothing(house: House, debt: Debt) -> None:
    house.ok(recall(house))
    house.deliver(house.paid(debt))
    assert house.case(debt.case_id)["close_reason"] == "recalled"


def test_it_stays_recalled_when_the_debtor_turns_out_to_be_another(
    house: House, debt: Debt
) -> None:
    house.ok(recall(house))
    moved = house.push(as_of="2026-11-22T00:00:00+08:00", debtor=OTHER, status=200)
    assert moved["case_id"] is None
    assert house.ok(house.client.get("/v1/accounts/YS-1"))["recalled_at"] is not None


@pytest.mark.parametrize(
    ("headers", "status"),
    [(("lender", "southbank"), 404), (("compliance", None), 403), (("agent", None), 403)],
)
def test_only_its_lender_and_operators_recall(
    house: House, debt: Debt, headers: tuple[str, str | None], status: int
) -> None:
    role, lender = headers
    said = house.agents_header(new_id()) if role == "agent" else house.header(role, lender)
    query = "" if role == "lender" else "?lender=northbank"
    answer = house.client.post(
        f"/v1/accounts/YS-1/recall{query}", json={"reason": "sold"}, headers=said
    )
    assert answer.status_code == status
    ops = house.header("ops")
    url = "/v1/accounts/YS-1/recall"
    assert house.client.post(url, json={"reason": "sold"}, headers=ops).status_code == 422
    house.ok(house.client.post(f"{url}?lender=northbank", json={"reason": "sold"}, headers=ops))


def test_what_is_not_there_can_not_be_recalled(house: House, debt: Debt) -> None:
    assert recall(house, "YS-404").status_code == 404
    for body in ({}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": "a", "b": 1}):
        assert house.client.post("/v1/accounts/YS-1/recall", json=body).status_code == 422
    assert house.case(debt.case_id)["status"] == "open"
