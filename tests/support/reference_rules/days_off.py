"""Public holidays and days of work, asked of the library day by day."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

Maybe = bool | None


@lru_cache(maxsize=1000)
def _calendars(country: str | None, region: str | None) -> tuple[holidays.HolidayBase, ...]:
    """Those that may be the one of this place; none, if the country is not known."""
    regions = holidays.list_supported_countries().get(country or "")
    if country is None or regions is None:
        return ()
    region = (region or "").removeprefix(f"{country}-")  # US-MA is MA
    if region in regions:
        return (holidays.country_holidays(country, subdiv=region, categories=_lists(country)),)
    # The library does not list every region of a country; the others rest as the whole of it.
    lists = _lists(country)
    return tuple(
        holidays.country_holidays(country, subdiv=each, categories=lists)
        for each in (None, *regions)
    )


def _lists(country: str) -> tuple[str, ...] | None:
    """Hong Kong rests on its general holidays, and the first list has the statutory ones only."""
    return ("public", "optional") if country == "HK" else None


@lru_cache(maxsize=200_000)
def is_holiday(country: str | None, region: str | None, day: date) -> Maybe:
    """None: some of the places it may be rest on that day, and others do not."""
    return _agreed([day in calendar for calendar in _covering(country, region, day)])


@lru_cache(maxsize=200_000)
def is_make_up_day(country: str | None, region: str | None, day: date) -> Maybe:
    """A Saturday or Sunday on which people work all the same."""
    if day.weekday() < 5:
        return False
    calendars = _covering(country, region, day)
    return _agreed([c.is_weekend(day) and c.is_working_day(day) for c in calendars])


@lru_cache(maxsize=200_000)
def is_working_day(country: str | None, region: str | None, day: date) -> Maybe:
    return _agreed([calendar.is_working_day(day) for calendar in _covering(country, region, day)])


@lru_cache(maxsize=50_000)
def is_named(country: str, names: tuple[str, ...], day: date) -> bool:
    """Is it one of these holidays, by the English name, on its own day and no substitute's?"""
    calendar = _in_english(country)
    return any(name in names for name in calendar.get(day, "").split("; "))


@lru_cache(maxsize=100)
def _in_english(country: str) -> holidays.HolidayBase:
    plain = holidays.country_holidays(country)
    if "en_US" not in plain.supported_languages:
        return plain
    return holidays.country_holidays(country, language="en_US", categories=_lists(country))


def _covering(
    country: str | None, region: str | None, day: date
) -> tuple[holidays.HolidayBase, ...]:
    """Those of the calendars that reach to that day's year: all of them, or none."""
    return tuple(
        calendar
        for calendar in _calendars(country, region)
        if calendar.start_year <= day.year <= calendar.end_year
    )


def _agreed(answers: list[bool]) -> Maybe:
    return answers[0] if answers and len(set(answers)) == 1 else None
