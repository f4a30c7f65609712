"""Asks the engine and the reference the same questions. The only module here that knows the engine.

A run is replayed by its seed: `compare_random(1003)` makes the same packs and contacts each time.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Direction,
    Fact,
    FactKind,
    Form,
    Library,
    Member,
    Outcome,
    Pack,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Residence,
    Role,
    Slot,
    Verdict,
    Weekday,
    check,
)
from contact_rules.domain.examples_reading import read_asked
from contact_rules.domain.packs.loading import parse_pack, read_pack
from ruamel.yaml import YAML

from reference_rules.asked import instant
from reference_rules.random_contacts import bodies
from reference_rules.random_country import a_country, somewhere
from reference_rules.random_packs import a_pack
from reference_rules.resolving import reference_packs
from reference_rules.verdicts import Answer, reference_check
from reference_rules.worlds import World, a_world

T = TypeVar("T")
Json = dict[str, Any]
Differences = dict[str, tuple[Any, Any]]
"""What the reference says and what the engine says, by rule, or by `verdict` and the like."""

CONTACTS = 150
"""How many contacts each seed makes."""


@dataclass(frozen=True)
class Asking:
    """A pack as both read it."""

    plain: Json
    read: Pack


@dataclass
class Report:
    """What became of the cases of a run."""

    cases: int = 0
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    different: int = 0
    first: list[str] = field(default_factory=list)

    def __add__(self, other: Report) -> Report:
        return Report(
            self.cases + other.cases,
            self.found + other.found,
            self.different + other.different,
            [*self.first, *other.first],
        )


def compare_seeds(seeds: Iterable[int]) -> Report:
    return sum(map(compare_random, seeds), Report())


def compare_random(seed: int, engine: Engine | None = None, kinds: Iterable[str] = ()) -> Report:
    """Random packs, one, two or three at a time, and contacts at their edges.

    `engine`: another one than ours; `kinds`: rules of these kinds only.
    """
    rng = random.Random(seed)
    world = a_world(rng)
    packs = [asking(a_pack(rng, f"p{number}", world, 3, kinds)) for number in range(4)]
    cases = (
        (rng.sample(packs, rng.choice([1, 1, 2, 3])), body)
        for body in bodies(rng, world, [pack.plain for pack in packs], CONTACTS)
    )
    return _compare(cases, f"seed {seed}", engine or Engine())


def compare_shipped(file: Path, companion: Path, each: int) -> Report:
    """Contacts where a pack that ships is law, so many made for each of its rules, with another
    pack beside it."""
    packs = [_asking_file(one) for one in dict.fromkeys((file, companion))]
    cases = ((packs, body) for body in _bodies_for(packs[0].plain, each))
    return _compare(cases, file.name, Engine())


def _bodies_for(pack: Json, each: int) -> Iterable[Json]:
    rng = random.Random(pack["id"])
    for rule in pack["rules"]:
        yield from bodies(rng, _world_of(pack, rng), [{"rules": [rule]}], each, sharing=4)


def compare_examples(file: Path) -> Report:
    """The worked examples of a pack that ships."""
    pack = _asking_file(file)
    node = pack.read.examples
    assert node is not None
    common = node.need("contact")
    cases = [
        read_asked(common, case.fields(_EXAMPLE).get("given"), case.need("proposed")).contact
        for case in node.need("cases").items()
    ]
    return _compare(([([pack], _body_of(case)) for case in cases]), f"{file.name}", Engine())


def asking(plain: Json) -> Asking:
    name = f"{plain['id']}@{plain['version']}.yaml"
    return Asking(plain, parse_pack(name, (json.dumps(plain) + "\n").encode()))


@cache
def _asking_file(file: Path) -> Asking:
    return Asking(YAML(typ="safe", pure=True).load(file.read_bytes()), read_pack(file))


def _world_of(pack: Json, rng: random.Random) -> World:
    """Where the examples of the pack happen, and around some day of three years."""
    place = pack.get("examples", {}).get("contact", {}).get("place", {})
    return World(
        zone=place.get("timezone"),
        country=place.get("country"),
        region=place.get("region"),
        day=date(2025, 6, 1) + timedelta(days=rng.randint(0, 900)),
        elsewhere=("America/New_York", "Asia/Tokyo"),
    )


def _compare(cases: Iterable[tuple[list[Asking], Json]], where: str, engine: Engine) -> Report:
    report = Report()
    for number, (packs, body) in enumerate(cases):
        report.cases += 1
        found, different = engine.differs(packs, body)
        kinds = {rule["id"]: rule["kind"] for pack in packs for rule in pack.plain["rules"]}
        report.found.update((kinds[rule], result) for rule, result in found.results.items())
        if different:
            report.different += 1
            if len(report.first) < 3:
                smallest = told(engine, packs, body, different)
                report.first.append(f"{where}, contact {number}\n{smallest}")
    return report


def compare_resolved(seed: int) -> Report:
    """A country with its parts, trades, versions and lenders: which of their packs are asked, and
    what they say together."""
    rng = random.Random(seed)
    world = replace(a_world(rng), country="TW", region=None)
    packs = [asking(plain) for plain in a_country(rng, world)]
    library = Library(pack.read for pack in packs)
    plain = [pack.plain for pack in packs]
    report = Report()
    for number, body in enumerate(bodies(rng, world, plain, CONTACTS)):
        body = body | somewhere(rng)
        contact = Engine().contact(body)
        on = world.day + timedelta(days=rng.randint(-2, 2))
        found = library.resolve(
            contact.place,
            body["residence"] and Residence(**body["residence"]),
            contact.collector.class_,
            [debt.product for debt in contact.debts],
            contact.lender,
            on,
        )
        ours = reference_packs(plain, body, on)
        theirs = {pack.name: not pack.in_doubt for pack in found}
        report.cases += 1
        different: Differences = {} if ours == theirs else {"packs": (ours, theirs)}
        if not different:
            said = reference_check(
                [each for each in plain if f"{each['id']}@{each['version']}" in ours],
                body,
                [name.partition("@")[0] for name, sure in ours.items() if not sure],
            )
            different = Engine().differences(said, Engine().answer(list(found), contact), body)
        if different:
            report.different += 1
            asked_for = [pack for pack in packs if pack.read.name in ours]
            smallest = told(Engine(), asked_for, body, different)
            report.first.append(f"seed {seed}, contact {number}, on {on}\n{smallest}")
    return report


class Engine:
    """Asks the engine. Twins of it, broken on purpose, are told from the reference too."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, tuple[Any, ...]]] = {}

    def differs(self, packs: list[Asking], body: Json) -> tuple[Answer, Differences]:
        """The answer of the reference, and where the engine's is another."""
        ours = reference_check([pack.plain for pack in packs], body)
        theirs = self.answer([self.pack(pack) for pack in packs], self.contact(body))
        return ours, self.differences(ours, theirs, body)

    def differences(self, ours: Answer, theirs: Answer, body: Json) -> Differences:
        different: Differences = {
            rule: (ours.results.get(rule), theirs.results.get(rule))
            for rule in sorted({*ours.results, *theirs.results})
            if ours.results.get(rule) != theirs.results.get(rule)
        }
        if not different:
            for name in ("verdict", "obligations", "must_end_by"):
                one, other = getattr(ours, name), getattr(theirs, name)
                if name == "must_end_by":
                    one, other = (_in_sight(end, body) for end in (one, other))
                if one != other:
                    different[name] = (one, other)
        return different

    def pack(self, pack: Asking) -> Pack:
        return pack.read

    def answer(self, packs: list[Pack], contact: Contact) -> Answer:
        decision = check(contact, packs)
        end = decision.must_end_by
        return Answer(
            verdict=str(decision.verdict),
            results={found.rule: str(found.result) for found in decision.checks},
            obligations=sorted((o.rule, str(o.what), str(o.when)) for o in decision.obligations),
            must_end_by=end if decision.verdict is Verdict.ALLOW else None,
        )

    def contact(self, body: Json) -> Contact:
        place, party, collector = body["place"], body["party"], body["collector"]
        return Contact(
            starts_at=datetime.fromisoformat(body["starts_at"]),
            duration=timedelta(minutes=body["duration_minutes"]),
            channel=Channel(body["channel"]),
            direction=Direction(body["direction"]),
            purpose=Purpose(body["purpose"]),
            place=place and Place(**(place | {"kind": PlaceKind(place["kind"])})),
            party=Party(party["id"], Role(party["role"]), party["age"], tuple(party["timezones"])),
            debts=tuple(map(_debt, body["debts"])),
            collector=Collector(collector["id"], CollectorClass(collector["class"])),
            lender=body["lender"],
            team=tuple(map(_member, body["team"])),
            point=body["point"],
            facts=self._once(body["facts"], _fact),
            consents=self._once(body["consents"], _consent),
            history=self._once(body["history"], _past),
        )

    def _once(self, items: list[Json], make: Callable[[Json], T]) -> tuple[T, ...]:
        """Contacts share their histories: each is made once."""
        if id(items) not in self._made:
            self._made[id(items)] = (items, tuple(map(make, items)))
        return self._made[id(items)][1]


