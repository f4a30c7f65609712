"""Days that are not like others: holidays, weekends of work, ends of months, changes of clocks."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from rule_boundaries.local_days import clock_changes
from rule_boundaries.open_hours import (
    days_in_doubt,
    days_of_clock_changes,
    ends_of_months,
    open_hours,
    special_days,
)
from rule_boundaries.papers import disagreements, pack_names, papers_of

PACKS = pytest.mark.parametrize("pack", pack_names())

EASTER_MONDAY = ["2025-04-21", "2026-04-06", "2027-03-29"]
GOOD_FRIDAY = ["2025-04-18", "2026-04-03", "2027-03-26"]
SPRING_FESTIVAL = ["2025-01-29", "2026-02-17", "2027-02-06"]
CHRISTMAS = ["2025-12-25", "2026-12-25", "2027-12-25"]
LABOUR_DAY = ["2025-09-01", "2026-09-07", "2027-09-06"]
THANKSGIVING = ["2025-11-27", "2026-11-26", "2027-11-25"]
ALMANAC = {
    "au.visit-hours": EASTER_MONDAY + CHRISTMAS,
    "ca-on.hours": GOOD_FRIDAY + LABOUR_DAY + CHRISTMAS,
    "ca-qc.hours": LABOUR_DAY + CHRISTMAS + ["2025-06-24", "2026-06-24"],
    "cl.hours": GOOD_FRIDAY + CHRISTMAS,
    "cn.new-year": SPRING_FESTIVAL,
    "co.hours": GOOD_FRIDAY + CHRISTMAS,
    "de.hours": EASTER_MONDAY + CHRISTMAS,
    "default-policy.hours": THANKSGIVING + CHRISTMAS,
    "hk.hours": SPRING_FESTIVAL + GOOD_FRIDAY + EASTER_MONDAY + CHRISTMAS,
    "id.hours": GOOD_FRIDAY + CHRISTMAS,
    "ie.hours": EASTER_MONDAY + CHRISTMAS,
    "in.festivals": ["2025-10-20", "2026-11-08", *CHRISTMAS],
    "kz.visit-hours": ["2025-12-16", "2026-12-16"],
    "mx.days": ["2025-02-03", "2026-02-02", "2027-02-01", *CHRISTMAS],
    "pe.hours": GOOD_FRIDAY + CHRISTMAS,
    "ru.hours": ["2025-01-07", "2026-01-07", "2026-06-12"],
    "sg.hours": SPRING_FESTIVAL + GOOD_FRIDAY + CHRISTMAS,
    "th.hours": ["2025-04-14", "2026-04-14", "2027-04-14"],
    "tw.new-year": SPRING_FESTIVAL,
    "uk.hours": EASTER_MONDAY + CHRISTMAS,
    "vn.new-year": SPRING_FESTIVAL,
}
"""What anybody's calendar says, so that not only a library tells which days are holidays."""


@PACKS
def test_on_a_special_day_it_opens_and_closes_as_the_pack_says(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), special_days, days_in_doubt)


@PACKS
def test_at_the_end_of_a_month_it_opens_and_closes_as_on_any_day(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), ends_of_months)


@PACKS
def test_when_clocks_change_it_opens_and_closes_by_the_clock_on_the_wall(pack: str) -> None:
    assert not disagreements(papers_of(pack, "window"), days_of_clock_changes)


@PACKS
def test_holidays_that_move_are_where_the_almanac_has_them(pack: str) -> None:
    for paper in papers_of(pack, "window"):
        hours = open_hours(paper)
        for day in map(date.fromisoformat, ALMANAC.get(paper.id, ())):
            assert hours.special(day), (paper.id, day)


def test_the_almanac_speaks_of_every_pack_with_holidays() -> None:
    packs = {
        paper.id.partition(".")[0]
        for pack in pack_names()
        for paper in papers_of(pack, "window")
        if "holiday" in paper.params["hours"] or "closed_on" in paper.params
    }
    assert packs - {"every-way"} == {rule.partition(".")[0] for rule in ALMANAC}


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("America/New_York", ["2026-03-08", "2026-11-01"]),
        ("America/Toronto", ["2026-03-08", "2026-11-01"]),
        ("Europe/London", ["2026-03-29", "2026-10-25"]),
        ("Europe/Berlin", ["2026-03-29", "2026-10-25"]),
        ("Australia/Sydney", ["2026-04-05", "2026-10-04"]),
        ("Asia/Taipei", []),
    ],
)
def test_clocks_change_when_everybody_changes_them(zone: str, changes: list[str]) -> None:
    assert [str(day) for day in clock_changes(ZoneInfo(zone), 2026)] == changes
