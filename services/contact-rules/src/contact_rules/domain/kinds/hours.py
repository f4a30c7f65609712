"""The hours of a week as a pack writes them, and slots as a person gives them, in local seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time
from itertools import pairwise
from typing import Final

from contact_rules.domain.contact import Fact, Weekday
from contact_rules.domain.question import holds_on
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import DAY, weekday

Hours = tuple[tuple[int, int], ...]
"""Stretches of one day: seconds after midnight, from and to, in order. None: closed."""

HOLIDAY: Final = 7
MAKEUP: Final = 8
"""The places of public holidays and of made-up days in a week, after Sunday."""

_NAMES: Final = list(Weekday)
_PERIOD: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def read_week(node: Node) -> tuple[Hours | None, ...]:
    """Monday to Sunday, then public holidays and made-up days (None: no rule of their own).

    `{mon-fri: ["09:00-12:00", "13:00-17:00"], sat: ["09:00-12:00"], sun: closed, holiday: closed}`
    or `every_day`. Each day must be said, once. `makeup` are the Saturdays and Sundays on which
    people work in return for a holiday; where nothing is said of them, they have their own hours.
    """
    week: list[Hours | None] = [None] * 9
    for key, value in node.pairs():
        hours = _read_day(value)
        for day in _days(key):
            if week[day] is not None:
                key.fail("these hours are said twice")
            week[day] = hours
    missing = [str(name) for name, hours in zip(_NAMES, week, strict=False) if hours is None]
    if missing:
        node.fail("no hours are said for " + ", ".join(missing), "a day without any is 'closed'")
    return tuple(week)


def hours_text(hours: Hours) -> str:
    """As people read it: 09:00-12:00, 13:00-17:00."""
    return ", ".join(f"{_clock(from_)}-{_clock(to)}" for from_, to in hours)


def slots_on(day: int, facts: Iterable[Fact]) -> Hours:
    """What the slots of these facts open of their own local day."""
    found = []
    for fact in facts:
        for slot in fact.slots:
            if _NAMES[weekday(day)] in slot.days and holds_on(fact, day):
                from_, to = _second(slot.from_), _second(slot.to)
                found.append((from_, DAY if to <= from_ else to))
    return tuple(sorted(found))


def slots_from_yesterday(day: int, facts: Iterable[Fact]) -> Hours:
    """What reaches over midnight into a local day, out of slots of the day before."""
    found = []
    for fact in facts:
        for slot in fact.slots:
            if _NAMES[weekday(day - 1)] in slot.days and holds_on(fact, day - 1):
                to = _second(slot.to)
                if 0 < to <= _second(slot.from_):
                    found.append((0, to))
    return tuple(sorted(found))


def without(hours: Hours, cut: Hours) -> Hours:
    """The hours without those cut out. What ends where a cut begins, or begins where it ends,
    stays; a single instant left between two cuts does not."""
    for cut_from, cut_to in cut:
        left = []
        for from_, to in hours:
            if cut_to <= from_ or to <= cut_from:
                left.append((from_, to))
                continue
            left += [(f, t) for f, t in ((from_, cut_from), (cut_to, to)) if f < t]
        hours = tuple(left)
    return hours


def _read_day(node: Node) -> Hours:
    if not node.is_list:
        node.one_of(("closed",))
        return ()
    hours = sorted(_read_period(item) for item in node.items())
    for (_, before), (after, _) in pairwise(hours):
        if after < before:
            node.fail("these hours overlap")
    return tuple(hours)


def _read_period(node: Node) -> tuple[int, int]:
    text = node.text()
    found = _PERIOD.fullmatch(text)
    if not found:
        node.fail(f"'{text}' are no hours", 'hours are written "09:00-17:30"')
    h1, m1, h2, m2 = map(int, found.groups())
    from_, to = h1 * 3600 + m1 * 60, h2 * 3600 + m2 * 60
    if max(m1, m2) > 59 or to > DAY:
        node.fail(f"'{text}' is no time of day")
    if to <= from_:
        node.fail(f"'{text}' ends before it begins", "split them at midnight: to 24:00, from 00:00")
    return from_, to


def _days(key: Node) -> list[int]:
    text = key.text()
    if text == "every_day":
        return list(range(7))
    if text in ("holiday", "makeup"):
        return [HOLIDAY if text == "holiday" else MAKEUP]
    first, _, last = text.partition("-")
    known = [str(name) for name in _NAMES]
    if first not in known or (last or first) not in known:
        key.fail(
            f"'{text}' is no day", "mon … sun, a stretch as mon-fri, every_day, holiday or makeup"
        )
    days = list(range(known.index(first), known.index(last or first) + 1))
    if not days:
        key.fail(f"'{text}' runs backwards", "a week begins on mon")
    return days


def _second(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}"