def _in_sight(end: datetime | None, body: Json) -> str:
    """A limit about a day or more after the planned end may be told or not."""
    planned = instant(body["starts_at"]) + timedelta(minutes=body["duration_minutes"])
    near = end is not None and end <= planned + timedelta(hours=22)
    return str(end.astimezone(UTC)) if end and near else "none near"


def _or_none(make: Callable[[str], T], value: str | None) -> T | None:
    return None if value is None else make(value)


def _debt(body: Json) -> Debt:
    return Debt(
        body["id"],
        _or_none(Product, body["product"]),
        body["days_past_due"],
        _or_none(Decimal, body["annual_rate"]),
    )


def _member(body: Json) -> Member:
    announced_on = _or_none(date.fromisoformat, body["announced_on"])
    return Member(body["id"], frozenset(body["credentials"]), body["employer"], announced_on)


def _fact(body: Json) -> Fact:
    return Fact(
        kind=FactKind(body["kind"]),
        since=_or_none(date.fromisoformat, body["since"]),
        until=_or_none(date.fromisoformat, body["until"]),
        form=_or_none(Form, body["form"]),
        party=body["party"],
        channel=_or_none(Channel, body["channel"]),
        slots=tuple(
            Slot(
                frozenset(map(Weekday, slot["days"])),
                time.fromisoformat(slot["from"]),
                time.fromisoformat(slot["to"]),
            )
            for slot in body["slots"]
        ),
    )


