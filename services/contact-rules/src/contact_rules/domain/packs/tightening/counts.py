"""`event_count`: does it count at least as much, in windows as long, against a bound as tight?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contact_rules.domain.kinds.event_count import Bound, EventCount
from contact_rules.domain.kinds.in_a_row import InARow
from contact_rules.domain.kinds.periods import (
    Aged,
    CalendarMonth,
    CalendarWeek,
    Period,
    RollingDays,
    RollingSeconds,
    RollingWorkingDays,
)
from contact_rules.domain.kinds.selection import Agreed, Selection, Sort
from contact_rules.domain.packs.tightening.selectors import not_implied

_LONGEST_MONTH: Final = 31


def looser_count(rule: EventCount, base: EventCount) -> Iterator[str]:
    """Against a maximum whoever counts more is stricter; towards a minimum whoever counts less."""
    if (rule.bound, rule.channels) != (base.bound, base.channels):
        yield "it has another sort of bound"
        return
    least = rule.bound is Bound.MIN
    more, less = (base, rule) if least else (rule, base)
    if least and rule.limit < base.limit:
        yield f"its minimum of {rule.limit} is below {base.limit}"
    if not least and rule.limit > base.limit:
        yield f"its maximum of {rule.limit} is above {base.limit}"
    counted = _counts_less(more.selection, less.selection)
    yield from (f"it counts {'more' if least else 'fewer'} contacts ({what})" for what in counted)
    if not _holds(more.period, less.period):
        yield f"its window may be {'longer' if least else 'shorter'}, or is of another sort"
    if rule.holidays_of != base.holidays_of and base.period.by_working_days:
        yield "it goes by the working days of another place"
    if _starts_anew_less_often(less, more):
        yield "the counts start anew after different contacts"
    if least and rule.armed_after is not base.armed_after:
        yield "it is armed by something else"
    if not least and _armed_later(rule.armed_after, base.armed_after):
        yield "it waits to be armed when the other does not"


def looser_row(rule: InARow, base: InARow) -> Iterator[str]:
    if rule.times < base.times:
        yield f"{rule.times} in a row are fewer than {base.times}"
    if not rule.outcomes <= base.outcomes:
        yield "it takes more outcomes"
    if rule.selection is not base.selection:
        yield "it looks at other contacts"


def _counts_less(one: Selection, other: Selection) -> Iterator[str]:
    """Why `one` may leave out something that the other counts."""
    yield from not_implied(one.match, by=other.match)
    if not _as_many(other.outcomes, one.outcomes):
        yield "outcome"
    for excluded in one.exclude:
        if all(not_implied(each, by=excluded) for each in other.exclude):
            yield "exclude"
    for agreed in one.agreed:
        if not any(_covers(each, agreed) for each in other.agreed):
            yield "exclude: consent"
    if not set(one.group_by) <= set(other.group_by):
        yield "group_by"


def _covers(one: Agreed, other: Agreed) -> bool:
    """Does the one take out of the count all that the other does?"""
    return (
        other.scopes <= one.scopes
        and _as_many(other.forms, one.forms)
        and _at_least(one.days, other.days)
        and (
            one.ends_with is None
            or (other.ends_with is not None and _fits(other.ends_with, one.ends_with))
        )
    )


def _fits(one: Sort, other: Sort) -> bool:
    """Does whatever fits the other fit the one?"""
    return not not_implied(one.selector, by=other.selector) and _as_many(
        other.outcomes, one.outcomes
    )


def _as_many(some: frozenset[str] | None, all_: frozenset[str] | None) -> bool:
    """Where nothing is named, all are meant."""
    return all_ is None or (some is not None and some <= all_)


def _armed_later(one: Selection | None, other: Selection | None) -> bool:
    return one is not None and (other is None or bool([*_counts_less(one, other)]))


def _starts_anew_less_often(less: EventCount, more: EventCount) -> bool:
    """Is there something that empties the fuller count, and not the other?"""
    if more.since is None:
        return False
    return less.since is None or bool([*_counts_less(less.since, more.since)])


def _holds(one: Period, other: Period) -> bool:
    """Is there, for every window of the other, one that holds it?"""
    match (one, other):
        case RollingDays(), RollingDays():
            return one.length >= other.length
        case RollingSeconds(), RollingSeconds():
            return one.length >= other.length
        case RollingWorkingDays(), RollingWorkingDays():
            return one.length >= other.length and (not one.day_one or other.day_one)
        case RollingDays(), CalendarWeek():
            return one.length >= 7
        case RollingDays(), CalendarMonth():
            return one.length >= _LONGEST_MONTH
        case Aged(), Aged():
            same = (one.working_days, one.clear) == (other.working_days, other.clear)
            return same and one.least <= other.least and _at_least(one.most, other.most)
    return one == other


def _at_least(one: int | None, other: int | None) -> bool:
    return one is None or (other is not None and one >= other)
