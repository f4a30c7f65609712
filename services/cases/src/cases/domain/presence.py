"""Whether a team is where and when its visit was approved for.

A position that nobody gave, or an address nobody located, is unknown, not elsewhere: a phone
without a signal must not keep a lawful visit from being recorded. A position that was given and
lies elsewhere is refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from geographiclib.geodesic import Geodesic

from cases.domain.refusal import Refusal
from cases.domain.visit import Visit

MOST_ACCURACY_COUNTED: Final = 300.0
"""Metres. A phone that knows its place no better than that has to wait until it does."""
EARLIEST: Final = timedelta(minutes=15)
"""How long before its planned start a team may be at the door."""
OLDEST: Final = timedelta(hours=24)
"""How long after they were at the door a team without a network may still say so."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a device says it is: degrees of WGS 84, and within how many metres that is true.

    Raises ValueError for what is nowhere on the earth.
    """

    latitude: float
    longitude: float
    accuracy_m: float | None

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError("no place on the earth")
        if self.accuracy_m is not None and not self.accuracy_m >= 0:
            raise ValueError("no accuracy")


class PlaceCheck(StrEnum):
    """What is known of a team's place."""

    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """What the comparison of a position with an address found; whole metres, None: unknown."""

    check: PlaceCheck
    distance_m: int | None


class NotAtThePlace(Refusal):
    """The position is too far from the address."""

    code: ClassVar[str] = "not_at_the_place"

    def __init__(self, distance_m: int, allowed_m: int) -> None:
        super().__init__(
            f"You are {distance_m} m from the address; at most {allowed_m} m are taken for being"
            " there. Go there, or wait until the device knows its position better.",
            f"您距该地址 {distance_m} 米，允许范围为 {allowed_m} 米。请前往该地址，"
            "或等待设备定位更准确后再试。",
        )
        self.distance_m = distance_m
        self.allowed_m = allowed_m


class OutsideHours(Refusal):
    """The moment lies outside those the visit was approved for."""

    code: ClassVar[str] = "outside_hours"

    def __init__(self, earliest: datetime, latest: datetime, *, early: bool) -> None:
        if early:
            super().__init__(
                "It is too early: the team may be at the door from a quarter of an hour before the"
                " planned start.",
                "时间过早：最早可在计划开始前 15 分钟到达。",
            )
        else:
            super().__init__(
                "It is too late for this visit: reschedule it, or tell what came of it if you"
                " have been there.",
                "该外访时段已过：请改期；若已到访，请填报结果。",
            )
        self.earliest = earliest
        self.latest = latest


class ArrivalNotPlausible(Refusal):
    """The team can't have arrived at that time, or tells it too late."""

    code: ClassVar[str] = "arrival_not_plausible"
    pointer: ClassVar[str] = "/at"


def check_place(
    position: Position | None, latitude: float | None, longitude: float | None, within_m: float
) -> Place:
    """Compare where a team is with where its address is (degrees; None: nobody knows).

    As far away as its position may be wrong, up to 300 m, it is given the benefit of the doubt.
    Raises `NotAtThePlace`.
    """
    if position is None or latitude is None or longitude is None:
        return Place(PlaceCheck.UNKNOWN, None)
    metres = Geodesic.WGS84.Inverse(
        latitude, longitude, position.latitude, position.longitude, Geodesic.DISTANCE
    )["s12"]
    allowed = within_m + min(position.accuracy_m or 0.0, MOST_ACCURACY_COUNTED)
    if not metres <= allowed:
        raise NotAtThePlace(round(metres), round(allowed))
    return Place(PlaceCheck.CONFIRMED, round(metres))


def check_arrival(visit: Visit, at: datetime, now: datetime) -> None:
    """Raise `ArrivalNotPlausible` unless the team can have been there at ``at``, told now."""
    if at > now:
        raise ArrivalNotPlausible("The team can't be there yet.", "小组不可能已经到达。")
    if at < now - OLDEST:
        raise ArrivalNotPlausible(
            "That is more than a day ago: complete the visit instead, with its times.",
            "距今已超过一天：请直接填报外访结果及时间。",
        )
    # Times told are whole seconds.
    if visit.dispatched_at is not None and at < visit.dispatched_at.replace(microsecond=0):
        raise ArrivalNotPlausible(
            "The team was not dispatched yet at that time.", "该时间小组尚未派出。"
        )


def check_hours(at: datetime, starts_at: datetime, latest: datetime) -> None:
    """Raise `OutsideHours` unless ``at`` is from a quarter of an hour before the start to the
    latest moment the approval allows."""
    if at < starts_at - EARLIEST:
        raise OutsideHours(starts_at - EARLIEST, latest, early=True)
    check_not_over(at, starts_at, latest)


def check_not_over(at: datetime, starts_at: datetime, latest: datetime) -> None:
    """Raise `OutsideHours` when nobody could be at the door in time any more."""
    if at > latest:
        raise OutsideHours(starts_at - EARLIEST, latest, early=False)


def latest_arrival(
    ends_at: datetime, must_end_by: datetime | None, expires_at: datetime
) -> datetime:
    """Until when an approval lets anybody be at the door: while the law does, and it is valid."""
    return min(must_end_by or ends_at, expires_at)
