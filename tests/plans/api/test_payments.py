"""Payments over HTTP: recorded once, taken apart exactly, and refused with a pointer."""

from datetime import timedelta
from typing import Any

import pytest
from plans_house import AS_OF, Debt, House


def refused(answer: Any, status: int, code: str, pointer: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


def test_a_payment_takes_off_the_balance(house: House, debt: Debt) -> None:
    paid = house.pay(debt, "2500.50", "slip-1")
    assert paid["balance_after"] == "7499.50"
    assert paid["credit"] == "2500.50"
    assert paid["plan_id"] is None
    assert paid["allocations"] == []
    (message,) = house.announced()
    assert message.type == "plans.payment-received.v1"
    assert message.data == {
        "payment_id": paid["id"],
        "external_id": "slip-1",
        "lender": "northbank",
        "account": "NB-1",
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "amount": "2500.50",
        "currency": "CNY",
        "paid_at": "2026-11-23T02:00:00Z",
        "balance_after": "7499.50",
    }
    assert [line["line"] for line in house.ledger(debt)["items"]] == ["statement", "payment"]


def test_a_plan_is_paid_instalment_by_instalment_to_the_end(house: House, debt: Debt) -> None:
    plan = house.activate(debt)
    balances = [each["balance_after"] for each in plan["instalments"]]
    for no, instalment in enumerate(plan["instalments"], start=1):
        paid = house.pay(debt, instalment["total"], f"slip-{no}")
        assert paid["allocations"] == [
            {"no": no, "interest": instalment["interest"], "principal": instalment["principal"]}
        ]
        # The account's balance falls as the plan's own does.
        assert paid["balance_after"] == balances[no - 1]
        assert paid["credit"] == "0.00"
    done = house.plan(plan["id"])
    assert done["status"] == "completed"
    assert done["paid"] == done["total"] == "10661.86"
    assert {each["status"] for each in done["instalments"]} == {"paid"}
    assert done["history"][-1]["reason"] == "every instalment is paid"
    assert [message.type for message in house.announced()][-3:] == [
        "plans.payment-received.v1",
        "plans.plan-completed.v1",
        "plans.account-paid.v1",
    ]
    assert house.ledger(debt)["balance"] == "0.00"


def test_partial_payments_and_overpayments_find_their_instalments(house: House, debt: Debt) -> None:
    plan = house.activate(debt)
    assert house.pay(debt, "60.00", "a")["allocations"] == [
        {"no": 1, "interest": "60.00", "principal": "0.00"}
    ]
    begun = house.plan(plan["id"])
    assert [each["status"] for each in begun["instalments"]][:2] == ["part_paid", "scheduled"]
    assert begun["instalments"][0]["paid"] == begun["paid"] == "60.00"
    assert house.pay(debt, "1000.00", "b")["allocations"] == [
        {"no": 1, "interest": "40.00", "principal": "788.49"},
        {"no": 2, "interest": "92.12", "principal": "79.39"},
    ]
    rest = house.pay(debt, "10000.00", "c")
    # 10661.86 - 1060.00 were left to pay; what is over is credit, and the account is overpaid.
    assert rest["credit"] == "398.14"
    assert rest["balance_after"] == "-398.14"
    assert house.plan(plan["id"])["status"] == "completed"
    assert house.pay(debt, "1.00", "d")["plan_id"] is None
    assert len(house.announced("plans.account-paid.v1")) == 1
    assert house.ledger(debt)["balance"] == "-399.14"


def test_a_plan_over_a_part_leaves_the_rest_of_the_account(house: House, debt: Debt) -> None:
    house.activate(debt, amount="4000.00", annual_rate="0")
    paid = house.pay(debt, "4500.00", "all-at-once")
    assert paid["credit"] == "500.00"
    assert paid["balance_after"] == "5500.00"
    assert [message.type for message in house.announced()][-1] == "plans.plan-completed.v1"


def test_the_same_payment_again_is_the_same_answer(house: House, debt: Debt) -> None:
    slip = house.slip(debt, "100.00", "slip-1")
    first = house.client.post("/v1/payments", json=slip)
    # The same moment and amount said otherwise is the same content.
    slip |= {"paid_at": "2026-11-23T10:00:00+08:00", "amount": "100"}
    house.clock.advance(days=1)
    again = house.client.post("/v1/payments", json=slip)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert first.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert house.count("payment") == 1
    assert house.ledger(debt)["balance"] == "9900.00"


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "100.01"},
        {"method": "cash"},
        {"paid_at": "2026-11-23T01:59:59Z"},
        {"account": "NB-2"},
        {"currency": "USD"},
    ],
)
def test_another_payment_under_the_same_id_is_refused(
    house: House, debt: Debt, changed: dict[str, str]
) -> None:
    house.know(Debt(external_id="NB-2"))
    house.pay(debt, "100.00", "slip-1")
    answer = house.client.post("/v1/payments", json=house.slip(debt, "100.00", "slip-1", **changed))
    refused(answer, 409, "other_payment_of_that_id", "/external_id")
    assert house.count("payment") == 1


