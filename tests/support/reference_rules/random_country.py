"""A country of packs: its law, its parts, its trades, its versions, its lenders and their house."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from reference_rules.random_packs import a_pack
from reference_rules.worlds import World

Json = dict[str, Any]


def a_country(rng: random.Random, world: World) -> list[Json]:
    """Some of the packs there may be for Taiwan."""
    day, before = str(world.day), str(world.day - timedelta(days=1))
    law = {"applies": "jurisdiction", "covers": {"country": "TW"}}
    north = {"country": "TW", "region": "N"}
    heads: list[Json] = [
        {"id": "q", "version": "2026-01-01", **law, "extends": ["q-code"]},
        {"id": "q-north", "version": "2026-01-01", **law, "covers": north, "extends": ["q-trade"]},
        {"id": "q-town", "version": "2026-01-01", **law, "covers": {**north, "city": "TWN"}},
        {
            "id": "q-banks",
            "version": "2026-01-01",
            **law,
            "covers": {"country": "TW", "collectors": ["creditor"]},
            "extends": ["q-trade"],
        },
        {"id": "q-cards", "version": "2026-01-01", **law}
        | {"covers": {**north, "products": ["credit_card"]}},
        {"id": "q-code", "version": "2026-01-01", "applies": "named", "effective_to": before},
        {"id": "q-code", "version": "2026-02-01", "applies": "named", "effective_from": day},
        {"id": "q-trade", "version": "2026-01-01", "applies": "named", "extends": ["q-code"]},
        {"id": "river", "version": "2026-01-01", "applies": "overlay", "lender": "river"},
        {"id": "hill", "version": "2026-01-01", "applies": "overlay", "lender": "hill"}
        | {"covers": north},
        {"id": "house", "version": "2026-01-01", "applies": "fallback"},
        {"id": "person", "version": "2026-01-01", "applies": "always"},
    ]
    return [_pack(rng, head, world) for head in heads]


def _pack(rng: random.Random, head: Json, world: World) -> Json:
    """Its rules are in force whenever it is."""
    pack = a_pack(rng, head["id"], world, 1)
    for dated in (pack, *pack["rules"]):
        dated.pop("effective_from", None)
        dated.pop("effective_to", None)
    return pack | head


def somewhere(rng: random.Random) -> Json:
    """Where the contact and the home are, as far as anybody knows."""
    return {"residence": rng.choice([None, _part(rng)]), "place": {"kind": "home"} | _part(rng)}


def _part(rng: random.Random) -> Json:
    country = rng.choice(["TW", "TW", "TW", "JP", None])
    region = rng.choice(["N", "N", "S", None]) if country == "TW" else None
    city = rng.choice(["TWN", "PRT", None]) if region else None
    return {"country": country, "region": region, "city": city, "timezone": "Asia/Taipei"}