def _consent(body: Json) -> Consent:
    return Consent(
        scope=ConsentScope(body["scope"]),
        given_at=datetime.fromisoformat(body["given_at"]),
        form=_or_none(Form, body["form"]),
        until=_or_none(datetime.fromisoformat, body["until"]),
        channel=_or_none(Channel, body["channel"]),
    )


def _past(body: Json) -> PastContact:
    return PastContact(
        channel=Channel(body["channel"]),
        direction=Direction(body["direction"]),
        starts_at=datetime.fromisoformat(body["starts_at"]),
        outcome=_or_none(Outcome, body["outcome"]),
        party=body["party"],
        role=_or_none(Role, body["role"]),
        debts=tuple(body["debts"]),
        collector=body["collector"],
        lender=body["lender"],
        place=_or_none(PlaceKind, body["place"]),
        point=body["point"],
        purpose=_or_none(Purpose, body["purpose"]),
        reserved=body["reserved"],
    )


_EXAMPLE = (
    "why",
    "given",
    "proposed",
    "packs",
    "verdict",
    "fails",
    "unknown",
    "must_end_by",
    "next",
    "obligations",
)


def _body_of(contact: Contact) -> Json:
    """The body of a check that asks about this contact."""
    place, collector = contact.place, contact.collector
    return {
        "starts_at": contact.starts_at.isoformat(),
        "duration_minutes": contact.duration // timedelta(minutes=1),
        "channel": str(contact.channel),
        "direction": str(contact.direction),
        "purpose": str(contact.purpose),
        "place": place and _plain(place),
        "party": _plain(contact.party),
        "debts": [_plain(debt) for debt in contact.debts],
        "collector": {"id": collector.id, "class": str(collector.class_)},
        "lender": contact.lender,
        "team": [_plain(member) for member in contact.team],
        "point": contact.point,
        "facts": [_plain(fact) for fact in contact.facts],
        "consents": [_plain(consent) for consent in contact.consents],
        "history": [_plain(past) for past in contact.history],
    }


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if is_dataclass(value):
        return {
            each.name.removesuffix("_"): _plain(getattr(value, each.name)) for each in fields(value)
        }
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (tuple, frozenset)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int)) else str(value)


# --- telling a difference ------------------------------------------------------------------------


def told(engine: Engine, packs: list[Asking], body: Json, different: Differences) -> str:
    """The difference, with a case as small as still shows it."""
    lines = [
        f"{what}: reference {ours}, engine {theirs}" for what, (ours, theirs) in different.items()
    ]
    rules = [rule for pack in packs for rule in pack.plain["rules"] if rule["id"] in different]
    if rules:
        pack = next(pack for pack in packs if rules[0] in pack.plain["rules"])
        packs = [asking({**pack.plain, "rules": [rules[0]]})]
    body = _smaller(engine, packs, body)
    common = ("citation", "message", "source_quality", "title", "examples", "verify")
    shown = [
        {key: value for key, value in each.items() if key not in common}
        for pack in packs
        for each in ({**pack.plain, "rules": ...}, *pack.plain["rules"])
    ]
    plain = json.dumps(_without_nothing(body), ensure_ascii=False, default=str)
    return "\n".join([*lines, *map(str, shown), plain])


def _smaller(engine: Engine, packs: list[Asking], body: Json) -> Json:
    """Leaves out of the lists whatever the difference does not need."""
    for name in ("history", "facts", "consents", "team"):
        for entry in list(body[name]):
            less = {**body, name: [each for each in body[name] if each is not entry]}
            if engine.differs(packs, less)[1]:
                body = less
    return body


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_nothing(v) for k, v in value.items() if v not in (None, [], False)}
    return [_without_nothing(each) for each in value] if isinstance(value, list) else value
