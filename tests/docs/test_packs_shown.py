"""Whatever rules, windows and examples the reference of the pack format shows do what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest
import yaml
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Collector,
    CollectorClass,
    Contact,
    Debt,
    Direction,
    Library,
    Outcome,
    Pack,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Purpose,
    Role,
    earliest_allowed_at,
    run_examples,
)
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.schema.params import PARAMS
from contact_rules.domain.rule import Judge

TAIPEI: Final = ZoneInfo("Asia/Taipei")
FIRST: Final = datetime(2026, 4, 1, 10, 0, tzinfo=TAIPEI)
"""The contact that the tables of windows speak of."""
ANY_RULE: Final = {"kind": "staffing", "params": {"min": "1"}}


def read(text: str) -> Any:
    """YAML as packs are read: scalars stay texts, and `~` is nothing."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return None if value == "~" else value

    return plain(yaml.load(text, yaml.BaseLoader))


def pack_of(rules: Sequence[Mapping[str, Any]], **more: Any) -> Pack:
    """A pack of rules, with all that the page leaves out of them."""
    whole = [
        {
            "id": f"example.rule-{number}",
            "severity": "policy",
            "source_quality": "memory",
            "citation": "an example (no law)",
            "message": {"en": "No.", "zh": "不可。"},
            **rule,
        }
        for number, rule in enumerate(rules)
    ]
    id_ = str(whole[0]["id"]).partition(".")[0]
    pack = {
        "id": id_,
        "version": "2026-11-21",
        "title": {"en": "An example", "zh": "示例"},
        "applies": "named",
        "rules": whole,
        **more,
    }
    text = yaml.safe_dump(pack, allow_unicode=True, sort_keys=False)
    return parse_pack(f"{id_}.yaml", text.encode())


def pack_of_one(kind: str, params: str) -> Pack:
    return pack_of([{"kind": kind, "params": read(params)}])


class Shown(NamedTuple):
    """A block of YAML: where it stands, and the pack it makes."""

    heading: str
    rules: Sequence[Mapping[str, Any]]
    """Those it holds itself; examples go with the rules of the block above."""
    pack: Pack


def shown(reference: Any) -> Iterator[Shown]:
    above: list[Any] = [ANY_RULE]
    for _, heading, text in reference.blocks("yaml"):
        block = read(text)
        if isinstance(block, list):
            above = block
            yield Shown(heading, block, pack_of(block))
        else:
            yield Shown(heading, (), pack_of(above, **block))


def judges(reference: Any) -> dict[str, Judge]:
    """What each kind and alias makes of its rule on the page."""
    found = {
        str(said["kind"]): rule.judge
        for each in shown(reference)
        for said, rule in zip(each.rules, each.pack.rules, strict=False)
    }
    for alias, _, written, _ in reference.table("Aliases", "alias"):
        found[alias.code[0]] = pack_of_one(alias.code[0], written.code[0]).rules[0].judge
    return found


def test_every_kind_is_shown_by_a_rule_that_can_be_used(reference: Any) -> None:
    last = {each.heading: each.rules for each in shown(reference) if each.rules}
    for kind in {kind.name for kind in KINDS.values()} - {"event_count"}:
        assert [rule["kind"] for rule in last[kind]] == [kind]
    assert judges(reference).keys() == KINDS.keys()


def test_every_example_comes_out_as_it_says(reference: Any) -> None:
    results = [
        result
        for each in shown(reference)
        for result in run_examples(each.pack, Library([each.pack]))
    ]
    assert len(results) > 5
    assert [(each.why, each.problems) for each in results if not each.passed] == []


def test_blanks_are_those_each_kind_tells(reference: Any) -> None:
    known = judges(reference)
    for kinds, blanks in reference.table("Messages", "kind"):
        told = {blank.strip("{}") for blank in blanks.code if blank.startswith("{")}
        for kind in kinds.code:
            assert told == known[kind].blanks, kind


def test_an_alias_is_nothing_but_the_full_form(reference: Any) -> None:
    for alias, _, written, full in reference.table("Aliases", "alias"):
        short, spelled_out = (
            pack_of_one(kind, params.code[0]).rules[0]
            for kind, params in ((alias.code[0], written), ("event_count", full))
        )
        assert short.kind == spelled_out.kind == "event_count"
        assert parts(short.judge) == parts(spelled_out.judge), alias


