"""`window`: slots that a person gave or excluded, and consents to other hours, to the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, Final

from contact_rules.domain import Channel, Consent, ConsentScope, Fact, FactKind, Slot, Weekday

from rule_boundaries.fitting import Fit, all_fits
from rule_boundaries.local_days import DAY, HOUR, MINUTE, SECOND, WEEKDAYS, clock
from rule_boundaries.open_hours import MINUTES, OpenHours, Stretch, open_hours
from rule_boundaries.papers import Case, NotHandled, Paper

NARROW: Final = (time(11, 10), time(14, 50))
"""A slot that fits into the hours of nearly any day, and begins and ends as none of them do."""


def slot(days: list[date], from_: time, to: time) -> Slot:
    return Slot(frozenset(Weekday(WEEKDAYS[day.weekday()]) for day in days), from_, to)


def seconds_of(at: time) -> int:
    return at.hour * 3600 + at.minute * 60


def excluded_slots(paper: Paper) -> Iterator[Case]:
    """`closed_by`: a contact may end when a slot begins, and begin when it ends."""
    hours = open_hours(paper)
    for kind in paper.params.get("closed_by", ()):
        day, cut = _roomy_day(hours)
        week = hours.quiet_week()
        for fit in all_fits(paper):
            yield from _around_a_cut(hours, fit, kind, day, cut)
            if hours.always_open:
                yield from _over_midnight(hours, fit, kind, week[2])


def _roomy_day(hours: OpenHours) -> tuple[date, Stretch]:
    """A day whose hours leave room before and after a slot in the middle of them."""
    for day in hours.quiet_week():
        for from_, to in hours.of(day):
            if to - from_ >= 5 * 3600:
                middle = (from_ + to) // 2 // 60 * 60
                edges = (middle - 3600, middle + 3600)
                return day, Stretch(*(clock(day, edge, hours.zone) for edge in edges))
    raise NotHandled(f"{hours.paper.id} is never open for five hours")


def _around_a_cut(hours: OpenHours, fit: Fit, kind: str, day: date, cut: Stretch) -> Iterator[Case]:
    local = [edge.astimezone(hours.zone).time() for edge in cut]
    given = slot([day], *local)

    fact = Fact(FactKind(kind), since=day, until=day, slots=(given,))

    def asked(at: datetime, result: str, why: str, minutes: int = MINUTES, **more: Any) -> Case:
        facts = (replace(fact, **more),)
        return Case(f"{kind}: {why}", fit.contact(at, minutes, facts=facts), result)

    length = MINUTES * MINUTE
    for off, result in ((-1, "pass"), (0, "pass"), (1, "fail")):
        at = cut.first + off * SECOND
        yield asked(at - length if hours.whole else at, result, "begins")
        yield asked(at, result, "begins", 0)
    for off, result in ((-1, "fail"), (0, "pass"), (1, "pass")):
        yield asked(cut.last + off * SECOND, result, "ends")
    whole = "fail" if hours.whole else "pass"
    yield asked(cut.first - HOUR, whole, "lies inside the contact", 240)
    inside = cut.first + HOUR / 2
    yield asked(inside, "fail", "for this channel", channel=fit.channel)
    others = [channel for channel in Channel if channel is not fit.channel]
    yield asked(inside, "pass", "for another channel", channel=others[0])
    yield asked(inside, "fail", "for this person", party="lin")
    yield asked(inside, "pass", "for somebody else", party="hsu")
    for week, result in ((-1, "pass"), (0, "fail"), (1, "pass")):
        at = clock(day + week * 7 * DAY, seconds_of(local[0]) + 1800, hours.zone)
        if paper_holds(hours, day + week * 7 * DAY):
            yield asked(at, result, "on the days it is a fact")


def paper_holds(hours: OpenHours, day: date) -> bool:
    """In force, and an ordinary day there?"""
    doubt = hours.in_doubt(day)
    return hours.paper.in_force(day - DAY, day + DAY) and not doubt and not hours.special(day)


def _over_midnight(hours: OpenHours, fit: Fit, kind: str, day: date) -> Iterator[Case]:
    """From 22:00 to 06:00: the slot of its first day, also for what comes after midnight."""
    fact = Fact(FactKind(kind), since=day, until=day, slots=(slot([day], time(22), time(6)),))
    begins, ends = clock(day, 22 * 3600, hours.zone), clock(day + DAY, 6 * 3600, hours.zone)
    for at, result in (
        (begins - SECOND, "pass"),
        (begins + SECOND, "fail"),
        (ends - SECOND, "fail"),
        (ends, "pass"),
        (ends - DAY - SECOND, "pass"),
    ):
        yield Case(f"{kind}: over midnight", fit.contact(at, 0, facts=(fact,)), result)


def given_slots(paper: Paper) -> Iterator[Case]:
    """`override_by: {state: …}`: the slots take the place of the hours, on the days they hold."""
    hours = open_hours(paper)
    said = paper.params.get("override_by", {})
    if set(said) - {"state", "consent"}:
        raise NotHandled(f"{paper.id}: override_by {said}")
    for kind in said.get("state", ()):
        for fit in all_fits(paper):
            for day in hours.quiet_week()[1:7:4]:  # a Tuesday, and a Saturday that may be closed
                yield from _in_place_of_hours(hours, fit, kind, day)


def _in_place_of_hours(hours: OpenHours, fit: Fit, kind: str, day: date) -> Iterator[Case]:
    given = slot([day], *NARROW)
    fact = Fact(FactKind(kind), since=day, until=day, slots=(given,))
    first, last = (clock(day, seconds_of(at), hours.zone) for at in NARROW)
    at_the_instant = "fail" if hours.open_bounds else "pass"
    length = MINUTES * MINUTE if hours.whole else 0 * MINUTE
    for off, result in ((-1, "fail"), (0, at_the_instant), (1, "pass")):
        asked = fit.contact(first + off * SECOND, facts=(fact,))
        yield Case(f"{kind}: begins", asked, result)
        asked = fit.contact(last - length - off * SECOND, facts=(fact,))
        yield Case(f"{kind}: ends", asked, result)
    for week in (-1, 0, 1):
        other = day + week * 7 * DAY
        usual = hours.of(other) if paper_holds(hours, other) else []
        if usual and usual[0][1] - usual[0][0] > 3 * 3600:
            at = clock(other, usual[0][0], hours.zone) + MINUTE
            result = "pass" if week else "fail"
            yield Case(f"{kind}: on its days", fit.contact(at, facts=(fact,)), result)
    nobody = Fact(FactKind(kind), since=day, until=day, slots=(given,), party="hsu")
    inside = first + HOUR
    open_then = any(from_ <= 12 * 3600 <= to - 3600 for from_, to in hours.of(day))
    yield Case(
        f"{kind}: of somebody else",
        fit.contact(inside, facts=(nobody,)),
        "pass" if open_then else "fail",
    )


def agreed_hours(paper: Paper) -> Iterator[Case]:
    """`override_by: {consent: …}`: what a consent covers is open, from its first to last second."""
    hours = open_hours(paper)
    for scope in paper.params.get("override_by", {}).get("consent", ()):
        for fit in all_fits(paper):
            yield from _agreed(hours, fit, scope)


def _agreed(hours: OpenHours, fit: Fit, scope: str) -> Iterator[Case]:
    facts, closed = _closed_time(hours)
    begin = closed.first + HOUR
    end = begin + HOUR
    length = MINUTES * MINUTE if hours.whole else 0 * MINUTE

    def consent(from_: datetime, to: datetime | None, **more: Any) -> Consent:
        own = {"channel": fit.channel} if scope == "channel" else {}
        return Consent(ConsentScope(scope), from_, until=to, **(own | more))

    def asked(at: datetime, result: str, why: str, given: Consent, minutes: int = 30) -> Case:
        contact = fit.contact(at, minutes, facts=facts, consents=(given,))
        return Case(f"consent to {scope}: {why}", contact, result)

    given = consent(begin, end)
    for off, result in ((-1, "fail"), (0, "pass"), (1, "pass")):
        yield asked(begin + off * SECOND, result, "begins", given)
        yield asked(end - length - off * SECOND, result, "ends", given)
    others = [channel for channel in Channel if channel is not fit.channel]
    yield asked(begin, "fail", "for another channel", consent(begin, end, channel=others[0]))
    yield asked(begin, "pass", "for this channel", consent(begin, end, channel=fit.channel))
    if hours.whole and not facts:
        straddling = consent(closed.first - HOUR, begin)
        at = closed.first - MINUTES * MINUTE / 2
        yield asked(at, "pass", "joins what is open", straddling)
        yield asked(at, "fail", "begins after the hours end", consent(closed.first + MINUTE, end))


def _closed_time(hours: OpenHours) -> tuple[tuple[Fact, ...], Stretch]:
    """Three hours at least that are closed: by night, on a special day, or by a fact."""
    for day in hours.quiet_week():
        for stretch, following in pairwise(hours.around(day)):
            if following.first - stretch.last >= 3 * HOUR:
                return (), Stretch(stretch.last, following.first)
    said = hours.paper.params
    kinds = [*said.get("closed_by", ()), *said.get("override_by", {}).get("state", ())]
    if kinds:
        day = hours.quiet_week()[2]
        first, last = (clock(day, hour * 3600, hours.zone) for hour in (10, 16))
        closes = bool(said.get("closed_by"))
        given = slot([day], time(10), time(16)) if closes else slot([day], time(16), time(23))
        return (Fact(FactKind(kinds[0]), since=day, until=day, slots=(given,)),), Stretch(
            first, last
        )
    for day in (date(2025, 1, 1) + n * DAY for n in range(1000)):
        if hours.paper.in_force(day - DAY, day + DAY) and not hours.of(day):
            return (), Stretch(clock(day, 0, hours.zone), clock(day + DAY, 0, hours.zone))
    raise NotHandled(f"{hours.paper.id} is never closed: what would a consent open?")
