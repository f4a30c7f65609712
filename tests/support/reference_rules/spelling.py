"""What the readable aliases of `event_count` say at length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_rules.choosing import spelled_out


@dataclass
class Spec:
    """An `event_count` in full.

    `window` is `("days", n)`, `("business", n, day one counted)`, `("seconds", n)`,
    `("week", first day)`, `("month",)`, `("ever",)` or
    `("age", least, in working days, clear, most)`.
    """

    match: Mapping[str, Any]
    exclude: list[Mapping[str, Any]]
    group_by: list[str]
    bound: str
    limit: int
    window: tuple[Any, ...] = ("ever",)
    distinct: bool = False
    since: Mapping[str, Any] | None = None
    armed_after: Mapping[str, Any] | None = None
    holidays: str = "place"
    last: bool = False
    outcomes: tuple[str, ...] = ()

    @property
    def counts_days(self) -> bool:
        return not self.last and self.window[0] not in ("ever", "seconds")


def spell_out(kind: str, params: Mapping[str, Any]) -> Spec:
    spec = Spec(
        match=params.get("match") or {},
        exclude=list(params.get("exclude") or []),
        group_by=list(params.get("group_by") or []),
        bound="max",
        limit=1,
        distinct="count_distinct" in params,
        armed_after=params.get("armed_after"),
        holidays=params.get("holidays", "place"),
    )
    window = params.get("window", "ever")
    match kind:
        case "cap":
            spec.limit = params["max"]
        case "one_channel_per_week":
            spec.distinct, window = True, {"calendar_week": params.get("week_begins", "mon")}
        case "cooldown":
            spec.match, spec.bound, spec.limit = params["after"], "zero", 0
            window = {"rolling_days": params["days"], "day_one": params.get("day_one", "inclusive")}
        case "spacing":
            spec.bound, spec.limit = "zero", 0
            window = {"rolling_days": params["days"] + 1}
        case "notice":
            spec.bound, window = "min", {"age": params}
        case "ladder":
            spec.bound, spec.limit, spec.last = "min", params["in_a_row"], True
        case _:
            bound = params["bound"]
            ((spec.bound, spec.limit),) = [("zero", 0)] if bound == "zero" else list(bound.items())
            spec.last = isinstance(window, Mapping) and "last" in window
    if isinstance(window, Mapping):
        spec.since = window.get("since")
    if spec.last:
        spec.outcomes = tuple(spelled_out(spec.match["outcome"]))
        spec.match = {key: value for key, value in spec.match.items() if key != "outcome"}
    else:
        spec.window = _window(window)
    return spec


def _window(said: Any) -> tuple[Any, ...]:
    if isinstance(said, str):
        return {"calendar_day": ("days", 1), "calendar_month": ("month",), "ever": ("ever",)}[said]
    inclusive = said.get("day_one", "inclusive") == "inclusive"
    if "rolling_days" in said:
        return ("days", said["rolling_days"] + (not inclusive))
    if "rolling_business_days" in said:
        return ("business", said["rolling_business_days"], inclusive)
    if "rolling_minutes" in said:
        return ("seconds", said["rolling_minutes"] * 60)
    if "calendar_week" in said:
        return ("week", said["calendar_week"])
    if "age" in said:
        age = said["age"]
        least = age["days"] if "days" in age else age["business_days"]
        clear = age.get("clear_days", False)
        return ("age", least, "business_days" in age, clear, age.get("at_most_days"))
    return ("ever",)  # since: what came after the latest of these
