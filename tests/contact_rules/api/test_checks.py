"""Questions with all their facts inside: answered alike each time, refused with pointers."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rules_house import House

QUESTION: dict[str, Any] = {
    "packs": ["taiwanese", "everyone"],
    "starts_at": "2026-12-01T10:00:00+08:00",
    "duration_minutes": 30,
    "channel": "visit",
    "direction": "outbound",
    "purpose": "collect",
    "place": {"kind": "home", "timezone": "Asia/Taipei", "country": "TW", "region": "TPE"},
    "party": {"id": "p1", "role": "debtor", "age": 44, "timezones": ["Asia/Taipei"]},
    "debts": [{"id": "d1", "product": "credit_card", "days_past_due": 60, "annual_rate": "0.15"}],
    "collector": {"id": "c1", "class": "agency"},
    "team": [
        {"id": "a1", "credentials": ["work_id", "authorisation_letter"]},
        {"id": "a2", "credentials": ["work_id"]},
    ],
    "point": "+886912345678",
    "facts": [
        {"kind": "cease", "form": "written", "since": "2026-04-02"},
        {
            "kind": "excluded_slot",
            "until": "2026-12-31",
            "party": "p1",
            "channel": "phone",
            "slots": [{"days": ["mon", "sun"], "from": "22:00", "to": "06:00"}],
        },
    ],
    "consents": [
        {
            "scope": "visit_frequency",
            "form": "written",
            "given_at": "2026-04-01T09:00:00+08:00",
            "until": None,
        }
    ],
    "history": [
        {
            "channel": "visit",
            "direction": "outbound",
            "starts_at": "2026-11-28T10:00:00+08:00",
            "outcome": "conversation",
            "party": "p1",
            "debts": ["d1"],
            "collector": "c1",
            "place": "home",
            "point": None,
        }
    ],
}

Change = Callable[[dict[str, Any]], Any]


def question(**changed: Any) -> dict[str, Any]:
    return copy.deepcopy(QUESTION) | changed


def windows_question(**changed: Any) -> dict[str, Any]:
    body = question(**{"from": "2026-12-01T00:00:00+08:00", "to": "2026-12-04T00:00:00+08:00"})
    del body["starts_at"]
    return body | changed


def test_a_lawful_contact_is_allowed_with_the_latest_end_in_local_time(house: House) -> None:
    answer = house.client.post("/v1/checks", json=QUESTION)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["verdict"] == "allow"
    assert said["packs"] == ["everyone@2026-01-01", "taiwanese@2026-02-01"]
    assert said["must_end_by"] == "2026-12-01T18:00:00+08:00"
    assert said["earliest_allowed_at"] == "2026-12-01T10:00:00+08:00"
    assert said["obligations"] == []
    by_rule = {check["rule"]: check for check in said["checks"]}
    assert by_rule["everyone.visit-7d"] == {
        "rule": "everyone.visit-7d",
        "pack": "everyone@2026-01-01",
        "kind": "event_count",
        "severity": "policy",
        "result": "pass",
        "measured": 2,
        "limit": 2,
        "window": {"from": "2026-11-28", "to": "2026-12-04"},
        "citation": "Rulebook of nowhere, 2",
        "source_quality": "text",
        "message": "2 visits in 7 days; 2 may be.",
    }
    assert by_rule["taiwanese.hours"]["window"] == {
        "from": "2026-12-01T09:00:00+08:00",
        "to": "2026-12-01T18:00:00+08:00",
    }


def test_a_denial_says_why_in_the_readers_language_and_when_it_may_be(house: House) -> None:
    body = question()
    body["history"].append(body["history"][0] | {"starts_at": "2026-11-30T10:00:00+08:00"})
    answer = house.client.post(
        "/v1/checks", json=body, headers={"Accept-Language": "zh-TW,zh;q=0.9"}
    )
    said = answer.json()
    assert said["verdict"] == "deny"
    failed = {check["rule"]: check for check in said["checks"] if check["result"] == "fail"}
    assert failed["everyone.visit-7d"]["message"] == "七日内上门 3 次，上限 2 次。"
    assert failed["everyone.met-30d"]["measured"] == 3
    # Two meetings at the end of November: free again thirty days after the first.
    assert said["earliest_allowed_at"] == "2026-12-28T09:00:00+08:00"


def test_the_same_body_gets_the_same_bytes_and_nothing_is_stored(house: House) -> None:
    before = {table: house.rows(table) for table in ("ledger", "decision", "person", "outbox")}
    answers = []
    for days in (0, 400):
        house.clock.advance(days=days)
        answers.append(house.client.post("/v1/checks", json=QUESTION).content)
        reordered = dict(reversed(list(QUESTION.items())))
        answers.append(house.client.post("/v1/checks", json=reordered).content)
    assert len(set(answers)) == 1
    assert {table: house.rows(table) for table in before} == before


def test_packs_left_out_are_found_by_place_and_residence(house: House) -> None:
    always = ["everyone@2026-01-01", "person-protection@2026-01-01"]
    body = question()
    del body["packs"]
    said = house.client.post("/v1/checks", json=body).json()
    assert said["packs"] == [*always, "taiwanese@2026-02-01"]
    body["place"] = {"kind": "home", "timezone": "Europe/Lisbon", "country": "PT"}
    said = house.client.post("/v1/checks", json=body).json()
    assert said["packs"] == ["elsewhere@2026-01-01", *always]
    body["residence"] = {"country": "TW"}
    said = house.client.post("/v1/checks", json=body).json()
    assert said["packs"] == ["elsewhere@2026-01-01", *always, "taiwanese@2026-02-01"]


def test_the_overlay_of_the_lender_is_asked_beside_the_law(house: House) -> None:
    body = question(lender="river-bank", facts=[])
    del body["packs"]
    said = house.client.post("/v1/checks", json=body).json()
    assert "river@2026-01-01" in said["packs"]
    failed = [check["rule"] for check in said["checks"] if check["result"] == "fail"]
    assert (said["verdict"], failed) == ("deny", ["river.team"])
    for lender in (None, "hill-bank"):
        said = house.client.post("/v1/checks", json=body | {"lender": lender}).json()
        assert "river@2026-01-01" not in said["packs"]
        assert said["verdict"] == "allow"


def test_where_the_region_is_not_known_its_packs_can_only_doubt(house: House) -> None:
    body = question(
        place={"kind": "home", "timezone": "America/New_York", "country": "US"},
        starts_at="2026-12-01T10:00:00-05:00",
        duration_minutes=60,
        facts=[],
        history=[],
    )
    del body["packs"]
    asked = {
        None: ("needs_review", "unknown", "Not known: whether the contact is in US-NY NYC."),
        "NY": ("needs_review", "unknown", "Not known: whether the contact is in US-NY NYC."),
        "MA": ("allow", None, None),
    }
    for region, (verdict, result, message) in asked.items():
        body["place"]["region"] = region
        said = house.client.post("/v1/checks", json=body).json()
        found = [check for check in said["checks"] if check["rule"] == "gotham.lunch"]
        assert said["verdict"] == verdict, region
        assert [(check["result"], check["message"]) for check in found] == (
            [(result, message)] if result else []
        )
    body["place"] |= {"region": "NY", "city": "NYC"}
    said = house.client.post("/v1/checks", json=body).json()
    assert said["verdict"] == "deny"
    # The calendar says the same.
    del body["starts_at"]
    body |= {"from": "2026-12-01T09:00:00-05:00", "to": "2026-12-01T12:00:00-05:00"}
    for region, city, windows in (("NY", "NYC", 0), ("NY", None, 0), ("NY", "BUF", 1)):
        body["place"] |= {"region": region, "city": city}
        found = house.client.post("/v1/windows", json=body).json()["windows"]
        assert len(found) == windows, (region, city)


def test_obligations_come_with_what_shows_that_they_were_kept(house: House) -> None:
    body = question(packs=["taiwanese", "duties"], facts=[])
    said = house.client.post("/v1/checks", json=body).json()
    assert said["obligations"] == [
        {
            "rule": "duties.record",
            "what": "record_visit",
            "when": "during",
            "message": "Record the visit; keep it for 2 years.",
            "evidence": ["audio", "video"],
            "keep": "2 years",
        },
        {
            "rule": "duties.stay-outside",
            "what": "stay_outside",
            "when": "at_start",
            "message": "Stay outside.",
            "evidence": [],
            "keep": None,
        },
    ]
    chinese = house.client.post("/v1/checks", json=body, headers={"Accept-Language": "zh"}).json()
    assert chinese["obligations"][1]["message"] == "留在门外。"
    for changed, verdict, count in (
        ({"team": [{"id": "a1"}]}, "needs_review", 2),
        ({"starts_at": "2026-12-01T23:00:00+08:00"}, "deny", 0),
    ):
        said = house.client.post("/v1/checks", json=body | changed).json()
        assert (said["verdict"], len(said["obligations"])) == (verdict, count)


def test_named_packs_are_exactly_those(house: House) -> None:
    said = house.client.post("/v1/checks", json=question(packs=["elsewhere@2026-01-01"])).json()
    assert said["packs"] == ["elsewhere@2026-01-01"]
    assert [check["rule"] for check in said["checks"]] == ["elsewhere.hours"]
    twice = house.client.post("/v1/checks", json=question(packs=["elsewhere", "elsewhere"])).json()
    assert twice["packs"] == ["elsewhere@2026-01-01"]


def test_a_call_needs_neither_place_nor_team(house: House) -> None:
    body = question(channel="phone", duration_minutes=0)
    del body["place"], body["team"]
    said = house.client.post("/v1/checks", json=body).json()
    assert said["verdict"] == "allow"
    # Where nothing tells a zone, nobody can know the hour.
    body["party"]["timezones"] = []
    said = house.client.post("/v1/checks", json=body).json()
    assert said["verdict"] == "needs_review"
    assert said["earliest_allowed_at"] is None


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


def test_windows_are_the_starts_at_which_a_check_allows(house: House) -> None:
    answer = house.client.post("/v1/windows", json=windows_question())
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["packs"] == ["everyone@2026-01-01", "taiwanese@2026-02-01"]
    assert said["windows"] == [
        {"from": "2026-12-01T09:00:00+08:00", "to": "2026-12-01T17:30:00+08:00"},
        {"from": "2026-12-02T09:00:00+08:00", "to": "2026-12-02T17:30:00+08:00"},
        {"from": "2026-12-03T09:00:00+08:00", "to": "2026-12-03T17:30:00+08:00"},
    ]
    for start, verdict in (
        ("2026-12-01T08:59:59+08:00", "deny"),
        ("2026-12-01T09:00:00+08:00", "allow"),
        ("2026-12-01T17:30:00+08:00", "allow"),
        ("2026-12-01T17:30:01+08:00", "deny"),
    ):
        checked = house.client.post("/v1/checks", json=question(starts_at=start)).json()
        assert checked["verdict"] == verdict, start


def test_a_calendar_of_one_moment_and_of_ninety_days_is_one(house: House) -> None:
    noon = "2026-12-01T12:00:00+08:00"
    said = house.client.post("/v1/windows", json=windows_question(**{"from": noon, "to": noon}))
    assert said.json()["windows"] == [{"from": noon, "to": noon}]
    long = windows_question(to="2027-03-01T00:00:00+08:00")
    assert house.client.post("/v1/windows", json=long).status_code == 200


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


def test_times_are_told_where_the_door_is_whatever_offset_was_sent(house: House) -> None:
    utc = datetime.fromisoformat(QUESTION["starts_at"]).astimezone().isoformat()
    said = house.client.post("/v1/checks", json=question(starts_at=utc)).json()
    assert said["must_end_by"] == "2026-12-01T18:00:00+08:00"


@pytest.mark.parametrize("role", ["lender", "ops", "agent", "compliance", "auditor", "service"])
def test_anybody_with_a_token_may_ask(house: House, role: str) -> None:
    answer = house.client.post("/v1/checks", json=QUESTION, headers=house.header(role))
    assert answer.status_code == 200


def test_nobody_without_a_token_may_ask(house: House) -> None:
    del house.client.headers["Authorization"]
    for path, body in (("/v1/checks", QUESTION), ("/v1/windows", windows_question())):
        assert house.client.post(path, json=body).status_code == 401
        assert house.client.post(path, content=json.dumps(body)).status_code == 401
