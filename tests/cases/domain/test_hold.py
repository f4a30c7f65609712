"""A hold keeps everybody away on its days, told in the calendar of the door."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from cases.domain.hold import (
    EndedAlready,
    EndsBeforeItBegins,
    Hold,
    HoldReason,
    HoldState,
    OnHold,
    check_days,
    check_free,
    days_of,
    reason_given,
)

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def hold(from_on: date = TODAY, until_on: date | None = None, calendar: str = "UTC") -> Hold:
    return Hold(
        id=uuid4(),
        case_id=uuid4(),
        person_id=uuid4(),
        lender="northbank",
        reason="hospital",
        note=None,
        calendar=calendar,
        from_on=from_on,
        until_on=until_on,
        placed_at=NOW,
        placed_by="somebody",
    )


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-22T15:59:59+00:00", HoldState.UPCOMING),
        ("2026-11-22T16:00:00+00:00", HoldState.STANDING),  # midnight in Taipei
        ("2026-11-25T15:59:59+00:00", HoldState.STANDING),
        ("2026-11-25T16:00:00+00:00", HoldState.ENDED),
    ],
)
def test_it_stands_from_the_first_midnight_to_the_last(now: str, state: HoldState) -> None:
    held = hold(TODAY, TODAY + timedelta(days=2), "Asia/Taipei")
    assert held.state(datetime.fromisoformat(now)) is state
    lifted = replace(held, lifted_at=NOW, lifted_by="x", lift_reason="y")
    assert lifted.state(datetime.fromisoformat(now)) is HoldState.LIFTED


def test_a_day_of_a_clock_change_begins_and_ends_at_its_midnights() -> None:
    held = hold(date(2026, 11, 1), date(2026, 11, 1), "America/New_York")
    assert held.ends_at is not None
    assert held.ends_at - held.begins_at == timedelta(hours=25)


def test_one_without_an_end_never_ends_by_itself() -> None:
    assert hold().ends_at is None
    assert hold().state(NOW + timedelta(days=36500)) is HoldState.STANDING


@pytest.mark.parametrize(
    ("first", "last", "away"),
    [(-2, -1, False), (-1, 0, True), (0, 0, True), (2, 3, True), (3, 3, False)],
)
def test_days_at_the_door_are_compared(first: int, last: int, away: bool) -> None:
    held = hold(TODAY, TODAY + timedelta(days=2))
    days = TODAY + timedelta(days=first), TODAY + timedelta(days=last)
    assert held.keeps_away(*days) is away
    assert hold(TODAY).keeps_away(*days) is (last >= 0)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Asia/Taipei", (24, 24)),
        ("America/New_York", (23, 23)),
        (None, (23, 24)),
    ],
)
def test_the_days_of_a_visit_are_those_at_its_door(zone: str | None, days: tuple[int, int]) -> None:
    begin = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    first, last = days_of(begin, begin + timedelta(hours=1), zone)
    assert (first.day, last.day) == days


def test_a_visit_that_ends_at_midnight_takes_nothing_of_the_next_day() -> None:
    end = datetime(2026, 11, 24, tzinfo=UTC)
    assert days_of(end - timedelta(minutes=30), end, "UTC") == (TODAY, TODAY)


def test_the_latest_end_is_named_and_no_end_beats_any() -> None:
    short, long = hold(until_on=TODAY), hold(until_on=TODAY + timedelta(days=5))
    with pytest.raises(OnHold, match="2026-11-28"):
        check_free([short, long], TODAY, TODAY)
    with pytest.raises(OnHold, match="until somebody lifts"):
        check_free([long, hold()], TODAY, TODAY)
    check_free([short], TODAY + timedelta(days=1), TODAY + timedelta(days=1))
    check_free([], TODAY, TODAY)


def test_days_that_hold_nothing_are_refused() -> None:
    yesterday = TODAY - timedelta(days=1)
    check_days(yesterday, None, TODAY)
    check_days(yesterday, TODAY, TODAY)
    check_days(TODAY + timedelta(days=9), TODAY + timedelta(days=9), TODAY)
    with pytest.raises(EndsBeforeItBegins):
        check_days(TODAY, yesterday, TODAY)
    with pytest.raises(EndedAlready):
        check_days(yesterday, yesterday, TODAY)


def test_words_of_ones_own_are_told_as_other() -> None:
    assert reason_given("hospital") is HoldReason.HOSPITAL
    assert reason_given("王女士住院") is HoldReason.OTHER
