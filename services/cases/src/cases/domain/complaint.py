"""A complaint of a debtor about how a debt is collected: nobody comes while it is open."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from cases.domain.refusal import Refusal


class ComplaintOutcome(StrEnum):
    """What came of a complaint."""

    UPHELD = "upheld"
    PARTLY = "partly"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    """Its case was merged into another one, where it stands anew. The house's word alone."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint; ``closed_at`` None: it is open. ``external_id`` is the lender's own."""

    id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    about: str
    channel: str | None
    external_id: str | None
    received_on: date
    opened_at: datetime
    opened_by: str
    outcome: ComplaintOutcome | None = None
    closed_on: date | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None

    def same_as(self, other: "Complaint") -> bool:
        """Whether both tell of one complaint alike."""
        return (self.case_id, self.about, self.channel, self.received_on) == (
            other.case_id,
            other.about,
            other.channel,
            other.received_on,
        )


class ComplaintIsOpen(Refusal):
    """A complaint is open; it keeps everybody from the door."""

    code: ClassVar[str] = "complaint_open"

    def __init__(self) -> None:
        super().__init__(
            "A complaint is open for this case: no visit until it is closed.",
            "本案有未结投诉，结案前不得安排外访。",
        )


class ComplaintKnown(Refusal):
    """The lender's id names another complaint."""

    code: ClassVar[str] = "complaint_known"

    def __init__(self) -> None:
        super().__init__(
            "This external_id names another complaint.", "该 external_id 已用于另一投诉。"
        )


class ComplaintOver(Refusal):
    """The complaint is closed already, with another outcome or day."""

    code: ClassVar[str] = "complaint_over"

    def __init__(self) -> None:
        super().__init__("The complaint is closed already.", "投诉已结案。")


class ReceivedInFuture(Refusal):
    """Nobody can have received it yet."""

    code: ClassVar[str] = "in_the_future"
    pointer: ClassVar[str] = "/received_on"

    def __init__(self) -> None:
        super().__init__("That day has not come anywhere yet.", "该日期尚未到来。")


class ClosedOnImpossible(Refusal):
    """It was closed after it was received, and not in the future."""

    code: ClassVar[str] = "impossible_date"
    pointer: ClassVar[str] = "/closed_on"

    def __init__(self) -> None:
        super().__init__(
            "It was closed on a day from the one it was received up to today.",
            "结案日期须在收到日期至今日之间。",
        )


# It is already tomorrow somewhere.
_AHEAD = timedelta(days=1)


def check_received(received_on: date, now: datetime) -> None:
    """Raise `ReceivedInFuture` for a day that has not come anywhere."""
    if received_on > (now + _AHEAD).date():
        raise ReceivedInFuture


def check_closed(closed_on: date, complaint: Complaint, now: datetime) -> None:
    """Raise `ClosedOnImpossible` for a day it can't have been closed on."""
    if not complaint.received_on <= closed_on <= (now + _AHEAD).date():
        raise ClosedOnImpossible
