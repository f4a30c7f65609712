"""Quotes over HTTP: the contract's example, and a clear 422 for everything that is none."""

from typing import Any

import pytest
from plans_house import TERMS, House


def refused(edge: House, body: Any) -> list[tuple[str, str]]:
    answer = edge.client.post("/v1/quotes", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def test_the_contracts_example(edge: House) -> None:
    found = edge.ok(edge.client.post("/v1/quotes", json=TERMS))
    assert found["instalments"][0] == {
        "no": 1,
        "due_on": "2026-12-15",
        "principal": "788.49",
        "interest": "100.00",
        "total": "888.49",
        "balance_after": "9211.51",
    }
    assert found["instalments"][-1]["total"] == "888.47"
    assert found["instalments"][-1]["balance_after"] == "0.00"
    assert found["total"] == "10661.86"
    assert found["total_interest"] == "661.86"
    assert found["effective_annual_rate"] == "0.126826"
    assert found["currency"] == "CNY"


def test_the_same_body_gets_the_same_answer_and_nothing_is_stored(edge: House) -> None:
    # The database of these tests is away: nothing could be.
    first, second = (edge.client.post("/v1/quotes", json=TERMS) for _ in range(2))
    assert first.status_code == 200
    assert first.content == second.content


@pytest.mark.parametrize(
    "role", ["lender", "ops", "agent", "compliance", "auditor", "admin", "service"]
)
def test_everybody_with_a_token_may_compute(edge: House, role: str) -> None:
    edge.ok(edge.client.post("/v1/quotes", json=TERMS, headers=edge.header(role)))


def test_nobody_without_one(edge: House) -> None:
    answer = edge.client.post("/v1/quotes", json=TERMS, headers={"Authorization": ""})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"amount": "10000.001"}, "/amount", "too_many_decimals"),
        ({"amount": "10000.0", "currency": "JPY"}, "/amount", "too_many_decimals"),
        ({"amount": "-1.00"}, "/amount", "not_positive"),
        ({"amount": "0.00"}, "/amount", "not_positive"),
        ({"amount": "1e4"}, "/amount", "not_money"),
        ({"amount": "NaN"}, "/amount", "not_money"),
        ({"amount": "10,000.00"}, "/amount", "not_money"),
        ({"amount": 10000}, "/amount", "not_a_decimal_string"),
        ({"amount": 10000.5}, "/amount", "not_a_decimal_string"),
        ({"amount": True}, "/amount", "string_type"),
        ({"amount": None}, "/amount", "string_type"),
        ({"amount": "9" * 50}, "/amount", "string_too_long"),
        ({"amount": "9" * 20}, "/amount", "absurd_amount"),
        ({"amount": "0.05"}, "/amount", "amount_too_small"),
        ({"currency": "XXX"}, "/currency", "unknown_currency"),
        ({"currency": "XAU"}, "/currency", "unknown_currency"),
        ({"currency": "cny"}, "/currency", "unknown_currency"),
        ({"currency": "CLF"}, "/currency", "unknown_currency"),
        ({"annual_rate": "12"}, "/annual_rate", "absurd_rate"),
        ({"annual_rate": "-0.12"}, "/annual_rate", "absurd_rate"),
        ({"annual_rate": "Infinity"}, "/annual_rate", "absurd_rate"),
        ({"annual_rate": 0.12}, "/annual_rate", "not_a_decimal_string"),
        ({"instalments": 0}, "/instalments", "greater_than_equal"),
        ({"instalments": 601}, "/instalments", "less_than_equal"),
        ({"instalments": "12"}, "/instalments", "int_type"),
        ({"instalments": 12.0}, "/instalments", "int_type"),
        ({"instalments": True}, "/instalments", "int_type"),
        ({"instalments": 10**40}, "/instalments", "less_than_equal"),
        ({"agreed_on": "2026-11-31"}, "/agreed_on", "date_impossible"),
        ({"agreed_on": "2026-11-15T00:00:00Z"}, "/agreed_on", "date_format"),
        ({"agreed_on": 20261115}, "/agreed_on", "date_format"),
        ({"first_due_on": "2026-11-14"}, "/first_due_on", "first_due_before_agreement"),
        ({"first_due_on": "2027-11-17"}, "/first_due_on", "first_due_too_late"),
        ({"first_due_on": "0001-01-01"}, "/first_due_on", "date_out_of_range"),
        ({"frequency": "daily"}, "/frequency", "enum"),
        ({"kind": "balloon"}, "/kind", "enum"),
        ({"discount": "0.5"}, "/discount", "unknown_field"),
    ],
)
def test_each_bad_term_is_pointed_at(
    edge: House, changed: dict[str, Any], pointer: str, code: str
) -> None:
    assert refused(edge, TERMS | changed) == [(pointer, code)]


def test_all_bad_terms_are_told_at_once(edge: House) -> None:
    found = refused(edge, TERMS | {"amount": "x", "annual_rate": "y"})
    assert found == [("/amount", "not_money"), ("/annual_rate", "absurd_rate")]


@pytest.mark.parametrize(
    "extra",
    [
        {"kind": "interest_free"},
        {"kind": "deferral", "defer_until": "2027-01-01"},
        {"kind": "interest_only_then_balance"},
        {"kind": "lump_sum", "discount": "0.30"},
    ],
)
def test_a_kind_to_come_is_not_offered_yet_whatever_its_fields(
    edge: House, extra: dict[str, Any]
) -> None:
    assert refused(edge, TERMS | extra) == [("/kind", "not_offered_yet")]
    without_rate = {name: value for name, value in TERMS.items() if name != "annual_rate"}
    assert refused(edge, without_rate | extra) == [("/kind", "not_offered_yet")]


def test_missing_terms_are_named(edge: House) -> None:
    assert sorted(refused(edge, {})) == sorted((f"/{name}", "missing") for name in TERMS)


@pytest.mark.parametrize("body", [[], "terms", 7, None])
def test_terms_are_an_object(edge: House, body: Any) -> None:
    answer = edge.client.post("/v1/quotes", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b'{"amount": NaN}', 400), (b'{"kind": "a", "kind": "b"}', 400), (b"{", 400), (b"", 422)],
)
def test_what_is_no_json_is_refused(edge: House, raw: bytes, status: int) -> None:
    answer = edge.client.post(
        "/v1/quotes", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status


def test_refusals_come_in_chinese_on_request(edge: House) -> None:
    answer = edge.client.post(
        "/v1/quotes", json=TERMS | {"kind": "deferral"}, headers={"Accept-Language": "zh-TW"}
    )
    assert "暂未提供" in answer.json()["errors"][0]["message"]


def test_month_ends_stay_month_ends(edge: House) -> None:
    body = TERMS | {"agreed_on": "2026-12-31", "first_due_on": "2027-01-31", "instalments": 3}
    found = edge.ok(edge.client.post("/v1/quotes", json=body))
    assert [each["due_on"] for each in found["instalments"]] == [
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
    ]
    assert found["instalments"][0]["interest"] == "100.00"


def test_six_hundred_instalments_are_computed(edge: House) -> None:
    found = edge.ok(
        edge.client.post("/v1/quotes", json=TERMS | {"amount": "1000000.00", "instalments": 600})
    )
    assert len(found["instalments"]) == 600
    assert found["instalments"][-1]["due_on"] == "2076-11-15"
