"""Questions as badly put as they can be: a clear 4xx with pointers, or a judgement; never a 5xx."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from credentials import Keys
from fastapi.testclient import TestClient
from lawful_questions import (
    CONSENT,
    PAST,
    PLACES,
    TAIPEI,
    Json,
    asked_without_a_database,
    calendar,
    call,
    question,
)

AT_NINE = "2026-12-01T09:00:00+08:00"
SLOT: Json = {"days": ["tue"], "from": "09:00", "to": "12:00"}


@pytest.fixture(scope="module")
def client(keys: Keys) -> Iterator[TestClient]:
    with asked_without_a_database(keys) as client:
        yield client


# --- no length, and too much ---------------------------------------------------------------------

NO_LENGTH: dict[str, tuple[str, Json, str]] = {
    "a visit": ("checks", question(duration_minutes=0), "/duration_minutes"),
    "a slot": (
        "checks",
        question(facts=[{"kind": "excluded_slot", "slots": [{**SLOT, "to": "09:00"}]}]),
        "/facts/0/slots/0",
    ),
    "a slot of no days": (
        "checks",
        question(facts=[{"kind": "excluded_slot", "slots": [{**SLOT, "days": []}]}]),
        "/facts/0/slots/0/days",
    ),
    "a consent backwards": (
        "checks",
        question(consents=[{**CONSENT, "until": "2026-03-31T00:00:00Z"}]),
        "/consents/0/until",
    ),
    "a fact backwards": (
        "checks",
        question(facts=[{"kind": "cease", "since": "2026-02-02", "until": "2026-02-01"}]),
        "/facts/0/until",
    ),
    "a past contact backwards": (
        "checks",
        question(history=[{**PAST, "ends_at": "2026-11-28T01:59:59Z"}]),
        "/history/0/ends_at",
    ),
}


@pytest.mark.parametrize("what", NO_LENGTH)
def test_what_has_no_length_is_pointed_at(client: TestClient, what: str) -> None:
    path, body, pointer = NO_LENGTH[what]
    answer = client.post(f"/v1/{path}", json=body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_a_calendar_of_no_length_holds_its_one_instant_or_nothing(client: TestClient) -> None:
    for text, lawful in ((AT_NINE, True), ("2026-12-01T03:00:00+08:00", False)):
        answer = client.post("/v1/windows", json=calendar(text, text))
        assert answer.status_code == 200
        assert answer.json()["windows"] == ([{"from": text, "to": text}] if lawful else [])


def test_consents_and_facts_of_one_instant_or_day_are_no_mistake(client: TestClient) -> None:
    moment = TAIPEI["starts_at"]
    consents = [{**CONSENT, "given_at": moment, "until": moment}]
    facts = [{"kind": "cease", "since": "2026-11-30", "until": "2026-11-30"}]
    answer = client.post("/v1/checks", json=question(consents=consents, facts=facts))
    assert answer.json()["verdict"] == "allow"


LARGEST: dict[str, list[Any]] = {
    "history": [{**PAST, "starts_at": "2020-01-01T10:00:00Z"}] * 10_000,
    "debts": [{"id": f"d{n}", "product": "credit_card"} for n in range(1_000)],
    "facts": [{"kind": "excluded_slot", "slots": [SLOT] * 50, "channel": "sms"}] * 200,
    "consents": [CONSENT] * 200,
    "team": [{**TAIPEI["team"][0], "id": f"a{n}"} for n in range(50)],
    "packs": ["tw"] * 100,
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_question_is_answered_and_one_more_is_refused(
    client: TestClient, name: str
) -> None:
    largest = LARGEST[name]
    answer = client.post("/v1/checks", json=question() | {name: largest})
    assert answer.status_code == 200, answer.text[:1000]
    assert answer.json()["verdict"] in ("allow", "deny", "needs_review")
    answer = client.post("/v1/checks", json=question() | {name: [*largest, largest[0]]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{name}")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"packs": ' * 50_000,
        '{"a": 1, "a": 2}',
        '{"duration_minutes": 1' + "0" * 100_000 + "}",
        '{"point": "\\ud800"}',
        '"' + "字" * 2_000_000 + '"',
        "\u0000",
        "{" + ",".join(f'"{n}": 1' for n in range(100_000)) + "}",
    ],
    ids=["brackets", "braces", "twice", "digits", "half a character", "text", "nul", "keys"],
)
def test_what_is_no_question_is_refused_in_words(client: TestClient, text: str) -> None:
    answer = client.post(
        "/v1/checks", content=text.encode(), headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]


# --- every field, spoiled in every way -----------------------------------------------------------

NASTY: list[Any] = [
    *(None, "", " ", [], {}, 0, -1, 1e308, 10**30, True, [[]], {"": None}),
    *("\u0000", "\u202e💣", "x" * 5_000, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    *("2026-02-30", "24:00", "NaN", "-0", "Asia/Atlantis", "%s{0}", "'; DROP TABLE ledger; --"),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every field and item of a body, and what lies within."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(each, (*path, key))


@pytest.mark.parametrize("field", TAIPEI)
def test_a_spoiled_field_is_pointed_at_or_judged(client: TestClient, field: str) -> None:
    for path in paths({field: TAIPEI[field]}):
        for value in NASTY:
            body = copy.deepcopy(TAIPEI)
            *steps, last = path
            inner: Any = body
            for step in steps:
                inner = inner[step]
            inner[last] = value
            answer = client.post("/v1/checks", json=body)
            told = (path, value, answer.text[:500])
            assert answer.status_code in (200, 422), told
            if answer.status_code == 422:
                # At the field itself, or at one beside it that it contradicts.
                there = "/" + "/".join(map(str, path[:-1] or path))
                errors = answer.json()["errors"]
                assert any(error["pointer"].startswith(there) for error in errors), told
                assert all(error["message"] for error in errors), told


@pytest.mark.parametrize("field", TAIPEI)
def test_a_field_left_out_is_missed_or_makes_nothing_lawful(client: TestClient, field: str) -> None:
    """By night and by day: no gap in a question turns a no into a yes."""
    night = question(starts_at="2026-12-01T23:30:00+08:00")
    del night[field]
    answer = client.post("/v1/checks", json=night)
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    else:
        assert answer.json()["verdict"] != "allow"


@pytest.mark.parametrize(
    "at", ["1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2199-12-31T23:59:59-12:00"]
)
def test_the_first_and_the_last_time_there_is_are_judged(client: TestClient, at: str) -> None:
    for where in PLACES:
        for body in (question(where, starts_at=at), call(where, starts_at=at)):
            assert client.post("/v1/checks", json=body).status_code == 200
        answer = client.post("/v1/windows", json=calendar(at, at) | {"place": PLACES[where]})
        assert answer.status_code == 200
