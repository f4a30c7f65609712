"""A visit's page tells how far it has come, and shouts where a team must leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from console.api.page import TOKEN_COOKIE
from console.api.visits import MOMENTS
from console.service import Console, build
from console.settings import ConsoleSettings
from console.words import Words
from contact_rules.domain.duties import Act, Moment
from fastapi.testclient import TestClient
from shared.settings import load

CHECK = {
    "rule": "tw.hours",
    "pack": "tw@2026-01-01",
    "result": "fail",
    "severity": "prohibition",
    "measured": "22:30",
    "limit": "22:00",
    "citation": "金融機構作業委託他人處理內部作業制度及程序辦法",
    "source_quality": "report",
    "message": "Too late in the evening.",
}
VISIT: dict[str, Any] = {
    "id": "v1",
    "case_id": "c1",
    "status": "scheduled",
    "address_id": "a1",
    "starts_at": "2026-12-01T02:00:00Z",
    "party": {"role": "debtor"},
    "team": ["a", "b"],
    "cancel_reason": None,
    "outcome": None,
    "dispatched_at": None,
    "approval": None,
    "denial": None,
    "revocation": None,
    "check_in": None,
    "must_leave": None,
    "reschedule": None,
}
REVOCATION = {"reason": "complaint_open", "revoked_at": "2026-12-01T02:05:00Z", "checks": [CHECK]}
CASE = {
    "id": "c1",
    "debtor": "王慢慢",
    "addresses": [{"id": "a1", "kind": "home", "text": "忘帳路 7 號", "timezone": "Asia/Taipei"}],
}


@pytest.fixture
def page() -> Iterator[Callable[..., str]]:
    """The page of the visit with these changes, in English unless told otherwise."""
    console: Console = build(
        load(
            ConsoleSettings,
            cases_url="http://cases",
            contact_rules_url="http://rules",
            plans_url="http://plans",
        )
    )
    console.services.client.close()
    shown: dict[str, Any] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=shown if "/visits/" in request.url.path else CASE)

    console.services = type(console.services)(
        httpx.Client(transport=httpx.MockTransport(answer)), console.services.addresses
    )
    with TestClient(console.app, base_url="http://console") as client:
        client.cookies.set(TOKEN_COOKIE, "a.good.token")

        def get(language: str = "en", **changes: Any) -> str:
            shown.clear()
            shown.update(VISIT | changes)
            found = client.get("/console/visits/v1", headers={"Accept-Language": language})
            assert found.status_code == 200
            return found.text

        yield get
    console.close()


@pytest.mark.parametrize(
    ("status", "en", "zh"),
    [
        ("dispatched", "dispatched", "已派出"),
        ("checked_in", "at the door", "已到达"),
        ("expired", "expired", "已过期"),
        ("cancelled", "cancelled", "已取消"),
    ],
)
def test_every_state_has_words(page: Callable[..., str], status: str, en: str, zh: str) -> None:
    assert f">{en}</span>" in page(status=status)
    assert f">{zh}</span>" in page("zh-TW", status=status)


def test_a_team_that_must_leave_is_shouted_about(page: Callable[..., str]) -> None:
    told = {
        "status": "checked_in",
        "dispatched_at": "2026-12-01T01:30:00Z",
        "check_in": {
            "at": "2026-12-01T02:02:00Z",
            "recorded_at": "2026-12-01T02:02:00Z",
            "place_check": "confirmed",
            "distance_m": 12,
        },
        "must_leave": {"at": "2026-12-01T02:05:00Z", "reason": "complaint", "checks": [CHECK]},
        "revocation": REVOCATION,
    }
    english, chinese = page(**told), page("zh", **told)
    assert 'role="alert"' in english
    assert "The team at the door must leave" in english
    assert "(12 m)" in english
    assert "Too late in the evening." in english
    assert "外访小组须立即离开" in chinese
    assert 'role="alert"' not in page(**told | {"status": "completed"}), "they have left"


def test_why_it_was_taken_back_and_why_it_may_not_move_is_told(page: Callable[..., str]) -> None:
    denial = {"verdict": "deny", "checks": [CHECK], "next_lawful": []}
    asked = {"starts_at": "2026-12-03T07:00:00Z", "status": "denied", "denial": denial}
    text = page(status="cancelled", cancel_reason="complaint", revocation=REVOCATION)
    assert "Why the approval was taken back: complaint open" in text
    assert "Why it may not move there" in page(reschedule=asked)
    assert "Why it may not move there" not in page(reschedule=asked | {"denial": None})


def test_what_must_be_done_at_the_door_is_told_in_the_order_of_a_visit(
    page: Callable[..., str],
) -> None:
    duties = [
        {"rule": "tw.records", "what": "keep_records", "when": "after"},
        {"rule": "tw.identification", "what": "show_identification", "when": "at_start"},
        {"rule": "tw.new", "what": "sing_a_song", "when": "at_midnight"},
    ]
    approval = {
        "id": "a1",
        "expires_at": "2026-12-01T03:30:00Z",
        "must_end_by": None,
        "token": "t",
        "obligations": duties,
    }
    english, chinese = page(approval=approval), page("zh", approval=approval)
    told = ["show identification", "keep the records", "sing a song"]
    assert sorted(told, key=english.index) == told
    assert "Obligations at the door" in english
    assert 'href="/console/packs/tw"' in english
    assert "出示证件" in chinese
    assert "Obligations at the door" not in page(approval=approval | {"obligations": []})


@pytest.mark.parametrize("code", [*Act, *Moment], ids=str)
def test_every_duty_has_its_words(code: str) -> None:
    assert Words("en").code(code) != Words("zh").code(code)


def test_moments_are_in_the_order_of_the_rules() -> None:
    assert list(MOMENTS) == [each.value for each in Moment]
