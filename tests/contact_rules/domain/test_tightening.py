"""A lender's overlay may say that it tightens a rule of the law: then it had better be so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Fact,
    FactKind,
    Form,
    Library,
    Member,
    Outcome,
    Pack,
    Party,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Result,
    Role,
    Slot,
    Weekday,
)
from contact_rules.domain.kinds.consent import NeededConsent
from contact_rules.domain.kinds.event_count import EventCount
from contact_rules.domain.kinds.gate import Gate, Lifts
from contact_rules.domain.kinds.in_a_row import InARow
from contact_rules.domain.kinds.obligation import Obliges
from contact_rules.domain.kinds.party import Parties
from contact_rules.domain.kinds.place import Places
from contact_rules.domain.kinds.selection import Agreed, Selection, Sort
from contact_rules.domain.kinds.staffing import Staffing
from contact_rules.domain.kinds.window import Window
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.tightening import looser_than
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Duty, Rule
from contact_rules.domain.selector import Test as SelectorTest
from contact_rules.domain.selector import Threshold
from door_questions import pack_of, past, reserved, visit, when

CASES: dict[str, list[dict[str, Any]]] = yaml.load(
    Path(__file__).with_name("tightening.yaml").read_text(encoding="utf-8"), yaml.BaseLoader
)
TEAM = {"kind": "staffing", "params": {"min": "2"}}


def rule(said: dict[str, Any]) -> Rule:
    """A rule that says this, and has whatever else it must."""
    (made,) = pack_of("\n".join(f"{key}: {json.dumps(value)}" for key, value in said.items())).rules
    return made


def of(case: dict[str, Any], which: str) -> Rule:
    return rule({"kind": case["kind"], "params": case[which]})


@pytest.mark.parametrize("case", CASES["tighter"], ids=lambda case: case["kind"])
def test_what_is_tighter_is_proven(case: dict[str, Any]) -> None:
    base, tighter = of(case, "base"), of(case, "than")
    assert looser_than(tighter, base) == []
    assert looser_than(base, base) == looser_than(tighter, tighter) == []


@pytest.mark.parametrize("case", CASES["looser"], ids=lambda case: f"{case['kind']}: {case['why']}")
def test_what_is_looser_is_said(case: dict[str, Any]) -> None:
    said = looser_than(of(case, "than"), of(case, "base"))
    assert any(case["why"] in each for each in said), said


@pytest.mark.parametrize("case", CASES["harder"], ids=lambda case: json.dumps(case["than"]))
def test_what_applies_to_more_and_harder_is_tighter(case: dict[str, Any]) -> None:
    assert looser_than(rule(TEAM | case["than"]), rule(TEAM | case["base"])) == []


@pytest.mark.parametrize("case", CASES["softer"], ids=lambda case: json.dumps(case["than"]))
def test_what_applies_to_less_or_more_softly_is_looser(case: dict[str, Any]) -> None:
    said = looser_than(rule(TEAM | case["than"]), rule(TEAM | case["base"]))
    assert any(case["why"] in each for each in said), said


def test_rules_of_different_kinds_are_not_compared() -> None:
    window = {"rolling_days": "7"}
    cap = rule({"kind": "cap", "params": {"max": "2", "window": window}})
    assert looser_than(cap, rule(TEAM)) == ["it is of kind event_count, not staffing"]
    # All names of event_count are one kind.
    full = rule({"kind": "event_count", "params": {"bound": {"max": "2"}, "window": window}})
    assert looser_than(cap, full) == looser_than(full, cap) == []


# --- what is proven is true -----------------------------------------------------------------------

RANKS = {Result.NOT_APPLICABLE: 0, Result.PASS: 0, Result.UNKNOWN: 1, Result.FAIL: 2}


def contacts() -> Iterator[Contact]:
    """Contacts that differ in everything some rule above asks for."""
    slot = (
        Slot(frozenset(Weekday), when("2026-01-01 10:00").time(), when("2026-01-01 11:00").time()),
    )
    facts: list[tuple[Fact, ...]] = [
        (),
        (Fact(FactKind.CEASE),),
        (Fact(FactKind.CEASE, date(2026, 3, 20), form=Form.WRITTEN),),
        (Fact(FactKind.CEASE, date(2026, 2, 20), form=Form.ORAL, party="somebody else"),),
        (Fact(FactKind.DISPUTE, date(2026, 4, 1)), Fact(FactKind.CANNOT_RECORD)),
        (Fact(FactKind.WAKING_HOURS, slots=slot),),
        (Fact(FactKind.EXCLUDED_SLOT, slots=slot), Fact(FactKind.WORKING_HOURS, slots=slot)),
    ]  # fmt: skip
    given = when("2026-04-04 12:00")
    consents: list[tuple[Consent, ...]] = [
        (),
        tuple(Consent(scope, given) for scope in ConsentScope),
        tuple(Consent(scope, given, Form.WRITTEN) for scope in ConsentScope),
        (Consent(ConsentScope.VISIT, given - timedelta(days=20), Form.ORAL),),
        (Consent(ConsentScope.WORKPLACE, given, Form.WRITTEN),),
    ]
    letters = [
        past("2026-04-02 09:00", Outcome.SENT, channel=Channel.LETTER),
        past("2026-04-05 09:00", Outcome.SENT, channel=Channel.LETTER, place=PlaceKind.WORK),
        past("2026-03-01 09:00", channel=Channel.LETTER, purpose=Purpose.LEGAL_NOTICE, debts=()),
        past("2026-03-15 09:00", Outcome.SENT, channel=Channel.LETTER, purpose=Purpose.VALIDATION),
    ]
    visits = [
        past("2026-04-07 09:00", Outcome.CONVERSATION),
        past("2026-04-06 09:00", Outcome.DEBTOR_MET, purpose=Purpose.PLAN),
        past("2026-04-01 09:00", Outcome.ANSWERED, place=PlaceKind.WORK),
        past("2026-03-10 09:00", Outcome.NOBODY_MET, party="another", purpose=Purpose.REPLY),
        past("2026-03-30 09:00", Outcome.REFUSED, party=None),
        reserved("2026-04-12 09:00"),
    ]
    ends = (Outcome.NO_ANSWER, Outcome.NOT_CONNECTED, Outcome.NO_ANSWER, Outcome.VOICEMAIL)
    calls = [
        past(f"2026-04-0{day} 09:00", outcome, channel=Channel.PHONE)
        for day, outcome in enumerate(ends, start=3)
    ]
    everything = [*letters, *calls, *visits]
    histories: list[Any] = [(), visits[:1], visits, visits[2:], calls, letters, everything]
    asked: list[dict[str, Any]] = [
        {},
        {"role": Role.NEIGHBOUR, "purpose": Purpose.LOCATE},
        {"party": Party("lin", Role.DEBTOR, 17)},
        {"party": Party("lin", Role.ATTORNEY, 75), "purpose": Purpose.RELAY},
        {"place": Place(PlaceKind.WORK, "Asia/Taipei", "TW"), "purpose": Purpose.PLAN},
        {"place": Place(PlaceKind.AGREED, "Asia/Taipei", None)},
        {"team": (Member("a", frozenset({"work_id"}), "swift-agency", date(2026, 4, 1)),)},
        {"team": tuple(Member(name) for name in "abcde")},
        {"debts": (Debt("card", Product.AUTO, 20), Debt("loan", Product.MORTGAGE, None))},
        {"channel": Channel.PHONE, "place": None},
    ]  # fmt: skip
    starts = (
        "2026-04-08 10:00", "2026-04-08 08:00", "2026-04-08 20:30", "2026-04-08 20:45",
        "2026-04-11 12:15", "2026-04-12 09:00", "2026-02-17 09:00", "2026-02-16 11:45",
        "2026-10-10 09:30",
    )  # fmt: skip
    for said, history in product(asked, histories):
        yield replace(visit(**said), history=tuple(history))
    for fact, consent in product(facts, consents):
        for history in (histories[0], histories[-1]):
            yield replace(visit(), facts=fact, consents=consent, history=tuple(history))
    for start, fact, consent in product(starts, facts, consents[:2]):
        yield replace(visit(start), facts=fact, consents=consent)


ALL_CONTACTS = list(contacts())


def results(rule_: Rule) -> list[int]:
    found = []
    for contact in ALL_CONTACTS:
        question = Question(contact)
        finding = rule_.evaluate(question, question.start)
        found.append(0 if finding is None else RANKS[finding.result])
    return found


@pytest.mark.parametrize("kind", sorted({case["kind"] for case in CASES["tighter"]}))
def test_whatever_is_proven_tighter_forbids_all_that_the_other_does(kind: str) -> None:
    """All parameters of the cases, each against each: what is proven holds for every contact."""
    cases = [case for case in (*CASES["tighter"], *CASES["looser"]) if case["kind"] == kind]
    said = {
        json.dumps(case[which]): of(case, which) for case in cases for which in ("base", "than")
    }
    found = {params: results(made) for params, made in said.items()}
    proven = 0
    for one, other in product(said, said):
        if one == other or looser_than(said[one], said[other]):
            continue
        proven += 1
        for contact, mine, its in zip(ALL_CONTACTS, found[one], found[other], strict=True):
            assert mine >= its, (one, other, contact)
    assert proven


def test_every_parameter_of_every_kind_is_looked_at() -> None:
    """A new field is compared in `tightening` first, then added here."""
    looked_at = {
        Window: "basis week holidays_of closed_in closed_on ends_excluded whole agreed_by"
        " replaced_by closed_by",
        EventCount: "basis selection bound limit period channels since armed_after holidays_of",
        InARow: "basis selection outcomes times",
        # `excluded` is `exclude` once more.
        Selection: "sort exclude agreed group_by excluded",
        Agreed: "scopes forms days ends_with",
        Sort: "selector outcomes",
        Parties: "roles disclosure purposes age_min age_max unknown_age_passes refusal_is_final",
        Staffing: "basis least most each one employed announced",
        Places: "allowed order attempts entry",
        Gate: "basis state rate anyone lifts roles channels",
        Lifts: "days months after",
        NeededConsent: "basis scopes forms days uses withdrawn_by",
        # `kept` is `keep` in words.
        Obliges: "basis duty kept impossible_when needs otherwise",
        SelectorTest: "property values negated forms",
        Threshold: "property limit negated",
        Rule: "id pack kind severity on_fail citation source_quality message effective_from"
        " effective_to basis applies_when exceptions judge in_doubt",
    }
    for type_, names in looked_at.items():
        known = [each.name for each in fields(type_) if not each.name.startswith("_")]
        assert known == names.split(), type_
    assert Duty._fields == ("what", "when", "evidence", "keep")


# --- in a library ---------------------------------------------------------------------------------

LAW = """\
id: tw
version: 2026-01-01
title: {en: x, zh: x}
applies: jurisdiction
covers: {country: TW}
rules:
  - id: tw.visits
    kind: cap
    severity: policy
    applies_when: {channel: [visit]}
    params: {match: {channel: [visit]}, max: 2, window: {rolling_days: 7}}
    citation: x
    source_quality: text
    message: {en: x, zh: x}
