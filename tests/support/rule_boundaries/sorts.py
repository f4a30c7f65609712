"""All sorts of edges there are, and which of them a rule must have."""

from __future__ import annotations

from typing import Final

from rule_boundaries import (
    ages,
    agreed_counts,
    given_hours,
    limits,
    open_hours,
    rows,
    scope,
    states,
    what_counts,
    windows_of_days,
)
from rule_boundaries.counted import spec_of
from rule_boundaries.papers import COUNTS, Edges, Paper

OF_HOURS: Final[tuple[Edges, ...]] = (
    open_hours.ordinary_week,
    given_hours.excluded_slots,
    given_hours.given_slots,
    given_hours.agreed_hours,
    open_hours.two_zones,
    open_hours.unknown_zones,
    open_hours.special_days,
    open_hours.days_in_doubt,
    open_hours.ends_of_months,
    open_hours.days_of_clock_changes,
)
OF_COUNTS: Final[tuple[Edges, ...]] = (
    limits.limits,
    rows.rows,
    what_counts.each_group,
    what_counts.each_word,
    what_counts.what_is_not_known,
    limits.armed,
    limits.counted_anew,
    limits.reservations,
    limits.several_debts,
    agreed_counts.agreed,
    windows_of_days.ever,
    windows_of_days.minutes,
    windows_of_days.rolling_days,
    windows_of_days.calendar_periods,
    windows_of_days.working_days,
    ages.ages,
)
OF_STATES: Final[tuple[Edges, ...]] = (states.gates, states.consents)
OF_ALL: Final[tuple[Edges, ...]] = (scope.days_in_force, scope.scope)

_OF_WINDOWS: Final[dict[str, Edges]] = {
    "days": windows_of_days.rolling_days,
    "business": windows_of_days.working_days,
    "seconds": windows_of_days.minutes,
    "week": windows_of_days.calendar_periods,
    "month": windows_of_days.calendar_periods,
    "age": ages.ages,
    "ever": windows_of_days.ever,
}


def sorts_of(paper: Paper) -> tuple[Edges, ...]:
    """All that may find an edge in such a rule."""
    if paper.kind == "window":
        return OF_HOURS
    if paper.kind in COUNTS:
        return OF_COUNTS
    return OF_STATES if paper.kind in ("gate", "consent") else ()


def needed(paper: Paper) -> list[Edges]:
    """The sorts that must find something in this rule, by what its parameters say."""
    said = paper.params
    if paper.kind == "window":
        over = said.get("override_by", {})
        return [
            open_hours.ordinary_week,
            open_hours.ends_of_months,
            *_if("closed_on" in said, open_hours.special_days),
            *_if("holiday" in said["hours"], open_hours.special_days),
            *_if("makeup" in said["hours"], open_hours.special_days),
            *_if("closed_by" in said, given_hours.excluded_slots),
            *_if("state" in over, given_hours.given_slots),
            *_if("consent" in over, given_hours.agreed_hours),
        ]
    if paper.kind not in COUNTS:
        return [
            *_if(paper.kind == "gate", states.gates),
            *_if(paper.kind == "consent", states.consents),
        ]
    spec = spec_of(paper)
    counted = [what_counts.each_word, what_counts.each_group]
    if spec.last:
        return [rows.rows, *counted]
    window = limits.counted_anew if spec.since is not None else _OF_WINDOWS[spec.window[0]]
    agreed = any("consent" in item for item in spec.exclude)
    return [
        limits.limits,
        window,
        *counted,
        *_if(spec.armed_after is not None, limits.armed),
        *_if(agreed, agreed_counts.agreed),
    ]


def _if(needed: bool, edges: Edges) -> list[Edges]:
    return [edges] if needed else []
