"""Which days the story asks for: chosen by the calendar from today, so it holds on any day."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

_SUNDAY: Final = 6
_SOONEST: Final = 2  # days ahead: today and tomorrow may be over or under way at the door
_FURTHEST: Final = 85  # visits are planned at most 90 days ahead


def working_days(country: str, zone: ZoneInfo, now: datetime) -> Iterator[date]:
    """The days from the day after tomorrow on, Monday to Friday, that are no public holidays."""
    for day in _days_ahead(zone, now):
        if day.weekday() < 5 and day not in _holidays_of(country, day):
            yield day


def working_week(country: str, zone: ZoneInfo, now: datetime, days: int) -> list[date]:
    """The first `days` consecutive working days of one week, so that all lie within seven days."""
    found: list[date] = []
    for day in working_days(country, zone, now):
        if found and day != found[-1] + timedelta(days=1):
            found = []
        found.append(day)
        if len(found) == days:
            return found
    raise LookupError(f"no {days} working days in a row in {country}")


def holiday(country: str, zone: ZoneInfo, now: datetime) -> tuple[date, str] | None:
    """The country's next public holiday that is no Sunday, with its English name.

    None if none is near enough.
    """
    for day in _days_ahead(zone, now):
        name = _holidays_of(country, day).get(day)
        if name and day.weekday() != _SUNDAY:
            return day, name
    return None


def at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """That day at that time of the clock (`HH:MM`) where the door is."""
    return datetime.combine(day, time.fromisoformat(clock), zone)


def _days_ahead(zone: ZoneInfo, now: datetime) -> Iterator[date]:
    today = now.astimezone(zone).date()
    for ahead in range(_SOONEST, _FURTHEST):
        yield today + timedelta(days=ahead)


def _holidays_of(country: str, day: date) -> holidays.HolidayBase:
    return _holidays_in(country, day.year)


@cache
def _holidays_in(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=year, language="en_US")
