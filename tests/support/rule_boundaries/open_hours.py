"""`window`: what is open on a day, read off the page, and each second at which that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from contact_rules.domain import Party, Place, PlaceKind, Role
from reference_rules.days_off import is_holiday, is_make_up_day, is_named

from rule_boundaries.fitting import Fit, all_fits
from rule_boundaries.local_days import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WEEKDAYS,
    clock,
    clock_changes,
    first_second,
    last_second,
)
from rule_boundaries.papers import Case, NotHandled, Paper

MINUTES: Final = 30
_KNOWN: Final = (
    "hours",
    "holidays",
    "closed_on",
    "bounds",
    "test",
    "override_by",
    "closed_by",
)


class Stretch(NamedTuple):
    """Open from the one instant to the other."""

    first: datetime
    last: datetime


@dataclass(frozen=True, eq=False)
class OpenHours:
    """The hours of a rule as its page gives them; `zone` may be another than the rule's."""

    paper: Paper
    zone: ZoneInfo
    _known: dict[date, list[tuple[int, int]]] = field(default_factory=dict)

    @cached_property
    def params(self) -> dict[str, object]:
        return self.paper.only(_KNOWN)

    @property
    def open_bounds(self) -> bool:
        return self._word("bounds", "open", "closed")

    @property
    def whole(self) -> bool:
        return not self._word("test", "start", "whole_interval")

    @cached_property
    def week(self) -> dict[str, list[tuple[int, int]]]:
        """Seconds after midnight, by `mon` … `sun`, `holiday` and `makeup`."""
        hours = self.paper.params["hours"]
        found = {}
        for key, said in hours.items():
            periods = [] if said == "closed" else [_period(each) for each in said]
            for day in _days_said(key):
                found[day] = sorted(periods)
        return found

    @property
    def always_open(self) -> bool:
        """On every day that is not special."""
        return all(self.week[day] == [(0, 86_400)] for day in WEEKDAYS)

    @cached_property
    def holidays_at(self) -> tuple[str, str | None]:
        """Country and region whose public holidays count."""
        said = self.paper.params.get("holidays", "place")
        place = self.paper.place
        if said != "place":
            return str(said), None
        return place["country"], None if place.get("region") is None else str(place["region"])

    def name_of(self, day: date) -> str:
        """Which of the days of the week it is taken for; NotHandled where that is in doubt."""
        where = self.holidays_at
        holiday = is_holiday(*where, day) if "holiday" in self.week else False
        made_up = is_make_up_day(*where, day) if "makeup" in self.week else False
        if holiday is None or made_up is None:
            raise NotHandled(f"{self.paper.id}: nobody knows what day {day} is")
        return "holiday" if holiday else "makeup" if made_up else WEEKDAYS[day.weekday()]

    def in_doubt(self, day: date) -> bool:
        """Does nobody know what day it is: a holiday in some regions, or in years to come?"""
        try:
            self.name_of(day)
        except NotHandled:
            return True
        return False

    def closed_on(self, day: date) -> bool:
        said = self.paper.params.get("closed_on")
        return said is not None and is_named(said["country"], tuple(said["names"]), day)

    def of(self, day: date) -> list[tuple[int, int]]:
        if day not in self._known:
            self._known[day] = [] if self.closed_on(day) else self.week[self.name_of(day)]
        return self._known[day]

    def special(self, day: date) -> bool:
        """Anything but an ordinary Monday to Sunday?"""
        return self.closed_on(day) or self.name_of(day) not in WEEKDAYS

    def around(self, day: date, reach: int = 2) -> list[Stretch]:
        """The open stretches so many days before and after, joined where they touch."""
        found: list[Stretch] = []
        for each in (day + n * DAY for n in range(-reach, reach + 1)):
            for from_, to in self.of(each):
                first, last = clock(each, from_, self.zone), clock(each, to, self.zone)
                if found and found[-1].last == first:
                    first = found.pop().first
                found.append(Stretch(first, last))
        return found

    def quiet_week(self) -> list[date]:
        """Monday to Sunday without anything special, nor near it; the rule is in force."""
        starts = [date(2026, 6, 1), date(2025, 6, 2), date(2027, 5, 31), date(2023, 6, 5)]
        for monday in (start + 7 * n * DAY for start in starts for n in range(20)):
            days = [monday + n * DAY for n in range(-3, 11)]
            if not self.paper.in_force(days[0], days[-1]):
                continue
            changes = {each for day in (days[0], days[-1]) for each in self._changes(day.year)}
            if changes & set(days) or any(self.in_doubt(day) for day in days):
                continue
            if not any(self.special(day) for day in days):
                return days[3:10]
        raise NotHandled(f"{self.paper.id} has no week without a special day")

    def _changes(self, year: int) -> tuple[date, ...]:
        return clock_changes(self.zone, year)

    def _word(self, name: str, word: str, default: str) -> bool:
        said = self.paper.params.get(name, default)
        if said not in (word, default):
            raise NotHandled(f"{self.paper.id}: {name} {said}")
        return bool(said == word)


