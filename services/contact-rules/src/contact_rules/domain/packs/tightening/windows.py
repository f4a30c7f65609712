"""`window`: does it lie inside the other's open hours, on every day there can be?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

from contact_rules.domain.contact import Weekday
from contact_rules.domain.kinds.hours import HOLIDAY, MAKEUP, Hours
from contact_rules.domain.kinds.window import Window

_SATURDAY: Final = 5
_NAMES: Final = {**dict(enumerate(Weekday)), HOLIDAY: "holiday", MAKEUP: "makeup"}


class _Sort(NamedTuple):
    """What a day is to a calendar; only a Saturday or Sunday is made up for a holiday."""

    weekday: int
    rests: bool
    made_up: bool

    def place(self, window: Window) -> int:
        """Whose hours the window has on such a day."""
        if self.rests and window.week[HOLIDAY] is not None:
            return HOLIDAY
        if self.made_up and window.week[MAKEUP] is not None:
            return MAKEUP
        return self.weekday


_SORTS: Final = [
    _Sort(weekday, rests, made_up)
    for weekday, rests, made_up in product(range(7), (False, True), (False, True))
    if not made_up or weekday >= _SATURDAY
]


def looser_window(rule: Window, base: Window) -> Iterator[str]:
    days = {
        base_place: _NAMES[base_place]
        for place, base_place in _together(rule, base)
        if not _inside(rule, place, base, base_place)
    }
    if days:
        listed = ", ".join(days[day] for day in sorted(days))
        yield f"its hours are not inside the other's on {listed}"
    if base.closed_on and not (
        rule.closed_in == base.closed_in and base.closed_on <= rule.closed_on
    ):
        yield "it is open on special days on which the other is closed"
    if base.whole and not rule.whole:
        yield "only the start of a contact must lie in its hours"
    if extra := rule.agreed_by - base.agreed_by:
        yield f"a consent opens it that does not open the other ({_listed(extra)})"
    if differing := rule.replaced_by ^ base.replaced_by:
        yield f"other slots take the place of its hours ({_listed(differing)})"
    if missing := base.closed_by - rule.closed_by:
        yield f"slots do not close it that close the other ({_listed(missing)})"


def _together(rule: Window, base: Window) -> set[tuple[int, int]]:
    """Whose hours the two have on one and the same day; by two calendars, any day may be anything
    to either of them."""
    found = {(sort.place(rule), sort.place(base)) for sort in _SORTS}
    if rule.holidays_of != base.holidays_of:
        found |= {
            (mine.place(rule), its.place(base))
            for mine, its in product(_SORTS, _SORTS)
            if mine.weekday == its.weekday
        }
    return found


def _inside(rule: Window, place: int, base: Window, base_place: int) -> bool:
    """Is every instant that the rule opens on such a day open to the other?"""
    outer = _stretches(base.week[base_place] or (), ends_excluded=base.ends_excluded)
    return all(
        any(first <= from_ and to <= last for first, last in outer)
        for from_, to in _stretches(rule.week[place] or (), ends_excluded=rule.ends_excluded)
    )


def _stretches(hours: Hours, *, ends_excluded: bool) -> list[tuple[int, int]]:
    """The first and the last second of each, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for from_, to in sorted(hours):
        if joined and from_ <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], to))
        else:
            joined.append((from_, to))
    inside = 1 if ends_excluded else 0
    return [(from_ + inside, to - inside) for from_, to in joined]


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
