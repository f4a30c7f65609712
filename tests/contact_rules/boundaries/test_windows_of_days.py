"""The first and the last day of every window, backwards and, with what is planned, forwards."""

import pytest
from rule_boundaries.papers import COUNTS, disagreements, pack_names, papers_of
from rule_boundaries.windows_of_days import (
    calendar_periods,
    ever,
    minutes,
    rolling_days,
    working_days,
)

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_so_many_days_hold_day_one_and_day_n_and_no_more(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), rolling_days, working_days)


@PACKS
def test_weeks_and_months_end_with_the_last_second_of_their_last_day(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), calendar_periods)


@PACKS
def test_minutes_are_over_to_the_second_and_ever_is_never_over(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), minutes, ever)
