"""A visit: one planned journey of a team to one address, and the states it goes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
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
    DISPATCHED = "dispatched"
    """The team was sent, after contact-rules was asked once more."""
    CHECKED_IN = "checked_in"
    """The team is at the door: only what comes of it is left to be told."""
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Nobody said that they went, and the time of its approval passed."""
    COMPLETED = "completed"


class VisitStep(StrEnum):
    """What can happen to a visit."""

    APPROVE = "approve"
    """Contact-rules' signed yes; it schedules the visit."""
    REVIEW = "review"
    """Contact-rules leaves the question to people."""
    DENY = "deny"
    RESCHEDULE = "reschedule"
    """It moves to another time, team or address, by a new approval."""
    DISPATCH = "dispatch"
    CHECK_IN = "check_in"
    CANCEL = "cancel"
    EXPIRE = "expire"
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
        (VisitStatus.SCHEDULED, VisitStep.RESCHEDULE): VisitStatus.SCHEDULED,
        (VisitStatus.SCHEDULED, VisitStep.DISPATCH): VisitStatus.DISPATCHED,
        (VisitStatus.SCHEDULED, VisitStep.CANCEL): VisitStatus.CANCELLED,
        (VisitStatus.SCHEDULED, VisitStep.EXPIRE): VisitStatus.EXPIRED,
        (VisitStatus.DISPATCHED, VisitStep.CHECK_IN): VisitStatus.CHECKED_IN,
        (VisitStatus.DISPATCHED, VisitStep.CANCEL): VisitStatus.CANCELLED,
        (VisitStatus.DISPATCHED, VisitStep.EXPIRE): VisitStatus.EXPIRED,
        # Telling what came of a visit asks for no step before it: an agent without a network
        # tells it late, and what happened is recorded, lawful or not.
        (VisitStatus.SCHEDULED, VisitStep.COMPLETE): VisitStatus.COMPLETED,
        (VisitStatus.DISPATCHED, VisitStep.COMPLETE): VisitStatus.COMPLETED,
        (VisitStatus.CHECKED_IN, VisitStep.COMPLETE): VisitStatus.COMPLETED,
        (VisitStatus.EXPIRED, VisitStep.COMPLETE): VisitStatus.COMPLETED,
    }
)

LIVE: Final = frozenset(status for status, step in TRANSITIONS if step is VisitStep.CANCEL)
"""States in which a visit may still be kept from happening, and so can be cancelled."""

APPROVED: Final = frozenset(
    status
    for status in VisitStatus
    if status
    not in {
        VisitStatus.REQUESTED,
        VisitStatus.NEEDS_REVIEW,
        VisitStatus.DENIED,
        VisitStatus.CANCELLED,
    }
)
"""States that no visit reaches without an approval."""


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
    RECALL = "recall"
    """The lender took the account back."""
    COMPLAINT = "complaint"
    RULE = "rule"
    """The rules allow it no longer, for what no other code names."""
    CEASE = "cease"
    DISPUTE = "dispute"
    REPRESENTED = "represented"
    BANKRUPT = "bankrupt"
    DECEASED = "deceased"
    HOSPITAL = "hospital"
    BEREAVEMENT = "bereavement"
    DISASTER = "disaster"
    HARDSHIP = "hardship"
    VULNERABLE = "vulnerable"
    MINOR = "minor"
    LITIGATION = "litigation"
    TIME_BARRED = "time_barred"


# What contact-rules calls the fact behind a revocation, where we say it in another word.
_REVOKED_FOR: Final[Mapping[str, CancelReason]] = MappingProxyType(
    {
        "plan_active": CancelReason.PLAN,
        "paid": CancelReason.PAYMENT,
        "hold": CancelReason.HOLD,
        "mandate_ended": CancelReason.RECALL,
        "complaint_open": CancelReason.COMPLAINT,
        **{
            reason.value: reason
            for reason in (
                CancelReason.CEASE,
                CancelReason.DISPUTE,
                CancelReason.REPRESENTED,
                CancelReason.BANKRUPT,
                CancelReason.DECEASED,
                CancelReason.HOSPITAL,
                CancelReason.BEREAVEMENT,
                CancelReason.DISASTER,
                CancelReason.HARDSHIP,
                CancelReason.VULNERABLE,
                CancelReason.MINOR,
                CancelReason.LITIGATION,
                CancelReason.TIME_BARRED,
            )
        },
    }
)


