"""Questions with all their facts inside: answered alike each time, in the reader's language."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from nowhere_questions import QUESTION, question, windows_question
from rules_house import House


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
