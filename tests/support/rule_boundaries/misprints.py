"""Every way to get one number or word of a rule wrong: what the cases must be able to notice."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from rule_boundaries.local_days import WEEKDAYS
from rule_boundaries.papers import COUNTS, Json

_NUMBERS: Final = (
    "max",
    "min",
    "days",
    "business_days",
    "at_most_days",
    "in_a_row",
    "rolling_days",
    "rolling_business_days",
    "rolling_minutes",
    "last",
    "uses",
    "after_days",
    "after_months",
)
_OTHER_WORDS: Final = {
    "calendar_day": {"rolling_days": 2},
    "calendar_month": {"rolling_days": 30},
    "ever": {"rolling_days": 365},
}
Path = tuple[Any, ...]


def misprints(rule: Json) -> Iterator[tuple[str, Json]]:
    """The rule with one thing in it changed, and what that is."""
    params = rule["params"]
    if rule["kind"] == "window":
        yield from _of_hours(rule)
    elif rule["kind"] in COUNTS:
        yield from _of_counts(rule)
    else:
        yield from _of_states(rule)
    for path, value in _leaves(params):
        if path[-1] in _NUMBERS and isinstance(value, int) and not isinstance(value, bool):
            for number in (value - 1, value + 1):
                yield f"{path[-1]}: {number}", _with(rule, path, number)


def _of_hours(rule: Json) -> Iterator[tuple[str, Json]]:
    params = rule["params"]
    for day, periods in params["hours"].items():
        for number, period in enumerate(periods if periods != "closed" else ()):
            from_, to = period.split("-")
            for other in (f"{_later(from_, 1)}-{to}", f"{from_}-{_later(to, -1)}"):
                changed = [*periods[:number], other, *periods[number + 1 :]]
                yield f"{day} {other}", _with(rule, ("hours", day), changed)
    for day in ("holiday", "makeup"):
        if day in params["hours"]:
            hours = {key: value for key, value in params["hours"].items() if key != day}
            without = _with(rule, ("hours",), hours)
            if not {"holiday", "makeup"} & set(hours):
                without["params"].pop("holidays", None)
            yield f"no {day}", without
    always = all(periods == ["00:00-24:00"] for periods in params["hours"].values())
    if not always or "closed_on" in params or "state" in params.get("override_by", {}):
        bounds = "closed" if params.get("bounds") == "open" else "open"
        yield f"bounds: {bounds}", _with(rule, ("bounds",), bounds)
    test = "whole_interval" if params.get("test") == "start" else "start"
    yield f"test: {test}", _with(rule, ("test",), test)
    for path in (("closed_on", "names"), ("override_by", "consent"), ("override_by", "state")):
        yield from _fewer(rule, path)
    yield from _fewer(rule, ("closed_by",))


def _of_counts(rule: Json) -> Iterator[tuple[str, Json]]:
    params = rule["params"]
    for name in ("match", "after"):
        for key in params.get(name, {}):
            if len(params[name]) > 1 and not (key == "outcome" and _in_a_row(rule)):
                kept = {k: v for k, v in params[name].items() if k != key}
                yield f"no {key}", _with(rule, (name,), kept)
            yield from _fewer(rule, (name, key))
    yield from _fewer(rule, ("exclude",))
    yield from _fewer(rule, ("group_by",))
    for number, item in enumerate(params.get("exclude", ())):
        for key in ("days", "ends_with"):
            if key in item:
                yield f"no {key}", _without(rule, ("exclude", number, key))
    for key in ("armed_after", "at_most_days", "count_distinct"):
        if key in params:
            yield f"no {key}", _without(rule, (key,))
    window = params.get("window")
    if isinstance(window, str):
        longer = _OTHER_WORDS[window]
        yield f"{longer} for {window}", _with(rule, ("window",), longer)
    elif window and "since" in window:
        yield "ever", _with(rule, ("window",), "ever")
    elif window and "calendar_week" in window:
        next_ = WEEKDAYS[(WEEKDAYS.index(window["calendar_week"]) + 1) % 7]
        yield f"weeks begin on {next_}", _with(rule, ("window", "calendar_week"), next_)
    if rule["kind"] == "one_channel_per_week":
        next_ = WEEKDAYS[(WEEKDAYS.index(params.get("week_begins", "mon")) + 1) % 7]
        yield f"weeks begin on {next_}", _with(rule, ("week_begins",), next_)
    for path, days in (((), "days"), (("window",), "rolling_days")):
        said = params if not path else window
        fits = rule["kind"] == "cooldown" if not path else isinstance(window, dict)
        if fits and days in said:
            other = "inclusive" if said.get("day_one") == "exclusive" else "exclusive"
            yield f"day one {other}", _with(rule, (*path, "day_one"), other)
    if rule["kind"] == "notice" and (params.get("days") or params.get("business_days")):
        clear = not params.get("clear_days", False)
        yield f"clear days: {clear}", _with(rule, ("clear_days",), clear)


def _of_states(rule: Json) -> Iterator[tuple[str, Json]]:
    params = rule["params"]
    for path in (("state",), ("state", "kind"), ("state", "form"), ("scope",), ("form",)):
        yield from _fewer(rule, path)
    for key in ("lifts", "withdrawn_by", "reroute_to", "only_channels", "form", "days", "uses"):
        if key in params:
            yield f"no {key}", _without(rule, (key,))
    if "state" in params:
        whose = "party" if params.get("whose") == "anyone" else "anyone"
        yield f"whose: {whose}", _with(rule, ("whose",), whose)
    if "annual_rate" in params:
        over = f"{float(params['annual_rate']['over']) + 0.0001:.4f}"
        yield f"over {over}", _with(rule, ("annual_rate", "over"), over)


def _in_a_row(rule: Json) -> bool:
    window = rule["params"].get("window")
    return rule["kind"] == "ladder" or (isinstance(window, dict) and "last" in window)


def _later(time: str, minutes: int) -> str:
    hour, minute = map(int, time.split(":"))
    later = hour * 60 + minute + minutes
    return f"{later // 60:02}:{later % 60:02}"


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*path, key))
    else:
        yield path, value


def _fewer(rule: Json, path: Path) -> Iterator[tuple[str, Json]]:
    """A list without one of its words, each in turn; without itself, where it has only one."""
    found: Any = rule["params"]
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return
        found = found[key]
    if not isinstance(found, list):
        return
    for number, word in enumerate(found):
        kept = [*found[:number], *found[number + 1 :]]
        changed = _with(rule, path, kept) if kept else _without(rule, path)
        yield f"{'.'.join(map(str, path))} without {word}", changed


def _with(rule: Json, path: Path, value: Any) -> Json:
    changed = deepcopy(rule)
    found = changed["params"]
    for key in path[:-1]:
        found = found[key]
    found[path[-1]] = value
    return changed


def _without(rule: Json, path: Path) -> Json:
    changed = deepcopy(rule)
    found = changed["params"]
    for key in path[:-1]:
        found = found[key]
    del found[path[-1]]
    return changed
