"""A rule as its pack writes it, beside the engine's reading of that one rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from contact_rules.domain import Contact, Pack, check, load, shipped
from contact_rules.domain.packs.loading import parse_pack

Json = dict[str, Any]

COUNTS: Final = (
    "event_count",
    "cap",
    "cooldown",
    "spacing",
    "notice",
    "ladder",
    "one_channel_per_week",
)
EVERY_WAY: Final = Path(__file__).with_name("every-way.yaml")
"""Rules that use every parameter, also those that no pack that ships needs today."""


class NotHandled(Exception):
    """A rule says something whose edges nothing here knows how to find."""


class AnyEnd:
    """Any `must_end_by` will do."""


ANY_END: Final = AnyEnd()
APPLIES: Final = "applies"
"""The result of a case in which the rule may say anything but that it does not apply."""


@dataclass(frozen=True)
class Case:
    """One contact at an edge. `result` is None where the rule is not in force."""

    edge: str
    contact: Contact
    result: str | None
    measured: int | None = None
    must_end_by: datetime | AnyEnd | None = ANY_END


@dataclass(frozen=True, eq=False)
class Paper:
    """One rule, on paper and as the engine reads it: `alone` is its pack without all others."""

    pack: Json
    rule: Json
    alone: Pack

    @property
    def id(self) -> str:
        return str(self.rule["id"])

    @property
    def kind(self) -> str:
        return str(self.rule["kind"])

    @property
    def params(self) -> Json:
        return dict(self.rule["params"])

    @cached_property
    def place(self) -> Json:
        """Where the pack's own examples happen."""
        place: Json = dict(self.pack["examples"]["contact"]["place"])
        return place

    @cached_property
    def basis(self) -> str | None:
        """`place`, `all_candidates`, a zone fixed by the law, or nothing."""
        return self.rule.get("zone") or self.pack.get("zone")

    @property
    def zone_is_fixed(self) -> bool:
        return self.basis not in (None, "place", "all_candidates")

    @cached_property
    def zone(self) -> ZoneInfo:
        """Whose days and hours the rule speaks of, at that place."""
        return ZoneInfo(str(self.basis) if self.zone_is_fixed else self.place["timezone"])

    @cached_property
    def first_day(self) -> date:
        days = (each.get("effective_from") for each in (self.pack, self.rule))
        return max((day for day in days if day), default=date.min)

    @cached_property
    def last_day(self) -> date:
        days = (each.get("effective_to") for each in (self.pack, self.rule))
        return min((day for day in days if day), default=date.max)

    def in_force(self, first: date, last: date) -> bool:
        return self.first_day <= first and last <= self.last_day

    def only(self, known: Iterable[str]) -> Json:
        """The parameters; NotHandled if there are others than those."""
        strange = set(self.params) - set(known)
        if strange:
            raise NotHandled(f"{self.id}: {', '.join(sorted(strange))}")
        return self.params


Edges = Callable[[Paper], Iterator[Case]]
"""Yields the cases of one sort of edge; none for a rule that has no such edge."""


def plain(file: Path) -> Json:
    """A pack as YAML gives it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    pack: Json = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    return pack


def alone(pack: Json, rule: Json) -> Pack:
    """What the engine reads where this is the only rule of the pack."""
    said = {key: value for key, value in pack.items() if key not in ("rules", "examples")}
    text = json.dumps({**said, "rules": [rule]}, default=str) + "\n"
    return parse_pack(f"{pack['id']}.yaml", text.encode())


@lru_cache(maxsize=1)
def papers() -> dict[str, tuple[Paper, ...]]:
    """The rules of every pack that ships, by pack, and those of `EVERY_WAY`."""
    found: dict[str, tuple[Paper, ...]] = {}
    for read in load(shipped()):
        found[read.file] = _papers(plain(shipped() / read.file), read)
    every = plain(EVERY_WAY)
    found[EVERY_WAY.name] = tuple(Paper(every, rule, alone(every, rule)) for rule in every["rules"])
    return found


def _papers(pack: Json, read: Pack) -> tuple[Paper, ...]:
    return tuple(
        Paper(pack, rule, replace(read, rules=(compiled,)))
        for rule, compiled in zip(pack["rules"], read.rules, strict=True)
    )


def papers_of(pack: str, *kinds: str) -> list[Paper]:
    """The rules in a file, or those of some kinds."""
    return [paper for paper in papers()[pack] if not kinds or paper.kind in kinds]


def pack_names() -> list[str]:
    """Without loading them: what tests are named after."""
    return sorted(file.name for file in (*shipped().glob("*.yaml"), EVERY_WAY))


def wrong(paper: Paper, case: Case) -> str | None:
    """What the engine says otherwise, in one sentence with the rule, the edge and the instant."""
    decision = check(case.contact, [paper.alone])
    found = decision.checks[0] if decision.checks else None
    differs = []
    result = found and str(found.result)
    if case.result == APPLIES and result not in (None, "not_applicable"):
        result = APPLIES
    if result != case.result:
        differs.append(f"{case.result} expected, {result} found")
    if case.measured is not None and found and found.measured != case.measured:
        differs.append(f"{case.measured} expected to be counted, {found.measured} were")
    if not isinstance(case.must_end_by, AnyEnd) and decision.must_end_by != case.must_end_by:
        differs.append(f"must end by {case.must_end_by}, found {decision.must_end_by}")
    if not differs:
        return None
    start = case.contact.starts_at.astimezone(paper.zone)
    lasts = case.contact.duration // timedelta(minutes=1)
    return (
        f"{paper.id}, {case.edge}, {case.contact.channel} on {start:%a} {start.isoformat()}"
        f" for {lasts} min: {'; '.join(differs)}"
    )


def disagreements(papers: Iterable[Paper], *sorts: Edges) -> list[str]:
    """All that the engine says otherwise about the edges of these rules."""
    return [
        sentence
        for paper in papers
        for edges in sorts
        for case in edges(paper)
        if (sentence := wrong(paper, case))
    ]