def test_ids_of_two_lenders_do_not_meet(house: House, debt: Debt) -> None:
    namesake = house.know(Debt(lender="southbank"), "500.00")
    house.pay(debt, "100.00", "slip-1")
    south = house.header("lender", "southbank")
    body = house.slip(namesake, "5.00", "slip-1")
    answer = house.ok(house.client.post("/v1/payments", json=body, headers=south), 201)
    assert answer["balance_after"] == "495.00"


def test_ops_say_whose_ids_they_mean(house: House, debt: Debt) -> None:
    ops = house.header("ops")
    body = house.slip(debt, "5.00", "slip-1")
    refused(house.client.post("/v1/payments", json=body, headers=ops), 422, "missing", "/lender")
    body |= {"lender": "northbank"}
    house.ok(house.client.post("/v1/payments", json=body, headers=ops), 201)
    refused(house.client.get("/v1/accounts/NB-1/ledger", headers=ops), 422, "missing", "?lender")
    found = house.client.get("/v1/accounts/NB-1/ledger?lender=northbank", headers=ops)
    assert house.ok(found)["balance"] == "9995.00"
    body = house.slip(debt, "5.00", "slip-2") | {"lender": "southbank"}
    assert house.client.post("/v1/payments", json=body).status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "code", "pointer"),
    [
        ({"account": "NB-404"}, 404, "unknown_account", "/account"),
        ({"currency": "TWD"}, 422, "currency_mismatch", "/currency"),
        ({"currency": "XXX"}, 422, "unknown_currency", "/currency"),
        ({"amount": "0"}, 422, "not_positive", "/amount"),
        ({"amount": "-5.00"}, 422, "not_positive", "/amount"),
        ({"amount": "5.001"}, 422, "too_many_decimals", "/amount"),
        ({"amount": "NaN"}, 422, "not_money", "/amount"),
        ({"amount": "1" + "0" * 15}, 422, "absurd_amount", "/amount"),
        ({"amount": 5}, 422, "not_a_decimal_string", "/amount"),
        ({"paid_at": "2026-11-23T02:05:01Z"}, 422, "paid_in_future", "/paid_at"),
        ({"paid_at": "2026-11-23T02:00:00"}, 422, "time_without_offset", "/paid_at"),
        ({"paid_at": "2026-11-31T02:00:00Z"}, 422, "time_impossible", "/paid_at"),
        ({"paid_at": "2026-11-20T25:00:00Z"}, 422, "time_impossible", "/paid_at"),
        ({"paid_at": 1763863200}, 422, "time_format", "/paid_at"),
        ({"paid_at": "1969-12-31T23:59:59Z"}, 422, "time_out_of_range", "/paid_at"),
        ({"external_id": ""}, 422, "string_too_short", "/external_id"),
        ({"external_id": "x" * 129}, 422, "string_too_long", "/external_id"),
        ({"external_id": "a/b"}, 422, "not_an_external_id", "/external_id"),
        ({"external_id": "a\u0000"}, 422, "nul_character", "/external_id"),
        ({"method": "\u200b"}, 422, "not_printable", "/method"),
        ({"method": "x" * 51}, 422, "string_too_long", "/method"),
        ({"memo": "thanks"}, 422, "unknown_field", "/memo"),
    ],
)
def test_each_bad_field_is_pointed_at(
    house: House, debt: Debt, changed: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    answer = house.client.post("/v1/payments", json=house.slip(debt, "5.00", "slip-1", **changed))
    refused(answer, status, code, pointer)
    assert house.count("payment") == house.count("outbox") == 0


def test_five_minutes_of_clock_are_forgiven(house: House, debt: Debt) -> None:
    house.pay(debt, "5.00", "slip-1", paid_at="2026-11-23T02:05:00Z")


def test_a_method_is_not_needed(house: House, debt: Debt) -> None:
    body = house.slip(debt, "5.00", "slip-1")
    del body["method"]
    assert house.ok(house.client.post("/v1/payments", json=body), 201)["method"] is None


def test_good_entries_of_a_batch_go_in_whatever_the_others_are(house: House, debt: Debt) -> None:
    batch = [
        house.slip(debt, "100.00", "one"),
        house.slip(debt, "1.999", "two"),
        house.slip(debt, "100.00", "three", account="NB-404"),
        {"external_id": "four", "colour": "red"},
        "five",
        house.slip(debt, "50.00", "one"),
        house.slip(debt, "100.00", "one"),
        house.slip(debt, "25.00", "eight"),
        house.slip(debt, "25.00", "nine", lender="southbank"),
    ]
    answer = house.client.post("/v1/payments", json=batch)
    assert answer.status_code == 207, answer.text
    items = answer.json()["items"]
    assert [(item["status"], item["result"]) for item in items] == [
        (201, "recorded"),
        (422, "refused"),
        (404, "refused"),
        (422, "refused"),
        (422, "refused"),
        (409, "refused"),
        (201, "already_recorded"),
        (201, "recorded"),
        (404, "refused"),
    ]
    assert items[1]["problem"]["errors"][0]["pointer"] == "/amount"
    assert items[2]["problem"]["errors"][0]["code"] == "unknown_account"
    assert {e["pointer"] for e in items[3]["problem"]["errors"]} == {
        "/account", "/amount", "/currency", "/paid_at", "/colour",
    }  # fmt: skip
    assert items[5]["problem"]["code"] == "other_payment_of_that_id"
    assert items[6]["payment"] == items[0]["payment"]
    assert items[7]["payment"]["balance_after"] == "9875.00"
    assert house.ledger(debt)["balance"] == "9875.00"
    assert len(house.announced("plans.payment-received.v1")) == 2


def test_a_batch_that_is_all_good_is_created(house: House, debt: Debt) -> None:
    other = house.know(Debt(external_id="NB-2"))
    plan = house.activate(debt)
    batch = [
        house.slip(debt, "888.49", "one"),
        house.slip(other, "10000.00", "two"),
        house.slip(debt, "9773.37", "three"),
        house.slip(debt, "7.00", "four"),
    ]
    answer = house.client.post("/v1/payments", json=batch)
    assert answer.status_code == 201, answer.text
    items = [item["payment"] for item in answer.json()["items"]]
    assert [item["plan_id"] for item in items] == [plan["id"], None, plan["id"], None]
    assert [item["balance_after"] for item in items] == ["9211.51", "0.00", "0.00", "-7.00"]
    assert house.plan(plan["id"])["status"] == "completed"
    assert len(house.announced("plans.plan-completed.v1")) == 1
    assert len(house.announced("plans.account-paid.v1")) == 2
    again = house.client.post("/v1/payments", json=batch)
    assert [item["result"] for item in again.json()["items"]] == ["already_recorded"] * 4
    assert [item["payment"] for item in again.json()["items"]] == items
    assert house.ledger(debt)["balance"] == "-7.00"


def test_a_batch_has_one_to_a_thousand_entries(house: House, debt: Debt) -> None:
    refused(house.client.post("/v1/payments", json=[]), 422, "too_short", "")
    batch = [house.slip(debt, "0.01", f"slip-{number}") for number in range(1001)]
    refused(house.client.post("/v1/payments", json=batch), 422, "too_long", "")
    answer = house.client.post("/v1/payments", json=batch[:1000])
    assert answer.status_code == 201
    assert house.count("payment") == 1000
    assert house.ok(house.client.get("/v1/accounts/NB-1/ledger"))["balance"] == "9990.00"


@pytest.mark.parametrize("body", [7, "pay", None, True])
def test_a_payment_is_an_object(house: House, body: Any) -> None:
    assert house.client.post("/v1/payments", json=body).status_code == 422


def test_a_field_named_like_a_part_of_us_is_unknown_and_no_more(house: House) -> None:
    answer = house.client.post("/v1/payments", json={"payment": 1, "payments": []})
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert pointers == {
        "/external_id", "/account", "/amount", "/currency", "/paid_at", "/payment", "/payments",
    }  # fmt: skip


def test_a_batch_with_a_key_is_answered_once(house: House, debt: Debt) -> None:
    batch = [house.slip(debt, "1.00", "one"), house.slip(debt, "bad", "two")]
    key = {"Idempotency-Key": "file-2026-11-23"}
    first, second = (house.client.post("/v1/payments", json=batch, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 207
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"


def test_what_the_statement_contains_is_not_taken_off_twice(house: House, debt: Debt) -> None:
    # The lender reports late what its statement of the 20th already knew.
    paid = house.pay(debt, "300.00", "late", paid_at="2026-11-19T12:00:00Z")
    assert paid["balance_after"] == "10000.00"
    # A payment dated the very moment of the statement came after it.
    assert house.pay(debt, "1.00", "same", paid_at=AS_OF.isoformat())["balance_after"] == "9999.00"
    house.ledger(debt)


def test_a_late_payment_pays_the_plan_unless_the_plans_balance_contained_it(
    house: House, debt: Debt
) -> None:
    plan = house.activate(debt)
    before = house.pay(debt, "300.00", "before", paid_at="2026-11-19T12:00:00Z")
    assert before["plan_id"] is None
    between = house.pay(debt, "300.00", "between", paid_at="2026-11-21T12:00:00Z")
    assert between["plan_id"] == plan["id"]
    # A newer statement contains what is reported after it; the plan is paid by it all the same.
    house.clock.advance(days=10)
    house.deliver((debt.person_id, debt.stated("9000.00", AS_OF + timedelta(days=10))))
    late = house.pay(debt, "588.49", "late", paid_at="2026-11-25T12:00:00Z")
    assert late["plan_id"] == plan["id"]
    assert late["balance_after"] == "9000.00"
    assert house.plan(plan["id"])["instalments"][0]["status"] == "paid"
    assert house.ledger(debt)["balance"] == "9000.00"


def test_a_ledger_is_read_in_pages(house: House, debt: Debt) -> None:
    for number in range(5):
        house.clock.advance(hours=1)
        house.pay(debt, "10.00", f"slip-{number}")
    whole = house.ledger(debt)["items"]
    pages, cursor = [], ""
    while True:
        page = house.ok(house.client.get(f"/v1/accounts/NB-1/ledger?limit=2{cursor}"))
        pages += page["items"]
        assert page["balance"] == "9950.00"
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pages == whole
    assert len(whole) == 6
    refused(house.client.get("/v1/accounts/NB-1/ledger?cursor=x"), 422, "not_a_cursor", "?cursor")


def test_overpaying_beyond_reason_is_refused(house: House, debt: Debt) -> None:
    house.pay(debt, "10000000000000.00", "generous")
    refused(
        house.client.post("/v1/payments", json=house.slip(debt, "10000000000000.00", "more")),
        422,
        "absurd_amount",
        "/amount",
    )