"""
OVERLAY = """\
id: river
version: 2026-01-01
title: {en: x, zh: x}
applies: overlay
lender: river-bank
rules:
  - id: river.visits
    kind: cap
    severity: policy
    tightens: tw.visits
    applies_when: {channel: [visit]}
    params: {match: {channel: [visit]}, max: 1, window: {rolling_days: 7}}
    citation: x
    source_quality: text
    message: {en: x, zh: x}
"""


def pack(name: str, text: str) -> Pack:
    return parse_pack(f"{name}.yaml", text.encode())


def test_an_overlay_that_tightens_the_law_is_taken() -> None:
    library = Library([pack("tw", LAW), pack("river", OVERLAY)])
    (river,) = library.named(["river"])
    (claimed,) = river.tightens
    assert (claimed.rule, claimed.base) == (river.rules[0], "tw.visits")


def test_one_that_loosens_it_is_refused_naming_both_rules_and_what_is_looser() -> None:
    looser = OVERLAY.replace("max: 1", "max: 3").replace(
        "[visit]}, max", "[visit], place: [home]}, max"
    )
    with pytest.raises(BrokenPack) as broken:
        Library([pack("tw", LAW), pack("river", looser)])
    assert str(broken.value) == (
        "river.yaml:10: 'river.visits' does not tighten 'tw.visits' (tw@2026-01-01): its maximum of"
        " 3 is above 2; it counts fewer contacts (place) (write it as a rule of its own, without"
        " 'tightens': it is asked beside the law anyway)"
    )
    # And as a rule of its own it does stand beside the law.
    own = looser.replace("    tightens: tw.visits\n", "")
    assert len(Library([pack("tw", LAW), pack("river", own)])) == 2


FOR_RIVER = "lender: river-bank"
DATED = "severity: policy\n    effective_from: 2026-12-01"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tw.visits", "tw.visit", "there is no rule 'tw.visit' (did you mean 'tw.visits'?)"),
        ("tw.visits", "river.visits", "it tightens a rule of another pack"),
        ("severity: policy", DATED, "it begins on 2026-12-01"),
        (FOR_RIVER, f"{FOR_RIVER}\ncovers: {{country: TW, region: TPE}}", "(covers TW-TPE)"),
        (FOR_RIVER, f"{FOR_RIVER}\ncovers: {{country: TW, products: [auto]}}", "in fewer cases"),
    ],
)
def test_claims_that_can_not_be_are_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(BrokenPack) as broken:
        Library([pack("tw", LAW), pack("river", OVERLAY.replace(old, new))])
    assert said in str(broken.value)


def test_an_overlay_for_the_same_place_is_asked_as_often() -> None:
    covering = OVERLAY.replace(FOR_RIVER, f"{FOR_RIVER}\ncovers: {{country: TW}}")
    assert len(Library([pack("tw", LAW), pack("river", covering)])) == 2


def test_only_an_overlay_tightens() -> None:
    with pytest.raises(BrokenPack, match="only a rule of an overlay tightens another"):
        pack("river", OVERLAY.replace("applies: overlay\nlender: river-bank", "applies: always"))


def test_every_wording_of_the_law_in_force_meanwhile_is_tightened() -> None:
    old = LAW.replace("rules:", "effective_to: 2026-12-31\nrules:")
    new = LAW.replace("2026-01-01", "2027-01-01").replace(
        "rules:", "effective_from: 2027-01-01\nrules:"
    )
    strict = new.replace("max: 2", "max: 1").replace("days: 7", "days: 9")
    assert len(Library([pack("tw", old), pack("tw@2027-01-01", new), pack("river", OVERLAY)])) == 3
    with pytest.raises(BrokenPack) as broken:
        Library([pack("tw", old), pack("tw@2027-01-01", strict), pack("river", OVERLAY)])
    (complaint,) = broken.value.complaints
    assert "'tw.visits' (tw@2027-01-01): its window may be shorter" in complaint.what
    # An overlay that ends before the new wording begins has nothing to do with it.
    ended = OVERLAY.replace("rules:", "effective_to: 2026-12-31\nrules:")
    assert len(Library([pack("tw", old), pack("tw@2027-01-01", strict), pack("river", ended)])) == 3
    gone = OVERLAY.replace("rules:", "effective_from: 2028-01-01\nrules:")
    with pytest.raises(BrokenPack, match=r"never in force together with 'tw\.visits'"):
        Library([pack("tw", old), pack("river", gone)])
