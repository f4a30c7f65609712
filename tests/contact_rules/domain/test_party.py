"""`party`: who may be contacted, about what, and never again after a refusal."""

from datetime import date

import pytest
from contact_rules.domain import (
    BrokenPack,
    Fact,
    FactKind,
    Outcome,
    Party,
    Purpose,
    Result,
    Role,
    Verdict,
    check,
    windows,
)
from door_questions import only, pack_of, past, result, visit, when

LOCATION_ONLY = pack_of("kind: party\nparams: {disclosure: location_only}")
FINAL = pack_of("kind: party\nparams: {refusal: final}")


def test_roles_are_allowed_or_denied() -> None:
    allow = pack_of("kind: party\nparams: {allow: [liable, spouse]}")
    deny = pack_of("kind: party\nparams: {deny: [minor, employer]}")
    for role in Role:
        liable = role in (Role.DEBTOR, Role.CO_DEBTOR, Role.GUARANTOR, Role.SPOUSE)
        assert (result(visit(role=role), allow) is Result.PASS) is liable
        denied = role in (Role.MINOR, Role.EMPLOYER)
        assert (result(visit(role=role), deny) is Result.FAIL) is denied


@pytest.mark.parametrize("purpose", list(Purpose))
def test_disclosure_decides_what_a_contact_may_be_for(purpose: Purpose) -> None:
    located = result(visit(purpose=purpose), LOCATION_ONLY)
    assert (located is Result.PASS) is (purpose is Purpose.LOCATE)
    none = pack_of("kind: party\nparams: {disclosure: none}")
    assert (result(visit(purpose=purpose), none) is Result.PASS) is (purpose is Purpose.RELAY)
    listed = pack_of("kind: party\nparams: {disclosure: location_only, purposes: [locate, relay]}")
    assert (result(visit(purpose=purpose), listed) is Result.PASS) is (
        purpose in (Purpose.LOCATE, Purpose.RELAY)
    )
    full = pack_of("kind: party\nparams: {disclosure: full}")
    assert result(visit(purpose=purpose), full) is Result.PASS


def test_an_age_that_is_asked_for_and_not_known_is_a_doubt() -> None:
    adults = pack_of("kind: party\nparams: {age_min: 18}")
    for age, expected in ((17, Result.FAIL), (18, Result.PASS), (None, Result.UNKNOWN)):
        assert result(visit(party=Party("lin", Role.DEBTOR, age)), adults) is expected
    lenient = pack_of("kind: party\nparams: {age_min: 18, age_unknown: passes}")
    assert result(visit(party=Party("lin", Role.DEBTOR, 17)), lenient) is Result.FAIL
    assert result(visit(party=Party("lin", Role.DEBTOR, None)), lenient) is Result.PASS


def test_there_may_be_an_age_from_which_on_nobody_is_contacted() -> None:
    until_70 = pack_of("kind: party\nparams: {age_max: 70}")
    for age, expected in ((70, Result.PASS), (71, Result.FAIL), (None, Result.UNKNOWN)):
        assert result(visit(party=Party("lin", Role.DEBTOR, age)), until_70) is expected
    between = pack_of(
        "kind: party\nparams: {age_min: 18, age_max: 70, age_unknown: passes}\n"
        'message: {en: "From {age_min} to {age_max}.", zh: "{age_min} 至 {age_max} 岁。"}'
    )
    for age, expected in ((17, "fail"), (18, "pass"), (70, "pass"), (71, "fail"), (None, "pass")):
        found = only(visit(party=Party("lin", Role.DEBTOR, age)), between)
        assert found.result == expected
        assert found.message.en == "From 18 to 70."


@pytest.mark.parametrize(
    "params", ["{age_min: 30, age_max: 29}", "{age_unknown: passes}", "{age_max: 0}"]
)
def test_ages_that_make_no_sense_are_refused(params: str) -> None:
    with pytest.raises(BrokenPack):
        pack_of(f"kind: party\nparams: {params}")


def test_a_refusal_is_final_from_the_moment_it_is_said() -> None:
    history = (past("2026-04-08 10:00", Outcome.REFUSED),)
    assert result(visit("2026-04-08 10:00", history=history), FINAL) is Result.PASS
    assert result(visit("2026-04-08 10:00:01", history=history), FINAL) is Result.FAIL
    assert result(visit("2046-04-08 10:00", history=history), FINAL) is Result.FAIL
    open_ = windows(
        visit(history=history), [FINAL], when("2026-04-08 09:00"), when("2026-05-08 09:00")
    )
    assert [(w.from_, w.to) for w in open_] == [
        (when("2026-04-08 09:00"), when("2026-04-08 10:00"))
    ]


def test_a_refusal_binds_for_the_person_who_refused() -> None:
    other = (past("2026-04-01 10:00", Outcome.REFUSED, party="hsu"),)
    assert result(visit(history=other), FINAL) is Result.PASS
    nobody = (past("2026-04-01 10:00", Outcome.REFUSED, party=None),)
    assert check(visit(history=nobody), [FINAL]).verdict is Verdict.NEEDS_REVIEW
    both = (*nobody, past("2026-04-01 10:00", Outcome.REFUSED))
    assert result(visit(history=both), FINAL) is Result.FAIL


def test_a_refusal_may_be_told_as_a_fact() -> None:
    told = Fact(FactKind.THIRD_PARTY_REFUSED, since=date(2026, 4, 8), party="lin")
    assert result(visit("2026-04-07 23:59:59", facts=(told,)), FINAL) is Result.PASS
    assert result(visit("2026-04-08 00:00", facts=(told,)), FINAL) is Result.FAIL
    withdrawn = Fact(FactKind.THIRD_PARTY_REFUSED, until=date(2026, 4, 8), party="lin")
    assert result(visit("2026-04-08 23:59:59", facts=(withdrawn,)), FINAL) is Result.FAIL
    assert result(visit("2026-04-09 00:00", facts=(withdrawn,)), FINAL) is Result.PASS
    about_other = Fact(FactKind.THIRD_PARTY_REFUSED, party="hsu")
    assert result(visit(facts=(about_other,)), FINAL) is Result.PASS


def test_the_sentence_names_the_person_in_both_languages() -> None:
    pack = pack_of(
        "kind: party\nparams: {disclosure: location_only}\n"
        'message: {en: "Not to a {role} for {purpose}.", zh: "不得向{role}{purpose}。"}'
    )
    found = only(visit(role=Role.NEIGHBOUR), pack)
    assert found.message.en == "Not to a neighbour for collecting."
    assert found.message.zh == "不得向邻居催收。"
    assert (found.measured, found.limit) == ("neighbour", "location_only")
