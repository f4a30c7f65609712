"""The pages of reviews: the queue, one question with its votes, and the form to vote by."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from console.api.page import LANGUAGE_COOKIE, TOKEN_COOKIE
from console.service import build
from console.settings import ConsoleSettings
from shared.settings import load
from starlette.testclient import TestClient

ID = "0190d3c4-0000-7000-8000-000000000007"
REASON = "同事在楼下等候，两人均持证。<b>"

CHECK: dict[str, Any] = {
    "rule": "tw.team",
    "pack": "tw@2026-01-01",
    "kind": "staffing",
    "severity": "guidance",
    "result": "fail",
    "measured": 1,
    "limit": 2,
    "window": None,
    "citation": "Bankers' rules, 7",
    "source_quality": "text",
    "message": "Two must come.",
}
REVIEW: dict[str, Any] = {
    "id": ID,
    "state": "pending",
    "decision_id": ID,
    "visit_id": ID,
    "case_id": ID,
    "person_id": ID,
    "lender": "<i>northbank</i>",
    "requested_by": "petra",
    "starts_at": "2026-12-01T02:00:00Z",
    "opened_at": "2026-11-23T02:00:00Z",
    "lapses_at": "2026-11-26T02:00:00Z",
    "seconds_left": 3 * 3600 + 25 * 60,
    "closed_at": None,
    "outcome_id": None,
    "approvals": 1,
    "approvals_needed": 2,
    "question": {
        "place": {"kind": "home", "timezone": "Asia/Taipei"},
        "party": {"role": "debtor"},
        "purpose": "collect",
        "team": [{"id": ID}],
    },
    "checks": [CHECK, CHECK | {"rule": "tw.hours", "result": "pass"}],
    "votes": [
        {
            "verdict": "approve",
            "voted_at": "2026-11-23T03:00:00Z",
            "voter": "vera",
            "role": "compliance",
            "reason": REASON,
        }
    ],
    "may_vote": True,
}


class Rules:
    """Contact-rules as far as these pages ask it."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.review = REVIEW
        self.answer_to_vote = httpx.Response(201, json=REVIEW)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.method == "POST":
            return self.answer_to_vote
        if request.url.path.endswith("/reviews"):
            return httpx.Response(200, json={"items": [self.review], "next": "more"})
        return httpx.Response(200, json=self.review)

    @property
    def votes(self) -> list[httpx.Request]:
        return [request for request in self.asked if request.method == "POST"]


@pytest.fixture
def rules() -> Rules:
    return Rules()


@pytest.fixture
def client(rules: Rules) -> Iterator[TestClient]:
    settings = load(
        ConsoleSettings,
        cases_url="http://cases",
        contact_rules_url="http://rules",
        plans_url="http://plans",
    )
    console = build(settings)
    console.services.client.close()
    console.services = type(console.services)(
        httpx.Client(transport=httpx.MockTransport(rules)), console.services.addresses
    )
    with TestClient(console.app, follow_redirects=False, base_url="http://console") as made:
        made.cookies.set(TOKEN_COOKIE, "a.good.token")
        yield made
    console.close()


def test_the_queue_shows_what_waits_the_most_urgent_first(client: TestClient, rules: Rules) -> None:
    page = client.get("/console/reviews")
    assert page.status_code == 200
    assert dict(rules.asked[0].url.params) == {
        "state": "pending",
        "sort": "lapses_at:asc",
        "limit": "50",
    }
    assert f'href="/console/reviews/{ID}"' in page.text
    assert "1 / 2" in page.text
    assert "<i>northbank" not in page.text
    assert "state=pending&amp;cursor=more" in page.text
    client.get("/console/reviews?state=all")
    assert dict(rules.asked[1].url.params) == {"sort": "opened_at:desc", "limit": "50"}


def test_one_review_shows_the_doubt_the_votes_and_a_form(client: TestClient) -> None:
    page = client.get(f"/console/reviews/{ID}")
    assert page.status_code == 200
    assert "Tue 1 Dec 2026, 10:00 UTC+8" in page.text
    assert "3 h 25 min left" in page.text
    before_all_rules = page.text.partition("<details>")[0]
    assert "tw.team" in before_all_rules
    assert "tw.hours" not in before_all_rules
    assert "两人均持证。&lt;b&gt;" in page.text
    assert 'name="verdict" value="approve"' in page.text