@lru_cache(maxsize=1000)
def open_hours(paper: Paper) -> OpenHours:
    hours = OpenHours(paper, paper.zone)
    assert hours.params
    return hours


def _period(text: str) -> tuple[int, int]:
    from_, to = (each.split(":") for each in text.split("-"))
    return int(from_[0]) * 3600 + int(from_[1]) * 60, int(to[0]) * 3600 + int(to[1]) * 60


def _days_said(key: str) -> list[str]:
    if key == "every_day":
        return list(WEEKDAYS)
    if key in ("holiday", "makeup"):
        return [key]
    first, _, last = key.partition("-")
    return list(WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1])


# --- the cases at the edges of a stretch, and of a day -------------------------------------------


def edges_of_day(hours: OpenHours, fit: Fit, day: date, why: str) -> Iterator[Case]:
    """Every second of this local day at which a contact becomes lawful or ceases to be."""
    begins, ends = first_second(day, hours.zone), first_second(day + DAY, hours.zone)
    stretches = hours.around(day)
    for stretch in stretches:
        if begins <= stretch.first <= ends:
            yield from opening(hours, fit, stretch, why)
        if begins <= stretch.last <= ends:
            yield from closing(hours, fit, stretch, why)
        if stretch.first <= ends - HOUR and ends + HOUR <= stretch.last:
            for minutes in (0, MINUTES):
                at = ends - minutes * MINUTE / 2
                yield Case(f"{why}: over midnight", fit.contact(at, minutes), "pass")
    if not any(stretch.first < ends and begins < stretch.last for stretch in stretches):
        for at in (begins + SECOND, begins + 12 * HOUR, last_second(day, hours.zone)):
            yield Case(f"{why}: closed all day", fit.contact(at), "fail", must_end_by=None)


def opening(hours: OpenHours, fit: Fit, stretch: Stretch, why: str) -> Iterator[Case]:
    """One second before it opens, at that instant, and one second after."""
    first, last = stretch
    at_the_instant = "fail" if hours.open_bounds else "pass"
    room = last - first > MINUTES * MINUTE + 2 * SECOND
    for minutes in (0, MINUTES) if room else (0,):
        told = {
            off: Case(f"{why}: opens", fit.contact(first + off * SECOND, minutes), result)
            for off, result in ((-1, "fail"), (0, at_the_instant), (1, "pass"))
        }
        yield from told.values()
    if not room:
        raise NotHandled(f"{hours.paper.id} opens for less than {MINUTES} minutes")


