"""Packs nobody would write, of every kind and every way to write it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from reference_rules.worlds import World

Json = dict[str, Any]

CHANNELS = ["visit", "phone", "sms", "letter", "door_note"]
PLACES = ["home", "work", "agreed", "branch"]
PURPOSES = ["collect", "locate", "relay", "legal_notice"]
ROLES = ["debtor", "guarantor", "neighbour", "attorney", "minor"]
OUTCOMES = ["no_answer", "conversation", "refused", "debtor_met", "nobody_met", "sent"]
FORMS = ["written", "oral", "oral_recorded"]
STATES = ["cease", "dispute", "represented", "no_home_visits", "channel_opt_out", "cannot_record"]
SCOPES = ["hours", "channel", "visit_frequency", "workplace", "entry", "recording"]
GIVES_HOURS = ["waking_hours", "working_hours", "preferred_slot"]
CREDENTIALS = ["work_id", "authorisation_letter", "licence"]
PRODUCTS = ["credit_card", "mortgage", "consumer_loan"]
TIMES = (
    *("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "05:00", "08:00", "09:00", "12:00"),
    *("13:00", "17:00", "19:00", "21:00", "22:00", "23:30", "24:00"),
)
NAMED_DAYS = [
    {"country": "TW", "names": ["Chinese New Year's Eve", "Chinese New Year"]},
    {"country": "CN", "names": ["Chinese New Year (Spring Festival)"]},
    {"country": "US", "names": ["Thanksgiving Day", "New Year's Day"]},
]


def some(rng: random.Random, words: list[str], most: int = 2) -> list[str]:
    return rng.sample(words, rng.randint(1, min(most, len(words))))


def likely(rng: random.Random, chance: float) -> bool:
    return rng.random() < chance


def a_pack(
    rng: random.Random, id_: str, world: World, rules: int, kinds: Iterable[str] = ()
) -> Json:
    """`kinds`: of these only, if any are named."""
    pack: Json = {
        "id": id_,
        "version": "2026-01-01",
        "title": {"en": "Any", "zh": "任意"},
        "applies": "named",
    }
    if likely(rng, 0.1):
        pack["zone"] = rng.choice(["Asia/Shanghai", "all_candidates", "place"])
    if likely(rng, 0.2):
        pack["on_fail"] = {"guidance": "needs_review", "policy": "needs_review"}
    if likely(rng, 0.1):
        pack["effective_from"] = str(world.day - timedelta(days=rng.randint(-2, 2)))
    pack["rules"] = [a_rule(rng, f"{id_}.r{number}", world, kinds) for number in range(rules)]
    return pack


def a_rule(rng: random.Random, id_: str, world: World, kinds: Iterable[str]) -> Json:
    among = list(kinds) or list(KINDS)
    kind = rng.choices(among, weights=[KINDS[kind][1] for kind in among])[0]
    rule: Json = {
        "id": id_,
        "kind": kind,
        "severity": rng.choice(["prohibition", "presumption", "guidance", "policy"]),
        "params": KINDS[kind][0](rng, world),
        "citation": "nowhere",
        "source_quality": "memory",
        "message": {"en": "Kept or not.", "zh": "是否遵守。"},
    }
    if rule["severity"] != "prohibition" and likely(rng, 0.2):
        rule["on_fail"] = rng.choice(["deny", "needs_review"])
    if likely(rng, 0.3):
        rule["applies_when"] = a_selector(rng)
    if likely(rng, 0.3):
        rule["exceptions"] = [a_selector(rng) for _ in range(rng.randint(1, 2))]
    if likely(rng, 0.1):
        rule["zone"] = rng.choice(["Asia/Shanghai", "America/New_York", "all_candidates", "place"])
    if likely(rng, 0.1):
        rule["effective_from"] = str(world.day - timedelta(days=rng.randint(-3, 3)))
    if likely(rng, 0.1):
        rule["effective_to"] = str(world.day + timedelta(days=rng.randint(4, 8)))
    return rule


# --- selectors -----------------------------------------------------------------------------------


def a_selector(rng: random.Random) -> Json:
    """Over the asked contact."""
    tests: dict[str, Callable[[], Any]] = {
        "channel": lambda: some(rng, CHANNELS, 3),
        "direction": lambda: ["outbound"],
        "party": lambda: some(rng, [*ROLES, "liable", "third_party"]),
        "place": lambda: some(rng, PLACES),
        "purpose": lambda: some(rng, PURPOSES),
        "collector": lambda: some(rng, ["agency", "creditor"], 1),
        "product": lambda: some(rng, PRODUCTS),
        "state": lambda: _states(rng, STATES, "kind"),
        "consent": lambda: _states(rng, SCOPES, "scope"),
        "days_past_due": lambda: {rng.choice(["over", "at_most"]): rng.choice([15, 60])},
        "annual_rate": lambda: {rng.choice(["over", "at_most"]): rng.choice(["0.154", "0.24"])},
    }
    chosen = rng.sample(list(tests), rng.choice([1, 1, 1, 2]))
    return {_maybe_not(rng, name): tests[name]() for name in chosen}


def _maybe_not(rng: random.Random, name: str) -> str:
    plain = name in ("days_past_due", "annual_rate")
    return name if plain or likely(rng, 0.75) else f"not_{name}"


def _states(rng: random.Random, words: list[str], key: str) -> Any:
    if likely(rng, 0.6):
        return some(rng, words)
    return {key: some(rng, words), "form": some(rng, FORMS)}


def a_match(rng: random.Random, outcome: float = 0.4) -> Json:
    """Over past contacts, and the asked one."""
    tests = {
        "channel": some(rng, CHANNELS, 3),
        "direction": ["outbound"],
        "place": some(rng, PLACES, 3),
        "purpose": some(rng, PURPOSES, 3),
        "party": some(rng, [*ROLES, "liable", "third_party"], 3),
    }
    chosen = rng.sample(list(tests), rng.choice([0, 1, 1, 2]))
    match = {name if likely(rng, 0.8) else f"not_{name}": tests[name] for name in chosen}
    if likely(rng, outcome):
        name = "outcome" if likely(rng, 0.8) else "not_outcome"
        match[name] = some(rng, [*OUTCOMES, "failed", "reached"])
    return match


# --- counting ------------------------------------------------------------------------------------


def _what(rng: random.Random, match: str = "match", outcome: float = 0.4) -> Json:
    params: Json = {}
    if chosen := a_match(rng, outcome):
        params[match] = chosen
    if likely(rng, 0.25):
        params["exclude"] = [
            excluded
            for _ in range(rng.randint(1, 2))
            if (excluded := _agreed(rng) if likely(rng, 0.4) else a_match(rng, 0.3))
        ] or [{"purpose": ["legal_notice"]}]
    if likely(rng, 0.5):
        groups = ["person", "contact_point", "creditor", "collector", "debt", "channel"]
        params["group_by"] = some(rng, groups)
    return params


def _agreed(rng: random.Random) -> Json:
    item: Json = {"consent": {"scope": some(rng, SCOPES)}}
    if likely(rng, 0.3):
        item["consent"]["form"] = some(rng, FORMS)
    if likely(rng, 0.5):
        item["days"] = rng.choice([1, 2, 7])
    if likely(rng, 0.4):
        item["ends_with"] = a_match(rng, 0.7) or {"outcome": ["conversation"]}
    return item


def _window(rng: random.Random) -> Any:
    choice = rng.randint(0, 8)
    if choice < 3:
        return _day_one(rng, {"rolling_days": rng.choice([1, 2, 3, 7, 30])})
    if choice == 3:
        return _day_one(rng, {"rolling_business_days": rng.choice([1, 2, 3, 5])})
    if choice == 4:
        return {"rolling_minutes": rng.choice([5, 60, 1440])}
    if choice == 5:
        return {"calendar_week": rng.choice(["mon", "sun", "wed"])}
    if choice == 6:
        return {"since": a_match(rng, 0.7) or {"outcome": ["conversation"]}}
    return rng.choice(["calendar_day", "calendar_month", "ever"])


def _day_one(rng: random.Random, window: Json) -> Json:
    if likely(rng, 0.4):
        window["day_one"] = rng.choice(["inclusive", "exclusive"])
    return window


def _holidays(rng: random.Random, world: World) -> Json:
    known = [c for c in (world.country, "US", "CN", "place") if c]
    return {"holidays": rng.choice(known)} if likely(rng, 0.4) else {}


def _armed(rng: random.Random) -> Json:
    if likely(rng, 0.8):
        return {}
    return {"armed_after": a_match(rng, 0.8) or {"outcome": ["conversation"]}}


def event_count(rng: random.Random, world: World) -> Json:
    params = _what(rng) | _armed(rng) | _holidays(rng, world)
    match rng.randint(0, 4):
        case 0:
            return params | {"bound": "zero", "window": _window(rng)}
        case 1:
            return params | {"bound": {"min": rng.randint(1, 2)}, "window": _window(rng)}
        case 2:
            age = {**_age(rng)}
            return params | {"bound": {"min": rng.randint(1, 2)}, "window": {"age": age}}
        case 3:
            times = rng.randint(1, 3)
            row = ladder(rng, world) | {"bound": {"min": times}, "window": {"last": times}}
            del row["in_a_row"]
            return row
    return params | {"bound": {"max": rng.randint(1, 4)}, "window": _window(rng)}


def cap(rng: random.Random, world: World) -> Json:
    params = _what(rng) | _armed(rng) | _holidays(rng, world)
    if likely(rng, 0.15):
        params["count_distinct"] = "channel"
    return params | {"max": rng.choice([1, 1, 2, 3, 5]), "window": _window(rng)}


def cooldown(rng: random.Random, world: World) -> Json:
    params = _what(rng, "after", 0.8)
    params.setdefault("after", {"channel": ["visit"]})
    return _day_one(rng, params | {"days": rng.choice([1, 2, 7, 10])})


def spacing(rng: random.Random, world: World) -> Json:
    return _what(rng) | {"days": rng.choice([1, 2, 5])}


def _age(rng: random.Random) -> Json:
    age: Json = {rng.choice(["days", "business_days"]): rng.randint(0, 5)}
    if likely(rng, 0.3):
        age["clear_days"] = likely(rng, 0.7) and 0 not in age.values()
    if likely(rng, 0.3):
        age["at_most_days"] = rng.choice([3, 10, 30])
    return age


def notice(rng: random.Random, world: World) -> Json:
    return _what(rng) | _age(rng) | _holidays(rng, world)


def ladder(rng: random.Random, world: World) -> Json:
    params = _what(rng, outcome=0)
    match = params.get("match", {}) | {"outcome": some(rng, ["failed", "reached", *OUTCOMES])}
    return params | {"match": match, "in_a_row": rng.randint(1, 3)}


def one_channel_per_week(rng: random.Random, world: World) -> Json:
    params = _what(rng) | _armed(rng)
    if likely(rng, 0.5):
        params["week_begins"] = rng.choice(["mon", "sun"])
    return params


# --- hours ---------------------------------------------------------------------------------------


def _hours(rng: random.Random) -> Any:
    if likely(rng, 0.1):
        return "closed"
    times = sorted(rng.sample(TIMES, rng.choice([2, 2, 2, 3, 4])))
    if len(times) == 3:
        return [f"{times[0]}-{times[1]}", f"{times[1]}-{times[2]}"]
    if likely(rng, 0.2):
        times[0], times[-1] = "00:00", "24:00"
    return [f"{a}-{b}" for a, b in zip(times[::2], times[1::2], strict=True)]


def window(rng: random.Random, world: World) -> Json:
    hours: Json = {"every_day": _hours(rng)}
    if likely(rng, 0.5):
        hours = {"mon-fri": _hours(rng), "sat": _hours(rng), "sun": _hours(rng)}
    params: Json = {"hours": hours}
    if likely(rng, 0.4):
        hours["holiday"] = _hours(rng)
        params |= _holidays(rng, world)
    if likely(rng, 0.2):
        hours["makeup"] = _hours(rng)
    if likely(rng, 0.2):
        params["closed_on"] = rng.choice(NAMED_DAYS)
    if likely(rng, 0.4):
        params["bounds"] = rng.choice(["open", "open", "closed"])
    if likely(rng, 0.2):
        params["test"] = rng.choice(["start", "whole_interval"])
    over: Json = {}
    if likely(rng, 0.4):
        over["consent"] = ["hours"] if likely(rng, 0.7) else some(rng, SCOPES)
    if likely(rng, 0.3):
        over["state"] = some(rng, GIVES_HOURS)
    if over:
        params["override_by"] = over
    if likely(rng, 0.3):
        params["closed_by"] = ["excluded_slot"]
    return params


# --- the others ----------------------------------------------------------------------------------


def party(rng: random.Random, world: World) -> Json:
    params: Json = {}
    groups = [*ROLES, "liable", "third_party"]
    if likely(rng, 0.4):
        params[rng.choice(["allow", "deny"])] = some(rng, groups, 3)
    if likely(rng, 0.3):
        params["disclosure"] = rng.choice(["full", "location_only", "none"])
    if likely(rng, 0.2):
        params["purposes"] = some(rng, PURPOSES, 3)
    if likely(rng, 0.3):
        params["age_min"] = 18
    if likely(rng, 0.2):
        params["age_max"] = 70
    if {"age_min", "age_max"} & set(params) and likely(rng, 0.5):
        params["age_unknown"] = rng.choice(["passes", "needs_review"])
    if not params or likely(rng, 0.4):
        params["refusal"] = "final"
    return params


def staffing(rng: random.Random, world: World) -> Json:
    params: Json = {}
    if likely(rng, 0.5):
        params["min"] = rng.randint(1, 2)
    if likely(rng, 0.3):
        params["max"] = rng.randint(2, 3)
    if likely(rng, 0.2):
        params["employer"] = "collector"
    if likely(rng, 0.2):
        params["announced"] = True
    if not params or likely(rng, 0.5):
        held = {"each": some(rng, CREDENTIALS), "one": some(rng, CREDENTIALS)}
        params["credentials"] = {key: held[key] for key in some(rng, list(held))}
    return params


def place(rng: random.Random, world: World) -> Json:
    params: Json = {}
    if likely(rng, 0.4):
        params["allow"] = some(rng, PLACES, 3)
    elif likely(rng, 0.4):
        params["deny"] = some(rng, PLACES)
    if likely(rng, 0.5):
        params["order"] = rng.sample(PLACES, rng.randint(2, 3))
        if likely(rng, 0.5):
            params["attempts"] = rng.randint(1, 2)
    if not params or likely(rng, 0.3):
        params["entry"] = rng.choice(["never", "if_invited", "with_consent"])
    return params


def gate(rng: random.Random, world: World) -> Json:
    params: Json
    match rng.randint(0, 9):
        case 0:
            params = {"always": True}
        case 1:
            params = {"annual_rate": {"over": rng.choice(["0.154", "0.24"])}}
        case _:
            params = {"state": _states(rng, STATES, "kind")}
            if likely(rng, 0.3):
                params["whose"] = rng.choice(["party", "anyone"])
            if likely(rng, 0.5):
                params["lifts"] = rng.choice(
                    [
                        {"after_days": rng.choice([1, 2, 10, 30])},
                        {"after_months": rng.choice([1, 3, 12])},
                        {"after": a_match(rng, 0.6) or {"channel": ["letter"]}},
                    ]
                )
    if likely(rng, 0.2):
        params["reroute_to"] = ["attorney", "representative"]
    if likely(rng, 0.2):
        params["only_channels"] = some(rng, ["letter", "email", "phone"])
    return params


def consent(rng: random.Random, world: World) -> Json:
    params: Json = {"scope": some(rng, SCOPES)}
    if likely(rng, 0.3):
        params["form"] = some(rng, FORMS)
    if likely(rng, 0.3):
        params["days"] = rng.choice([1, 2, 7])
    if likely(rng, 0.3):
        params["uses"] = rng.choice([1, 2])
    if likely(rng, 0.3):
        params["withdrawn_by"] = some(rng, ["channel_opt_out", "no_home_visits", "cease"])
    return params


def obligation(rng: random.Random, world: World) -> Json:
    params: Json = {
        "what": rng.choice(["record_visit", "show_identification", "leave_when_asked"]),
        "when": rng.choice(["before", "at_start", "during", "on_refusal", "after"]),
    }
    if likely(rng, 0.6):
        params["impossible_when"] = ["cannot_record"]
    if likely(rng, 0.4):
        params["needs"] = {"consent": ["recording"]}
        if likely(rng, 0.6):
            params["otherwise"] = "record_outside_only"
    return params


KINDS: dict[str, tuple[Callable[[random.Random, World], Json], int]] = {
    "window": (window, 6),
    "event_count": (event_count, 4),
    "cap": (cap, 5),
    "cooldown": (cooldown, 2),
    "spacing": (spacing, 1),
    "notice": (notice, 2),
    "ladder": (ladder, 2),
    "one_channel_per_week": (one_channel_per_week, 1),
    "party": (party, 2),
    "staffing": (staffing, 1),
    "place": (place, 2),
    "gate": (gate, 3),
    "consent": (consent, 2),
    "obligation": (obligation, 2),
}
