"""Hours open and close to the second, on every day of the week and in every zone that counts."""

import pytest
from rule_boundaries.open_hours import ordinary_week, two_zones, unknown_zones
from rule_boundaries.papers import disagreements, pack_names, papers_of

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_hours_open_and_close_to_the_second_on_every_day_of_a_week(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), ordinary_week)


@PACKS
def test_who_may_be_in_two_zones_is_contacted_when_both_are_open(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), two_zones, unknown_zones)
