"""What a lender may push, and the clear answer to everything else; nothing is ever half taken."""

from __future__ import annotations

from typing import Any

import pytest
from cases_house import HOME, LENDER, House, account


def pointers(answer: Any) -> list[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def put(house: House, external_id: str = "YS-1", **changes: Any) -> Any:
    return house.client.put(f"/v1/accounts/{external_id}", json=account(**changes))


def test_a_new_account_opens_a_case_and_says_how_late_it_is(house: House) -> None:
    pushed = house.push()
    assert pushed["external_id"] == "YS-1"
    assert pushed["result"] == "created"
    assert (pushed["dpd"], pushed["bucket"]) == (100, "M4")
    assert pushed["case_id"] is not None


def test_the_same_once_more_changes_nothing(house: House) -> None:
    first = house.push()
    again = house.push(status=200)
    assert again == first | {"result": "unchanged"}
    assert [message.type for message in house.announced()] == [
        "cases.case-opened.v1",
        "cases.account-received.v1",
    ]


def test_an_older_statement_is_refused_and_a_newer_one_taken(house: House) -> None:
    house.push()
    answer = put(house, as_of="2026-11-19T23:59:59+08:00", overdue="1")
    assert answer.status_code == 409
    assert answer.json()["code"] == "stale"
    assert house.push(as_of="2026-11-21T00:00:00+08:00", status=200)["result"] == "updated"


def test_of_two_statements_of_the_same_moment_the_later_push_counts(house: House) -> None:
    house.push()
    assert house.push(overdue="9400", status=200)["result"] == "updated"
    found = house.ok(house.client.get("/v1/accounts/YS-1"))
    assert found["overdue"] == "9400.00"


def test_the_same_moment_in_another_offset_is_the_same_statement(house: House) -> None:
    house.push()
    assert house.push(as_of="2026-11-19T16:00:00Z", status=200)["result"] == "unchanged"


def test_an_account_is_given_back_as_it_was_pushed_but_for_the_number(house: House) -> None:
    body = account(
        contacts=[{"channel": "phone", "value": "+886912345678"}],
        related=[{"role": "guarantor", "name": "李擔保", "id_number": "B234567890", "phone": "1"}],
        history=[{"due_on": "2026-10-15", "due": "3100", "paid": "0"}],
        extra={"branch": "017", "nested": {"deep": [1, 2.5, None, True, "字"]}},
        opened_on="2021-03-01",
    )
    house.ok(house.client.put("/v1/accounts/YS-1", json=body), 201)
    found = house.ok(house.client.get("/v1/accounts/YS-1"))
    assert found["balance"] == {
        "principal": "42000.00",
        "interest": "1830.00",
        "fees": "600.00",
        "total": "44430.00",
    }
    assert found["extra"] == body["extra"]
    assert found["history"] == [{"due_on": "2026-10-15", "due": "3100.00", "paid": "0.00"}]
    assert found["addresses"][0]["timezone"] == "Asia/Taipei"
    assert found["related"][0]["id_ending"] == "7890"
    assert found["annual_rate"] == "0.15"
    with house.engine.connect() as connection:
        tables = ["account", "person", "address", "outbox", "case_history"]
        everything = "".join(
            str(row)
            for table in tables
            for row in connection.exec_driver_sql(f"SELECT t::text FROM {table} t").all()
        )
    assert "A123456789" not in everything
    assert "B234567890" not in everything


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"colour": "red"}, "/colour", "unknown_field"),
        ({"currency": "ABC"}, "/currency", "unknown_currency"),
        ({"currency": "XAU"}, "/currency", "unknown_currency"),
        ({"currency": "twd"}, "/currency", "string_pattern_mismatch"),
        ({"overdue": "-1"}, "/overdue", "not_an_amount"),
        ({"overdue": "1e3"}, "/overdue", "not_an_amount"),
        ({"overdue": "NaN"}, "/overdue", "not_an_amount"),
        ({"overdue": "93.001"}, "/overdue", "not_an_amount"),
        ({"overdue": "99999999999999999"}, "/overdue", "not_an_amount"),
        ({"overdue": 9300}, "/overdue", "not_a_decimal_string"),
        ({"overdue": "44430.01"}, "/overdue", "above_balance"),
        ({"balance": {"principal": "1", "tip": "2"}}, "/balance/tip", "unknown_field"),
        ({"balance": {}}, "/balance/principal", "missing"),
        ({"due_since": "2026-02-30"}, "/due_since", "date_impossible"),
        ({"due_since": 20260815}, "/due_since", "date_format"),
        ({"due_since": "2026-11-22"}, "/due_since", "in_the_future"),
        ({"as_of": "2026-11-20T00:00:00"}, "/as_of", "time_without_offset"),
        ({"as_of": "2026-11-31T00:00:00Z"}, "/as_of", "time_impossible"),
        ({"as_of": "2027-11-20T00:00:00Z"}, "/as_of", "in_the_future"),
        ({"product": "pyramid"}, "/product", "enum"),
        ({"annual_rate": "15%"}, "/annual_rate", "string_pattern_mismatch"),
        ({"annual_rate": "150"}, "/annual_rate", "absurd_rate"),
        ({"debtor": {"name": " "}}, "/debtor/name", "string_too_short"),
        ({"debtor": {"name": "\u200b"}}, "/debtor/name", "blank"),
        ({"debtor": {"name": "a\nb"}}, "/debtor/name", "control_character"),
        (
            {"debtor": {"name": "M", "id_number": "0000000000"}},
            "/debtor/id_number",
            "not_an_id_number",
        ),
        (
            {"debtor": {"name": "M", "born_on": "2027-01-01"}},
            "/debtor/born_on",
            "impossible_date",
        ),
        (
            {"addresses": [HOME | {"timezone": "Asia/Taipeh"}]},
            "/addresses/0/timezone",
            "unknown_timezone",
        ),
        (
            {"addresses": [HOME | {"timezone": "Asia/Tokyo"}]},
            "/addresses/0/timezone",
            "timezone_elsewhere",
        ),
        ({"addresses": [HOME | {"latitude": 91}]}, "/addresses/0/latitude", "less_than_equal"),
        ({"addresses": [HOME | {"country": "XX"}]}, "/addresses/0/country", "unknown_country"),
        ({"addresses": [HOME | {"region": "CN-SH"}]}, "/addresses/0/region", "region_elsewhere"),
        ({"addresses": [HOME | {"latitude": None}]}, "/addresses/0/latitude", "missing"),
        (
            {"related": [{"role": "debtor", "name": "Twin"}]},
            "/related/0/role",
            "debtor_twice",
        ),
        ({"history": [{"due_on": "2026-10-15", "due": "x"}]}, "/history/0/due", "not_an_amount"),
        ({"extra": {"blob": "x" * 20_000}}, "/extra", "too_large"),
    ],
)
def test_bad_accounts_are_refused_where_they_are_bad(
    house: House, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = put(house, **changes)
    assert answer.status_code == 422
    assert (pointer, code) in pointers(answer)
    assert house.count("account") == house.count("person") == house.count("outbox") == 0


def test_everything_wrong_is_said_at_once_and_in_chinese(house: House) -> None:
    answer = house.client.put(
        "/v1/accounts/YS-1",
        json=account(overdue="-1", addresses=[HOME | {"timezone": "Mars/Olympus"}]),
        headers={"Accept-Language": "zh-TW"},
    )
    assert {pointer for pointer, _ in pointers(answer)} == {"/overdue", "/addresses/0/timezone"}
    assert "金额不能为负数。" in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"overdue": NaN}', 400),
        (b'{"overdue": "1", "overdue": "2"}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100 + b"]" * 100, 400),
        (b'"\\ud800"', 422),
        (b"[]", 422),
        (b"null", 422),
        (b"", 422),
        (b'{"a": "' + b"x" * (10 * 1024 * 1024) + b'"}', 413),
    ],
)
def test_what_is_no_account_at_all_is_refused(house: House, body: bytes, status: int) -> None:
    answer = house.client.put(
        "/v1/accounts/YS-1", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_other_kinds_of_content_are_refused(house: House) -> None:
    answer = house.client.put(
        "/v1/accounts/YS-1", content=b"a=1", headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("external_id", ["%20x", "x%00", "%0A", "x" * 129, "%FF", "a%2Fb"])
def test_ids_that_nobody_could_find_again_are_refused(house: House, external_id: str) -> None:
    answer = house.client.put(f"/v1/accounts/{external_id}", json=account())
    assert answer.status_code in {400, 404, 422}
    assert house.count("account") == 0


@pytest.mark.parametrize("external_id", ["借据-7", "a b", "A.1:2_3@x", "~", "100%25"])
def test_ids_may_be_anything_one_can_read(house: House, external_id: str) -> None:
    house.ok(house.client.put(f"/v1/accounts/{external_id}", json=account()), 201)
    house.ok(house.client.get(f"/v1/accounts/{external_id}"))


def test_without_a_time_zone_an_account_is_taken_all_the_same(house: House) -> None:
    house.push(addresses=[{"kind": "home", "text": "somewhere in the States", "country": "US"}])
    found = house.ok(house.client.get("/v1/accounts/YS-1"))
    assert found["addresses"][0]["timezone"] is None


# --- who may


def test_nobody_pushes_without_a_token(house: House) -> None:
    del house.client.headers["Authorization"]
    assert put(house).status_code == 401


@pytest.mark.parametrize("role", ["agent", "auditor", "compliance", "service"])
def test_only_lenders_and_operators_push(house: House, role: str) -> None:
    answer = house.client.put(
        f"/v1/accounts/YS-1?lender={LENDER}", json=account(), headers=house.header(role)
    )
    assert answer.status_code == 403


def test_operators_say_whose_account_it_is(house: House) -> None:
    answer = house.client.put("/v1/accounts/YS-1", json=account(), headers=house.header("ops"))
    assert answer.status_code == 422
    assert pointers(answer) == [("?lender", "missing")]
    answer = house.client.put(
        f"/v1/accounts/YS-1?lender={LENDER}", json=account(), headers=house.header("ops")
    )
    assert answer.status_code == 201
    house.ok(house.client.get("/v1/accounts/YS-1"))


def test_another_lenders_account_does_not_exist(house: House) -> None:
    house.push()
    theirs = house.header("lender", "southbank")
    assert house.client.get("/v1/accounts/YS-1", headers=theirs).status_code == 404
    named = house.client.get(f"/v1/accounts/YS-1?lender={LENDER}", headers=theirs)
    assert named.status_code == 404
    # And their account of the same id is another account.
    assert house.push(lender="southbank")["result"] == "created"
