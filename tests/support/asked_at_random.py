"""Contacts asked about at random: packs nobody would write and packs that ship, made from seeds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from contact_rules.domain import Contact, Pack, PastContact, shipped
from reference_rules.comparing import Engine, asking
from reference_rules.random_contacts import bodies
from reference_rules.random_packs import a_pack
from reference_rules.worlds import World, a_world
from rule_boundaries.papers import Json, papers

Keeps = Callable[[Json], bool]
"""Is it a rule that is wanted here, by what its pack says of it?"""


@dataclass(frozen=True)
class Case:
    """A contact and the packs it is asked about; `where` tells which of all."""

    where: str
    packs: tuple[Pack, ...]
    contact: Contact
    more: tuple[PastContact, ...]
    """The history of another contact of the same time and place."""


def anything(rule: Json) -> bool:
    return True


def random_cases(
    seeds: Iterable[int],
    count: int,
    keeps: Keeps = anything,
    somewhere: Callable[[random.Random], World] = a_world,
) -> Iterator[Case]:
    """So many contacts a seed, each about one to three packs of such rules: new ones each time."""
    for seed in seeds:
        rng = random.Random(seed)
        world = somewhere(rng)
        written = [a_pack(rng, f"p{number}", world, 5) for number in range(3)]
        for pack in written:
            pack["rules"] = [rule for rule in pack["rules"] if keeps(rule)]
        written = [pack for pack in written if pack["rules"]]
        if written:
            packs = [asking(pack).read for pack in written]
            yield from _cases(f"seed {seed}", packs, written, world, rng, count)


def shipped_cases(
    count: int, keeps: Keeps = anything, names: Iterable[str] | None = None
) -> Iterator[Case]:
    """So many contacts where each pack that ships is law, with such of its rules, some day."""
    for name in names or sorted(file.name for file in shipped().glob("*.yaml")):
        kept = [paper for paper in papers()[name] if keeps(paper.rule)]
        if not kept:
            continue
        rng, place = random.Random(name), kept[0].place
        region = None if place.get("region") is None else str(place["region"])
        day = date(2025, 6, 1) + rng.randint(0, 900) * timedelta(days=1)
        world = World(place["timezone"], place["country"], region, day, ("Asia/Tokyo",))
        pack = replace(kept[0].alone, rules=tuple(paper.alone.rules[0] for paper in kept))
        yield from _cases(name, [pack], [kept[0].pack], world, rng, count)


def _cases(
    where: str, packs: list[Pack], written: list[Json], world: World, rng: random.Random, count: int
) -> Iterator[Case]:
    engine = Engine()
    contacts = [engine.contact(body) for body in bodies(rng, world, written, count)]
    for number, contact in enumerate(contacts):
        asked = rng.sample(packs, rng.randint(1, len(packs)))
        more = rng.choice(contacts).history
        yield Case(f"{where}, contact {number}", tuple(asked), contact, more)
