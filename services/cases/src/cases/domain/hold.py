"""A hold: no collection from a day to a day, for a reason, until it ends or somebody lifts it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cases.domain.refusal import Refusal


class HoldReason(StrEnum):
    """Why collection is held, as others are told; the words themselves stay with the hold."""

    HARDSHIP = "hardship"
    HOSPITAL = "hospital"
    BEREAVEMENT = "bereavement"
    DISASTER = "disaster"
    VULNERABLE = "vulnerable"
    DISPUTE = "dispute"
    COMPLAINT = "complaint"
    NEGOTIATION = "negotiation"
    LEGAL = "legal"
    LENDER = "lender"
    REGULATOR = "regulator"
    OTHER = "other"


def reason_given(words: str) -> HoldReason:
    """The code for a reason people give, `OTHER` for one in words of their own."""
    try:
        return HoldReason(words)
    except ValueError:
        return HoldReason.OTHER


class HoldState(StrEnum):
    """Where a hold is in its life, at a moment."""

    UPCOMING = "upcoming"
    STANDING = "standing"
    ENDED = "ended"
    """Its last day is over."""
    LIFTED = "lifted"


MERGED: Final = "merged"
"""Why a hold is lifted whose case was merged into another one, where it stands anew."""


@dataclass(frozen=True, slots=True)
class Hold:
    """No collection on the days ``from_on`` to ``until_on``, both included; None: no end is known.

    Those are days at the door. ``calendar`` is the time zone whose dates say whether it stands now.
    """

    id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    reason: str
    note: str | None
    calendar: str
    from_on: date
    until_on: date | None
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None

    @property
    def begins_at(self) -> datetime:
        """When its first day begins, in UTC."""
        return _midnight(self.from_on, self.calendar)

    @property
    def ends_at(self) -> datetime | None:
        """When its last day is over, in UTC; None: no end is known."""
        if self.until_on is None:
            return None
        return _midnight(self.until_on + timedelta(days=1), self.calendar)

    def state(self, now: datetime) -> HoldState:
        """What it is ``now``."""
        if self.lifted_at is not None:
            return HoldState.LIFTED
        if now < self.begins_at:
            return HoldState.UPCOMING
        ends_at = self.ends_at
        return HoldState.STANDING if ends_at is None or now < ends_at else HoldState.ENDED

    def keeps_away(self, first: date, last: date) -> bool:
        """Whether nobody may come on any of these days, told in the calendar of the door."""
        if self.lifted_at is not None:
            return False
        return self.from_on <= last and (self.until_on is None or first <= self.until_on)


def _midnight(day: date, calendar: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(calendar)).astimezone(UTC)


def days_of(starts_at: datetime, ends_at: datetime, timezone: str | None) -> tuple[date, date]:
    """The first and last local day of a visit at a door there; in UTC where that is not known."""
    zone = UTC if timezone is None else ZoneInfo(timezone)
    # One that ends at midnight takes nothing of the next day.
    last = ends_at - timedelta(microseconds=1)
    return starts_at.astimezone(zone).date(), last.astimezone(zone).date()


class OnHold(Refusal):
    """Collection is held on the day of the visit, up to ``until_on``; None: no end is known."""

    code: ClassVar[str] = "on_hold"

    def __init__(self, until_on: date | None) -> None:
        self.until_on = until_on
        if until_on is None:
            super().__init__(
                "Collection is held until somebody lifts the hold: no visit on that day.",
                "本案已停催，解除前不得安排外访。",
            )
        else:
            super().__init__(
                f"Collection is held up to and including {until_on}: no visit on that day.",
                f"本案停催至 {until_on}（含当日），期间不得安排外访。",
            )


def check_free(holds: Iterable[Hold], first: date, last: date) -> None:
    """Raise `OnHold`, naming the latest end, if any of ``holds`` keeps everybody away then."""
    ends = [hold.until_on for hold in holds if hold.keeps_away(first, last)]
    if ends:
        known = [end for end in ends if end is not None]
        raise OnHold(None if len(known) < len(ends) else max(known))


class EndsBeforeItBegins(Refusal):
    """The last day lies before the first."""

    code: ClassVar[str] = "before_the_beginning"
    pointer: ClassVar[str] = "/until"

    def __init__(self) -> None:
        super().__init__(
            "The last day must not lie before the first.", "结束日期不得早于开始日期。"
        )


class EndedAlready(Refusal):
    """The last day is over, so there is nothing to hold."""

    code: ClassVar[str] = "already_over"
    pointer: ClassVar[str] = "/until"

    def __init__(self) -> None:
        super().__init__("The last day is over already.", "结束日期已过。")


def check_days(from_on: date, until_on: date | None, today: date) -> None:
    """Raise a refusal with its pointer for days that hold nothing. ``from_on`` may have passed."""
    if until_on is None:
        return
    if until_on < from_on:
        raise EndsBeforeItBegins
    if until_on < today:
        raise EndedAlready


class HoldOver(Refusal):
    """The hold was lifted or has ended."""

    code: ClassVar[str] = "hold_over"

    def __init__(self) -> None:
        super().__init__("The hold was lifted or has ended.", "停催已解除或已结束。")