def test_it_is_all_there_in_chinese(client: TestClient) -> None:
    client.cookies.set(LANGUAGE_COOKIE, "zh")
    page = client.get(f"/console/reviews/{ID}").text
    for words in ("人工复核", "待复核", "剩余 3 小时 25 分", "同意", "不同意", "合规"):
        assert words in page, words


@pytest.mark.parametrize("state", ["pending", "approved"])
def test_who_has_no_vote_is_shown_no_form(client: TestClient, rules: Rules, state: str) -> None:
    rules.review = REVIEW | {"may_vote": False, "state": state, "seconds_left": 0, "votes": []}
    rules.review["question"] = REVIEW["question"] | {"place": {"kind": "home"}}
    page = client.get(f"/console/reviews/{ID}")
    assert page.status_code == 200
    assert 'name="verdict"' not in page.text
    assert ("You have no vote" in page.text) == (state == "pending")
    assert "unknown: visits need review" in page.text


def test_a_vote_is_sent_once_however_often_the_form_is(client: TestClient, rules: Rules) -> None:
    form = client.get(f"/console/reviews/{ID}").text
    (key,) = re.findall(r'name="key" value="([^"]+)"', form)
    data = {"verdict": "approve", "reason": REASON, "key": key}
    for _ in range(2):
        answer = client.post(f"/console/reviews/{ID}/votes", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/reviews/{ID}")
    first, second = rules.votes
    assert json.loads(first.content) == {"verdict": "approve", "reason": REASON}
    assert first.url.path == f"/v1/reviews/{ID}/votes"
    assert first.headers["authorization"] == "Bearer a.good.token"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == key


@pytest.mark.parametrize("key", ["", "键", "a\nb"])
def test_a_form_without_a_usable_key_gets_one(client: TestClient, rules: Rules, key: str) -> None:
    data = {"verdict": "reject", "reason": REASON, "key": key}
    assert client.post(f"/console/reviews/{ID}/votes", data=data).status_code == 303
    assert re.fullmatch(r"[0-9a-f-]{36}", rules.votes[0].headers["idempotency-key"])


def test_a_refused_vote_says_why_and_keeps_what_was_written(
    client: TestClient, rules: Rules
) -> None:
    other = ID.replace("7", "8")
    rules.answer_to_vote = httpx.Response(
        409,
        json={
            "status": 409,
            "code": "new_doubts",
            "detail": "Something else is left to people.",
            "review_id": other,
            "checks": [CHECK | {"rule": "caution.mornings"}],
        },
    )
    page = client.post(
        f"/console/reviews/{ID}/votes", data={"verdict": "approve", "reason": REASON}
    )
    assert page.status_code == 409
    assert "Something else is left to people." in page.text
    assert f'href="/console/reviews/{other}"' in page.text
    assert "caution.mornings" in page.text
    assert re.search(r"<textarea[^>]*>同事在楼下等候", page.text)


def test_a_field_that_is_refused_is_explained(client: TestClient, rules: Rules) -> None:
    rules.answer_to_vote = httpx.Response(
        422,
        json={"detail": "Not valid.", "errors": [{"pointer": "/reason", "message": "Say why."}]},
    )
    page = client.post(f"/console/reviews/{ID}/votes", data={"verdict": "approve"})
    assert page.status_code == 422
    assert "Not valid. Say why." in " ".join(page.text.split())


@pytest.mark.parametrize(("status", "shown"), [(404, 404), (401, 303), (500, 503), (302, 503)])
def test_a_vote_that_reached_nobody_is_said(
    client: TestClient, rules: Rules, status: int, shown: int
) -> None:
    rules.answer_to_vote = httpx.Response(status, json={})
    answer = client.post(f"/console/reviews/{ID}/votes", data={"verdict": "approve"})
    assert answer.status_code == shown


def test_without_a_token_nobody_votes(client: TestClient, rules: Rules) -> None:
    client.cookies.clear()
    answer = client.post(f"/console/reviews/{ID}/votes", data={"verdict": "approve"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")
    assert rules.asked == []
