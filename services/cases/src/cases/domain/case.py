"""A case: the work on one person for one lender. Its states, and why it ends.

Three axes are kept apart: the life cycle (`CaseStatus`), the stage of the work (`Stage`), and
dated flags such as an active plan.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from cases.domain.refusal import Refusal


class CaseStatus(StrEnum):
    """Where a case is in its life."""

    OPEN = "open"
    WORKING = "working"
    RESOLVED = "resolved"
    CLOSED = "closed"


class CaseStep(StrEnum):
    """What can happen to a case."""

    WORK = "work"
    """The first visit is asked for."""
    RESOLVE = "resolve"
    """Nothing is overdue any more."""
    REOPEN = "reopen"
    """Something is overdue again: a payment bounced, a new instalment was missed."""
    CLOSE = "close"
    """For good, with a `CloseReason`."""


class Resolution(StrEnum):
    """How a case came to be resolved."""

    PAID = "paid"
    """Nothing is owed any more."""
    CURED = "cured"
    """Something is owed, and nothing of it is late."""


class CloseReason(StrEnum):
    """Why a case is over."""

    PAID = "paid"
    SETTLED = "settled"
    CURED = "cured"
    SOLD = "sold"
    RECALLED = "recalled"
    WRITTEN_OFF = "written_off"
    DECEASED = "deceased"
    FRAUD = "fraud"
    INVALID = "invalid"
    BANKRUPT = "bankrupt"
    TIME_BARRED = "time_barred"
    LEGAL_CLOSED = "legal_closed"
    MERGED = "merged"


class Stage(StrEnum):
    """Which kind of work goes on."""

    NOTICE = "notice"
    INTERNAL = "internal"
    FIELD = "field"
    AGENCY = "agency"
    LEGAL = "legal"


class Flag(StrEnum):
    """What holds for a case from a day to a day, whatever its status."""

    PLAN_ACTIVE = "plan_active"
    HOLD = "hold"
    """No collection, from a day to a day or until somebody lifts it."""
    COMPLAINT_OPEN = "complaint_open"


TRANSITIONS: Final[Mapping[tuple[CaseStatus, CaseStep], CaseStatus]] = MappingProxyType(
    {
        (CaseStatus.OPEN, CaseStep.WORK): CaseStatus.WORKING,
        (CaseStatus.WORKING, CaseStep.WORK): CaseStatus.WORKING,
        (CaseStatus.OPEN, CaseStep.RESOLVE): CaseStatus.RESOLVED,
        (CaseStatus.WORKING, CaseStep.RESOLVE): CaseStatus.RESOLVED,
        (CaseStatus.RESOLVED, CaseStep.REOPEN): CaseStatus.OPEN,
        (CaseStatus.OPEN, CaseStep.CLOSE): CaseStatus.CLOSED,
        (CaseStatus.WORKING, CaseStep.CLOSE): CaseStatus.CLOSED,
        (CaseStatus.RESOLVED, CaseStep.CLOSE): CaseStatus.CLOSED,
    }
)


class CaseNotOpen(Refusal):
    """The case is resolved or closed; what was asked needs an open one."""

    code: ClassVar[str] = "case_not_open"

    def __init__(self) -> None:
        super().__init__(
            "The case is resolved or closed: nothing is overdue that a visit could be about.",
            "案件已解决或已结案，没有需要外访的逾期款项。",
        )


class PlanActive(Refusal):
    """A repayment plan is active; it keeps everybody from the door."""

    code: ClassVar[str] = "plan_active"

    def __init__(self) -> None:
        super().__init__(
            "A repayment plan is active for this case: no visit while it is kept.",
            "本案还款计划正在执行，履约期间不得安排外访。",
        )


class CaseIsClosed(Refusal):
    """The case is over for good; what was asked needs one that is not."""

    code: ClassVar[str] = "case_closed"

    def __init__(self) -> None:
        super().__init__("The case is closed.", "案件已结案。")


def after(status: CaseStatus, step: CaseStep) -> CaseStatus:
    """The status a step leads to; raises `CaseNotOpen` where it can't be taken."""
    try:
        return TRANSITIONS[status, step]
    except KeyError:
        raise CaseNotOpen from None


def stage_of_field_work(stage: Stage) -> Stage:
    """The stage once a visit is asked for: at least the field; agency and legal stay."""
    return Stage.FIELD if stage in {Stage.NOTICE, Stage.INTERNAL} else stage


def still_owed(
    overdue: int, as_of: datetime, paid_at: datetime | None, recalled_at: datetime | None
) -> bool:
    """Whether an account needs work: something is overdue, as far as the newest news says.

    One that was recalled needs none, whatever is owed. The lender's statement and the payment are
    two witnesses; the later one (`as_of` against ``paid_at``) is believed. So a push that does not
    know of the payment can't undo it, and a push made after it (it bounced) can.
    """
    return recalled_at is None and overdue > 0 and (paid_at is None or as_of > paid_at)


def is_back(as_of: datetime, *, known_as_of: datetime, recalled_at: datetime | None) -> bool:
    """Whether a statement of a recalled account brings it back: one made after the recall.

    Files that were under way when the lender took the account back must not undo it; one dated
    ahead, known before the recall, neither.
    """
    return recalled_at is not None and as_of > recalled_at and as_of > known_as_of


def resolution(total: int) -> Resolution:
    """How a case ends that has nothing overdue, by what its accounts still owe in all."""
    return Resolution.CURED if total > 0 else Resolution.PAID