def closing(hours: OpenHours, fit: Fit, stretch: Stretch, why: str) -> Iterator[Case]:
    """Planned to end one second before it closes, at that instant, and one second after."""
    last = stretch.last
    at_the_instant = "fail" if hours.open_bounds else "pass"
    end = last - SECOND if hours.open_bounds else last
    edge = f"{why}: closes"
    for off, result in ((-1, "pass"), (0, at_the_instant), (1, "fail")):
        if hours.whole:
            start = last - MINUTES * MINUTE + off * SECOND
            yield Case(edge, fit.contact(start, MINUTES), result, must_end_by=end)
        else:
            yield Case(edge, fit.contact(last + off * SECOND, MINUTES), result, must_end_by=None)
        yield Case(edge, fit.contact(last + off * SECOND, 0), result)


# --- the sorts of days ---------------------------------------------------------------------------


def ordinary_week(paper: Paper) -> Iterator[Case]:
    """Every day of a week in which nothing happens, the last day of the week before and the first
    of the next one; for other channels from Saturday to Monday."""
    hours = open_hours(paper)
    week = hours.quiet_week()
    days = [week[0] - DAY, *week, week[-1] + DAY]
    for number, fit in enumerate(all_fits(paper)):
        for day in days[-3:] if number else days:
            yield from edges_of_day(hours, fit, day, f"an ordinary {WEEKDAYS[day.weekday()]}")


def ends_of_months(paper: Paper) -> Iterator[Case]:
    """The last and the first day of months and years, whatever day that is."""
    hours, fit = open_hours(paper), all_fits(paper)[0]
    tried = 0
    for year in (2025, 2026, 2027):
        for month in (1, 2, 4, 12):
            last = (date(year, month, 1) + 31 * DAY).replace(day=1) - DAY
            for day in (last, last + DAY):
                if paper.in_force(day - DAY, day + DAY) and _known(hours, day):
                    tried += 1
                    yield from edges_of_day(hours, fit, day, "the end of a month")
    if not tried:
        raise NotHandled(f"{paper.id} is in force at no end of a month")


def days_of_clock_changes(paper: Paper) -> Iterator[Case]:
    """The day before the clocks change, that day, and the day after."""
    hours, fit = open_hours(paper), all_fits(paper)[0]
    for year in (2025, 2026, 2027):
        for change in clock_changes(paper.zone, year):
            for day in (change - DAY, change, change + DAY):
                if paper.in_force(day - DAY, day + DAY) and _known(hours, day):
                    yield from edges_of_day(hours, fit, day, "clocks change")


def unknown_zones(paper: Paper) -> Iterator[Case]:
    """A door that nobody has given a zone is nowhere, also under a law that fixes the zone."""
    for fit in all_fits(paper):
        noon = first_second(open_hours(paper).quiet_week()[2], paper.zone) + 12 * HOUR
        place = Place(PlaceKind(fit.profile["place"]), None, paper.place["country"])
        lost = fit.contact(noon, place=place)
        if lost.channel.at_the_door or not paper.zone_is_fixed:
            yield Case("no zone is known", lost, "unknown", must_end_by=None)


def two_zones(paper: Paper) -> Iterator[Case]:
    """Whoever may be in two zones is contacted when it is lawful in both; a door is in one."""
    here = open_hours(paper)
    if here.always_open:
        return
    day = next(day for day in here.quiet_week() if here.of(day))
    there, common = _another_zone(here, day)
    for fit in all_fits(paper):
        both = (str(paper.place["timezone"]), there.zone.key)
        away = Party("lin", Role(fit.profile["party"]), timezones=both)
        one = fit.channel.at_the_door or paper.basis == "place" or paper.zone_is_fixed
        opens, closes = _around(here, day, common) if one else common
        for off, result in ((-1, "fail"), (1, "pass")):
            start = opens + off * SECOND
            yield Case("opens in the later zone", fit.contact(start, party=away), result)
            end = closes - off * SECOND
            start = end - MINUTES * MINUTE if here.whole else end
            yield Case("closes in the earlier zone", fit.contact(start, party=away), result)


