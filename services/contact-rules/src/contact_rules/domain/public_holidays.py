"""Public holidays and working days, worked out once per country, region and year.

From the `holidays` library; building its calendars is far too slow to do inside a check.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

import holidays

from contact_rules.domain.zones import date_of, day_number, weekday

Regions = tuple[str | None, ...]
Days = tuple[frozenset[int], frozenset[int]]
"""The days of a year that are so in all of the regions, and those that are so in any."""

_LATELY: Final = range(2020, 2031)
_GENERAL: Final = {"HK": ("public", "optional")}
"""Where banks and offices rest on more days than the library's first list has: Hong Kong's general
holidays (General Holidays Ordinance, cap. 149), Good Friday among them, are more than the statutory
ones of its labour law."""
_SATURDAY: Final = 5
_MOVING: Final = {"IN": range(2001, 2036)}
"""Where the library covers more years than it has the festivals of: India's follow the moon, and
their dates are listed from 2001 to 2035."""


class HolidayCalendar:
    """The public holidays, working days and made-up days at one place.

    Where the region is not known and the country's regions differ, a day on which only some of
    them rest is neither a holiday nor a working day for certain: the answer is None. So it is in
    a year the library does not cover.
    """

    def __init__(self, country: str, regions: Regions, years: range) -> None:
        self._country, self._regions, self._years = country, regions, years

    def holiday(self, day: int) -> bool | None:
        """Is this local day a public holiday?"""
        return self._among(_holidays, day)

    def made_up(self, day: int) -> bool | None:
        """Is it a Saturday or Sunday on which people work, in return for a holiday?"""
        return False if weekday(day) < _SATURDAY else self._among(_made_up, day)

    def working_days(self, *, in_doubt: bool) -> Callable[[int], bool]:
        """What tells a working day; made-up Saturdays are, and a day in doubt is as said."""
        return self._may_work if in_doubt else self._surely_works

    def _surely_works(self, day: int) -> bool:
        return self._among(_working_days, day) is True

    def _may_work(self, day: int) -> bool:
        return self._among(_working_days, day) is not False

    def _among(self, days_of: Callable[[str, Regions, int], Days], day: int) -> bool | None:
        year = date_of(day).year
        if year not in self._years:
            return None
        everywhere, somewhere = days_of(self._country, self._regions, year)
        return True if day in everywhere else None if day in somewhere else False


def calendar_of(country: str | None, region: str | None) -> HolidayCalendar | None:
    """None for a country that is not known, to us or to the library."""
    return _calendar(country.upper(), (region or "").upper()) if country else None


def days_named(country: str, names: frozenset[str], year: int) -> frozenset[int] | None:
    """The days of a country's holidays of these English names, without their substitute days.

    None: not known, in a year the library does not cover.
    """
    return _named(country, names, year) if year in _years(country) else None


def holiday_names(country: str) -> set[str]:
    """The English names a country's holidays have had lately; none for an unknown country."""
    if calendar_of(country, None) is None:
        return set()
    said = (said for year in _LATELY for said in _built(country, None, year).values())
    return {name for names in said for name in names.split("; ")}


@lru_cache(maxsize=4096)
def _calendar(country: str, region: str) -> HolidayCalendar | None:
    try:
        known = holidays.country_holidays(country)
    except (NotImplementedError, AttributeError):
        return None
    region = region.removeprefix(f"{country}-")
    regions: Regions = (region,) if region in known.subdivisions else (None, *known.subdivisions)
    return HolidayCalendar(country, regions, _years(country))


@lru_cache(maxsize=1024)
def _years(country: str) -> range:
    """Those in which all the holidays of the country are known."""
    known = holidays.country_holidays(country)
    return _MOVING.get(country, range(known.start_year, known.end_year + 1))


@lru_cache(maxsize=8192)
def _built(country: str, region: str | None, year: int) -> holidays.HolidayBase:
    known = holidays.country_holidays(country)
    language = "en_US" if "en_US" in known.supported_languages else None
    return holidays.country_holidays(
        country,
        subdiv=region,
        years=year,
        language=language,
        categories=_GENERAL.get(country),
    )


@lru_cache(maxsize=4096)
def _holidays(country: str, regions: Regions, year: int) -> Days:
    return _days(country, regions, year, lambda calendar, day: day in calendar)


@lru_cache(maxsize=4096)
def _working_days(country: str, regions: Regions, year: int) -> Days:
    return _days(country, regions, year, lambda calendar, day: calendar.is_working_day(day))


@lru_cache(maxsize=4096)
def _made_up(country: str, regions: Regions, year: int) -> Days:
    return _days(
        country,
        regions,
        year,
        lambda calendar, day: calendar.is_weekend(day) and calendar.is_working_day(day),
    )


def _days(
    country: str, regions: Regions, year: int, is_one: Callable[[holidays.HolidayBase, date], bool]
) -> Days:
    first, after = day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))
    each = [
        frozenset(day for day in range(first, after) if is_one(calendar, date_of(day)))
        for calendar in (_built(country, region, year) for region in regions)
    ]
    return frozenset.intersection(*each), frozenset.union(*each)


@lru_cache(maxsize=4096)
def _named(country: str, names: frozenset[str], year: int) -> frozenset[int]:
    return frozenset(
        day_number(day)
        for day, said in _built(country, None, year).items()
        if names & set(said.split("; "))
    )
