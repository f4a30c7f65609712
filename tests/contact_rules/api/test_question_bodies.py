"""Bodies of questions: every word of the contract is understood, what is wrong is pointed at."""

from __future__ import annotations

from typing import Any

import pytest
from contact_rules.domain import FactKind
from nowhere_questions import QUESTION, question, windows_question
from rules_house import House


def test_all_vocabulary_of_the_contract_is_understood(house: House) -> None:
    words = {
        "channel": "visit phone sms email im letter door_note",
        "direction": "outbound inbound",
        "purpose": "collect locate relay plan reply legal_notice service_of_process repossession"
        " validation",
        "place.kind": "home work agreed public school hospital branch other",
        "party.role": "debtor co_debtor guarantor spouse debt_related family household minor"
        " employer colleague neighbour reference attorney representative other",
        "collector.class": "creditor agency debt_buyer",
        "facts.0.kind": "cease dispute represented bankrupt deceased hospital bereavement disaster"
        " hardship vulnerable minor complaint_open plan_active paid time_barred litigation"
        " employer_prohibits no_home_visits third_party_refused channel_opt_out waking_hours"
        " working_hours excluded_slot preferred_slot mandate_ended agency_not_listed"
        " licence_missing cannot_record hold",
        "facts.0.form": "written oral oral_recorded separate_instrument",
        "consents.0.scope": "hours channel visit visit_frequency call_frequency workplace entry"
        " recording third_party",
        "history.0.outcome": "not_connected no_answer voicemail answered conversation refused sent"
        " nobody_met person_met debtor_met notice_given",
        "consents.0.channel": "visit phone sms email im letter door_note",
        "debts.0.product": "credit_card consumer_loan microcredit mortgage auto business_loan"
        " private_loan other",
    }
    for path, values in words.items():
        for value in values.split():
            body = question()
            set_at(body, path, value)
            answer = house.client.post("/v1/checks", json=body)
            assert answer.status_code == 200, (path, value, answer.text)


def set_at(body: Any, path: str, value: Any) -> None:
    *steps, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for step in steps:
        body = body[step]
    body[last] = value


REFUSED: list[tuple[str, Any, str, str]] = [
    ("channel", "pigeon", "/channel", "enum"),
    ("direction", "sideways", "/direction", "enum"),
    ("purpose", None, "/purpose", "enum"),
    ("place.kind", "cave", "/place/kind", "enum"),
    ("place.timezone", "Asia/Atlantis", "/place/timezone", "not_a_time_zone"),
    ("place.timezone", "../../etc/passwd", "/place/timezone", "not_a_time_zone"),
    ("place.timezone", "", "/place/timezone", "not_a_time_zone"),
    ("place.country", "Taiwan", "/place/country", "string_pattern_mismatch"),
    ("place.region", "TW-TPE", "/place/region", "string_pattern_mismatch"),
    ("place.floor", 3, "/place/floor", "unknown_field"),
    ("place.city", "New York", "/place/city", "string_pattern_mismatch"),
    ("residence", {"country": "US", "city": "nyc"}, "/residence/city", "string_pattern_mismatch"),
    ("party.role", "Debtor", "/party/role", "enum"),
    ("party.age", -1, "/party/age", "greater_than_equal"),
    ("party.age", "44", "/party/age", "int_type"),
    ("party.age", True, "/party/age", "int_type"),
    ("party.timezones.0", "Mars/Olympus", "/party/timezones/0", "not_a_time_zone"),
    ("party.id", " ", "/party/id", "string_too_short"),
    ("debts", [], "/debts", "too_short"),
    ("debts.0.annual_rate", 0.15, "/debts/0/annual_rate", "not_a_rate"),
    ("debts.0.annual_rate", "-0.15", "/debts/0/annual_rate", "not_a_rate"),
    ("debts.0.annual_rate", "NaN", "/debts/0/annual_rate", "not_a_rate"),
    ("debts.0.days_past_due", -1, "/debts/0/days_past_due", "greater_than_equal"),
    ("collector.class", "bailiff", "/collector/class", "enum"),
    ("team.0.credentials.0", "work id", "/team/0/credentials/0", "string_pattern_mismatch"),
    ("team.0.employer", 7, "/team/0/employer", "string_type"),
    ("team.0.announced_on", "yesterday", "/team/0/announced_on", "date_format"),
    ("team", None, "/team", "missing"),
    ("place", None, "/place", "missing"),
    ("duration_minutes", 0, "/duration_minutes", "too_short"),
    ("duration_minutes", 30.0, "/duration_minutes", "int_type"),
    ("duration_minutes", 1441, "/duration_minutes", "less_than_equal"),
    ("starts_at", "2026-12-01T10:00:00", "/starts_at", "time_without_offset"),
    ("starts_at", "2026-12-01T10:00:00.5Z", "/starts_at", "time_fraction"),
    ("starts_at", "2026-13-01T10:00:00Z", "/starts_at", "time_impossible"),
    ("starts_at", 1796095800, "/starts_at", "time_format"),
    ("packs", [], "/packs", "too_short"),
    ("packs", ["taiwanese", "atlantis"], "/packs/1", "unknown_pack"),
    ("packs", ["taiwanese@1999-01-01"], "/packs/0", "unknown_pack"),
    ("facts.0.kind", "annoyed", "/facts/0/kind", "enum"),
    ("facts.0.since", "2026-04-31", "/facts/0/since", "date_impossible"),
    ("facts.0.until", "2026-04-01", "/facts/0/until", "before_the_beginning"),
    ("facts.1.slots.0.days", [], "/facts/1/slots/0/days", "too_short"),
    ("facts.1.slots.0.days.0", "monday", "/facts/1/slots/0/days/0", "enum"),
    ("facts.1.slots.0.from", "9:00", "/facts/1/slots/0/from", "not_a_time_of_day"),
    ("facts.1.slots.0.to", "24:00", "/facts/1/slots/0/to", "not_a_time_of_day"),
    ("facts.1.slots.0.to", "22:00", "/facts/1/slots/0", "empty_slot"),
    ("consents.0.scope", "everything", "/consents/0/scope", "enum"),
    ("consents.0.channel", "pigeon", "/consents/0/channel", "enum"),
    ("consents.0.given_at", "2026-04-01", "/consents/0/given_at", "time_format"),
    ("consents.0.until", "2026-03-01T00:00:00Z", "/consents/0/until", "before_the_beginning"),
    ("history.0.outcome", "shouted_at", "/history/0/outcome", "enum"),
    ("history.0.starts_at", "2026-11-28T10:00:00", "/history/0/starts_at", "time_without_offset"),
    ("history.0.reserved", True, "/history/0/outcome", "not_yet"),
    (
        "history.0.ends_at",
        "2026-11-28T09:00:00+08:00",
        "/history/0/ends_at",
        "before_the_beginning",
    ),
    ("history.0.mood", "bad", "/history/0/mood", "unknown_field"),
    ("lender", 7, "/lender", "string_type"),
    ("colour", "red", "/colour", "unknown_field"),
    ("from", "2026-12-01T10:00:00Z", "/from", "unknown_field"),
]


