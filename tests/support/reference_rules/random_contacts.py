"""Contacts at the edges of rules: dense histories, plans, facts, consents, and much left out."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reference_rules.random_packs import (
    CHANNELS,
    FORMS,
    GIVES_HOURS,
    OUTCOMES,
    PLACES,
    PRODUCTS,
    PURPOSES,
    ROLES,
    SCOPES,
    STATES,
    likely,
    some,
)
from reference_rules.worlds import World

Json = dict[str, Any]

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PAPERS = ["work_id", "authorisation_letter", "agent_certificate", "licence", "approval_letter"]
HAPPENED = [*OUTCOMES, "answered", "voicemail", "not_connected", "person_met", "notice_given"]
FACTS = [*STATES, "third_party_refused", "deceased"]
SELDOM = {
    "channel": "email im",
    "role": "co_debtor spouse debt_related family household employer colleague reference "
    "representative other",
    "place": "public school hospital other",
    "purpose": "plan reply service_of_process repossession validation",
    "product": "microcredit auto business_loan private_loan other",
    "fact": "bankrupt hospital bereavement disaster hardship vulnerable minor complaint_open "
    "plan_active paid time_barred litigation employer_prohibits mandate_ended agency_not_listed "
    "licence_missing",
    "scope": "visit call_frequency third_party",
}
"""Words that only rules which speak of them need."""


def bodies(
    rng: random.Random, world: World, packs: Iterable[Json], count: int, sharing: int = 12
) -> Iterator[Json]:
    """Bodies of checks around one day of one place, so many `sharing` one history."""
    clock = ZoneInfo(world.zone or "Asia/Taipei")
    words = _words(packs)
    times = sorted(words & {f"{h:02}:{m:02}" for h in range(24) for m in (0, 30)}) or ["12:00"]
    while count > 0:
        history = _history(rng, world, clock, times, words)
        facts = [_fact(rng, world, times, words) for _ in range(rng.choice([0, 1, 2, 4]))]
        consents = [_consent(rng, world, clock, words) for _ in range(rng.choice([0, 1, 2, 4]))]
        edges = _edges(rng, world, clock, times, history, consents)
        for _ in range(min(count, sharing)):
            yield _contact(rng, world, clock, edges, words) | {
                "history": history,
                "facts": facts,
                "consents": consents,
            }
        count -= sharing


def _words(packs: Iterable[Json]) -> set[str]:
    """Every word of the rules' parameters and selectors, hours taken apart: what may matter."""
    found: set[str] = set()
    waiting: list[Any] = [rule for pack in packs for rule in pack["rules"]]
    while waiting:
        match waiting.pop():
            case dict() as mapping:
                waiting += [*mapping, *mapping.values()]
            case list() as items:
                waiting += items
            case str() as text:
                found.add(text)
                if re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", text):
                    found |= set(text.split("-"))
    return found


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _at(day: date, text: str, clock: ZoneInfo, fold: int = 0) -> datetime:
    """An instant that the clock on the wall there reads; or nearly, where it skips it."""
    wall = datetime.combine(day, time.fromisoformat(text), tzinfo=clock)
    return wall.replace(fold=fold).astimezone(UTC)


def _edges(
    rng: random.Random,
    world: World,
    clock: ZoneInfo,
    times: list[str],
    history: list[Json],
    consents: list[Json],
) -> list[datetime]:
    """Instants at which something may change."""
    edges = []
    for offset in range(-2, 6):
        day = world.day + timedelta(days=offset)
        chosen = ["00:00", *rng.sample(times, min(4, len(times)))]
        edges += [_at(day, text, clock, fold) for text in chosen for fold in (0, 1)]
    for entry in rng.sample(history, min(6, len(history))):
        at = datetime.fromisoformat(entry["starts_at"]).astimezone(UTC)
        minutes = rng.choice([0, 5, 60, 1440, -5, -60, -1440])
        edges.append(at + timedelta(minutes=minutes))
    for consent in consents:
        ends = [consent["given_at"], consent["until"]]
        edges += [datetime.fromisoformat(end).astimezone(UTC) for end in ends if end]
    return edges


