"""Places and times where generated contacts happen: clocks that jump, days that are skipped."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class World:
    """Where, and around which day."""

    zone: str | None
    country: str | None
    region: str | None
    day: date
    elsewhere: tuple[str, ...]


# zone, country, regions (None: not known), days on which something happens there
_PLACES: list[tuple[str, str | None, list[str | None], list[str]]] = [
    ("America/New_York", "US", ["MA", "NY", None], ["2026-03-08", "2026-11-01", "2026-04-20"]),
    ("America/Chicago", "US", ["IL", None], ["2026-11-26", "2027-01-01"]),
    ("Australia/Lord_Howe", "AU", ["NSW", None], ["2026-04-05", "2026-10-04", "2026-01-26"]),
    ("Africa/Casablanca", "MA", [None], ["2026-02-15", "2026-03-22"]),
    ("Asia/Kathmandu", "NP", [None], ["2026-04-14", "2026-10-20"]),
    ("Pacific/Apia", "WS", [None], ["2011-12-30", "2012-04-01"]),
    ("America/Sao_Paulo", "BR", ["SP", None], ["2018-11-04", "2018-02-18"]),
    ("America/Havana", "CU", [None], ["2026-03-08", "2026-11-01"]),
    ("Asia/Shanghai", "CN", ["GD"], ["2026-02-16", "2026-02-28", "2026-10-10"]),
    ("Asia/Urumqi", "CN", ["XJ"], ["2026-02-14", "2026-05-09"]),
    ("Asia/Taipei", "TW", ["TPE", None], ["2026-02-16", "2026-12-25"]),
    ("Europe/Dublin", "IE", [None], ["2026-03-29", "2026-10-25"]),
    ("Antarctica/Troll", None, [None], ["2026-03-29", "2026-10-25"]),
    ("Africa/Cairo", "EG", [None], ["2026-04-24", "2026-10-29"]),
    ("America/Toronto", "CA", ["ON", "QC", None], ["2026-03-08", "2026-06-24"]),
    ("Pacific/Kiritimati", "KI", [None], ["2026-07-12"]),
    ("Asia/Tokyo", "JP", [None], ["2026-05-05"]),
]
_ANY_TIME = ["2026-02-28", "2028-02-29", "2026-12-31", "2026-03-31", "2026-07-15"]


def a_world(rng: random.Random) -> World:
    zone, country, regions, days = rng.choice(_PLACES)
    day = date.fromisoformat(rng.choice(days if rng.random() < 0.8 else _ANY_TIME))
    return World(
        zone=None if rng.random() < 0.04 else zone,
        country=None if rng.random() < 0.04 else country,
        region=rng.choice(regions),
        day=day + timedelta(days=rng.randint(-3, 3)),
        elsewhere=tuple(place[0] for place in rng.sample(_PLACES, 2)),
    )
