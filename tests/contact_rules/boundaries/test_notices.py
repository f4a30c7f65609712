"""A notice is old enough on its day, over holidays and ends of months, and then too old."""

import pytest
from rule_boundaries.ages import ages
from rule_boundaries.papers import COUNTS, disagreements, pack_names, papers_of


@pytest.mark.parametrize("pack", pack_names())
def test_a_notice_counts_from_its_day_to_its_last(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), ages)
