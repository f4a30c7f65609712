"""`event_count`: the first and the last day of every window, backwards and forwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from rule_boundaries.ages import InDoubt, works
from rule_boundaries.counted import Counting, countings
from rule_boundaries.fitting import LONG_AGO
from rule_boundaries.local_days import (
    DAY,
    HOUR,
    MONTH_ENDS,
    SECOND,
    WEEKDAYS,
    anchors,
    clock_changes,
    first_second,
    last_second,
    ordinary_day,
)
from rule_boundaries.papers import Case, NotHandled, Paper


def rolling_days(paper: Paper) -> Iterator[Case]:
    """Day 1, day n and day n + 1 after something, and before something that is planned."""
    for counting in countings(paper):
        if counting.spec.window[0] != "days" or counting.spec.last:
            continue
        length = counting.spec.window[1]
        days = anchors(paper, length + 1, length + 1)
        for day in days if counting.is_first else days[:1]:
            last, next_ = day + (length - 1) * DAY, day + length * DAY
            first, previous = day - (length - 1) * DAY, day - length * DAY
            yield from _held(counting, day, day, last, next_)
            yield from _held_ahead(counting, day, day, first, previous)
            yield from _held_around(counting, day, length)


def calendar_periods(paper: Paper) -> Iterator[Case]:
    """The first and the last second of a week or a month, and the seconds beside them."""
    for counting in countings(paper):
        periods = list(_periods(counting))
        for first, last in periods if counting.is_first else periods[:1]:
            next_, previous = last + DAY, first - DAY
            yield from _held(counting, first, first, last, next_)
            yield from _held_ahead(counting, last, last, first, previous)
            yield from _held_from_the_end(counting, first, last)


def working_days(paper: Paper) -> Iterator[Case]:
    """Windows of so many working days: the last of them, and the day after it."""
    for counting in countings(paper):
        if counting.spec.window[0] != "business" or counting.spec.last:
            continue
        _, length, day_one = counting.spec.window
        tried = 0
        for day in (date(2026, 5, 15) + n * DAY for n in range(60)):
            try:
                if not works(counting, day):
                    continue
                last, left = day, length - day_one
                while left:
                    last += DAY
                    left -= works(counting, last)
            except InDoubt:
                continue
            if paper.in_force(day, last + DAY):
                tried += 1
                yield from _held(counting, day, day, last, last + DAY)
                yield from _held_ahead(counting, last, last, day, None)
        if not tried:
            raise NotHandled(f"{paper.id}: no working days are known")


def ever(paper: Paper) -> Iterator[Case]:
    """What happened decades ago counts, and what is planned for a day far ahead."""
    for counting in countings(paper):
        if counting.spec.window != ("ever",) or counting.spec.last or counting.spec.since:
            continue
        zone, number = paper.zone, counting.breaking
        at = first_second(ordinary_day(paper, 5, 5), zone) + 12 * HOUR
        old = counting.others(number, LONG_AGO + DAY)
        yield counting.case("decades ago", at, old, counting.result(number))
        if not counting.least:
            planned = counting.others(number, at + 300 * DAY, reserved=True)
            seen = number if counting.itself else 0
            yield counting.case("planned for next year", at, planned, counting.result(seen))


def minutes(paper: Paper) -> Iterator[Case]:
    """One second before so many minutes have passed, that instant, and one second after."""
    for counting in countings(paper):
        if counting.spec.window[0] != "seconds" or counting.spec.last:
            continue
        length, zone = counting.spec.window[1] * SECOND, paper.zone
        day = ordinary_day(paper, 3, 3)
        moments = [first_second(day, zone) + 12 * HOUR, last_second(day, zone)]
        moments += [
            first_second(change, zone) + 2 * HOUR
            for change in clock_changes(zone, 2026)
            if paper.in_force(change - DAY, change + DAY)
        ]
        for at in moments:
            yield from _minutes_around(counting, at, length)


def _minutes_around(counting: Counting, at: datetime, length: timedelta) -> Iterator[Case]:
    number, broken = counting.breaking, counting.result(counting.breaking)
    none = counting.result(0)
    happened = counting.others(number, at)
    ahead = broken if counting.itself else none
    for off, result in ((-1, broken), (0, none), (1, none)):
        yield counting.case("minutes after", at + length + off * SECOND, happened, result)
    if counting.least:
        return
    planned = counting.others(number, at, reserved=True)
    for off, result in ((-1, none), (0, none), (1, ahead)):
        yield counting.case("minutes before", at - length + off * SECOND, planned, result)


def _held(counting: Counting, day: date, first: date, last: date, next_: date) -> Iterator[Case]:
    """What happened on a day counts from that day to the last, whatever the hours are."""
    zone, number = counting.paper.zone, counting.breaking
    broken, none = counting.result(number), counting.result(0)
    early = counting.others(number, first_second(day, zone))
    late = counting.others(number, last_second(day, zone) - SECOND)
    yield counting.case("on the day itself", last_second(first, zone), early, broken)
    yield counting.case("on the last day", last_second(last, zone), early, broken)
    yield counting.case("on the last day", last_second(last, zone), late, broken)
    yield counting.case("a day later", first_second(next_, zone), late, none)
    yield counting.case("a day later", first_second(next_, zone), early, none)
    if number > 1:
        yield counting.case(
            "one of them a day too old",
            first_second(next_, zone),
            [*late[:1], *counting.others(number, first_second(next_ - DAY, zone))[1:]],
            counting.result(number - 1),
        )


def _held_ahead(
    counting: Counting, day: date, last: date, first: date, previous: date | None
) -> Iterator[Case]:
    """What is planned for a day counts from the first day of the windows that hold it."""
    if counting.least:
        return
    zone, number = counting.paper.zone, counting.breaking
    none = counting.result(0)
    broken = counting.result(number) if counting.itself else none
    early = counting.others(number, first_second(day, zone) + SECOND, reserved=True)
    late = counting.others(number, last_second(day, zone), reserved=True)
    yield counting.case("planned for that day", first_second(last, zone), late, broken)
    yield counting.case("planned for the last day", first_second(first, zone), late, broken)
    yield counting.case("planned for the last day", last_second(first, zone), late, broken)
    if previous is not None:
        yield counting.case("planned a day later", last_second(previous, zone), early, none)
        yield counting.case("planned a day later", first_second(previous, zone), early, none)


def _held_around(counting: Counting, day: date, length: int) -> Iterator[Case]:
    """Some before and some after it: together they are too many only within one window."""
    number = counting.breaking
    if number < 2 or counting.least or not counting.itself:
        return
    zone = counting.paper.zone
    for apart, result in ((length - 1, "fail"), (length, "pass")):
        before = counting.others(number, first_second(day, zone))[: number // 2]
        after = counting.others(number, last_second(day + apart * DAY, zone), reserved=True)
        asked = day + (apart + 1) // 2 * DAY
        at = first_second(asked, zone) + 12 * HOUR
        history = [*before, *after[number // 2 :]]
        yield counting.case(f"between two, {apart} days apart", at, history, result)


def _held_from_the_end(counting: Counting, first: date, last: date) -> Iterator[Case]:
    """The last second of one period and the first of the next are in different ones."""
    zone, number = counting.paper.zone, counting.breaking
    none = counting.result(0)
    before = counting.others(number, last_second(first - DAY, zone))
    yield counting.case("in the period before", first_second(first, zone), before, none)
    if counting.least:
        return
    after = counting.others(number, first_second(last + DAY, zone), reserved=True)
    yield counting.case("planned for the next", last_second(last, zone), after, none)


def _periods(counting: Counting) -> Iterator[tuple[date, date]]:
    """First and last days of weeks, or of months."""
    paper, window = counting.paper, counting.spec.window
    if counting.spec.last or window[0] not in ("week", "month"):
        return
    found = []
    for day in (*anchors(paper, 0, 0), *MONTH_ENDS):
        if window[0] == "week":
            first = day - (day.weekday() - WEEKDAYS.index(window[1])) % 7 * DAY
            last = first + 6 * DAY
        else:
            first = day.replace(day=1)
            last = (first + 31 * DAY).replace(day=1) - DAY
        if paper.in_force(first - DAY, last + DAY):
            found.append((first, last))
    if not found:
        raise NotHandled(f"{paper.id} is in force for no whole {window[0]}")
    yield from sorted(set(found))
