"""Lawful questions for the packs that ship, and the service that is asked, its database away."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contact_rules.domain import shipped
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from contact_rules.store.shelf import Shelf
from credentials import Keys, TokenMint
from fastapi.testclient import TestClient
from settable_clock import SettableClock
from shared.bus import LocalBus

Json = dict[str, Any]

TAIPEI: Json = {
    "starts_at": "2026-12-01T10:00:00+08:00",
    "duration_minutes": 30,
    "channel": "visit",
    "direction": "outbound",
    "purpose": "collect",
    "place": {"kind": "home", "timezone": "Asia/Taipei", "country": "TW", "region": "TPE"},
    "residence": {"country": "TW", "region": "TPE", "timezone": "Asia/Taipei"},
    "party": {"id": "p1", "role": "debtor", "age": 44, "timezones": ["Asia/Taipei"]},
    "debts": [{"id": "d1", "product": "credit_card", "days_past_due": 60, "annual_rate": "0.15"}],
    "collector": {"id": "bank", "class": "creditor"},
    "lender": "bank",
    "team": [
        {"id": "a1", "credentials": ["work_id", "authorisation_letter"], "employer": "bank"},
        {"id": "a2", "credentials": ["work_id"], "employer": "bank"},
    ],
    "point": "+886912345678",
    "facts": [
        {
            "kind": "excluded_slot",
            "since": "2026-01-01",
            "until": "2026-12-31",
            "form": "written",
            "party": "p1",
            "channel": "phone",
            "slots": [{"days": ["mon", "sun"], "from": "22:00", "to": "06:00"}],
        }
    ],
    "consents": [
        {
            "scope": "visit",
            "form": "written",
            "channel": "visit",
            "given_at": "2026-04-01T09:00:00+08:00",
            "until": "2027-04-01T09:00:00+08:00",
        }
    ],
    "history": [
        {
            "id": "h1",
            "channel": "visit",
            "direction": "outbound",
            "starts_at": "2026-11-28T10:00:00+08:00",
            "ends_at": "2026-11-28T10:20:00+08:00",
            "outcome": "nobody_met",
            "party": "p1",
            "role": "debtor",
            "debts": ["d1"],
            "collector": "bank",
            "lender": "bank",
            "place": "home",
            "point": "+886912345678",
            "purpose": "collect",
            "reserved": False,
        }
    ],
}
"""Lawful, with every field filled in."""

PLACES: dict[str, Json] = {
    "taipei": TAIPEI["place"],
    "boston": {"kind": "home", "timezone": "America/New_York", "country": "US", "region": "MA"},
    "columbus": {"kind": "home", "timezone": "America/New_York", "country": "US", "region": "OH"},
    "bogota": {"kind": "agreed", "timezone": "America/Bogota", "country": "CO", "region": "DC"},
    "mumbai": {"kind": "home", "timezone": "Asia/Kolkata", "country": "IN", "region": "MH"},
    "london": {"kind": "home", "timezone": "Europe/London", "country": "GB", "region": "ENG"},
    "guangzhou": {"kind": "home", "timezone": "Asia/Shanghai", "country": "CN", "region": "GD"},
    "singapore": {"kind": "home", "timezone": "Asia/Singapore", "country": "SG"},
}
_WORKING_HOURS = {"boston": "15:30", "columbus": "15:30", "bogota": "15:30", "london": "10:30"}
PAST: Json = {**TAIPEI["history"][0], "id": None, "ends_at": None}
CONSENT: Json = {**TAIPEI["consents"][0], "until": None}
AGENCY: Json = {"id": "swift", "class": "agency"}


def question(where: str = "taipei", **changed: Any) -> Json:
    """A lawful visit there, on a Tuesday in working hours; `changed` replaces whole fields."""
    body = copy.deepcopy(TAIPEI)
    body["place"] = dict(PLACES[where])
    body["starts_at"] = f"2026-12-01T{_WORKING_HOURS.get(where, '05:00')}:00Z"
    body["party"]["timezones"] = [body["place"]["timezone"]]
    if where != "taipei":
        body["residence"] = None
    return body | changed


def calendar(from_: str, to: str, **changed: Any) -> Json:
    """The same visit, asked when it may begin."""
    body = question(**changed) | {"from": from_, "to": to}
    del body["starts_at"]
    return body


def call(where: str = "taipei", **changed: Any) -> Json:
    return question(where, channel="phone", **changed)


@contextmanager
def asked_without_a_database(keys: Keys) -> Iterator[TestClient]:
    """The service with the packs that ship, whose database is gone: checks need it no more."""
    settings = ContactRulesSettings(
        database_url="postgresql://nobody:nothing@127.0.0.1:1/nowhere",
        token_keys=str(keys.token_jwks),
        approval_key=keys.approval_key,
        packs=shipped(),
    )
    clock = SettableClock()
    service = build(settings, LocalBus(), clock)
    service.shelf = Shelf(shipped(), service.name)  # as if it had been asked while it was there
    client = TestClient(service.app, raise_server_exceptions=False)
    client.headers.update(TokenMint(keys, clock).header("ops"))
    try:
        yield client
    finally:
        service.close()
