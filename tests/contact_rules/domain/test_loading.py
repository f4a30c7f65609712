"""Packs that are broken say where, and what to do: all of it at once, alone and together."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from unittest.mock import ANY

import pytest
from contact_rules.domain import BrokenPack, load, shipped
from contact_rules.domain.packs.linting import lint
from contact_rules.domain.packs.loading import parse_pack
from door_questions import GOOD_PACK, pack_of, read_text

PROTECTION = (shipped() / "person-protection.yaml").read_text(encoding="utf-8")


def test_this_pack_is_good() -> None:
    assert len(read_text(GOOD_PACK).rules) == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: test\n", "id: tset\n", 1, "in the file of 'test'"),
        ("version: 2026-01-01", "version: 2026-13-01", 2, "not a date"),
        ("title: {en: Test, zh: 测试}", "title: {en: Test}", 3, "'zh' is missing"),
        ("applies: named", "applies: sometimes", 4, "'sometimes' is not known here"),
        ("applies: named", "applies: jurisdiction", 1, "says what it covers"),
        ("applies: named", "applies: named\ncovers: {country: TW}", 5, "'covers' is only said of"),
        ("applies: named", "applies: named\nlender: x", 5, "only said of a pack with applies: ov"),
        ("applies: named", "applies: overlay", 1, "an overlay says whose it is"),
        (
            "applies: named",
            "applies: jurisdiction\ncovers: {country: US, city: NYC}",
            5,
            "a city lies in a region",
        ),
        (
            "applies: named",
            "applies: jurisdiction\ncovers: {country: US, region: Ohio}",
            5,
            "'Ohio' is no code of a place (capital letters: MA)",
        ),
        (
            "applies: named",
            "applies: jurisdiction\ncovers: {country: US, region: NY, city: New York}",
            5,
            "'New York' is no code",
        ),
        ("applies: named", "applies: named\nextends: tw", 5, "a list belongs here"),
        (
            "applies: named",
            "applies: named\non_fail: {prohibition: deny}",
            5,
            "'prohibition' is not known here",
        ),
        (
            "applies: named",
            "applies: named\neffective_from: 2026-02-01\neffective_to: 2026-01-31",
            6,
            "end before it begins",
        ),
        (
            "    kind: staffing",
            "    effective_from: 2026-02-01\n    kind: staffing\n    effective_to: 2026-01-31",
            9,
            "end before it begins",
        ),
        ("id: test.team", "id: test.Team", 6, "no name of a rule (small letters and dashes"),
        ("id: test.team", "id: test.", 6, "no name of a rule"),
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
        ("rules:\n", "rules: []\nrulez:\n", 5, "a pack without rules forbids nothing"),
        ("rules:\n", "rulez:\n", 5, "did you mean 'rules'?"),
        ("{en: Test, zh: 测试}", "{en: Test, zh: 测试", 4, "expected"),
    ],
)
def test_a_broken_pack_names_the_line_and_the_remedy(
    old: str, new: str, line: int, said: str
) -> None:
    assert old in GOOD_PACK
    with pytest.raises(BrokenPack) as broken:
        read_text(GOOD_PACK.replace(old, new, 1))
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
        (
            "kind: ladder\nparams: {match: {channel: [phone]}, in_a_row: 3}",
            "how they ended is missing",
        ),
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
        (b"id: test\n\tx: 1\n", 2, "a tab character"),
        (b"id: test\na: \x00\n", 1, "unacceptable character"),
        (b"id: test\nx: " + b"[" * 100_000, 2, "too many brackets in brackets"),
        (b"id: *missing\n", 1, r"'\*missing' stands for nothing yet"),
        (b"&round [*round]\n", 1, r"'\*round' stands for nothing yet"),
        (b"# nothing but words\n", 1, "the file is empty"),
        (b"x" * 5_000_000, 1, "too large"),
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


def test_all_that_is_wrong_with_a_file_is_told_at_once() -> None:
    broken = """\
id: test
version: 2026-13-01
title: {en: Test, zh: 测试}
applies: jurisdiction
covers: {country: Taiwan, city: TPE}
colour: red
rules:
  - id: team
    kind: staffing
    severity: polite
    sourcequality: text
    params: {min: two}
    message: {en: "{least}", zh: "{least}"}
  - nothing
  - id: test.hours
    kind: window
    severity: policy
    source_quality: text
    citation: x
    applies_when: {chanel: [visit], party: [debtor, dettor, lawyr]}
    params: {hours: {every_day: closed}}
    message: {en: "{least}", zh: "{hours}"}
