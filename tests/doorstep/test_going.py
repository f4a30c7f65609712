"""In the house of one process cases asks contact-rules through its own door, and gets an answer."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import children
import httpx
import pytest
from doorstep.home import Home, open_home
from doorstep.service_token import FRESH_FOR, LIFETIME, TokenRenewal
from doorstep_process import doorstep, house
from shared.keys import KeySet, verify

ACCOUNT: dict[str, Any] = {
    "as_of": "2026-11-20T00:00:00+08:00",
    "product": "credit_card",
    "currency": "TWD",
    "balance": {"principal": "42000", "interest": "1830", "fees": "600"},
    "overdue": "9300",
    "due_since": "2026-08-15",
    "annual_rate": "0.15",
    "debtor": {"name": "王慢慢", "born_on": "1988-05-04", "language": "zh-TW"},
    "addresses": [
        {
            "kind": "home",
            "text": "臺北市大安區忘帳路 1 段 7 號",
            "country": "TW",
            "region": "TPE",
            "latitude": 25.026,
            "longitude": 121.543,
            "timezone": "Asia/Taipei",
        }
    ],
}
TEAMS = 45  # more than the threads that answer requests


def scheduled(asking: httpx.Client, number: int, team: list[str], starts_at: str) -> str:
    """A visit to a person of its own, asked for."""
    pushed = asking.put(f"/cases/v1/accounts/GO-{number}?lender=northbank", json=ACCOUNT).json()
    case = asking.get(f"/cases/v1/cases/{pushed['case_id']}").json()
    wish = {
        "address_id": case["addresses"][0]["id"],
        "starts_at": starts_at,
        "duration_minutes": 30,
        "party": {"role": "debtor"},
        "team": team,
    }
    asked = asking.post(f"/cases/v1/cases/{case['id']}/visits", json=wish)
    assert asked.status_code == 202, asked.text
    return str(asked.json()["id"])


def test_teams_are_sent_also_when_more_ask_at_once_than_can_be_answered(tmp_path: Path) -> None:
    """Asker and asked share their threads: none may wait for the other for ever."""
    home = tmp_path / "home"
    with house(home, "--no-demo") as running:
        url = running.wait_until_open(120)
        token = doorstep("token", "--role", "ops", "--home", str(home)).stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as asking:
            papers = [
                {"kind": kind, "expires_on": None} for kind in ("work_id", "authorisation_letter")
            ]
            agents = "/cases/v1/agents?lender=northbank"
            team = [
                asking.post(agents, json={"name": name, "credentials": papers}).json()["id"]
                for name in ("Knock", "Twice")
            ]
            day = (datetime.now(UTC) + timedelta(days=3)).date()
            starts_at = f"{day.isoformat()}T15:00:00+08:00"
            visits = [scheduled(asking, number, team, starts_at) for number in range(TEAMS)]

            def states() -> list[str]:
                return [asking.get(f"/cases/v1/visits/{each}").json()["status"] for each in visits]

            children.wait_until(
                lambda: set(states()) == {"scheduled"}, seconds=60, what="all to be scheduled"
            )

            def send(visit_id: str) -> tuple[int, float]:
                answer = asking.post(f"/cases/v1/visits/{visit_id}/dispatch", json={})
                assert answer.status_code in {200, 503}, answer.text
                if answer.status_code == 503:
                    assert answer.json()["code"] == "rules_unreachable"
                return answer.status_code, answer.elapsed.total_seconds()

            with ThreadPoolExecutor(TEAMS) as pool:
                first = list(pool.map(send, visits))
            assert max(seconds for _, seconds in first) < 15, "nobody waited for ever"
            assert any(status == 200 for status, _ in first), "those who were in time were sent"
            left = [
                visit for visit, (status, _) in zip(visits, first, strict=True) if status != 200
            ]
            children.wait_until(
                lambda: all(send(visit)[0] == 200 for visit in left if not _sent(asking, visit)),
                seconds=60,
                what="the others to be sent when they try again",
            )
            assert set(states()) == {"dispatched"}
            early = asking.post(f"/cases/v1/visits/{visits[0]}/check-in", json={"position": None})
            assert (early.status_code, early.json()["code"]) == (409, "outside_hours")


def _sent(asking: httpx.Client, visit_id: str) -> bool:
    return bool(asking.get(f"/cases/v1/visits/{visit_id}").json()["status"] == "dispatched")


# --- the token between them

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home")
    with made.locked():
        return made


def claims(home: Home, now: datetime) -> dict[str, Any]:
    token = home.service_token.read_text().strip()
    keys = KeySet(home.token_keys)
    return verify(token, keys, audience="doorstep", issuer="doorstep", now=now)


def test_the_token_lives_for_days_and_is_made_anew_every_hour(home: Home) -> None:
    now = [NOW]
    renewal = TokenRenewal(home, lambda: now[0])
    assert not renewal.run_once()
    first = claims(home, NOW)
    assert (first["role"], first["sub"]) == ("service", "cases")
    assert first["exp"] - first["iat"] == LIFETIME.total_seconds()
    now[0] = NOW + FRESH_FOR - timedelta(seconds=1)
    renewal.run_once()
    assert claims(home, now[0]) == first
    now[0] = NOW + FRESH_FOR
    renewal.run_once()
    assert claims(home, now[0])["jti"] != first["jti"]
    now[0] = NOW + timedelta(days=400)  # the machine slept
    renewal.run_once()
    claims(home, now[0])
    now[0] = NOW  # and its clock was put right
    renewal.run_once()
    claims(home, NOW)


def test_the_token_is_the_owners_alone_and_never_half_written(home: Home) -> None:
    TokenRenewal(home, lambda: NOW).run_once()
    assert home.service_token.stat().st_mode & 0o077 == 0
    before = home.service_token.stat().st_ino
    with home.service_token.open() as reading:
        TokenRenewal(home, lambda: NOW + FRESH_FOR).run_once()
        assert reading.read().count(".") == 2, "who had it open reads the old one whole"
    assert home.service_token.stat().st_ino != before
    assert not [each for each in os.listdir(home.keys) if each.startswith("making-")]
