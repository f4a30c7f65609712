"""Questions that leave things out or contradict themselves: answered on the safe side.

Asked of the packs that ship: what is missing, in doubt or against itself leads to a refusal, to
`needs_review` or `deny`, never to `allow`; what makes no difference makes none.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from credentials import Keys
from fastapi.testclient import TestClient
from lawful_questions import (
    AGENCY,
    CONSENT,
    PAST,
    PLACES,
    TAIPEI,
    Json,
    asked_without_a_database,
    call,
    question,
)


@pytest.fixture(scope="module")
def client(keys: Keys) -> Iterator[TestClient]:
    with asked_without_a_database(keys) as client:
        yield client


def verdict(client: TestClient, body: Json) -> str:
    answer = client.post("/v1/checks", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["verdict"])


# --- what is not known ---------------------------------------------------------------------------

LAWFUL: dict[str, Json] = {
    **{f"a visit in {where}": question(where) for where in PLACES},
    "a visit by an agency in boston": question("boston", collector=AGENCY, history=[]),
    "a visit by an agency in columbus": question("columbus", collector=AGENCY),
    "a call in guangzhou": call("guangzhou", history=[]),
    "a call in bogota": call(
        "bogota", consents=[{**CONSENT, "scope": "channel", "channel": "phone"}], history=[]
    ),
}
"""So that what follows is not denied for another reason."""


def nowhere(**changed: Any) -> Json:
    body = question(place={**TAIPEI["place"], "timezone": None}, residence=None)
    body["party"]["timezones"] = []
    return body | changed


NOT_KNOWN: dict[str, Json] = {
    "the zone of the door": question(place={**TAIPEI["place"], "timezone": None}),
    "any zone": nowhere(),
    "any zone of a call": nowhere(channel="phone", place=None),
    "any zone of a message": nowhere(channel="sms", place=None, duration_minutes=0),
    "the country": question(place={"kind": "home", "timezone": "Asia/Taipei"}, residence=None),
    "the country's packs and holidays": question(
        place={**TAIPEI["place"], "country": "ZZ", "region": None}, residence=None
    ),
    "in which part of the country": question(
        "columbus", place={**PLACES["columbus"], "region": None}
    ),
    "who was visited today": question(
        history=[{**PAST, "starts_at": "2026-12-01T09:00:00+08:00", "party": None}]
    ),
    "which debts a visit was about": question(
        "boston", collector=AGENCY, history=[{**PAST, "debts": [], "outcome": "debtor_met"}]
    ),
    "which number was called": call(
        "guangzhou",
        point=None,
        history=[
            {**PAST, "channel": "phone", "outcome": "no_answer", "point": None}
            | {"starts_at": f"2026-12-01T{hour:02}:00:00+08:00"}
            for hour in range(6, 12)
        ],
    ),
    "how a visit today ended": question(
        history=[{**PAST, "starts_at": "2026-12-01T09:00:00+08:00", "outcome": None}]
    ),
    "the form of a wish to be left alone": question(
        "columbus", collector=AGENCY, facts=[{"kind": "cease"}]
    ),
    "since when there is a disaster": question("mumbai", facts=[{"kind": "disaster"}]),
    "which channel a consent is for": call(
        "bogota", consents=[{**CONSENT, "scope": "channel", "channel": None}], history=[]
    ),
    "the product": question("mumbai", debts=[{"id": "d1"}]),
    "the rate": question("guangzhou", debts=[{"id": "d1", "product": "private_loan"}]),
    "who employs the team": question("singapore", team=[{"id": "a1"}, {"id": "a2"}], history=[]),
    "what the team carries": question(team=[{"id": "a1"}, {"id": "a2"}]),
    "who is in the team": question(team=[]),
    "the holidays of that year": question(starts_at="2150-02-10T10:00:00+08:00"),
}


@pytest.mark.parametrize("what", LAWFUL)
def test_with_everything_known_it_is_allowed(client: TestClient, what: str) -> None:
    assert verdict(client, LAWFUL[what]) == "allow"


@pytest.mark.parametrize("what", NOT_KNOWN)
def test_what_is_not_known_is_never_allowed(client: TestClient, what: str) -> None:
    assert verdict(client, NOT_KNOWN[what]) in ("needs_review", "deny")


# --- what contradicts itself, happens twice or has not happened yet ------------------------------

AT_NINE = "2026-12-01T09:00:00+08:00"
CONSENT_TO_CALLS: Json = {**CONSENT, "scope": "channel", "channel": "phone"}
SLOT: Json = {"days": ["tue"], "from": "09:00", "to": "12:00"}
CONTRADICTORY: dict[str, Json] = {
    "one id, two contacts": question(
        history=[{**PAST, "id": "h"}, {**PAST, "id": "h", "starts_at": AT_NINE}]
    ),
    "one id, two outcomes, at the limit": question(
        "london",
        history=[
            {**PAST, "id": "h", "outcome": outcome, "starts_at": "2026-11-30T10:00:00Z"}
            for outcome in ("nobody_met", "debtor_met")
        ],
    ),
    "consent given and taken back on one day": call(
        "bogota",
        consents=[{**CONSENT_TO_CALLS, "given_at": "2026-04-01T09:00:00-05:00"}],
        facts=[{"kind": "channel_opt_out", "since": "2026-04-01", "until": "2026-12-31"}],
        history=[],
    ),
    "consent taken back at a time nobody knows": call(
        "bogota", consents=[CONSENT_TO_CALLS], facts=[{"kind": "channel_opt_out"}], history=[]
    ),
    "one consent is over and the other has not begun": call(
        "bogota",
        consents=[
            {**CONSENT_TO_CALLS, "until": "2026-11-30T23:59:59-05:00"},
            {**CONSENT_TO_CALLS, "given_at": "2026-12-02T00:00:00-05:00"},
        ],
        history=[],
    ),
    "hours preferred and excluded": question(
        "london", facts=[{"kind": k, "slots": [SLOT]} for k in ("preferred_slot", "excluded_slot")]
    ),
    "the same visit told twice, without an id": question(history=[PAST, PAST]),
    "a visit that happened later today": question(
        history=[{**PAST, "starts_at": "2026-12-01T18:00:00+08:00"}]
    ),
    "a visit planned for tonight": question(
        history=[
            {**PAST, "starts_at": "2026-12-01T18:00:00+08:00", "outcome": None, "reserved": True}
        ]
    ),
    "two visits that happened next week": question(
        history=[{**PAST, "starts_at": f"2026-12-0{day}T10:00:00+08:00"} for day in (4, 6)]
    ),
    "a team of one person twice the size": question(team=[TAIPEI["team"][1]]),
}


@pytest.mark.parametrize("what", CONTRADICTORY)
def test_what_contradicts_itself_is_never_allowed(client: TestClient, what: str) -> None:
    assert verdict(client, CONTRADICTORY[what]) in ("needs_review", "deny")


def test_a_contact_told_twice_under_one_id_is_one(client: TestClient) -> None:
    body = question(history=[{**PAST, "id": "h"}] * 3)
    assert verdict(client, body) == "allow"


# --- what makes no difference --------------------------------------------------------------------


def busy() -> Json:
    """A question with a long history, on the edge of several rules."""
    rng = random.Random(7)
    body = question("columbus", channel="phone", collector=AGENCY)
    outcomes = ["no_answer", "conversation", "voicemail", "answered", "not_connected"]
    body["history"] = [
        {
            **PAST,
            "id": f"h{n}",
            "channel": rng.choice(["phone", "sms", "visit"]),
            "outcome": rng.choice(outcomes),
            "starts_at": f"2026-11-{rng.randint(20, 30)}T{rng.randint(10, 23)}:{n:02}:00Z",
        }
        for n in range(40)
    ]
    body["facts"] += [{"kind": kind, "since": "2026-11-01"} for kind in ("hardship", "dispute")]
    body["consents"] += [CONSENT, {**CONSENT, "scope": "call_frequency"}]
    return body


def test_histories_out_of_order_and_things_said_twice_change_nothing(client: TestClient) -> None:
    body, rng = busy(), random.Random(7)
    answer = client.post("/v1/checks", json=body).content
    for _ in range(10):
        for name in ("history", "facts", "consents", "team"):
            rng.shuffle(body[name])
        shuffled = dict(rng.sample(list(body.items()), len(body)))
        assert client.post("/v1/checks", json=shuffled).content == answer
    body["history"] += body["history"][:5]
    body["facts"] += body["facts"]
    body["consents"] += body["consents"]
    assert client.post("/v1/checks", json=body).content == answer


def test_times_of_any_zone_are_the_same_instants(client: TestClient) -> None:
    answer = client.post("/v1/checks", json=question()).json()
    for text in (
        "2026-12-01T13:00:00+08:00",
        "2026-11-30T17:00:00-12:00",
        "2026-12-01T19:00:00+14:00",
    ):
        assert client.post("/v1/checks", json=question(starts_at=text)).json() == answer
    body = question(history=[{**PAST, "starts_at": "2026-11-27T21:00:00-05:00"}])
    assert client.post("/v1/checks", json=body).json() == answer


def test_names_in_chinese_are_names_like_others(client: TestClient) -> None:
    names = {
        "p1": "林小姐",
        "d1": "信用卡，第一筆",
        "bank": "大河銀行",
        "a1": "張三",
        "h1": "第一次🏠",
    }
    text = json.dumps(busy(), ensure_ascii=False)
    for name, chinese in names.items():
        text = text.replace(f'"{name}"', f'"{chinese}"')
    plain = client.post("/v1/checks", json=busy())
    headers = {"Content-Type": "application/json"}
    assert client.post("/v1/checks", content=text.encode(), headers=headers).json() == plain.json()
    # Another way to write the same character is another name: nobody is taken for somebody else.
    assert verdict(client, question(history=[{**PAST, "party": "e\u0301"}, PAST])) == "allow"


def test_refusals_are_in_chinese_where_that_is_read(client: TestClient) -> None:
    answer = client.post(
        "/v1/checks", json=question(colour="紅"), headers={"Accept-Language": "zh-TW"}
    )
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/colour"
    assert any("\u4e00" <= each <= "\u9fff" for each in error["message"])
