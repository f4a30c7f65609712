"""What holds for any rules and any contact, and engines broken on purpose for which it does not.

The packs and contacts are those the reference is compared with, made from seeds; and the packs that
ship. Each property is a function that tells where it does not hold: no test of it could ever fail
if it did not find fault with its broken twin.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, pairwise
from typing import Any

import pytest
from contact_rules.domain import (
    Consent,
    Contact,
    Decision,
    Fact,
    Member,
    Pack,
    PastContact,
    Verdict,
    Window,
    calendar,
    check,
    checking,
    earliest_allowed_at,
    history,
    windows,
)
from contact_rules.domain.contact import Debt
from contact_rules.domain.history import Event
from contact_rules.domain.kinds import selection, window
from contact_rules.domain.kinds.event_count import EventCount
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Finding, Rule
from door_questions import utc
from reference_rules.comparing import Engine, asking
from reference_rules.random_contacts import bodies
from reference_rules.random_packs import a_pack
from reference_rules.worlds import World, a_world
from rule_boundaries.papers import Json, pack_names, papers, plain
from contact_rules.domain import shipped

ORDER = [Verdict.ALLOW, Verdict.NEEDS_REVIEW, Verdict.DENY]
SECOND, DAY, WEEK = timedelta(seconds=1), timedelta(days=1), timedelta(days=7)
SEEDS = range(120)
SHIPPED = [name for name in pack_names() if (shipped() / name).exists()]

Keeps = Callable[[Json], bool]


@dataclass(frozen=True)
class Case:
    """A contact and the packs it is asked about; `where` tells how to make it again."""

    where: str
    packs: tuple[Pack, ...]
    contact: Contact
    more: tuple[PastContact, ...]
    """History of another contact of the same time and place."""


def anything(rule: Json) -> bool:
    return True


def random_cases(
    seeds: Iterable[int],
    count: int,
    keeps: Keeps = anything,
    somewhere: Callable[[random.Random], World] = a_world,
) -> Iterator[Case]:
    """So many contacts a seed, each about one, two or three random packs of such rules."""
    for seed in seeds:
        rng = random.Random(seed)
        world = somewhere(rng)
        plain = [a_pack(rng, f"p{number}", world, 6) for number in range(3)]
        plain = [pack | {"rules": [r for r in pack["rules"] if keeps(r | _head(pack))]} for pack in plain]
        packs = [asking(pack).read for pack in plain if pack["rules"]]
        if packs:
            yield from _cases(f"seed {seed}", packs, plain, world, rng, count)


def _head(pack: Json) -> Json:
    """What a pack says for its rules."""
    return {f"pack's {key}": pack[key] for key in ("zone", "effective_from") if key in pack}


def _cases(
    where: str, packs: list[Pack], plain: list[Json], world: World, rng: random.Random, count: int
) -> Iterator[Case]:
    engine = Engine()
    contacts = [engine.contact(body) for body in bodies(rng, world, plain, count)]
    for number, contact in enumerate(contacts):
        some = rng.sample(packs, rng.randint(1, len(packs)))
        more = rng.choice(contacts).history
        yield Case(f"{where}, contact {number}", tuple(some), contact, more)


def shipped_cases(
    names: Iterable[str], count: int, keeps: Keeps = anything
) -> Iterator[Case]:
    """Contacts where a pack that ships is law, as far as it has such rules."""
    for name in names:
        kept = [paper for paper in papers()[name] if keeps(paper.rule | _head(paper.pack))]
        if not kept:
            continue
        rng, place = random.Random(name), kept[0].place
        region = None if place.get("region") is None else str(place["region"])
        day = max(kept[0].first_day, papers_day(rng))
        world = World(place["timezone"], place["country"], region, day, ("Asia/Tokyo",))
        pack = replace(kept[0].alone, rules=tuple(p.alone.rules[0] for p in kept))
        yield from _cases(name, [pack], [kept[0].pack], world, rng, count)