def _contact(
    rng: random.Random, world: World, clock: ZoneInfo, edges: list[datetime], words: set[str]
) -> Json:
    minutes = rng.choice([0, 5, 30, 30, 30, 30, 45, 90, 600, 1440])
    starts_at = rng.choice(edges) + timedelta(seconds=rng.choice([-1, 0, 0, 1]))
    if likely(rng, 0.4):
        starts_at -= timedelta(minutes=minutes)
    if likely(rng, 0.2):
        starts_at += timedelta(seconds=rng.randint(-90_000, 90_000))
    if likely(rng, 0.5):
        starts_at = starts_at.astimezone(clock)
    channel = _pick(rng, CHANNELS, "channel", words, 0.8)
    place: Json | None = {
        "kind": "home" if likely(rng, 0.4) else _pick(rng, PLACES, "place", words, 0.7),
        "timezone": world.zone,
        "country": world.country,
        "region": world.region,
    }
    if channel not in ("visit", "door_note") and likely(rng, 0.2):
        place = None
    timezones = [world.zone] if world.zone and likely(rng, 0.5) else []
    if likely(rng, 0.3):
        timezones.append(rng.choice(world.elsewhere))
    return {
        "starts_at": _text(starts_at),
        "duration_minutes": minutes,
        "channel": channel,
        "direction": "outbound" if likely(rng, 0.9) else "inbound",
        "purpose": _pick(rng, PURPOSES, "purpose", words, 0.4),
        "place": place,
        "party": {
            "id": "lin",
            "role": "debtor" if likely(rng, 0.6) else _pick(rng, ROLES, "role", words, 0.5),
            "age": rng.choice([None, 17, 18, 70, 71]),
            "timezones": timezones,
        },
        "debts": [_debt(rng, f"d{n}", words) for n in range(rng.choice([1, 1, 1, 2, 3]))],
        "collector": {
            "id": rng.choice(["swift", "swift", "slow"]),
            "class": rng.choice(["agency", "agency", "creditor", "debt_buyer"]),
        },
        "lender": rng.choice(["river", "river", "hill", None]),
        "team": [_member(rng, world, words, n) for n in range(rng.choice([0, 1, 2, 2, 2, 3]))],
        "point": rng.choice(["+1", "+1", "+2", None]),
    }


def _pick(rng: random.Random, usual: list[str], sort: str, words: set[str], chance: float) -> str:
    """One of the usual words, often one that the rules speak of."""
    said = [word for word in (*usual, *SELDOM.get(sort, "").split()) if word in words]
    return str(rng.choice(said if said and likely(rng, chance) else usual))


def _debt(rng: random.Random, id_: str, words: set[str]) -> Json:
    return {
        "id": id_,
        "product": None if likely(rng, 0.2) else _pick(rng, PRODUCTS, "product", words, 0.8),
        "days_past_due": rng.choice([None, 15, 16, 60, 61]),
        "annual_rate": rng.choice([None, "0.154", "0.1541", "0.24", "0.3"]),
    }


def _member(rng: random.Random, world: World, words: set[str], number: int) -> Json:
    told = str(world.day + timedelta(days=rng.randint(-3, 3)))
    papers = [word for word in PAPERS if word in words] or ["work_id"]
    return {
        "id": f"m{number}",
        "credentials": [word for word in papers if likely(rng, 0.75)],
        "employer": rng.choice(["swift", "swift", "swift", "slow", None]),
        "announced_on": rng.choice([told, str(world.day - timedelta(days=9)), None]),
    }