"""
    with pytest.raises(BrokenPack) as found:
        read_text(broken)
    assert [(each.line, each.what, each.suggestion) for each in found.value.complaints] == [
        (2, "'2026-13-01' is not a date", "dates are written 2026-11-21"),
        (5, "'Taiwan' is no country", "two capital letters: TW"),
        (5, "a city lies in a region", "region: NY, city: NYC"),
        (6, "'colour' is not known here", found.value.complaints[3].suggestion),
        (8, "the rules of this pack are named test.…", "test.team"),
        (8, "'citation' is missing", ""),
        (10, "'polite' is not known here", "did you mean 'policy'?"),
        (11, "'sourcequality' is not known here", "did you mean 'source_quality'?"),
        (12, "'two' is not a whole number of at least 0, of five digits at most", ""),
        (14, "a mapping (key: value) belongs here", ""),
        (20, "'chanel' is not known here", "did you mean 'channel'?"),
        (22, "the message asks for {least}, which this kind does not tell", ANY),
    ]
    assert str(found.value).splitlines()[0] == str(found.value.complaints[0])


def test_a_file_that_was_cut_off_is_no_pack() -> None:
    """One that ends after a rule, or in the middle of a word, is YAML all the same."""
    rule = GOOD_PACK[GOOD_PACK.index("  - id") :]
    whole = GOOD_PACK + rule.replace("test.team", "test.more")
    assert len(read_text(whole).rules) == 2
    accepted = []
    for end in range(1, len(whole.encode()) - 1):
        content = whole.encode()[:end]
        with suppress(BrokenPack):
            accepted.append((end, len(parse_pack("test.yaml", content).rules)))
    # Only at the end of a whole rule: there a shorter pack is what it looks like.
    assert accepted == [(len(GOOD_PACK.encode()), 1)]


def test_the_file_of_a_version_says_its_version() -> None:
    text = GOOD_PACK.replace("version: 2026-01-01", "version: 2027-01-01").encode()
    pack = parse_pack("test@2027-01-01.yaml", text)
    assert (pack.id, pack.name) == ("test", "test@2027-01-01")
    with pytest.raises(BrokenPack, match="2027-01-01 is in the file of version '2028-01-01'"):
        parse_pack("test@2028-01-01.yaml", text)


def test_a_rule_is_in_force_on_the_days_of_its_pack_only() -> None:
    dated = GOOD_PACK.replace(
        "rules:", "effective_from: 2026-01-01\neffective_to: 2026-12-31\nrules:"
    )
    earlier = dated.replace("kind: staffing", "effective_from: 2020-01-01\n    kind: staffing")
    assert read_text(earlier).rules[0].effective_from == read_text(dated).rules[0].effective_from
    never = earlier.replace("2020-01-01", "2027-01-01")
    with pytest.raises(BrokenPack, match="in force on no day on which its pack is"):
        read_text(never)


def test_the_digest_is_that_of_the_file() -> None:
    one, other = read_text(GOOD_PACK), read_text(GOOD_PACK + "# a word\n")
    assert (len(one.digest), one.digest == other.digest) == (64, False)
    assert read_text(GOOD_PACK).digest == one.digest


def test_linting_tells_all_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "test.yaml").write_text(GOOD_PACK)
    (tmp_path / "other.yaml").write_text(
        GOOD_PACK.replace("test", "other").replace("min: 2", "min: x")
    )
    (tmp_path / "third.yaml").write_text("id: [")
    files = [*sorted(tmp_path.glob("*.yaml")), tmp_path / "missing.yaml"]
    linted = lint(files)
    assert {each.file for each in linted.complaints} == {"missing.yaml", "other.yaml", "third.yaml"}
    assert linted.packs["test.yaml"].id == "test"
    # All good, each for itself: now what they are together.
    linted = lint([tmp_path / "test.yaml"])
    assert [each.what for each in linted.complaints] == [
        "there is no pack 'person-protection', and no library without it"
    ]
    (tmp_path / "person-protection.yaml").write_text(PROTECTION, encoding="utf-8")
    assert (
        lint(tmp_path / f"{each}.yaml" for each in ("test", "person-protection")).complaints == ()
    )


def test_a_directory_without_packs_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(BrokenPack, match="no packs in this directory"):
        load(tmp_path)
    with pytest.raises(BrokenPack, match="no packs in this directory"):
        load(tmp_path / "missing")
