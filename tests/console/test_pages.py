"""The console's pages: signing in, what is shown, and what is said when nothing can be shown."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from console.api.page import LANGUAGE_COOKIE, TOKEN_COOKIE
from console.service import Console, build
from console.settings import ConsoleSettings
from console.words import _CODES, _WORDS, Words
from shared.settings import load
from starlette.testclient import TestClient

Answer = Callable[[httpx.Request], httpx.Response]

CASE: dict[str, Any] = {
    "id": "0190d3c4-0000-7000-8000-000000000001",
    "lender": "northbank",
    "debtor": '<script>alert("王小明")</script>',
    "status": "open",
    "stage": "field",
    "dpd": 64,
    "bucket": "M3",
    "owed": [{"currency": "TWD", "balance": "137606.00", "overdue": "13760.00"}],
    "external_ids": ["CARD-1"],
    "flags": [],
    "opened_at": "2026-11-21T23:00:00Z",
}


def no_answer(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody home")


@pytest.fixture
def upstream() -> dict[str, Answer]:
    """What the services answer; a test changes it."""
    return {"answer": lambda _request: httpx.Response(200, json={"items": [CASE], "next": None})}


@pytest.fixture
def asked() -> list[httpx.Request]:
    return []


@pytest.fixture
def client(upstream: dict[str, Answer], asked: list[httpx.Request]) -> Iterator[TestClient]:
    settings = load(
        ConsoleSettings,
        cases_url="http://cases",
        contact_rules_url="http://rules",
        plans_url="http://plans",
    )
    console: Console = build(settings)
    console.services.client.close()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return upstream["answer"](request)

    console.services = type(console.services)(
        httpx.Client(transport=httpx.MockTransport(answer)), console.services.addresses
    )
    with TestClient(console.app, follow_redirects=False, base_url="http://console") as made:
        yield made
    console.close()
    console.close()


def sign_in(client: TestClient) -> None:
    client.cookies.set(TOKEN_COOKIE, "a.good.token")


@pytest.mark.parametrize("page", ["cases", "visits", "plans", "packs", "cases/x", "visits/x"])
def test_without_a_token_every_page_leads_to_signing_in(client: TestClient, page: str) -> None:
    answer = client.get(f"/console/{page}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


def test_a_token_the_services_accept_is_kept_where_no_script_reads_it(client: TestClient) -> None:
    answer = client.post("/console/sign-in", data={"token": "  a.good.token \n"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/cases")
    cookie = answer.headers["set-cookie"]
    assert f"{TOKEN_COOKIE}=a.good.token" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize("token", ["", " ", "x" * 5000, "令牌", "a\x00b"])
def test_what_is_no_token_is_refused_without_asking_anybody(
    client: TestClient, asked: list[httpx.Request], token: str
) -> None:
    answer = client.post("/console/sign-in", data={"token": token})
    assert answer.status_code == 401
    assert "not valid" in answer.text
    assert asked == []


def test_a_token_that_ended_is_forgotten(client: TestClient, upstream: dict[str, Answer]) -> None:
    upstream["answer"] = lambda _request: httpx.Response(401, json={})
    assert client.post("/console/sign-in", data={"token": "old.old.old"}).status_code == 401
    sign_in(client)
    answer = client.get("/console/cases")
    assert answer.headers["location"] == "/console/sign-in?refused=true"
    assert f'{TOKEN_COOKIE}=""' in answer.headers["set-cookie"]


def test_signing_out_forgets_the_token(client: TestClient) -> None:
    sign_in(client)
    assert f'{TOKEN_COOKIE}=""' in client.post("/console/sign-out").headers["set-cookie"]


def test_the_services_are_asked_with_the_readers_token_and_language(
    client: TestClient, asked: list[httpx.Request]
) -> None:
    sign_in(client)
    client.get("/console/cases?q=%E7%8E%8B&status=open", headers={"Accept-Language": "zh-TW"})
    (request,) = asked
    assert request.headers["authorization"] == "Bearer a.good.token"
    assert request.headers["accept-language"] == "zh"
    assert dict(request.url.params) == {"q": "王", "status": "open", "limit": "50"}


def test_what_a_lender_wrote_is_shown_and_never_run(client: TestClient) -> None:
    sign_in(client)
    answer = client.get("/console/cases")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]
    assert "TWD 137,606.00" in answer.text


def test_a_path_in_an_id_stays_an_id(client: TestClient, asked: list[httpx.Request]) -> None:
    sign_in(client)
    client.get("/console/packs/..%5C..%5Cadmin")
    assert all(request.url.raw_path.startswith(b"/v1/packs/") for request in asked)


@pytest.mark.parametrize(
    ("status", "shown", "words"),
    [
        (404, 404, "nothing here"),
        (403, 403, "role"),
        (422, 400, "no sense"),
        (400, 400, "no sense"),
    ],
)
def test_a_refusal_is_said_in_words(
    client: TestClient, upstream: dict[str, Answer], status: int, shown: int, words: str
) -> None:
    sign_in(client)
    upstream["answer"] = lambda _request: httpx.Response(status, json={})
    answer = client.get("/console/cases/whatever")
    assert answer.status_code == shown
    assert words in answer.text


@pytest.mark.parametrize(
    "answer",
    [
        no_answer,
        lambda _request: httpx.Response(500, text="oops"),
        lambda _request: httpx.Response(200, text="<html>"),
        lambda _request: httpx.Response(200, json=[1]),
        lambda _request: httpx.Response(302, headers={"location": "http://evil"}),
    ],
)
def test_a_service_without_an_answer_is_said_and_nothing_is_guessed(
    client: TestClient, upstream: dict[str, Answer], answer: Answer
) -> None:
    sign_in(client)
    upstream["answer"] = answer
    page = client.get("/console/cases")
    assert page.status_code == 503
    assert "cases can&#39;t be reached" in page.text


def test_the_console_is_ready_when_the_services_are(
    client: TestClient, upstream: dict[str, Answer]
) -> None:
    upstream["answer"] = no_answer
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["failing"]) == {"cases", "contact-rules", "plans"}
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_choosing_a_language_leads_to_no_other_site(client: TestClient, to: str) -> None:
    answer = client.get("/console/language/zh", params={"to": to})
    assert answer.headers["location"] == "/"
    assert f"{LANGUAGE_COOKIE}=zh" in answer.headers["set-cookie"]


def test_the_chosen_language_counts_more_than_the_browsers(client: TestClient) -> None:
    client.cookies.set(LANGUAGE_COOKIE, "zh")
    answer = client.get("/console/sign-in", headers={"Accept-Language": "en"})
    assert "登录" in answer.text
    assert 'lang="zh-Hans"' in answer.text


def test_every_word_has_both_languages() -> None:
    for catalogue in (_WORDS, _CODES):
        for key, (english, chinese) in catalogue.items():
            assert english, key
            assert chinese, key
            assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", chinese), key


def test_every_word_a_template_asks_for_is_there() -> None:
    templates = Path(__file__).parents[2] / "services/console/src/console/templates"
    asked_for = {
        word
        for path in templates.glob("*.html")
        for word in re.findall(r"words\.([a-z_]+)", path.read_text(encoding="utf-8"))
    }
    words = Words("en")
    assert asked_for
    for word in asked_for - {"code"}:
        assert getattr(words, word)