def _history(
    rng: random.Random, world: World, clock: ZoneInfo, times: list[str], words: set[str]
) -> list[Json]:
    """Up to fifty contacts before and after; often one small thing is left out of one of them."""
    size = rng.choice([0, 1, 2, 2, 3, 3, 5, 8, 12, 20, 50])
    spread = rng.choice([1, 3, 10, 40])
    gaps = rng.choice([0, 0.01, 0.1])
    found = []
    for _ in range(size):
        day = world.day + timedelta(days=rng.randint(-spread, max(2, spread // 2)))
        at = _at(day, rng.choice([*times[:3], "00:00", "10:00", "18:00"]), clock)
        at += timedelta(seconds=rng.choice([-1, 0, 0, 1, 300, 3600]))
        reserved = day > world.day if likely(rng, 0.8) else likely(rng, 0.2)
        outcome = (
            None if reserved or likely(rng, gaps) else _pick(rng, HAPPENED, "outcome", words, 0.5)
        )
        entry: Json = {
            "channel": _pick(rng, CHANNELS, "channel", words, 0.7),
            "direction": "outbound" if likely(rng, 0.9) else "inbound",
            "starts_at": _text(at),
            "outcome": outcome,
            "party": rng.choice(["lin", "lin", "lin", "hsu"]),
            "debts": some(rng, ["d0", "d0", "d1", "d2"]),
            "collector": rng.choice(["swift", "swift", "slow"]),
            "lender": rng.choice(["river", "river", "hill"]),
            "place": "home" if likely(rng, 0.4) else _pick(rng, PLACES, "place", words, 0.7),
            "point": rng.choice(["+1", "+1", "+2"]),
            "purpose": _pick(rng, PURPOSES, "purpose", words, 0.4),
            "role": None if likely(rng, 0.4) else _pick(rng, ROLES, "role", words, 0.5),
            "reserved": reserved,
        }
        for name in ("party", "collector", "lender", "place", "point", "purpose"):
            if likely(rng, gaps):
                entry[name] = None
        if likely(rng, gaps):
            entry["debts"] = []
        found.append(entry)
    return found


def _fact(rng: random.Random, world: World, times: list[str], words: set[str]) -> Json:
    hours = [word for word in (*GIVES_HOURS, "excluded_slot") if word in words]
    since = world.day + timedelta(days=rng.randint(-12, 2))
    if likely(rng, 0.1):
        since -= timedelta(days=rng.choice([30, 31, 90, 365]))
    until = world.day + timedelta(days=rng.randint(-1, 4))
    fact: Json = {
        "kind": _pick(rng, FACTS, "fact", words, 0.8),
        "since": rng.choice([str(since), str(since), None]),
        "until": rng.choice([str(max(since, until)), None, None]),
        "form": rng.choice([*FORMS, None]),
        "party": rng.choice(["lin", "hsu", None, None]),
        "channel": rng.choice([None, None, *CHANNELS[:2]]),
        "slots": [],
    }
    if hours and likely(rng, 0.6):
        fact["kind"] = rng.choice(hours)
        fact["slots"] = [
            {"days": rng.sample(WEEKDAYS, rng.randint(2, 7)), "from": from_, "to": to}
            for _ in range(rng.randint(0, 2))
            for from_, to in [
                rng.choice([_slot(rng, times), _slot(rng, times), ("22:00", "02:00")])
            ]
        ]
    return fact


def _slot(rng: random.Random, times: list[str]) -> tuple[str, str]:
    both = [*times, "09:15", "12:45", "20:00", "00:00"]
    if likely(rng, 0.3):
        return "22:00", "02:00"
    return rng.choice(both), rng.choice(both)


def _consent(rng: random.Random, world: World, clock: ZoneInfo, words: set[str]) -> Json:
    day = world.day + timedelta(days=rng.randint(-8, 3))
    given_at = _at(day, rng.choice(["00:00", "09:00", "21:00", "22:00", "23:30"]), clock)
    given_at += timedelta(seconds=rng.choice([0, 0, 0, 1, -1, 1800]))
    lasts = timedelta(minutes=rng.choice([0, 30, 60, 180, 600, 1440, 7 * 1440, 20 * 1440]))
    scope = _pick(rng, SCOPES, "scope", words, 0.8)
    channel = rng.choice([None, *CHANNELS[:3]]) if scope == "channel" else None
    return {
        "scope": scope,
        "form": rng.choice([*FORMS, None]),
        "given_at": _text(given_at),
        "until": None if likely(rng, 0.35) else _text(given_at + lasts),
        "channel": channel,
    }
