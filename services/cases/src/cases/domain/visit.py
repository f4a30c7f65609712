"""A visit: one planned journey of a team to one address, and the states it goes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final
from uuid import UUID

from cases.domain.account import Role
from cases.domain.refusal import Refusal


class VisitStatus(StrEnum):
    """Where a visit is. Nobody goes before it is scheduled, and no visit is without approval."""

    REQUESTED = "requested"
    NEEDS_REVIEW = "needs_review"
    SCHEDULED = "scheduled"
    DENIED = "denied"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class VisitStep(StrEnum):
    """What can happen to a visit."""

    APPROVE = "approve"
    """Contact-rules' signed yes; it schedules the visit."""
    REVIEW = "review"
    """Contact-rules leaves the question to people."""
    DENY = "deny"
    CANCEL = "cancel"
    COMPLETE = "complete"


TRANSITIONS: Final[Mapping[tuple[VisitStatus, VisitStep], VisitStatus]] = MappingProxyType(
    {
        (VisitStatus.REQUESTED, VisitStep.APPROVE): VisitStatus.SCHEDULED,
        (VisitStatus.REQUESTED, VisitStep.REVIEW): VisitStatus.NEEDS_REVIEW,
        (VisitStatus.REQUESTED, VisitStep.DENY): VisitStatus.DENIED,
        (VisitStatus.REQUESTED, VisitStep.CANCEL): VisitStatus.CANCELLED,
        (VisitStatus.NEEDS_REVIEW, VisitStep.APPROVE): VisitStatus.SCHEDULED,
        (VisitStatus.NEEDS_REVIEW, VisitStep.DENY): VisitStatus.DENIED,
        (VisitStatus.NEEDS_REVIEW, VisitStep.CANCEL): VisitStatus.CANCELLED,
        (VisitStatus.SCHEDULED, VisitStep.CANCEL): VisitStatus.CANCELLED,
        (VisitStatus.SCHEDULED, VisitStep.COMPLETE): VisitStatus.COMPLETED,
    }
)

LIVE: Final = frozenset(status for status, step in TRANSITIONS if step is VisitStep.CANCEL)
"""States in which a visit may still happen, and so can be cancelled."""


class Purpose(StrEnum):
    """What a visit is for."""

    COLLECT = "collect"
    LOCATE = "locate"
    RELAY = "relay"
    PLAN = "plan"
    REPLY = "reply"
    LEGAL_NOTICE = "legal_notice"
    SERVICE_OF_PROCESS = "service_of_process"
    REPOSSESSION = "repossession"
    VALIDATION = "validation"


class CancelReason(StrEnum):
    """Why a visit does not happen, as others are told."""

    AGENT = "agent"
    DEBTOR = "debtor"
    HOLD = "hold"
    LENDER = "lender"
    REQUEST = "request"
    """Somebody asked, for a reason of their own words."""
    PAYMENT = "payment"
    PLAN = "plan"
    MERGED = "merged"
    """Its case was merged into another one."""
    EXPIRED = "expired"
    """The approval came when it was over already."""


def reason_given(words: str) -> CancelReason:
    """The code for a reason people give; what only the house can know is theirs to say as text."""
    peoples = {CancelReason.AGENT, CancelReason.DEBTOR, CancelReason.HOLD, CancelReason.LENDER}
    return next((reason for reason in peoples if reason.value == words), CancelReason.REQUEST)


@dataclass(frozen=True, slots=True)
class Party:
    """Who is to be met; ``id`` None = somebody not known by name."""

    role: Role
    id: UUID | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as its history has left it. ``ends_at`` is the planned end."""

    id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    address_id: UUID
    status: VisitStatus
    starts_at: datetime
    ends_at: datetime
    party: Party
    purpose: Purpose
    approval_id: UUID | None = None


class VisitOver(Refusal):
    """The visit is denied, cancelled or completed; nothing happens to it any more."""

    code: ClassVar[str] = "visit_over"

    def __init__(self) -> None:
        super().__init__(
            "The visit is denied, cancelled or completed: nothing can happen to it any more.",
            "外访已被拒绝、取消或完成，无法再作更改。",
        )


class VisitNotScheduled(Refusal):
    """The visit was never scheduled, so nobody can have gone."""

    code: ClassVar[str] = "visit_not_scheduled"

    def __init__(self) -> None:
        super().__init__(
            "The visit is not scheduled: without an approval nobody may have gone.",
            "外访尚未排定：未经准入不得上门。",
        )


def after(status: VisitStatus, step: VisitStep) -> VisitStatus:
    """The status a step leads to.

    Raises `VisitNotScheduled` for completing a live visit that is not scheduled, `VisitOver` for
    any other step that can't be taken.
    """
    try:
        return TRANSITIONS[status, step]
    except KeyError:
        if step is VisitStep.COMPLETE and status in LIVE:
            raise VisitNotScheduled from None
        raise VisitOver from None


class AddressNotOfCase(Refusal):
    """The address is none at which this person may be visited."""

    code: ClassVar[str] = "address_not_of_case"
    pointer: ClassVar[str] = "/address_id"

    def __init__(self) -> None:
        super().__init__(
            "The lender lists no such address for the accounts of this case.",
            "委托方未在本案账户中列出该地址。",
        )


class PartyNotKnown(Refusal):
    """Whoever is to be met is not named beside the case's accounts."""

    code: ClassVar[str] = "party_not_known"
    pointer: ClassVar[str] = "/party"

    def __init__(self) -> None:
        super().__init__(
            "Nobody of that id and role is named beside the accounts of this case; somebody liable"
            " must be.",
            "本案账户中没有该编号和身份的人员；承担责任者必须列明。",
        )


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


def age_on(born_on: date | None, day: date) -> int | None:
    """Completed years of age on ``day``; born on 29 February, a year older on 1 March."""
    if born_on is None or born_on > day:
        return None
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