def _another_zone(here: OpenHours, day: date) -> tuple[OpenHours, Stretch]:
    """A zone in which it opens and closes at other times, with hours in common for all that."""
    for name in ("Asia/Tokyo", "America/Los_Angeles", "Europe/Athens", "Asia/Karachi"):
        there = OpenHours(here.paper, ZoneInfo(name))
        if any(there.special(day + n * DAY) for n in range(-3, 4)):
            continue
        for mine in here.around(day, 8):
            for theirs in there.around(day, 8):
                common = Stretch(max(mine.first, theirs.first), min(mine.last, theirs.last))
                noon = first_second(day, here.zone) + 12 * HOUR
                if common.last - common.first >= 2 * HOUR and mine.first <= noon <= mine.last:
                    return there, common
    raise NotHandled(f"{here.paper.id} has no hours in common with another zone")


def _around(hours: OpenHours, day: date, common: Stretch) -> Stretch:
    return next(
        stretch
        for stretch in hours.around(day, 8)
        if stretch.first <= common.first and common.last <= stretch.last
    )


def _known(hours: OpenHours, day: date) -> bool:
    """Is it certain what day it is, and what its neighbours are?"""
    return not any(hours.in_doubt(day + n * DAY) for n in range(-2, 3))


def special_days(paper: Paper) -> Iterator[Case]:
    """Public holidays, made-up days and days closed by name: each, and the day after it."""
    hours, fit = open_hours(paper), all_fits(paper)[0]
    days = {day + DAY: f"the day after {why}" for day, why in _special_days(hours)}
    for day, why in (days | dict(_special_days(hours))).items():
        if paper.in_force(day - DAY, day + DAY) and _known(hours, day):
            yield from edges_of_day(hours, fit, day, why)


def _special_days(hours: OpenHours) -> Iterator[tuple[date, str]]:
    said = hours.paper.params.get("closed_on") or {}
    for name in said.get("names", ()):
        days = [
            day for day in _years(hours, 2025, 2027) if is_named(said["country"], (name,), day)
        ] or [day for day in _years(hours, 2020, 2030) if is_named(said["country"], (name,), day)]
        yield from _found(hours, days, name)
    if "holiday" in hours.week:
        days = [day for day in _years(hours, 2025, 2027) if _is(hours, day, "holiday")]
        yield from _found(hours, days, "a public holiday")
    if "makeup" in hours.week:
        days = [day for day in _years(hours, 2020, 2030) if _is(hours, day, "makeup")]
        yield from _found(hours, days, "a weekend of work")


def _years(hours: OpenHours, first: int, last: int) -> Iterator[date]:
    """The days of these years on which the rule is in force."""
    day = max(date(first, 1, 1), hours.paper.first_day)
    while day <= min(date(last, 12, 31), hours.paper.last_day):
        yield day
        day += DAY


def _found(hours: OpenHours, days: Iterable[date], why: str) -> Iterator[tuple[date, str]]:
    days = list(days)
    if not days:
        raise NotHandled(f"{hours.paper.id}: {why} never comes")
    yield from ((day, why) for day in days)


def _is(hours: OpenHours, day: date, name: str) -> bool:
    return not hours.in_doubt(day) and hours.name_of(day) == name


def days_in_doubt(paper: Paper) -> Iterator[Case]:
    """Where only some regions of a country rest, and the rule asks for no region, nobody knows."""
    hours, fit = open_hours(paper), all_fits(paper)[0]
    for day in _years(hours, 2025, 2027):
        names = ("holiday", WEEKDAYS[day.weekday()])
        if not hours.in_doubt(day) or hours.closed_on(day):
            continue
        rests, works = (hours.week.get(name) for name in names)
        if rests == [] and works and works[0][1] - works[0][0] >= 3600:
            at = clock(day, works[0][0], paper.zone) + MINUTE
            if paper.in_force(day - DAY, day + DAY):
                yield Case("a holiday in some regions", fit.contact(at), "unknown")
