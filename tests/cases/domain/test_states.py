"""Visits and cases go from state to state as the tables say, and nowhere else."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from cases.domain import case, visit
from cases.domain.account import Role
from cases.domain.case import CaseNotOpen, CaseStatus, CaseStep, Resolution
from cases.domain.visit import (
    LIVE,
    CancelReason,
    Party,
    Purpose,
    StartNotPlannable,
    TimesNotPlausible,
    Visit,
    VisitNotScheduled,
    VisitOver,
    VisitStatus,
    VisitStep,
)

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
        VisitStep.CANCEL: VisitStatus.CANCELLED,
        VisitStep.COMPLETE: VisitStatus.COMPLETED,
    },
    VisitStatus.DENIED: {},
    VisitStatus.CANCELLED: {},
    VisitStatus.COMPLETED: {},
}


@pytest.mark.parametrize("status", VisitStatus)
@pytest.mark.parametrize("step", VisitStep)
def test_a_visit_takes_exactly_the_steps_of_its_state(status: VisitStatus, step: VisitStep) -> None:
    to = VISIT_STEPS[status].get(step)
    if to is not None:
        assert visit.after(status, step) is to
    elif step is VisitStep.COMPLETE and status in LIVE:
        with pytest.raises(VisitNotScheduled):
            visit.after(status, step)
    else:
        with pytest.raises(VisitOver):
            visit.after(status, step)


def test_only_an_approval_schedules() -> None:
    ways = {step for (_, step), to in visit.TRANSITIONS.items() if to is VisitStatus.SCHEDULED}
    assert ways == {VisitStep.APPROVE}


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
    assert case.still_owed(100, NOW, None)
    assert not case.still_owed(0, NOW, None)
    assert not case.still_owed(100, NOW, NOW)
    assert not case.still_owed(100, NOW, NOW + timedelta(seconds=1))
    assert case.still_owed(100, NOW, NOW - timedelta(seconds=1))


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
        visit.check_start(NOW + ahead, NOW)
    else:
        with pytest.raises(StartNotPlannable):
            visit.check_start(NOW + ahead, NOW)


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
        visit.check_times(the_visit, NOW + started, NOW + ended, NOW)
    else:
        with pytest.raises(TimesNotPlausible) as refused:
            visit.check_times(the_visit, NOW + started, NOW + ended, NOW)
        assert refused.value.pointer == pointer


def test_nobody_stays_longer_than_a_day() -> None:
    with pytest.raises(TimesNotPlausible):
        visit.check_times(planned(NOW - hours(30)), NOW - hours(25), NOW, NOW)


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
