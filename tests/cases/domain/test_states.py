"""Visits and cases go from state to state as the tables say, and nowhere else."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from cases.domain import case, visit, visit_times
from cases.domain.account import Role
from cases.domain.case import CaseNotOpen, CaseStatus, CaseStep, Resolution
from cases.domain.refusal import Refusal
from cases.domain.visit import (
    CancelReason,
    Party,
    Purpose,
    Visit,
    VisitAtTheDoor,
    VisitNotDispatched,
    VisitNotScheduled,
    VisitOver,
    VisitStatus,
    VisitStep,
    VisitUnderWay,
)
from cases.domain.visit_times import StartNotPlannable, TimesNotPlausible

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)

VISIT_STEPS = {
    VisitStatus.REQUESTED: {
        VisitStep.APPROVE: VisitStatus.SCHEDULED,
        VisitStep.REVIEW: VisitStatus.NEEDS_REVIEW,
        VisitStep.DENY: VisitStatus.DENIED,
        VisitStep.CANCEL: VisitStatus.CANCELLED,
    },
    VisitStatus.NEEDS_REVIEW: {
        VisitStep.APPROVE: VisitStatus.SCHEDULED,
        VisitStep.DENY: VisitStatus.DENIED,
        VisitStep.CANCEL: VisitStatus.CANCELLED,
    },
    VisitStatus.SCHEDULED: {
        VisitStep.RESCHEDULE: VisitStatus.SCHEDULED,
        VisitStep.DISPATCH: VisitStatus.DISPATCHED,
        VisitStep.CANCEL: VisitStatus.CANCELLED,
        VisitStep.EXPIRE: VisitStatus.EXPIRED,
        VisitStep.COMPLETE: VisitStatus.COMPLETED,
    },
    VisitStatus.DISPATCHED: {
        VisitStep.CHECK_IN: VisitStatus.CHECKED_IN,
        VisitStep.CANCEL: VisitStatus.CANCELLED,
        VisitStep.EXPIRE: VisitStatus.EXPIRED,
        VisitStep.COMPLETE: VisitStatus.COMPLETED,
    },
    VisitStatus.CHECKED_IN: {VisitStep.COMPLETE: VisitStatus.COMPLETED},
    VisitStatus.EXPIRED: {VisitStep.COMPLETE: VisitStatus.COMPLETED},
    VisitStatus.DENIED: {},
    VisitStatus.CANCELLED: {},
    VisitStatus.COMPLETED: {},
}
UNDECIDED = (VisitStatus.REQUESTED, VisitStatus.NEEDS_REVIEW)


@pytest.mark.parametrize("status", VisitStatus)
@pytest.mark.parametrize("step", VisitStep)
def test_a_visit_takes_exactly_the_steps_of_its_state(status: VisitStatus, step: VisitStep) -> None:
    to = VISIT_STEPS[status].get(step)
    if to is not None:
        assert visit.after(status, step) is to
    else:
        with pytest.raises(Refusal):
            visit.after(status, step)


@pytest.mark.parametrize(
    ("statuses", "step", "refusal"),
    [
        (UNDECIDED, VisitStep.COMPLETE, VisitNotScheduled),
        (UNDECIDED, VisitStep.DISPATCH, VisitNotScheduled),
        (UNDECIDED, VisitStep.CHECK_IN, VisitNotScheduled),
        (UNDECIDED, VisitStep.RESCHEDULE, VisitNotScheduled),
        ([VisitStatus.SCHEDULED], VisitStep.CHECK_IN, VisitNotDispatched),
        ([VisitStatus.DISPATCHED], VisitStep.RESCHEDULE, VisitUnderWay),
        ([VisitStatus.DISPATCHED, VisitStatus.CHECKED_IN], VisitStep.DISPATCH, VisitUnderWay),
        ([VisitStatus.CHECKED_IN], VisitStep.CHECK_IN, VisitUnderWay),
        ([VisitStatus.CHECKED_IN], VisitStep.CANCEL, VisitAtTheDoor),
        ([VisitStatus.EXPIRED], VisitStep.DISPATCH, VisitOver),
        ([VisitStatus.CANCELLED, VisitStatus.DENIED], VisitStep.COMPLETE, VisitOver),
        ([VisitStatus.COMPLETED], VisitStep.CANCEL, VisitOver),
    ],
)
def test_a_step_that_can_not_be_taken_says_what_is_in_the_way(
    statuses: Sequence[VisitStatus], step: VisitStep, refusal: type[Refusal]
) -> None:
    for status in statuses:
        with pytest.raises(refusal):
            visit.after(status, step)


def test_every_state_is_with_approval_or_before_one() -> None:
    """The database says the same (visit_needs_approval)."""
    before = {*UNDECIDED, VisitStatus.DENIED, VisitStatus.CANCELLED}
    assert set(VisitStatus) == visit.APPROVED | before
    assert not visit.APPROVED & before


def test_only_an_approval_schedules() -> None:
    ways = {step for (_, step), to in visit.TRANSITIONS.items() if to is VisitStatus.SCHEDULED}
    assert ways == {VisitStep.APPROVE, VisitStep.RESCHEDULE}
    assert visit.TRANSITIONS[VisitStatus.SCHEDULED, VisitStep.RESCHEDULE] is VisitStatus.SCHEDULED


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("step", CaseStep)
def test_a_case_takes_exactly_the_steps_of_its_state(status: CaseStatus, step: CaseStep) -> None:
    allowed = {
        CaseStep.WORK: {CaseStatus.OPEN, CaseStatus.WORKING},
        CaseStep.RESOLVE: {CaseStatus.OPEN, CaseStatus.WORKING},
        CaseStep.REOPEN: {CaseStatus.RESOLVED},
        CaseStep.CLOSE: {CaseStatus.OPEN, CaseStatus.WORKING, CaseStatus.RESOLVED},
    }
    if status in allowed[step]:
        case.after(status, step)
    else:
        with pytest.raises(CaseNotOpen):
            case.after(status, step)


def test_of_statement_and_payment_the_later_is_believed() -> None:
    assert case.still_owed(100, NOW, None, None)
    assert not case.still_owed(0, NOW, None, None)
    assert not case.still_owed(100, NOW, NOW, None)
    assert not case.still_owed(100, NOW, NOW + timedelta(seconds=1), None)
    assert case.still_owed(100, NOW, NOW - timedelta(seconds=1), None)


def test_what_was_recalled_is_not_owed_whatever_is_owed() -> None:
    assert not case.still_owed(100, NOW, None, NOW)
    assert not case.still_owed(100, NOW + timedelta(days=1), None, NOW)


@pytest.mark.parametrize(
    ("as_of", "known_as_of", "back"),
    [
        (0, -1, False),  # as of the very moment of the recall
        (1, -1, True),
        (-1, -2, False),  # a file that was under way
        (1, 1, False),  # dated ahead, and known when it was recalled
        (2, 1, True),
    ],
)
def test_a_statement_after_the_recall_brings_an_account_back(
    as_of: int, known_as_of: int, back: bool
) -> None:
    stated = NOW + timedelta(hours=as_of)
    known = NOW + timedelta(hours=known_as_of)
    assert case.is_back(stated, known_as_of=known, recalled_at=NOW) is back
    assert not case.is_back(stated, known_as_of=known, recalled_at=None)


def test_a_case_is_paid_when_nothing_is_owed_and_cured_when_nothing_is_late() -> None:
    assert case.resolution(0) is Resolution.PAID
    assert case.resolution(1) is Resolution.CURED


@pytest.mark.parametrize(
    ("ahead", "plannable"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(0), False),
        (timedelta(seconds=1), True),
        (timedelta(days=90), True),
        (timedelta(days=90, seconds=1), False),
    ],
)
def test_a_visit_begins_after_now_and_within_ninety_days(ahead: timedelta, plannable: bool) -> None:
    if plannable:
        visit_times.check_start(NOW + ahead, NOW)
    else:
        with pytest.raises(StartNotPlannable):
            visit_times.check_start(NOW + ahead, NOW)


def planned(starts_at: datetime) -> Visit:
    return Visit(
        id=uuid4(),
        case_id=uuid4(),
        person_id=uuid4(),
        lender="northbank",
        address_id=uuid4(),
        status=VisitStatus.SCHEDULED,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        party=Party(Role.DEBTOR, None),
        purpose=Purpose.COLLECT,
    )


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@pytest.mark.parametrize(
    ("started", "ended", "pointer"),
    [
        (hours(-1), hours(-0.5), None),
        (hours(-13), hours(-12.5), None),
        (hours(0), hours(0), None),
        (hours(1), hours(2), "/started_at"),
        (hours(-1), hours(1), "/ended_at"),
        (hours(-1), hours(-2), "/ended_at"),
        (hours(-13.1), hours(-12.5), "/started_at"),
    ],
)
def test_times_of_a_visit_are_past_in_order_and_near_the_plan(
    started: timedelta, ended: timedelta, pointer: str | None
) -> None:
    the_visit = planned(NOW - hours(1))
    if pointer is None:
        visit_times.check_times(the_visit, NOW + started, NOW + ended, NOW)
    else:
        with pytest.raises(TimesNotPlausible) as refused:
            visit_times.check_times(the_visit, NOW + started, NOW + ended, NOW)
        assert refused.value.pointer == pointer


def test_nobody_stays_longer_than_a_day() -> None:
    with pytest.raises(TimesNotPlausible):
        visit_times.check_times(planned(NOW - hours(30)), NOW - hours(25), NOW, NOW)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 11, 23), date(2026, 11, 22), 17),
        (date(2008, 11, 23), date(2026, 11, 23), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (None, date(2026, 3, 1), None),
        (date(2027, 1, 1), date(2026, 3, 1), None),
    ],
)
def test_age_is_in_completed_years(born: date | None, day: date, age: int | None) -> None:
    assert visit.age_on(born, day) == age


def test_reasons_that_only_the_house_can_know_are_not_peoples_to_give() -> None:
    assert visit.reason_given("debtor") is CancelReason.DEBTOR
    assert visit.reason_given("plan") is CancelReason.REQUEST
    assert visit.reason_given("the dog was let loose") is CancelReason.REQUEST