def parts(judge: Any) -> list[Any]:
    return [type(judge), *(getattr(judge, field.name) for field in fields(judge))]


def free_again(kind: str, params: str) -> str:
    """When a visit may begin, after the one on 1 April at ten at which the debtor was met."""
    visit = Contact(
        starts_at=FIRST + timedelta(seconds=1),
        duration=timedelta(minutes=30),
        channel=Channel.VISIT,
        direction=Direction.OUTBOUND,
        purpose=Purpose.COLLECT,
        place=Place(PlaceKind.HOME, "Asia/Taipei", "TW", "TPE"),
        party=Party("lin", Role.DEBTOR),
        debts=(Debt("card"),),
        collector=Collector("river-bank", CollectorClass.CREDITOR),
        history=(
            PastContact(
                Channel.VISIT,
                Direction.OUTBOUND,
                FIRST,
                outcome=Outcome.DEBTOR_MET,
                party="lin",
            ),
        ),
    )
    found = earliest_allowed_at(visit, [pack_of_one(kind, params)])
    if found is None:
        return "never"
    local = found.astimezone(TAIPEI).replace(tzinfo=None)
    return local.isoformat(" ", "seconds").removesuffix(":00")


def test_windows_end_when_they_are_said_to(reference: Any) -> None:
    rows = reference.table("Windows of time", "`window`")
    for window, _, free in rows:
        assert free_again("cap", f"{{max: 1, window: {window.code[0]}}}") == free, window
    words, mapping = PARAMS["event_count"]["properties"]["window"]["anyOf"]
    explained = {name for row in rows for name in re.findall(r"\w+", row[0])}
    assert {*words["enum"], *mapping["properties"]} - {"age", "last"} <= explained


def test_notices_are_old_enough_when_they_are_said_to_be(reference: Any) -> None:
    for age, begins in reference.table("Windows of time", "`age`"):
        params = f"{{bound: {{min: 1}}, window: {{age: {age.code[0]}}}}}"
        assert free_again("event_count", params) == begins, age


AT: Final = "2026-04-01 10:00+08:00"
CASE: Final = {
    "why": "all that examples may say",
    "given": {
        "history": [{"at": AT}],
        "facts": [{"kind": "paid"}],
        "consents": [{"scope": "visit", "given_at": AT}],
    },
    "proposed": {
        "at": AT,
        "place": {"kind": "home"},
        "residence": {"country": "TW"},
        "party": {"id": "lin"},
        "debts": [{"id": "card"}],
        "collector": {"id": "river-bank"},
        "team": [{"id": "ann"}],
    },
}
WHERE: Final[dict[str, Sequence[str]]] = {
    "in a case": (),
    "in a contact": ("proposed",),
    "`given`": ("given",),
    **{f"`{part}`": ("given", part) for part in CASE["given"]},
    **{f"`{part}`": ("proposed", part) for part in CASE["proposed"] if part != "at"},
}
"""Under which keys of a case fields stand, by how the page calls them."""


def known_to_the_reader(keys: Sequence[str]) -> list[str]:
    """The fields that may stand there, as whoever writes another one is told."""
    case: Any = deepcopy(CASE)
    part = case
    for key in keys:
        part = part[key]
    (part[0] if isinstance(part, list) else part)["zzzzzzzzzz"] = "1"
    pack = pack_of([ANY_RULE], examples={"cases": [case]})
    with pytest.raises(BrokenPack) as broken:
        run_examples(pack, Library([pack]))
    (complaint,) = broken.value.complaints
    return sorted(complaint.suggestion.removeprefix("one of: ").split(", "))


@pytest.mark.parametrize("where", WHERE)
def test_all_fields_of_examples_are_explained(where: str, reference: Any) -> None:
    contact, given = (reference.table("Examples", first) for first in ("in a contact", "given"))
    if where.startswith("in a "):
        explained = [row[0].code[0] for row in reference.table("Examples", where)]
    elif where == "`given`":
        explained = [row[0].code[0] for row in given]
    else:
        (says,) = (row[1] for row in (*given, *contact) if row[0] == where)
        explained = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", says.split(". ")[0]))
    assert sorted(explained) == known_to_the_reader(WHERE[where])
