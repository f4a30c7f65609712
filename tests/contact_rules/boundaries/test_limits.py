"""At the limit a contact passes, and one over it fails: by channel, by debt, once armed, anew."""

import pytest
from rule_boundaries.limits import armed, counted_anew, limits, reservations, several_debts
from rule_boundaries.papers import COUNTS, disagreements, pack_names, papers_of
from rule_boundaries.rows import rows

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_at_the_limit_it_passes_and_one_over_it_fails(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), limits)


@PACKS
def test_what_is_planned_counts_against_a_maximum_and_towards_no_minimum(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), reservations)


@PACKS
def test_debts_are_counted_apart_or_together_as_the_rule_says(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), several_debts)


@PACKS
def test_it_counts_from_the_event_that_arms_it_or_begins_it_anew(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), armed, counted_anew)


@PACKS
def test_a_ladder_needs_the_last_of_its_attempts_and_is_broken_by_any_other(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), rows)
