"""Public holidays and working days, worked out once per country, region and year.

From the `holidays` library; building its calendars is far too slow to do inside a check.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

import holidays

from contact_rules.domain.zones import date_of, day_number

Regions = tuple[str | None, ...]
_LATELY: Final = range(2020, 2031)


class HolidayCalendar:
    """The public holidays at one place.

    Where the region is not known and the country's regions differ, a day on which only some of
    them rest is neither a holiday nor a working day for certain: the answer is None. So it is in
    a year the library does not cover.
    """

    def __init__(self, country: str, regions: Regions, years: range) -> None:
        self._country, self._regions, self._years = country, regions, years

    def holiday(self, day: int) -> bool | None:
        """Is this local day a public holiday? None: not known."""
        year = date_of(day).year
        if year not in self._years:
            return None
        everywhere, somewhere = _holidays(self._country, self._regions, year)
        return True if day in everywhere else None if day in somewhere else False

    def working_day(self, day: int) -> bool:
        """Is this certainly a working day? Make-up Saturdays are; a day in doubt is not."""
        year = date_of(day).year
        return year in self._years and day in _working_days(self._country, self._regions, year)


def calendar_of(country: str | None, region: str | None) -> HolidayCalendar | None:
    """None for a country that is not known, to us or to the library."""
    return _calendar(country.upper(), (region or "").upper()) if country else None


def days_named(country: str, names: frozenset[str], year: int) -> frozenset[int]:
    """The days of a country's holidays of these English names, without their substitute days."""
    return _named(country, names, year)


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
    return HolidayCalendar(country, regions, range(known.start_year, known.end_year + 1))


@lru_cache(maxsize=8192)
def _built(country: str, region: str | None, year: int) -> holidays.HolidayBase:
    known = holidays.country_holidays(country)
    language = "en_US" if "en_US" in known.supported_languages else None
    return holidays.country_holidays(country, subdiv=region, years=year, language=language)


@lru_cache(maxsize=4096)
def _holidays(country: str, regions: Regions, year: int) -> tuple[frozenset[int], frozenset[int]]:
    """The days on which all of the regions rest, and those on which any does."""
    each = [frozenset(map(day_number, _built(country, region, year))) for region in regions]
    return frozenset.intersection(*each), frozenset.union(*each)


@lru_cache(maxsize=4096)
def _working_days(country: str, regions: Regions, year: int) -> frozenset[int]:
    first, after = day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))
    calendars = [_built(country, region, year) for region in regions]
    return frozenset(
        day
        for day in range(first, after)
        if all(calendar.is_working_day(date_of(day)) for calendar in calendars)
    )


@lru_cache(maxsize=4096)
def _named(country: str, names: frozenset[str], year: int) -> frozenset[int]:
    return frozenset(
        day_number(day)
        for day, said in _built(country, None, year).items()
        if names & set(said.split("; "))
    )
