"""When a visit can be planned for, and which times told of one can be those it had."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from cases.domain.refusal import Refusal
from cases.domain.visit import Visit

FURTHEST_AHEAD: Final = timedelta(days=90)
LONGEST: Final = timedelta(minutes=480)
LARGEST_TEAM: Final = 10


class StartNotPlannable(Refusal):
    """The start lies in the past or too far ahead."""

    code: ClassVar[str] = "start_not_plannable"
    pointer: ClassVar[str] = "/starts_at"


def check_start(starts_at: datetime, now: datetime) -> None:
    """Raise `StartNotPlannable` unless the start is after ``now`` and at most 90 days ahead."""
    if starts_at <= now:
        raise StartNotPlannable(
            "A visit is planned for the future; this start has passed.",
            "外访须安排在将来，该开始时间已过。",
        )
    if starts_at > now + FURTHEST_AHEAD:
        raise StartNotPlannable(
            "A visit is planned at most 90 days ahead.", "外访最多提前 90 天安排。"
        )


class TimesNotPlausible(Refusal):
    """The times told of a visit can't be those of the one that was planned."""

    code: ClassVar[str] = "times_not_plausible"


# A visit may begin late and last longer than planned, and even outside its lawful hours: that is
# recorded as it was, never refused. Half a day off the plan is another visit.
OFF_PLAN: Final = timedelta(hours=12)
LONGEST_STAY: Final = timedelta(hours=24)


def check_times(visit: Visit, started_at: datetime, ended_at: datetime, now: datetime) -> None:
    """Raise a refusal with its pointer when the times of a finished visit make no sense."""
    if started_at > now:
        raise StartNotPlausible("The visit can't have begun yet.", "外访不可能已经开始。")
    if ended_at < started_at or ended_at > now:
        raise EndNotPlausible(
            "The visit ended after it began and before now.", "结束时间须晚于开始时间且不晚于现在。"
        )
    if ended_at - started_at > LONGEST_STAY:
        raise EndNotPlausible("Nobody stays longer than a day.", "外访时长不可能超过一天。")
    if not visit.starts_at - OFF_PLAN <= started_at <= visit.ends_at + OFF_PLAN:
        raise StartNotPlausible(
            "That is more than twelve hours off the plan: it was another visit.",
            "与计划时间相差超过 12 小时，应为另一次外访。",
        )


class StartNotPlausible(TimesNotPlausible):
    """``started_at`` is wrong."""

    pointer: ClassVar[str] = "/started_at"


class EndNotPlausible(TimesNotPlausible):
    """``ended_at`` is wrong."""

    pointer: ClassVar[str] = "/ended_at"
