"""Differences between verdicts, and tallies of them: named rightly, bounded, and adding up."""

from __future__ import annotations

from itertools import product

import pytest
from contact_rules.domain import Check, Result, Severity, SourceQuality, Text, Verdict
from contact_rules.domain.contact import Place, PlaceKind, Residence
from contact_rules.domain.simulation import (
    EXAMPLES,
    MOST_GROUPS,
    OTHERS,
    Change,
    Judged,
    Tally,
    difference,
    objections,
    region_of,
)
from door_questions import visit

ALLOW, REVIEW, DENY = Verdict.ALLOW, Verdict.NEEDS_REVIEW, Verdict.DENY


def against(rule: str, verdict: Verdict = DENY, result: Result = Result.FAIL) -> Check:
    return Check(
        rule, "test@2026-01-01", "window", Severity.POLICY, result, verdict, 2, 1, None,
        "a law", SourceQuality.TEXT, Text("no", "不可"),
    )  # fmt: skip


def judged(verdict: Verdict, *checks: Check) -> Judged:
    return Judged(verdict, checks)


@pytest.mark.parametrize(("before", "after"), list(product(Verdict, Verdict)))
def test_a_change_is_named_by_what_it_comes_to(before: Verdict, after: Verdict) -> None:
    found = difference(judged(before), judged(after))
    if before is after:
        assert found is None
        return
    assert found is not None
    assert (
        found.change
        is {
            ALLOW: Change.NEWLY_ALLOWED,
            DENY: Change.NEWLY_DENIED,
            REVIEW: Change.NEWLY_REVIEW,
        }[after]
    )
    planned = difference(judged(before), judged(after), planned=True)
    assert (None if planned is None else planned.change) == (
        Change.REVOKED if before is ALLOW else None
    )


def test_the_rules_that_make_the_difference_are_those_that_were_not_there() -> None:
    old, new = against("test.old"), against("test.new")
    harder = difference(judged(REVIEW, against("test.old", REVIEW)), judged(DENY, new, old))
    assert harder is not None
    assert harder.rules == ["test.new", "test.old"]  # the old one says no now
    easier = difference(judged(DENY, old, new), judged(REVIEW, against("test.new", REVIEW)))
    assert easier is not None
    assert easier.rules == ["test.new", "test.old"]
    gone = difference(judged(DENY, old, against("test.both", REVIEW)), judged(
        REVIEW, against("test.both", REVIEW)))  # fmt: skip
    assert gone is not None
    assert gone.rules == ["test.old"]


def test_doubts_that_people_settled_do_not_count() -> None:
    doubt, no = against("test.doubt", REVIEW), against("test.no")
    fine = against("test.fine", ALLOW, Result.PASS)
    assert objections([doubt, no, fine], ()) == (doubt, no)
    assert objections([doubt, no, fine], ("test.doubt", "test.no")) == (no,)


def test_the_region_is_that_of_the_door() -> None:
    contact = visit()
    assert region_of(contact, None) == "TW"
    for where, said in (
        (Place(PlaceKind.HOME, country="us", region="US-ma"), "US-MA"),
        (Place(PlaceKind.HOME), "(unknown)"),
        (None, "(unknown)"),
    ):
        from dataclasses import replace

        assert region_of(replace(contact, place=where), None) == said
    assert region_of(replace(contact, place=None), Residence("TW", "TPE")) == "TW-TPE"


def tally(count: int, lender: str = "northbank") -> Tally:
    found = difference(judged(ALLOW), judged(DENY, against("test.rule")))
    assert found is not None
    one = Tally(decisions=count)
    for n in range(count):
        one.note(found, lender=lender, region="TW-TPE", example={"decision_id": str(n)})
    return one


def test_tallies_of_parts_add_up_to_that_of_the_whole() -> None:
    parts = [tally(7), tally(30, "southbank"), tally(1)]
    whole = Tally()
    for part in parts:
        whole.add(Tally.of(part.data()))
    assert whole.decisions == 38
    assert whole.changes == {"newly_denied": 38}
    assert whole.by_rule == {"test.rule": {"newly_denied": 38}}
    assert whole.by_lender == {"northbank": {"newly_denied": 8}, "southbank": {"newly_denied": 30}}
    assert [each["decision_id"] for each in whole.examples["newly_denied"]] == [
        *map(str, range(7)),
        *map(str, range(EXAMPLES - 7)),
    ]
    # Parts are not changed by being added.
    assert parts[0].changes == {"newly_denied": 7}
    assert len(parts[0].examples["newly_denied"]) == 7


def test_a_tally_does_not_grow_with_the_number_of_lenders() -> None:
    whole = Tally()
    for n in range(MOST_GROUPS + 50):
        whole.add(tally(1, f"lender-{n}"))
    assert len(whole.by_lender) == MOST_GROUPS + 1
    assert whole.by_lender[OTHERS] == {"newly_denied": 50}
    assert sum(each["newly_denied"] for each in whole.by_lender.values()) == MOST_GROUPS + 50
