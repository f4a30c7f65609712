"""`event_count`: so many days old, as a notice must be, and not too old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from reference_rules.days_off import is_holiday, is_working_day

from rule_boundaries.counted import Counting, countings
from rule_boundaries.local_days import (
    DAY,
    HOUR,
    SECOND,
    anchors,
    first_second,
    last_second,
    ordinary_day,
)
from rule_boundaries.papers import Case, Json, NotHandled, Paper

_FAR = 30


class Age(NamedTuple):
    """How old it must be at least: in days or working days, with so many whole days between or
    not; and in days at most."""

    least: int
    working: bool
    clear: bool
    most: int | None


def age_of(counting: Counting) -> Age | None:
    """What the page says of the age, in the alias or in full."""
    said: Json | None = None
    window = counting.paper.params.get("window")
    if counting.paper.kind == "notice":
        said = counting.paper.params
    elif isinstance(window, dict):
        said = window.get("age")
    if said is None:
        return None
    working = "business_days" in said
    least = said["business_days"] if working else said["days"]
    age = Age(least, working, bool(said.get("clear_days")), said.get("at_most_days"))
    if age.clear and not age.least:
        raise NotHandled(f"{counting.paper.id}: no whole days between")
    return age


class InDoubt(Exception):
    """Nobody knows whether people work on some day."""


def works(counting: Counting, day: date) -> bool:
    said, place = counting.spec.holidays, counting.paper.place
    region = None if place.get("region") is None else str(place["region"])
    works = is_working_day(*((place["country"], region) if said == "place" else (said, None)), day)
    if works is None:
        raise InDoubt
    return works


def first_lawful(counting: Counting, age: Age, noticed: date) -> date:
    """The first day on which it is old enough."""
    day, left = noticed, age.least
    while left:
        day += DAY
        left -= works(counting, day) if age.working else 1
    return day + DAY if age.clear else day


def moments(counting: Counting) -> tuple[datetime, datetime]:
    """When to ask on some ordinary day, and the latest instant at which something counts then."""
    zone, age = counting.paper.zone, age_of(counting)
    day = ordinary_day(counting.paper, 5, 2 * _FAR)
    at = first_second(day, zone) + 12 * HOUR
    if age is None or not age.least:
        return at, at - SECOND
    for noticed in (day + n * DAY for n in range(_FAR)):
        try:
            lawful = first_lawful(counting, age, noticed)
        except InDoubt:
            continue
        return first_second(lawful, zone) + 12 * HOUR, first_second(noticed, zone) + 12 * HOUR
    raise NotHandled(f"{counting.paper.id}: nobody knows which days are working days")


def ages(paper: Paper) -> Iterator[Case]:
    """The day before it is old enough, that day, the last on which it still is, and the next."""
    for counting in countings(paper):
        age = age_of(counting)
        if age is None:
            continue
        reach = max(_FAR, (age.most or 0) + 1)
        days = sorted({*anchors(paper, 0, reach), *_before_days_off(counting, age)})
        for noticed in days if counting.is_first else days[:1]:
            try:
                day = first_lawful(counting, age, noticed)
            except InDoubt:
                continue
            yield from _edges(counting, age, noticed, day)


def _edges(counting: Counting, age: Age, noticed: date, day: date) -> Iterator[Case]:
    zone, number = counting.paper.zone, counting.breaking
    early, late = first_second(noticed, zone), last_second(noticed, zone)
    told = f"noticed on {noticed:%a} {noticed}"
    if day == noticed:
        # The day does not matter; that it came before the contact does.
        others = counting.others(number, early)
        for off, result in ((-1, "fail"), (0, "fail"), (1, "pass")):
            yield counting.case(told, early + off * SECOND, others, result)
    else:
        for at, past, result in (
            (last_second(day - DAY, zone), early, "fail"),
            (first_second(day, zone), late, "pass"),
        ):
            yield counting.case(told, at, counting.others(number, past), result)
    if age.most is None:
        return
    if noticed + age.most * DAY < day:
        raise NotHandled(f"{counting.paper.id} is too old before it is old enough")
    for at, past, result in (
        (last_second(noticed + age.most * DAY, zone), early, "pass"),
        (first_second(noticed + (age.most + 1) * DAY, zone), late, "fail"),
    ):
        yield counting.case(f"{told}, too old", at, counting.others(number, past), result)


def _before_days_off(counting: Counting, age: Age) -> list[date]:
    """Days whose notice runs over a public holiday in the week, in each of three years, and one
    on each day of a week."""
    found = []
    paper, said, place = counting.paper, counting.spec.holidays, counting.paper.place
    region = None if place.get("region") is None else str(place["region"])
    where = (place["country"], region) if said == "place" else (said, None)
    for year in (2025, 2026, 2027):
        days = [date(year, 1, 1) + n * DAY for n in range(365)]
        off = [day for day in days if day.weekday() < 5 and is_holiday(*where, day)]
        found += [day - back * DAY for day in off for back in range(4)]
    if age.working and not any(paper.in_force(day, day + 2 * _FAR * DAY) for day in found):
        raise NotHandled(f"{paper.id}: no public holiday is near")
    reach = max(_FAR, (age.most or 0) + 1)
    week = [ordinary_day(paper, 0, reach + 7) + n * DAY for n in range(7)]
    return [day for day in (*found, *week) if paper.in_force(day, day + reach * DAY)]
