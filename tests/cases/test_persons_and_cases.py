"""From accounts to cases: one person, one case a lender, opened and ended as the accounts say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cases_house import CURED, HOME, LENDER, PAID, House, account

LATER = {"as_of": "2026-11-21T00:00:00+08:00"}
LATEST = {"as_of": "2026-11-22T00:00:00+08:00"}


def debtor(number: str | None = "A123456789", **changes: Any) -> dict[str, Any]:
    facts = {"name": "王慢慢", "born_on": "1988-05-04"} | changes
    return facts if number is None else facts | {"id_number": number}


def test_two_accounts_of_one_person_are_one_case(house: House) -> None:
    first, second = house.push("YS-1"), house.push("YS-2", product="mortgage")
    assert first["case_id"] == second["case_id"]
    case = house.case(first["case_id"])
    assert case["external_ids"] == ["YS-1", "YS-2"]
    assert case["owed"] == [{"currency": "TWD", "balance": "88860.00", "overdue": "18600.00"}]
    assert len(house.announced("cases.case-opened.v1")) == 1


def test_two_lenders_have_a_case_each_on_the_same_person(house: House) -> None:
    ours, theirs = house.push(), house.push(lender="southbank")
    assert ours["case_id"] != theirs["case_id"]
    one = house.case(ours["case_id"])
    other = house.case(theirs["case_id"], lender="southbank")
    assert one["person_id"] == other["person_id"]
    # The same door, and yet each lender's own row: neither learns what the other knows.
    assert one["addresses"][0]["id"] != other["addresses"][0]["id"]


def test_the_number_as_another_lender_writes_it_is_the_same_person(house: House) -> None:
    ours = house.case(house.push()["case_id"])
    pushed = house.push(lender="southbank", debtor=debtor("a12345-6789", id_country="TW"))
    assert house.case(pushed["case_id"], "southbank")["person_id"] == ours["person_id"]


def test_debtors_without_a_number_are_never_merged(house: House) -> None:
    first = house.push("YS-1", debtor=debtor(None))
    second = house.push("YS-2", debtor=debtor(None))
    assert first["case_id"] != second["case_id"]


def test_an_account_with_nothing_overdue_opens_no_case(house: House) -> None:
    pushed = house.push(**CURED)
    assert pushed["case_id"] is None
    assert (pushed["dpd"], pushed["bucket"]) == (0, "M0")
    assert [message.type for message in house.announced()] == ["cases.account-received.v1"]
    assert house.push(**LATER, status=200)["case_id"] is not None


def test_what_is_announced_of_an_account(house: House) -> None:
    pushed = house.push()
    (message,) = house.announced("cases.account-received.v1")
    case = house.case(pushed["case_id"])
    assert message.subject == case["person_id"]
    assert message.data == {
        "lender": LENDER,
        "account_id": pushed["id"],
        "external_id": "YS-1",
        "person_id": case["person_id"],
        "case_id": pushed["case_id"],
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000.00", "interest": "1830.00", "fees": "600.00"},
        "overdue": "9300.00",
        "due_since": "2026-08-15",
        "annual_rate": "0.15",
        "as_of": "2026-11-19T16:00:00Z",
    }


# --- cases end, and begin again


def test_a_statement_of_zero_resolves_the_case_as_paid_and_stops_the_visits(house: House) -> None:
    debt = house.debt()
    scheduled, requested = house.scheduled(debt), house.ask(debt)
    house.push(**LATER | PAID, status=200)
    case = house.case(debt.case_id)
    assert (case["status"], case["resolution"]) == ("resolved", "paid")
    for visit_id in (scheduled, requested):
        visit = house.visit(visit_id)
        assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "payment")
    cancelled = house.announced("cases.visit-cancelled.v1")
    assert {message.data["reason"] for message in cancelled} == {"payment"}
    assert {message.data["visit_id"] for message in cancelled} == {str(scheduled), str(requested)}


def test_nothing_late_but_something_owed_is_cured(house: House) -> None:
    debt = house.debt()
    house.push(**LATER | CURED, status=200)
    case = house.case(debt.case_id)
    assert (case["status"], case["resolution"]) == ("resolved", "cured")


def test_a_case_is_not_over_while_another_account_is_late(house: House) -> None:
    debt = house.debt()
    house.push("YS-2")
    visit_id = house.ask(debt)
    house.push("YS-1", **LATER | PAID, status=200)
    assert house.case(debt.case_id)["status"] == "working"
    assert house.visit(visit_id)["status"] == "requested"


def test_late_again_is_the_same_case_again(house: House) -> None:
    debt = house.debt()
    house.push(**LATER | CURED, status=200)
    pushed = house.push(**LATEST, status=200)
    assert pushed["case_id"] == str(debt.case_id)
    case = house.case(debt.case_id)
    assert (case["status"], case["resolution"], case["resolved_at"]) == ("open", None, None)
    assert house.timeline(debt.case_id) == ["opened", "account_added", "resolved", "reopened"]


# --- the debtor turns out to be somebody else


def test_a_number_that_comes_later_keeps_person_case_and_visits(house: House) -> None:
    debt = house.debt(debtor=debtor(None))
    visit_id = house.scheduled(debt)
    pushed = house.push(**LATER, debtor=debtor(), status=200)
    assert pushed["case_id"] == str(debt.case_id)
    assert house.case(debt.case_id)["person_id"] == str(debt.person_id)
    assert house.visit(visit_id)["status"] == "scheduled"
    # And from now on the number is known.
    assert house.push("YS-2")["case_id"] == str(debt.case_id)


def test_a_push_without_the_number_keeps_the_person(house: House) -> None:
    debt = house.debt()
    pushed = house.push(**LATER, debtor=debtor(None), status=200)
    assert pushed["case_id"] == str(debt.case_id)
    assert house.case(debt.case_id)["person_id"] == str(debt.person_id)


def test_a_corrected_number_moves_the_account_and_closes_the_empty_case(house: House) -> None:
    debt = house.debt()
    visit_id = house.scheduled(debt)
    pushed = house.push(**LATER, debtor=debtor("B287654321"), status=200)
    assert pushed["case_id"] != str(debt.case_id)
    old, new = house.case(debt.case_id), house.case(pushed["case_id"])
    assert (old["status"], old["close_reason"], old["external_ids"]) == ("closed", "merged", [])
    assert new["person_id"] != old["person_id"]
    assert new["addresses"][0]["text"] == HOME["text"]
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "merged")
    (closed,) = house.announced("cases.case-closed.v1")
    assert closed.data["case_id"] == str(debt.case_id)
    assert closed.subject == str(debt.person_id)


def test_an_account_moves_into_the_case_the_person_has_already(house: House) -> None:
    known = house.debt("YS-1", debtor=debtor("B287654321"))
    house.push("YS-2", debtor=debtor(None))
    pushed = house.push("YS-2", **LATER, debtor=debtor("B287654321"), status=200)
    assert pushed["case_id"] == str(known.case_id)
    assert house.case(known.case_id)["external_ids"] == ["YS-1", "YS-2"]


def test_a_plan_follows_its_account_to_the_other_case(house: House) -> None:
    debt = house.debt()
    house.deliver(house.plan(debt))
    pushed = house.push(**LATER, debtor=debtor("B287654321"), status=200)
    assert [flag["kind"] for flag in house.case(pushed["case_id"])["flags"]] == ["plan_active"]
    assert house.case(debt.case_id)["flags"] == []


def test_a_plan_event_finds_an_account_that_moved_since(house: House) -> None:
    debt = house.debt()
    told = house.plan(debt)
    pushed = house.push(**LATER, debtor=debtor("B287654321"), status=200)
    house.deliver(told)
    assert [flag["kind"] for flag in house.case(pushed["case_id"])["flags"]] == ["plan_active"]


# --- addresses


def test_an_address_keeps_its_id_and_learns(house: House) -> None:
    before = house.case(house.push()["case_id"])["addresses"][0]
    known = HOME | {"text": HOME["text"].replace(" ", ""), "region": "NWT"}
    case = house.case(house.push(**LATER, addresses=[known], status=200)["case_id"])
    assert [each["id"] for each in case["addresses"]] == [before["id"]]
    assert case["addresses"][0]["region"] == "NWT"


def test_an_address_no_longer_listed_is_none_to_visit(house: House) -> None:
    debt = house.debt()
    elsewhere = HOME | {"text": "新北市板橋區改過路 2 號"}
    house.push(**LATER, addresses=[elsewhere], status=200)
    answer = house.client.post(f"/v1/cases/{debt.case_id}/visits", json=house.asking(debt))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "address_not_of_case"
    # Listed again, it is the old one.
    house.push(**LATEST, addresses=[elsewhere, HOME], status=200)
    house.ask(debt)


def test_an_address_listed_twice_is_one(house: House) -> None:
    case = house.case(house.push(addresses=[HOME, HOME])["case_id"])
    assert len(case["addresses"]) == 1


def test_the_home_comes_first(house: House) -> None:
    work = HOME | {"kind": "work", "text": "臺北市信義區加班路 9 號"}
    case = house.case(house.push(addresses=[work, HOME])["case_id"])
    assert [each["kind"] for each in case["addresses"]] == ["home", "work"]


def test_people_named_beside_accounts_are_persons_too(house: House) -> None:
    guarantor = {"role": "guarantor", "name": "李擔保", "id_number": "B287654321"}
    case = house.case(house.push(related=[guarantor])["case_id"])
    own = house.push("YS-9", debtor=debtor("B287654321"))
    assert case["related"][0]["id"] == house.case(own["case_id"])["person_id"]
    assert UUID(case["related"][0]["id"]) != UUID(case["person_id"])


def test_the_timeline_tells_who_and_when(house: House) -> None:
    pushed = house.push()
    answer = house.ok(house.client.get(f"/v1/cases/{pushed['case_id']}/timeline?sort=at:asc"))
    assert [(each["kind"], each["by"]) for each in answer["items"]] == [
        ("opened", f"{LENDER} lender"),
        ("account_added", f"{LENDER} lender"),
    ]
    assert answer["items"][1]["data"] == {"account": "YS-1"}


def test_many_accounts_of_one_push_and_twice_the_same_id(house: House) -> None:
    from cases.api.account_body import AccountBody, account_of
    from cases.handlers.accounts import receive_accounts
    from shared.db import transaction

    def stated(**changes: Any) -> Any:
        return account_of(AccountBody.model_validate(account(**changes)), house.clock())

    batch = [
        (
            f"YS-{at % 400}",
            stated(debtor=debtor(f"A1{at % 100:08d}7"), **(LATER if at > 400 else {})),
        )
        for at in range(500)
    ]
    with transaction(house.engine) as session:
        received = receive_accounts(
            session, LENDER, batch, house.clock(), identities=house.service.identities, by="test"
        )
    outcomes = [each.outcome.value for each in received]
    assert outcomes == ["created"] * 400 + ["unchanged"] + ["updated"] * 99
    assert house.count("account") == 400
    assert house.count("debt_case") == house.count("person") == 100
    assert [each.account_id for each in received[401:]] == [
        each.account_id for each in received[1:100]
    ]
