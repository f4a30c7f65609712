"""Packs that ship keep their own examples; packs that are broken say where, and what to do."""

from datetime import date
from pathlib import Path

import pytest
from contact_rules.domain import (
    BrokenPack,
    Severity,
    SourceQuality,
    load,
    run_examples,
    shipped,
    show,
)
from contact_rules.domain.examples import untested
from contact_rules.domain.packs.library import Library
from door_questions import pack_of, read_text

LIBRARY = load(shipped())
NAMES = [pack.id for pack in LIBRARY]
TODAY = date(2026, 11, 21)


def test_these_packs_ship() -> None:
    assert NAMES == ["cn", "default-policy", "person-protection", "tw"]


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_pack_hold(name: str) -> None:
    (pack,) = LIBRARY.named([name])
    results = run_examples(pack, LIBRARY)
    assert [(r.line, r.why, r.problems) for r in results if not r.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_denies_an_example_and_lets_one_pass(name: str) -> None:
    (pack,) = LIBRARY.named([name])
    assert untested(pack, run_examples(pack, LIBRARY)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_law_is_printed_as_read_that_was_not(name: str) -> None:
    (pack,) = LIBRARY.named([name])
    for rule in pack.rules:
        if rule.severity is not Severity.POLICY:
            assert rule.source_quality is not SourceQuality.TEXT
            assert pack.verify
    assert list(SourceQuality).index(pack.source_quality) == max(
        list(SourceQuality).index(rule.source_quality) for rule in pack.rules
    )


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
    assert "person third parties; person not attorney" in text
    assert "Unless: consent to more calls" in text
    assert "At most 3 answered calls to a debtor a day" in text
    assert "禁止性规定" in show(cn, "zh")
    softened = pack_of("kind: staffing\nparams: {min: 2}\non_fail: needs_review")
    assert "somebody must look at it" in show(softened, "en")


GOOD = """\
id: test
version: 2026-01-01
title: {en: Test, zh: 测试}
applies: named
rules:
  - id: test.team
    kind: staffing
    severity: policy
    source_quality: text
    citation: house rule
    params: {min: 2}
    message: {en: "{measured} of {least}", zh: "{measured}/{least}"}
"""


def test_this_pack_is_good() -> None:
    assert len(read_text(GOOD).rules) == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: test\n", "id: tset\n", 1, "in the file of 'test'"),
        ("version: 2026-01-01", "version: 2026-13-01", 2, "not a date"),
        ("title: {en: Test, zh: 测试}", "title: {en: Test}", 3, "'zh' is missing"),
        ("applies: named", "applies: sometimes", 4, "'sometimes' is not known here"),
        ("applies: named", "applies: jurisdiction", 1, "says what it covers"),
        ("applies: named", "applies: named\ncovers: {country: TW}", 1, "says what it covers"),
        ("applies: named", "applies: jurisdiction\ncovers: {country: Taiwan}", 5, "is no country"),
        ("kind: staffing", "kind: stafing", 7, "did you mean 'staffing'?"),
        ("kind: staffing", "knid: staffing", 7, "did you mean 'kind'?"),
        ("severity: policy", "severity: polite", 8, "did you mean 'policy'?"),
        ("    citation: house rule\n", "", 6, "'citation' is missing"),
        ("id: test.team", "id: team", 6, "named test."),
        ("{min: 2}", "{min: two}", 11, "'two' is not a whole number"),
        ("{min: 2}", "{min: -2}", 11, "'-2' is not a whole number"),
        ("{min: 2}", "{min: 4, max: 3}", 11, "at most 3 can't be at least 4"),
        ("{min: 2}", "{}", 11, "nothing is asked of the team"),
        ("{min: 2}", "{credentials: {each: [wrok_id]}}", 11, "did you mean 'work_id'?"),
        ("{min: 2}", "{credentials: {each: []}}", 11, "an empty list matches nothing"),
        ("{measured} of", "{mesured} of", 12, "asks for {mesured}"),
        ("{measured} of", "{measured of", 12, "can't be filled in"),
        ("{measured} of", "{measured:>9} of", 12, "can't be filled in"),
        ("{measured} of", "{0} of", 12, "can't be filled in"),
        (
            "    params: {min: 2}",
            "    params: {min: 2}\n    applies_when: {chanel: [visit]}",
            12,
            "did you mean 'channel'?",
        ),
        (
            "    params: {min: 2}",
            "    params: {min: 2}\n    applies_when: {channel: visit}",
            12,
            "a list belongs here",
        ),
        (
            "    params: {min: 2}",
            "    params: {min: 2}\n    exceptions: [{purpose: [steal]}]",
            12,
            "'steal' is not known here",
        ),
        ("severity: policy", "severity: prohibition\n    on_fail: needs_review", 9, "is a no"),
        ("severity: policy", "severity: policy\n    zone: Mars/Olympus", 9, "no time zone"),
        (
            "severity: policy",
            "severity: policy\n    effective_from: 2026-02-01\n    effective_to: 2026-01-31",
            10,
            "end before it begins",
        ),
        ("severity: policy", "severity: policy\n    severity: policy", 9, "is said twice"),
        ("rules:\n", "rules: []\nrulez:\n", 6, "did you mean 'rules'?"),
        ("{en: Test, zh: 测试}", "{en: Test, zh: 测试", 4, "expected"),
    ],
)
def test_a_broken_pack_names_the_line_and_the_remedy(
    old: str, new: str, line: int, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(BrokenPack) as broken:
        read_text(GOOD.replace(old, new, 1))
    assert said in str(broken.value)
    assert (broken.value.file, broken.value.line) == ("test.yaml", line)
    assert str(broken.value).startswith(f"test.yaml:{line}: ")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('kind: window\nparams: {hours: {every_day: ["8-21"]}}', "are no hours"),
        ('kind: window\nparams: {hours: {every_day: ["21:00-08:00"]}}', "ends before it begins"),
        ('kind: window\nparams: {hours: {every_day: ["08:00-24:01"]}}', "no time of day"),
        ('kind: window\nparams: {hours: {every_day: ["08:60-21:00"]}}', "no time of day"),
        ('kind: window\nparams: {hours: {mon-fri: ["08:00-21:00"]}}', "said for sat, sun"),
        ("kind: window\nparams: {hours: {every_day: closed, sun: closed}}", "said twice"),
        ("kind: window\nparams: {hours: {fri-mon: closed}}", "runs backwards"),
        ("kind: window\nparams: {hours: {someday: closed}}", "is no day"),
        ("kind: window\nparams: {hours: {every_day: shut}}", "did you mean|one of: closed"),
        (
            'kind: window\nparams: {hours: {every_day: ["08:00-12:00", "11:00-13:00"]}}',
            "these hours overlap",
        ),
        (
            "kind: window\nparams: {hours: {every_day: closed}, holidays: TW}",
            "without hours for holidays",
        ),
        (
            "kind: window\nparams: {hours: {every_day: closed, holiday: closed}, holidays: XY}",
            "no holidays are known for 'XY'",
        ),
        (
            "kind: window\nparams: {hours: {every_day: closed}, "
            'closed_on: {country: TW, names: ["Chinese New Years"]}}',
            "did you mean 'Chinese New Year'",
        ),
        ("kind: window\nparams: {bounds: open}", "'hours' is missing"),
        ("kind: cap\nparams: {window: ever}", "'max' is missing"),
        ("kind: cap\nparams: {max: 0, window: ever}", "not a whole number of at least 1"),
        ("kind: cap\nparams: {max: 1, window: fortnight}", "'fortnight' is not known"),
        ("kind: cap\nparams: {max: 1, window: {}}", "one window belongs here"),
        (
            "kind: cap\nparams: {max: 1, window: {rolling_days: 7, calendar_week: mon}}",
            "one window belongs here",
        ),
        (
            "kind: cap\nparams: {max: 1, window: {calendar_week: mon, day_one: exclusive}}",
            "only rolling days have a day one",
        ),
        ("kind: cap\nparams: {max: 1, window: ever, group_by: [debtor]}", "'debtor' is not known"),
        (
            "kind: cap\nparams: {match: {outcome: [met]}, max: 1, window: ever}",
            "'met' is not known here",
        ),
        (
            "kind: cap\nparams: {max: 1, window: {age: {days: 1, business_days: 1}}}",
            "an age in days or in business days",
        ),
        ("kind: cap\nparams: {max: 1, window: {last: 3}}", "can only be a minimum"),
        (
            "kind: event_count\nparams: {bound: {max: 1, min: 1}, window: ever}",
            "one bound belongs here",
        ),
        (
            "kind: event_count\nparams: {match: {outcome: [failed]}, bound: {min: 2}, "
            "window: {last: 3}}",
            "a minimum of n",
        ),
        ("kind: ladder\nparams: {match: {channel: [phone]}, in_a_row: 3}", "'outcome' is missing"),
        ("kind: party\nparams: {}", "nothing is asked of the person"),
        (
            "kind: party\nparams: {allow: [liable], deny: [debtor]}",
            "allowed and denied at once: debtor",
        ),
        ("kind: party\nparams: {age_unknown: passes}", "no age is asked for"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(rule: str, said: str) -> None:
    with pytest.raises(BrokenPack, match=said):
        pack_of(rule)


def test_two_versions_of_a_rule_must_not_meet() -> None:
    with pytest.raises(BrokenPack, match="there twice on the same days"):
        pack_of(
            "id: test.team\nkind: staffing\nparams: {min: 2}\neffective_to: 2026-09-01",
            "id: test.team\nkind: staffing\nparams: {min: 3}\neffective_from: 2026-09-01",
        )


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "the file is empty"),
        (b"\xff\xfe", 1, "not UTF-8"),
        (b"- a\n- b\n", 1, "a mapping"),
        (b"id: test\n\tx: 1\n", 2, "cannot start any token"),
        (b"id: test\n---\nid: test\n", 2, "another document"),
    ],
)
def test_what_is_no_pack_at_all_is_told(
    tmp_path: Path, content: bytes, line: int, said: str
) -> None:
    (tmp_path / "test.yaml").write_bytes(content)
    with pytest.raises(BrokenPack, match=said) as broken:
        load(tmp_path)
    assert broken.value.line == line


def test_a_directory_without_packs_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(BrokenPack, match="no packs in this directory"):
        load(tmp_path)
    with pytest.raises(BrokenPack, match="no packs in this directory"):
        load(tmp_path / "missing")


def _with_example(case: str) -> str:
    common = "contact: {place: {timezone: Asia/Taipei}, team: [{id: a}, {id: b}]}"
    return f"{GOOD}examples:\n  {common}\n  cases:\n    - {case}\n"


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
    pack = read_text(GOOD)
    assert run_examples(pack, Library([pack])) == []
    assert untested(pack, []) == ["test.team"]
