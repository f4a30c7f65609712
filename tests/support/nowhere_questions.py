"""Questions to the packs of nowhere that the tests of contact-rules bring, lawful as they stand."""

from __future__ import annotations

import copy
from typing import Any

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


def question(**changed: Any) -> dict[str, Any]:
    """May this visit be? `changed` replaces whole fields."""
    return copy.deepcopy(QUESTION) | changed


def windows_question(**changed: Any) -> dict[str, Any]:
    """When may the same visit begin, of three days?"""
    body = question(**{"from": "2026-12-01T00:00:00+08:00", "to": "2026-12-04T00:00:00+08:00"})
    del body["starts_at"]
    return body | changed
