"""A clock and a calendar at one place: the first second of a day, and the days worth trying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from rule_boundaries.papers import NotHandled, Paper

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTH_ENDS: Final = (
    date(2026, 1, 31),
    date(2026, 2, 28),
    date(2026, 4, 30),
    date(2025, 12, 31),
    date(2028, 2, 28),
    date(2028, 2, 29),
)
"""The last days of long and short months, of a year, and around a 29 February."""
ORDINARY: Final = (date(2026, 6, 10), date(2025, 6, 11), date(2027, 6, 9), date(2022, 6, 15))
"""Wednesdays, far from holidays and clock changes; the first one that is in force is used."""


@lru_cache(maxsize=100_000)
def first_second(day: date, zone: ZoneInfo) -> datetime:
    """Midnight, or where clocks skip it the instant at which they do."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def last_second(day: date, zone: ZoneInfo) -> datetime:
    return first_second(day + DAY, zone) - SECOND


@lru_cache(maxsize=100_000)
def clock(day: date, second: int, zone: ZoneInfo) -> datetime:
    """When the clock on the wall reads so many seconds after midnight; 24:00 is the day's end."""
    if second == 86_400:
        return first_second(day + DAY, zone)
    if second == 0:
        return first_second(day, zone)
    wall = datetime.combine(day, time(), zone) + timedelta(seconds=second)
    once = {wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    if len(once) > 1 or once.pop().astimezone(zone).replace(tzinfo=None) != wall.replace(
        tzinfo=None
    ):
        raise NotHandled(f"{wall} comes twice, or never, in {zone.key}")
    return wall.astimezone(UTC)


@lru_cache(maxsize=100)
def clock_changes(zone: ZoneInfo, year: int) -> tuple[date, ...]:
    """The local days on which the clocks change."""
    days = (date(year, 1, 1) + n * DAY for n in range(366))
    return tuple(
        day for day in days if first_second(day + DAY, zone) - first_second(day, zone) != DAY
    )


def around(days: Iterable[date]) -> Iterator[date]:
    """Each of them, the day before and the day after, once."""
    yield from sorted({day + n * DAY for day in days for n in (-1, 0, 1)})


def ordinary_day(paper: Paper, before: int, after: int) -> date:
    """A day from so many days before which until so many after which the rule is in force."""
    for day in (*ORDINARY, paper.first_day + before * DAY if before else paper.first_day):
        if paper.in_force(day - before * DAY, day + after * DAY):
            return day
    raise NotHandled(f"{paper.id} is in force too shortly to have an ordinary day")


def anchors(paper: Paper, before: int, after: int) -> list[date]:
    """An ordinary day, month ends and days of clock changes, as far as the rule is in force."""
    days = [*MONTH_ENDS, *clock_changes(paper.zone, 2026)]
    return [ordinary_day(paper, before, after)] + [
        day for day in days if paper.in_force(day - before * DAY, day + after * DAY)
    ]
