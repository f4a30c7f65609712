"""Slots that a person gave or excluded, and consents to other hours, hold to the second."""

import pytest
from rule_boundaries.given_hours import agreed_hours, excluded_slots, given_slots
from rule_boundaries.papers import disagreements, pack_names, papers_of

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_an_excluded_slot_is_closed_from_its_beginning_to_its_end(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), excluded_slots)


@PACKS
def test_a_given_slot_takes_the_place_of_the_hours_on_its_days(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), given_slots)


@PACKS
def test_a_consent_opens_what_it_covers(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), agreed_hours)
