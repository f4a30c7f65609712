"""How packs write an `event_count`: in full, or as a cap, a cooldown, a notice, a ladder …

Every alias only fills in what the full form would say at length.
"""

from __future__ import annotations

from typing import Final

from contact_rules.domain.contact import Weekday
from contact_rules.domain.kinds.calendars import read_calendar
from contact_rules.domain.kinds.event_count import Bound, EventCount
from contact_rules.domain.kinds.in_a_row import InARow
from contact_rules.domain.kinds.periods import (
    Aged,
    CalendarMonth,
    CalendarWeek,
    Ever,
    Period,
    RollingDays,
    RollingSeconds,
    RollingWorkingDays,
)
from contact_rules.domain.kinds.selection import Selection, read_selection
from contact_rules.domain.yaml_nodes import Node

_WHAT: Final = ("match", "exclude", "group_by")
_ROLLING: Final = ("rolling_days", "rolling_business_days", "rolling_minutes")
_WINDOWS: Final = (*_ROLLING, "calendar_week", "since", "age", "last", "day_one")


def read_event_count(params: Node, basis: str) -> EventCount | InARow:
    """The full form: match, count_distinct, bound, window, group_by, exclude, armed_after."""
    fields = params.fields((*_WHAT, "count_distinct", "bound", "window", "armed_after", "holidays"))
    bound, limit = _read_bound(params.need("bound"))
    window = params.need("window")
    if window.is_mapping and "last" in (said := window.fields(_WINDOWS)):
        if bound is not Bound.MIN or said["last"].integer(least=1) != limit:
            window.fail("the last n in a row are a minimum of n", f"bound: {{min: {limit}}}")
        return _in_a_row(fields, params.need("match"), basis, limit)
    return _event_count(fields, params, basis, bound, limit)


def read_cap(params: Node, basis: str) -> EventCount:
    """At most `max` in each window, this contact included."""
    fields = params.fields((*_WHAT, "count_distinct", "max", "window", "armed_after", "holidays"))
    return _event_count(fields, params, basis, Bound.MAX, params.need("max").integer(least=1))


def read_one_channel_per_week(params: Node, basis: str) -> EventCount:
    """Contacts of one calendar week all use one channel."""
    fields = params.fields((*_WHAT, "week_begins", "armed_after"))
    begins = _read_weekday(fields["week_begins"]) if "week_begins" in fields else 0
    return EventCount(
        basis,
        _selection(fields),
        Bound.MAX,
        1,
        CalendarWeek(begins),
        channels=True,
        armed_after=_step(fields, "armed_after"),
    )


def read_cooldown(params: Node, basis: str) -> EventCount:
    """None for so many `days` after such an event, its own day counted unless said otherwise."""
    fields = params.fields(("after", "days", "day_one", "exclude", "group_by"))
    days = params.need("days").integer(least=1) + _day_one_excluded(fields)
    return EventCount(
        basis,
        read_selection(params.need("after"), fields.get("exclude"), fields.get("group_by")),
        Bound.ZERO,
        0,
        RollingDays(days),
    )


def read_spacing(params: Node, basis: str) -> EventCount:
    """So many `days` before and after it without another one."""
    fields = params.fields((*_WHAT, "days"))
    days = params.need("days").integer(least=1) + 1
    return EventCount(basis, _selection(fields), Bound.ZERO, 0, RollingDays(days))


def read_notice(params: Node, basis: str) -> EventCount:
    """At least one such contact, so many `days` or `business_days` old and not older than
    `at_most_days`; with `clear_days` that many whole days lie between."""
    fields = params.fields(
        (*_WHAT, "days", "business_days", "clear_days", "at_most_days", "holidays")
    )
    return EventCount(
        basis,
        _selection(fields),
        Bound.MIN,
        1,
        _aged(params, fields),
        holidays_of=read_calendar(fields.get("holidays")),
    )


def read_ladder(params: Node, basis: str) -> InARow:
    """The last `in_a_row` contacts like `match` all had one of the `outcome`s of the match."""
    fields = params.fields((*_WHAT, "in_a_row"))
    times = params.need("in_a_row").integer(least=1)
    return _in_a_row(fields, params.need("match"), basis, times)