def reason_of_revocation(why: str) -> CancelReason:
    """The code for what contact-rules took an approval back for; `RULE` for any other word."""
    return _REVOKED_FOR.get(why, CancelReason.RULE)


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
    """A visit as its history has left it. ``ends_at`` is the planned end.

    ``must_leave_at`` is there once a team at the door was told to go.
    """

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
    dispatched_at: datetime | None = None
    must_leave_at: datetime | None = None


class VisitOver(Refusal):
    """The visit is denied, cancelled, expired or completed: nothing happens to it any more."""

    code: ClassVar[str] = "visit_over"

    def __init__(self) -> None:
        super().__init__(
            "The visit is denied, cancelled, expired or completed: nothing can happen to it any"
            " more.",
            "外访已被拒绝、取消、过期或完成，无法再作更改。",
        )


class VisitNotScheduled(Refusal):
    """The visit was never scheduled, so nobody may go, nor can have gone."""

    code: ClassVar[str] = "visit_not_scheduled"

    def __init__(self) -> None:
        super().__init__(
            "The visit is not scheduled: without an approval nobody may go.",
            "外访尚未排定：未经准入不得上门。",
        )


class VisitNotDispatched(Refusal):
    """The team was not sent yet, so it can't be at the door."""

    code: ClassVar[str] = "visit_not_dispatched"

    def __init__(self) -> None:
        super().__init__(
            "The visit is not dispatched: dispatch it before the team sets out.",
            "外访尚未派出：小组出发前须先派出。",
        )


class VisitUnderWay(Refusal):
    """The team was sent already, and perhaps is at the door."""

    code: ClassVar[str] = "visit_under_way"

    def __init__(self) -> None:
        super().__init__(
            "The team has been sent already, or is at the door.", "外访小组已派出或已到达。"
        )


class VisitAtTheDoor(Refusal):
    """The team is at the door: it is too late to cancel."""

    code: ClassVar[str] = "visit_at_the_door"

    def __init__(self) -> None:
        super().__init__(
            "The team is at the door, so the visit can't be cancelled any more. Have the team"
            " leave, and complete the visit with what came of it.",
            "外访小组已到达，无法再取消。请通知小组离开，并填报外访结果。",
        )


class VisitChanged(Refusal):
    """The visit is not any more as it was when contact-rules was asked."""

    code: ClassVar[str] = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "The visit changed while the rules were being asked: read it again.",
            "核查规则期间外访已变更，请重新读取。",
        )


class RescheduleOpen(Refusal):
    """It was asked to move the visit, and contact-rules has not answered yet."""

    code: ClassVar[str] = "reschedule_open"

    def __init__(self) -> None:
        super().__init__(
            "The visit is about to be moved: wait for the answer to that, a moment as a rule.",
            "该外访正在改期：请稍候片刻，等待审批结果。",
        )


class NothingToMove(Refusal):
    """The visit is asked to become what it is."""

    code: ClassVar[str] = "nothing_to_move"
    pointer: ClassVar[str] = "/starts_at"

    def __init__(self) -> None:
        super().__init__(
            "The visit has that time, team and address already.",
            "该外访的时间、人员与地址均未改变。",
        )


_UNDER_WAY: Final = frozenset({VisitStatus.DISPATCHED, VisitStatus.CHECKED_IN})
_UNDECIDED: Final = frozenset({VisitStatus.REQUESTED, VisitStatus.NEEDS_REVIEW})


def after(status: VisitStatus, step: VisitStep) -> VisitStatus:
    """The status a step leads to.

    Raises a refusal that says what is in the way: `VisitNotScheduled`, `VisitNotDispatched`,
    `VisitUnderWay`, `VisitAtTheDoor`, or `VisitOver`.
    """
    try:
        return TRANSITIONS[status, step]
    except KeyError:
        raise _in_the_way(status, step) from None


def _in_the_way(status: VisitStatus, step: VisitStep) -> Refusal:
    if status in _UNDECIDED:
        return VisitNotScheduled()
    if status is VisitStatus.CHECKED_IN and step is VisitStep.CANCEL:
        return VisitAtTheDoor()
    if status in _UNDER_WAY:
        return VisitUnderWay()
    if status is VisitStatus.SCHEDULED and step is VisitStep.CHECK_IN:
        return VisitNotDispatched()
    return VisitOver()


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


def age_on(born_on: date | None, day: date) -> int | None:
    """Completed years of age on ``day``; born on 29 February, a year older on 1 March."""
    if born_on is None or born_on > day:
        return None
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
