"""Nobody is visited more often than they are owed, whatever the packs say."""

from __future__ import annotations

import pytest
from contact_rules.domain import BrokenPack, Library, shipped
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.person_protection import guarded
from door_questions import GOOD_PACK, read_text

PROTECTION = (shipped() / "person-protection.yaml").read_text(encoding="utf-8")


def guard(text: str, *others: str) -> None:
    packs = [parse_pack("person-protection.yaml", text.encode())]
    packs += [read_text(other) for other in others]
    guarded(Library(packs))


def test_no_library_is_without_person_protection() -> None:
    with pytest.raises(BrokenPack, match="there is no pack 'person-protection'"):
        guarded(Library([read_text(GOOD_PACK)]))
    with pytest.raises(BrokenPack, match="there is no pack 'person-protection'"):
        guarded(Library([read_text(GOOD_PACK.replace("applies: named", "applies: always"))]))
    guard(PROTECTION, GOOD_PACK)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max: 1", "max: 2", "at most 1 visit a day"),
        ("max: 2", "max: 3", "at most 2 visits in any 7 days"),
        ("max: 4", "max: 5", "at most 4 visits in any 30 days"),
        ("rolling_days: 30", "rolling_days: 29", "at most 4 visits in any 30 days"),
        ("rolling_days: 7", "rolling_days: 1", "at most 2 visits in any 7 days"),
        ("{rolling_days: 7}", "{calendar_week: mon}", "at most 2 visits in any 7 days"),
        (
            "group_by: [person]",
            "group_by: [person, creditor]",
            "it counts fewer contacts (group_by",
        ),
        ("group_by: [person]", "group_by: [person, debt]", "it counts fewer contacts (group_by"),
        ("group_by: [person]", "group_by: [contact_point]", "group_by"),
        ("outbound]}\n      max", "outbound], outcome: [reached]}\n      max", "(outcome)"),
        ("outbound]}\n      max", "outbound], place: [home]}\n      max", "(place)"),
        ("      max: 1", "      exclude: [{purpose: [plan]}]\n      max: 1", "(exclude)"),
        (
            "      max: 1",
            "      exclude: [{consent: {scope: [visit_frequency]}}]\n      max: 1",
            "(exclude: consent)",
        ),
        ("      max: 1", "      armed_after: {channel: [visit]}\n      max: 1", "armed"),
        ("outbound]}\n    params", "outbound], product: [auto]}\n    params", "(product)"),
        ("severity: policy", "severity: policy\n    on_fail: needs_review", "only has to look"),
        ("applies: always", "applies: always\non_fail: {policy: needs_review}", "only has to look"),
        (
            "severity: policy",
            "severity: policy\n    exceptions: [{consent: [visit_frequency]}]",
            "an exception",
        ),
        ("severity: policy", "severity: policy\n    zone: Asia/Tokyo", "another zone"),
        ("severity: policy", "severity: policy\n    effective_from: 2026-01-01", "later than"),
        ("rules:", "effective_to: 2030-01-01\nrules:", "it ends on 2030-01-01"),
        ("applies: always", "applies: named", "'person-protection' always applies"),
        ("applies: always", "applies: fallback", "'person-protection' always applies"),
        ("person-protection.visits-7d", "person-protection.visits-week", None),
    ],
)
def test_person_protection_is_weakened_in_no_way(old: str, new: str, said: str | None) -> None:
    assert old in PROTECTION
    weakened = PROTECTION.replace(old, new, 1)
    if said is None:
        guard(weakened)  # only another name
        return
    with pytest.raises(BrokenPack) as broken:
        guard(weakened)
    assert said in str(broken.value)
    assert broken.value.file == "person-protection.yaml"


def test_person_protection_may_be_stricter_and_have_versions() -> None:
    guard(PROTECTION.replace("max: 4", "max: 3").replace("rolling_days: 7", "rolling_days: 8"))
    guard(PROTECTION.replace("severity: policy", "severity: prohibition"))
    earlier = PROTECTION.replace("rules:", "effective_to: 2026-12-31\nrules:")
    later = PROTECTION.replace("version: 2026-11-21", "version: 2027-01-01")

    def both(begins: str) -> Library:
        dated = later.replace("rules:", f"effective_from: {begins}\nrules:")
        return Library(
            [
                parse_pack("person-protection.yaml", earlier.encode()),
                parse_pack("person-protection@2027-01-01.yaml", dated.encode()),
            ]
        )

    guarded(both("2027-01-01"))
    with pytest.raises(BrokenPack, match="at all times"):
        guarded(both("2027-01-02"))  # a day without


def test_a_rule_that_is_missing_is_asked_for() -> None:
    start = PROTECTION.index("  - id: person-protection.visits-30d")
    end = PROTECTION.index("examples:")
    with pytest.raises(BrokenPack, match=r"add a cap, person-protection\.visits-30d"):
        guard(PROTECTION[:start] + PROTECTION[end:])