def _event_count(
    fields: dict[str, Node], params: Node, basis: str, bound: Bound, limit: int
) -> EventCount:
    if "count_distinct" in fields:
        fields["count_distinct"].one_of(("channel",))
    window = params.need("window")
    return EventCount(
        basis,
        _selection(fields),
        bound,
        limit,
        _read_period(window),
        channels="count_distinct" in fields,
        since=_since(fields, window),
        armed_after=_step(fields, "armed_after"),
        holidays_of=read_calendar(fields.get("holidays")),
    )


def _in_a_row(fields: dict[str, Node], match: Node, basis: str, times: int) -> InARow:
    for name in ("armed_after", "count_distinct", "holidays"):
        if name in fields:
            fields[name].fail(f"'{name}' means nothing for the last n in a row")
    selection = _selection(fields)
    if selection.outcomes is None:
        match.fail("how they ended is missing", "outcome: [failed]")
    return InARow(basis, selection.of_any_outcome(), selection.outcomes, times)


def _selection(fields: dict[str, Node]) -> Selection:
    return read_selection(fields.get("match"), fields.get("exclude"), fields.get("group_by"))


def _step(fields: dict[str, Node], name: str) -> Selection | None:
    """The events that arm a rule or start its count anew, in the same groups as it counts in."""
    return read_selection(fields[name], None, fields.get("group_by")) if name in fields else None


def _read_bound(node: Node) -> tuple[Bound, int]:
    if not node.is_mapping:
        node.one_of((Bound.ZERO,))
        return Bound.ZERO, 0
    fields = node.fields((Bound.MAX, Bound.MIN))
    if len(fields) != 1:
        node.fail("one bound belongs here", "{max: 2}, {min: 1} or zero")
    ((name, value),) = fields.items()
    return Bound(name), value.integer(least=1)


def _since(fields: dict[str, Node], window: Node) -> Selection | None:
    said = window.fields(_WINDOWS) if window.is_mapping else {}
    if "since" in said and not said["since"].pairs():
        said["since"].fail("any contact would begin the count anew", "{outcome: [conversation]}")
    return _step({**fields, **said}, "since")


def _read_period(node: Node) -> Period:
    if not node.is_mapping:
        words: dict[str, Period] = {
            "calendar_day": RollingDays(1),
            "calendar_month": CalendarMonth(),
            "ever": Ever(),
        }
        return words[node.one_of(words)]
    fields = node.fields(_WINDOWS)
    day_one = not _day_one_excluded(fields)
    kinds = [name for name in fields if name != "day_one"]
    if len(kinds) != 1:
        node.fail("one window belongs here", ", ".join(name for name in _WINDOWS[:-1]))
    value = fields[kinds[0]]
    if "day_one" in fields and kinds[0] not in _ROLLING[:2]:
        fields["day_one"].fail("only rolling days have a day one")
    if "last" in fields:
        value.fail("the last n in a row can only be a minimum", "a ladder")
    match kinds[0]:
        case "rolling_days":
            return RollingDays(value.integer(least=1) + (not day_one))
        case "rolling_business_days":
            return RollingWorkingDays(value.integer(least=1), day_one)
        case "rolling_minutes":
            return RollingSeconds(value.integer(least=1) * 60)
        case "calendar_week":
            return CalendarWeek(_read_weekday(value))
        case "age":
            return _aged(
                value, value.fields(("days", "business_days", "clear_days", "at_most_days"))
            )
        case _:  # since: all that came after the latest of those events
            return Ever()


def _aged(node: Node, fields: dict[str, Node]) -> Aged:
    given = [name for name in ("days", "business_days") if name in fields]
    if len(given) != 1:
        node.fail("an age in days or in business days belongs here", "days: 3")
    return Aged(
        least=fields[given[0]].integer(),
        working_days=given[0] == "business_days",
        clear="clear_days" in fields and fields["clear_days"].true_or_false(),
        most=fields["at_most_days"].integer(least=1) if "at_most_days" in fields else None,
    )


def _day_one_excluded(fields: dict[str, Node]) -> bool:
    return (
        "day_one" in fields and fields["day_one"].one_of(("inclusive", "exclusive")) == "exclusive"
    )


def _read_weekday(node: Node) -> int:
    return list(Weekday).index(node.choice(Weekday))