def test_what_is_wrong_is_pointed_at(house: House) -> None:
    for path, value, pointer, code in REFUSED:
        body = question()
        set_at(body, path, value)
        answer = house.client.post("/v1/checks", json=body)
        assert answer.status_code == 422, (path, value, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
        assert (pointer, code) in errors, (path, value, errors)


def test_all_words_that_would_have_been_understood_are_told(house: House) -> None:
    body = question()
    set_at(body, "facts.0.kind", "annoyed")
    [error] = house.client.post("/v1/checks", json=body).json()["errors"]
    assert [kind for kind in FactKind if f"'{kind}'" not in error["message"]] == []
    assert "…" not in error["message"]


def test_every_field_that_must_be_there_is_named(house: House) -> None:
    answer = house.client.post("/v1/checks", json={})
    missing = {error["pointer"] for error in answer.json()["errors"] if error["code"] == "missing"}
    assert missing == {
        "/starts_at",
        "/duration_minutes",
        "/channel",
        "/direction",
        "/purpose",
        "/party",
        "/debts",
        "/collector",
    }


def test_ids_listed_twice_are_refused(house: House) -> None:
    body = question()
    body["debts"] *= 2
    body["team"][1]["id"] = "a1"
    errors = house.client.post("/v1/checks", json=body).json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/debts/1/id", "listed_twice"),
        ("/team/1/id", "listed_twice"),
    ]


def test_a_history_of_ten_thousand_is_read_and_one_more_is_refused(house: House) -> None:
    past = QUESTION["history"][0] | {"starts_at": "2020-01-01T10:00:00+08:00"}
    answer = house.client.post("/v1/checks", json=question(history=[past] * 10_000))
    assert answer.status_code == 200, answer.text
    answer = house.client.post("/v1/checks", json=question(history=[past] * 10_001))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/history"


@pytest.mark.parametrize("text", ['{"packs": ["taiwanese"', "[]", "NaN", '"check"', ""])
def test_what_is_no_question_at_all_is_refused(house: House, text: str) -> None:
    answer = house.client.post(
        "/v1/checks", content=text, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.json()["status"] == answer.status_code


def test_a_body_over_four_megabytes_is_refused(house: House) -> None:
    answer = house.client.post("/v1/checks", json=question(point="x" * 4 * 1024 * 1024))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"to": "2027-03-01T00:00:01+08:00"}, "/to", "too_far"),
        ({"to": "2026-11-30T23:59:59+08:00"}, "/to", "before_the_beginning"),
        ({"to": "2026-12-04T00:00:00"}, "/to", "time_without_offset"),
        ({"from": "tomorrow"}, "/from", "time_format"),
        ({"starts_at": "2026-12-01T10:00:00+08:00"}, "/starts_at", "unknown_field"),
        ({"packs": ["atlantis"]}, "/packs/0", "unknown_pack"),
    ],
)
def test_a_calendar_that_can_not_be_is_refused(
    house: House, changed: dict[str, Any], pointer: str, code: str
) -> None:
    answer = house.client.post("/v1/windows", json=windows_question(**changed))
    assert answer.status_code == 422, answer.text
    errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert (pointer, code) in errors
