"""`window`, read second by second: is every second of the contact open, both ends included?

An instant is open if a consent covers it, or if it lies in the hours that the clock on the wall
reads where the contact is: the second before it or the second after it is one of them, or with
`bounds: open` both are. Instants strictly inside an excluded slot are not open; those at which it
begins or ends are.

Nothing changes between two *edges* (times of day the rule or a slot names, midnights, clock
changes, ends of consents), so looking around each edge is looking at each second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from reference_rules import days_off
from reference_rules.asked import DAY, SECOND, WEEKDAYS, Asked, Consent, Fact, local_date

Hours = list[tuple[int, int]]
MIDNIGHT = 24 * 3600


def judge(params: Mapping[str, Any], basis: str | None, asked: Asked) -> str:
    zones = asked.zones(basis)
    if not zones:
        return "unknown"
    results = [_in_zone(params, zone, asked) for zone in zones]
    return next(r for r in ("fail", "unknown", "pass") if r in results)


def _in_zone(params: Mapping[str, Any], zone: ZoneInfo, asked: Asked) -> str:
    whole = params.get("test", "whole_interval") == "whole_interval"
    end = asked.end if whole else asked.start
    fits = {stretch.holds(asked.start, end) for stretch in _readings(params, zone, asked)}
    if len(fits) == 2:
        return "unknown"
    return "pass" if fits == {True} else "fail"


def ends(params: Mapping[str, Any], basis: str | None, asked: Asked) -> set[datetime]:
    """Where the hours end that the contact lies in, as far as that is in sight."""
    found = {
        stretch.end_of(asked.start, asked.end)
        for zone in asked.zones(basis)
        for stretch in _readings(params, zone, asked)
    }
    return {end for end in found if end is not None}


def _readings(params: Mapping[str, Any], zone: ZoneInfo, asked: Asked) -> list[Open]:
    """What is open if days in doubt are days as others, if they are holidays, if made up for."""
    said = {"holiday", "makeup"} & set(params["hours"])
    return [Open(params, zone, asked, doubt) for doubt in ("no", *sorted(said))]


class Open:
    """The open seconds of one zone, in one reading of the days nobody is sure of."""

    def __init__(self, params: Mapping[str, Any], zone: ZoneInfo, asked: Asked, doubt: str) -> None:
        self.zone, self.asked, self.doubt = zone, asked, doubt
        self.bounds_open = params.get("bounds") == "open"
        self.week = _read_week(params["hours"])
        self.closed_on = params.get("closed_on")
        self.calendar = params.get("holidays", "place")
        over = params.get("override_by") or {}
        self.consents: list[Consent] = asked.sure_consents_of(over.get("consent") or [])
        self.given = self._slots(over.get("state") or [])
        self.excluded = self._slots(params.get("closed_by") or [])
        self.cached: dict[tuple[str, date], Hours] = {}
        self.times = {0}
        for hours in self.week.values():
            self.times.update(second % MIDNIGHT for stretch in hours for second in stretch)
        for fact in (*self.given, *self.excluded):
            for slot in fact.slots:
                self.times |= {_second(slot["from"]), _second(slot["to"])}

    def holds(self, start: datetime, end: datetime) -> bool:
        """Is every whole second from start to end open?"""
        around = {start, end}
        for edge in self._edges(start - SECOND, end + SECOND):
            around |= {edge - SECOND, edge, edge + SECOND}
        return all(self.at(each) for each in around if start <= each <= end)

    def end_of(self, start: datetime, end: datetime) -> datetime | None:
        """The last end of a contact that may begin at `start`; None if it lies days after the
        planned one, which is no limit worth telling."""
        for edge in self._edges(start - SECOND, max(start, end) + 2 * DAY):
            for each in (edge - SECOND, edge, edge + SECOND):
                if each > start and not self.at(each):
                    return each - SECOND
        return None

    def at(self, at: datetime) -> bool:
        """Is this instant open?"""
        if any(consent.covers(at, at) for consent in self.consents):
            return True
        before, after = (self._read(t, self._open_hours) for t in (at - SECOND, at))
        cut_before, cut_after = (self._read(t, self._cut_hours) for t in (at - SECOND, at))
        if self.bounds_open:
            return before and after and not (cut_before and cut_after)
        return (before and not cut_before) or (after and not cut_after)

    def _read(self, at: datetime, hours_on: Callable[[date], Hours]) -> bool:
        """Does the clock on the wall read one of these hours?"""
        wall = at.astimezone(self.zone)
        second = wall.hour * 3600 + wall.minute * 60 + wall.second
        return any(from_ <= second < to for from_, to in hours_on(wall.date()))

    def _open_hours(self, day: date) -> Hours:
        if ("open", day) not in self.cached:
            self.cached["open", day] = self._find_open_hours(day)
        return self.cached["open", day]

    def _cut_hours(self, day: date) -> Hours:
        if ("cut", day) not in self.cached:
            self.cached["cut", day] = _today(self.excluded, day) + _from_yesterday(
                self.excluded, day
            )
        return self.cached["cut", day]

    def _find_open_hours(self, day: date) -> Hours:
        if self.closed_on and days_off.is_named(
            self.closed_on["country"], tuple(self.closed_on["names"]), day
        ):
            return []
        if any(fact.holds_on(day) for fact in self.given):
            hours = _today(self.given, day)
        else:
            hours = self._hours_of_the_law(day)
        return hours + _from_yesterday(self.given, day)

    def _hours_of_the_law(self, day: date) -> Hours:
        if "holiday" in self.week and self._is(days_off.is_holiday, day, "holiday"):
            return self.week["holiday"]
        if "makeup" in self.week and self._is(days_off.is_make_up_day, day, "makeup"):
            return self.week["makeup"]
        return self.week[WEEKDAYS[day.weekday()]]

    def _is(self, ask: Callable[..., bool | None], day: date, doubt: str) -> bool:
        if self.calendar == "place":
            where = self.asked.place
            answer = ask(where.get("country"), where.get("region"), day)
        else:
            answer = ask(self.calendar, None, day)
        return self.doubt == doubt if answer is None else answer

    def _slots(self, kinds: list[str]) -> list[Fact]:
        """Hours given for this person, or for nobody in particular."""
        return [
            fact
            for fact in self.asked.facts_of(kinds)
            if fact.slots and fact.party in (None, self.asked.party["id"])
        ]

    def _edges(self, start: datetime, end: datetime) -> list[datetime]:
        """Every instant after `start`, up to `end`, at which a second may open or close."""
        edges: set[datetime] = set()
        for day in _days(local_date(start, self.zone), local_date(end, self.zone) + DAY):
            for second in self.times:
                edges |= _instants(day, second, self.zone)
        for day in _days(start.date(), end.date()):
            edges |= _clock_changes(day, self.zone)
        for consent in self.consents:
            edges |= {consent.given_at, consent.until or consent.given_at}
        return sorted(edge for edge in edges if start < edge <= end)


def _days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


def _today(facts: list[Fact], day: date) -> Hours:
    found = []
    for fact in facts:
        for slot in fact.slots:
            from_, to = _second(slot["from"]), _second(slot["to"])
            if fact.holds_on(day) and WEEKDAYS[day.weekday()] in slot["days"]:
                found.append((from_, to if from_ < to else MIDNIGHT))
    return found


def _from_yesterday(facts: list[Fact], day: date) -> Hours:
    """What reaches over midnight out of a slot that ends before it begins."""
    found = []
    for fact in facts:
        for slot in fact.slots:
            from_, to = _second(slot["from"]), _second(slot["to"])
            yesterday = day - DAY
            meant = WEEKDAYS[yesterday.weekday()] in slot["days"]
            if to <= from_ and meant and fact.holds_on(yesterday):
                found.append((0, to))
    return found


def _second(text: str) -> int:
    at = time.fromisoformat(text)
    return at.hour * 3600 + at.minute * 60 + at.second


def _read_week(hours: Mapping[str, Any]) -> dict[str, Hours]:
    week = {}
    for key, said in hours.items():
        stretches = [] if said == "closed" else [_read_stretch(text) for text in said]
        for name in _days_named(key):
            week[name] = stretches
    return week


def _days_named(key: str) -> list[str]:
    if key == "every_day":
        return list(WEEKDAYS)
    if key in ("holiday", "makeup"):
        return [key]
    first, _, last = key.partition("-")
    return list(WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1])


@lru_cache(maxsize=10_000)
def _read_stretch(text: str) -> tuple[int, int]:
    (h1, m1), (h2, m2) = (part.split(":") for part in text.split("-"))
    return int(h1) * 3600 + int(m1) * 60, int(h2) * 3600 + int(m2) * 60


@lru_cache(maxsize=300_000)
def _instants(day: date, second: int, zone: ZoneInfo) -> frozenset[datetime]:
    """When the clock on the wall reads this: twice, where the hour is repeated."""
    wall = datetime.combine(day, time()) + timedelta(seconds=second)
    return frozenset(
        wall.replace(tzinfo=zone, fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)
    )


@lru_cache(maxsize=100_000)
def _clock_changes(day: date, zone: ZoneInfo) -> frozenset[datetime]:
    """The instants of a UTC day at which the zone changes its offset, found by looking closer."""
    found = set()
    for hour in range(24):
        before = datetime.combine(day, time(hour), tzinfo=ZoneInfo("UTC"))
        after = before + timedelta(hours=1)
        if _offset(before, zone) == _offset(after, zone):
            continue
        while after - before > SECOND:
            middle = before + timedelta(seconds=(after - before) // SECOND // 2)
            if _offset(middle, zone) == _offset(before, zone):
                before = middle
            else:
                after = middle
        found.add(after)
    return frozenset(found)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
