"""Packs that ship keep their own examples, and each of their rules is shown both ways."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    ExampleResult,
    Member,
    Severity,
    SourceQuality,
    check,
    load,
    run_examples,
    shipped,
    show,
)
from contact_rules.domain.packs.coverage import Untried, untried
from contact_rules.domain.packs.library import Library
from contact_rules.domain.packs.person_protection import guarded
from door_questions import GOOD_PACK, pack_of, read_text, visit

LIBRARY = load(shipped())
NAMES = [pack.id for pack in LIBRARY]

SHIPPED = """
person-protection default-policy cn us-regf us-ma us-dc us-nyc au ie uk in co cl pe mx ru kz kr jp
tw hk th vn id ph sg ca-on ca-qc za de
"""


@cache
def results(name: str) -> list[ExampleResult]:
    (pack,) = LIBRARY.named([name])
    return run_examples(pack, LIBRARY)


def test_these_packs_ship() -> None:
    assert sorted(SHIPPED.split()) == NAMES
    assert guarded(LIBRARY) is LIBRARY


def test_all_of_them_are_loaded_within_two_seconds() -> None:
    """In a process of its own, imports and public holidays included; of its own time, as the
    machine may be busy."""
    code = (
        "from time import process_time\n"
        "from contact_rules.domain.packs import guarded, load, shipped\n"
        "guarded(load(shipped()))\n"
        "print(process_time())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 2, done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_pack_hold(name: str) -> None:
    assert [(r.line, r.why, r.problems) for r in results(name) if not r.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_denies_an_example_and_lets_one_pass(name: str) -> None:
    (pack,) = LIBRARY.named([name])
    assert untried(pack, [result.decision for result in results(name)]) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_nobody_has_read_is_listed(name: str) -> None:
    (pack,) = LIBRARY.named([name])
    order = list(SourceQuality)
    worst = max((rule.source_quality for rule in pack.rules), key=order.index)
    assert pack.source_quality is worst
    if any(rule.severity is not Severity.POLICY for rule in pack.rules):
        assert pack.verify


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_pack_is_shown_with_every_rule_and_its_source(name: str, language: str) -> None:
    (pack,) = LIBRARY.named([name])
    text = show(pack, language)
    assert pack.name in text
    for rule in pack.rules:
        assert rule.id in text
        assert "".join(rule.citation.split()) in "".join(text.split())
    assert "{" not in text
    for doubt in pack.verify:
        assert "".join(doubt.split()) in "".join(text.split())


def test_a_shown_rule_says_when_and_unless() -> None:
    (cn,) = LIBRARY.named(["cn"])
    text = show(cn, "en")
    assert "Unless: " in text
    assert "At most 3 answered calls to a debtor a day" in text
    assert "禁止性规定" in show(cn, "zh")
    softened = pack_of("kind: staffing\nparams: {min: 2}\non_fail: needs_review")
    assert "somebody must look at it" in show(softened, "en")


def _with_example(case: str) -> str:
    common = "contact: {place: {timezone: Asia/Taipei}, team: [{id: a}, {id: b}]}"
    return f"{GOOD_PACK}examples:\n  {common}\n  cases:\n    - {case}\n"


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("{why: x, proposed: {at: 2026-04-08 10:00}}", None),
        ("{why: x, proposed: {at: 2026-04-08 10:00}, verdict: deny}", "expected deny"),
        (
            "{why: x, proposed: {at: 2026-04-08 10:00, team: [{id: a}]}, verdict: deny}",
            "fails: expected none, found ['test.team']",
        ),
        (
            "{why: x, proposed: {at: 2026-04-08 10:00}, fails: [test.team]}",
            "fails: expected ['test.team'], found none",
        ),
        (
            "{why: x, proposed: {at: 2026-04-08 10:00}, must_end_by: 2026-04-08 11:00}",
            "must_end_by: expected 2026-04-08 11:00:00+08:00, found never",
        ),
        (
            "{why: x, proposed: {at: 2026-04-08 10:00}, next: never}",
            "next: expected never, found 2026-04-08 10:00:00+08:00",
        ),
    ],
)
def test_an_example_says_what_came_otherwise(case: str, problem: str | None) -> None:
    pack = read_text(_with_example(case))
    (found,) = run_examples(pack, Library([pack]))
    assert found.passed is (problem is None)
    if problem is not None:
        assert any(problem in said for said in found.problems)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("{why: x, proposed: {at: tomorrow}}", "'tomorrow' is no time"),
        ("{why: x, proposed: {minutes: 5}}", "'at' is missing"),
        ("{why: x}", "'proposed' is missing"),
        ("{proposed: {at: 2026-04-08 10:00}}", "'why' is missing"),
        ("{why: x, proposed: {at: 2026-04-08 10:00}, fails: [test.taem]}", "did you mean"),
        ("{why: x, proposed: {at: 2026-04-08 10:00, place: {timezone: ~}}}", "local to nowhere"),
        ("{why: x, proposed: {at: 2026-04-08 10:00}, given: {histroy: []}}", "did you mean"),
    ],
)
def test_an_example_that_can_not_be_read_is_told(case: str, said: str) -> None:
    pack = read_text(_with_example(case))
    with pytest.raises(BrokenPack, match=said):
        run_examples(pack, Library([pack]))


def test_a_pack_without_examples_tests_nothing() -> None:
    pack = read_text(GOOD_PACK)
    assert run_examples(pack, Library([pack])) == []
    assert untried(pack, []) == [Untried("test.team", broken=False, kept=False)]


@pytest.mark.parametrize(
    ("rule", "cases", "missing"),
    [
        ("kind: staffing\nparams: {min: 2}", ["[{id: a}, {id: b}]"], (False, True)),
        ("kind: staffing\nparams: {min: 2}", ["[{id: a}]"], (True, False)),
        ("kind: staffing\nparams: {min: 2}", ["[{id: a}]", "[{id: a}, {id: b}]"], None),
        # What can't be broken needs no example that breaks it.
        ("kind: obligation\nparams: {what: give_copy, when: after}", ["[]"], None),
        ("kind: place\nparams: {entry: never}", ["[]"], None),
        (
            "kind: obligation\n"
            "params: {what: give_copy, when: after, impossible_when: [cannot_record]}",
            ["[]"],
            (False, True),
        ),
        ("kind: place\nparams: {entry: never, deny: [work]}", ["[]"], (False, True)),
        # What is always shut lets those pass whom it is not about.
        (
            "kind: gate\nparams: {always: true}\nexceptions: [{channel: [phone]}]",
            ["[]"],
            (True, False),
        ),
    ],
)
def test_a_rule_is_shown_by_an_example_of_each_sort(
    rule: str, cases: list[str], missing: tuple[bool, bool] | None
) -> None:
    pack = pack_of(rule)
    decisions = [check(visit(team=team_of(team)), [pack]) for team in cases]
    found = untried(pack, decisions)
    assert [(each.broken, each.kept) for each in found] == ([missing] if missing else [])


def test_what_is_always_shut_is_shown_by_whom_it_is_not_about() -> None:
    pack = pack_of("kind: gate\nparams: {always: true}\nexceptions: [{channel: [phone]}]")
    decisions = [check(visit(), [pack]), check(visit(channel=Channel.PHONE), [pack])]
    assert untried(pack, decisions) == []
    assert untried(pack, decisions[1:]) == [Untried("test.rule-0", broken=False, kept=True)]


def team_of(text: str) -> tuple[Member, ...]:
    return tuple(Member(name) for name in "ab" if f"id: {name}" in text)
