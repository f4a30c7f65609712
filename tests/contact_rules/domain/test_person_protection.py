"""Nobody is visited more often than they are owed, whatever the packs say."""

from __future__ import annotations

import pytest
from contact_rules.domain import BrokenPack, Library, shipped
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.person_protection import guarded
from door_questions import GOOD_PACK, read_text

PROTECTION = (shipped() / "person-protection.yaml").read_text(encoding="utf-8")


STATES = (
    *("deceased", "hospital", "bereavement", "bankrupt", "minor", "cease", "represented"),
    *("dispute", "paid", "plan_active", "hold", "complaint_open", "mandate_ended"),
)
APART = ("left-in-peace", "dispute")


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
    later = PROTECTION.replace("version: 2026-11-22", "version: 2027-01-01")

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


def without(rule: str) -> str:
    """The shipped pack without that rule."""
    start = PROTECTION.index(f"  - id: person-protection.{rule}\n")
    end = PROTECTION.find("\n  - id:", start)
    end = PROTECTION.index("\nexamples:") if end == -1 else end
    return PROTECTION[:start] + PROTECTION[end:]


@pytest.mark.parametrize(
    ("rule", "kind", "owed"),
    [
        ("visits-1d", "cap", "at most 1 visit a day"),
        ("visits-7d", "cap", "at most 2 visits in any 7 days"),
        ("visits-30d", "cap", "at most 4 visits in any 30 days"),
        ("left-in-peace", "gate", "no visit after their death"),
        ("dispute", "gate", "no visit for a disputed debt"),
        ("collection-stopped", "gate", "no visit during a hold"),
        ("mandate", "gate", "no visit without a mandate"),
        ("spoken-today", "cooldown", "no visit on a day on which somebody has spoken with them"),
    ],
)
def test_a_rule_that_is_missing_is_asked_for(rule: str, kind: str, owed: str) -> None:
    with pytest.raises(BrokenPack) as broken:
        guard(without(rule))
    said = str(broken.value)
    assert f"each person is owed {owed}, over all debts and lenders, at all times" in said
    assert f"add a {kind}, person-protection.{rule}" in said


@pytest.mark.parametrize("state", STATES)
def test_no_state_in_which_a_person_is_not_visited_is_left_out(state: str) -> None:
    said = [f", {state}", f"{state}, ", f"[{state}]"]
    line = next(line for line in PROTECTION.splitlines() if in_a_gate(line) and state in line)
    found = next(each for each in said if each in line)
    weaker = line.replace(found, "[bankrupt]" if found.startswith("[") else "", 1)
    with pytest.raises(BrokenPack, match="no visit") as broken:
        guard(PROTECTION.replace(line, weaker, 1))
    assert len(broken.value.complaints) == 1
    assert "states don't shut it that shut the other" in str(broken.value)


def in_a_gate(line: str) -> bool:
    return "state: [" in line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("state: [deceased", "lifts: {after_days: 90}\n      state: [deceased", "lifted earlier"),
        ("[attorney, representative]", "[attorney, representative, family]", "more persons pass"),
        ("[attorney, representative]", "[attorney]\n      only_channels: [visit]", "channels pass"),
        ("[legal_notice, service_of_process]}]", "[legal_notice, locate]}]", "an exception"),
        ("{purpose: [service_of_process]}", "{purpose: [collect]}", "an exception"),
        ("{purpose: [reply], consent: [visit]}", "{purpose: [reply]}", "an exception"),
        ("{purpose: [reply, validation], consent", "{purpose: [plan], consent", "an exception"),
        ("whose: anyone", "whose: party", "what is known of the person contacted"),
        ("state: [mandate_ended]", "state: {kind: [mandate_ended], form: [written]}", "don't shut"),
        ("after: {outcome", "after: {direction: [inbound], outcome", "(direction)"),
        ("exclude: [{channel: [visit]", "exclude: [{channel: [phone]", "(exclude)"),
    ],
)
def test_what_shuts_the_door_is_weakened_in_no_way(old: str, new: str, said: str) -> None:
    assert old in PROTECTION
    with pytest.raises(BrokenPack) as broken:
        guard(PROTECTION.replace(old, new, 1))
    assert said in str(broken.value)


def test_states_may_have_a_rule_each() -> None:
    start, end = (PROTECTION.index(f"  - id: person-protection.{name}\n") for name in APART)
    rule = PROTECTION[start:end]
    states = "[deceased, hospital, bereavement, bankrupt, minor, cease, represented]"
    assert states in rule
    each = [
        rule.replace(states, f"[{state}]").replace(".left-in-peace", f".{state}")
        for state in states.strip("[]").split(", ")
    ]
    guard(PROTECTION[:start] + "".join(each) + PROTECTION[end:])
