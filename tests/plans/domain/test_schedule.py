"""Due dates fall where people expect them, and the first period is as long as it is."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans.domain.schedule import (
    FirstDueBeforeAgreement,
    FirstDueTooLate,
    Frequency,
    due_dates,
    first_period,
)

MONTHLY, WEEKLY, BIWEEKLY = Frequency.MONTHLY, Frequency.WEEKLY, Frequency.BIWEEKLY
days = st.dates(date(1970, 1, 1), date(2200, 12, 31))


def iso(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("2027-01-31", iso("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30")),
        ("2028-01-31", iso("2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30")),
        # A month end that is not the 31st stays a month end too.
        ("2027-02-28", iso("2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31")),
        ("2026-11-30", iso("2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28")),
        # In a leap year the 28th is no month end.
        ("2028-02-28", iso("2028-02-28", "2028-03-28", "2028-04-28", "2028-05-28")),
        # A short month does not move the days behind it.
        ("2027-01-30", iso("2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30")),
        ("2027-01-29", iso("2027-01-29", "2027-02-28", "2027-03-29", "2027-04-29")),
        ("2026-12-15", iso("2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15")),
    ],
)
def test_monthly_dates(first: str, expected: list[date]) -> None:
    assert due_dates(date.fromisoformat(first), MONTHLY, 4) == expected


@given(days, st.integers(1, 600))
def test_a_month_end_stays_one_and_every_month_has_one_date(first: date, count: int) -> None:
    found = due_dates(first, MONTHLY, count)
    months = [day.year * 12 + day.month for day in found]
    assert months == list(range(months[0], months[0] + count))
    if (first + timedelta(days=1)).day == 1:
        assert all((day + timedelta(days=1)).day == 1 for day in found)
    else:
        assert all(day.day == first.day or (day + timedelta(days=1)).day == 1 for day in found)


@given(days, st.sampled_from([(WEEKLY, 7), (BIWEEKLY, 14)]), st.integers(1, 600))
def test_weeks_are_weeks(first: date, how: tuple[Frequency, int], count: int) -> None:
    frequency, step = how
    found = due_dates(first, frequency, count)
    assert len(found) == count
    assert {(b - a).days for a, b in pairwise(found)} <= {step}


@pytest.mark.parametrize(
    ("agreed", "first", "frequency", "periods"),
    [
        ("2026-11-15", "2026-12-15", MONTHLY, Fraction(1)),
        ("2026-11-15", "2026-11-15", MONTHLY, Fraction(0)),
        ("2027-01-31", "2027-02-28", MONTHLY, Fraction(1)),
        ("2027-01-28", "2027-02-28", MONTHLY, Fraction(1)),
        ("2026-11-30", "2026-12-31", MONTHLY, Fraction(1)),
        ("2026-11-30", "2026-12-30", MONTHLY, Fraction(1)),
        ("2026-11-15", "2027-02-15", MONTHLY, Fraction(3)),
        ("2026-11-15", "2026-12-30", MONTHLY, 1 + Fraction(15 * 12, 365)),
        ("2026-11-21", "2026-12-15", MONTHLY, Fraction(24 * 12, 365)),
        # 31 January to 1 March: a whole month to 28 February, and a day.
        ("2027-01-31", "2027-03-01", MONTHLY, 1 + Fraction(12, 365)),
        ("2026-11-16", "2026-11-23", WEEKLY, Fraction(1)),
        ("2026-11-16", "2026-11-20", WEEKLY, Fraction(4, 7)),
        ("2026-11-16", "2026-11-23", BIWEEKLY, Fraction(1, 2)),
        ("2026-11-16", "2027-11-17", MONTHLY, 12 + Fraction(12, 365)),
    ],
)
def test_the_first_period_runs_from_the_agreement(
    agreed: str, first: str, frequency: Frequency, periods: Fraction
) -> None:
    found = first_period(date.fromisoformat(agreed), date.fromisoformat(first), frequency)
    assert found == periods


@given(st.dates(date(1970, 1, 1), date(2199, 1, 1)), st.integers(0, 365))
def test_a_later_first_due_date_never_makes_the_first_period_shorter(
    agreed: date, later: int
) -> None:
    shorter = first_period(agreed, agreed + timedelta(days=later), MONTHLY)
    longer = first_period(agreed, agreed + timedelta(days=later + 1), MONTHLY)
    assert 0 <= shorter <= longer


def test_the_first_due_date_is_neither_before_the_agreement_nor_far_behind_it() -> None:
    agreed = date(2026, 11, 15)
    with pytest.raises(FirstDueBeforeAgreement):
        first_period(agreed, date(2026, 11, 14), MONTHLY)
    assert first_period(agreed, agreed + timedelta(days=366), WEEKLY) == Fraction(366, 7)
    with pytest.raises(FirstDueTooLate):
        first_period(agreed, agreed + timedelta(days=367), WEEKLY)
