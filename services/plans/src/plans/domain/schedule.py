"""Due dates: when each instalment falls due, and how long the first one runs."""

from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from dateutil.relativedelta import relativedelta

from plans.domain.refusals import Refusal


class Frequency(StrEnum):
    """How often an instalment falls due."""

    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"


PERIODS_PER_YEAR: Final = {Frequency.WEEKLY: 52, Frequency.BIWEEKLY: 26, Frequency.MONTHLY: 12}
"""52 weeks or 12 equal months to a year: Directive 2008/48/EC, Annex I, remark (c)."""

LONGEST_FIRST_PERIOD: Final = timedelta(days=366)
_DAYS_PER_MONTH: Final = Fraction(365, 12)  # the directive's "equal month", in leap years as well


class FirstDueBeforeAgreement(Refusal):
    code = "first_due_before_agreement"
    about = "first_due_on"


class FirstDueTooLate(Refusal):
    code = "first_due_too_late"
    about = "first_due_on"


def due_dates(first_due_on: date, frequency: Frequency, count: int) -> list[date]:
    """The due dates of ``count`` instalments.

    Monthly dates are counted from the first, never from the one before, so a short month moves
    none of those behind it. Month ends stay month ends: when the first is the last day of its
    month all are (31 January, 28 February, 31 March; 30 April, 31 May). Any other day stays the
    same, or the last of a month too short for it (30 January, 28 February, 30 March).
    """
    if frequency is Frequency.MONTHLY:
        # relativedelta's absolute day 31 is the last of whatever month it comes to.
        month_end = relativedelta(day=31) if _ends_month(first_due_on) else relativedelta()
        return [first_due_on + relativedelta(months=each) + month_end for each in range(count)]
    step = timedelta(days=7 if frequency is Frequency.WEEKLY else 14)
    return [first_due_on + step * passed for passed in range(count)]


def first_period(agreed_on: date, first_due_on: date, frequency: Frequency) -> Fraction:
    """How many periods lie between the agreement and the first due date; 1 is the ordinary case.

    Weeks are counted in days. Months are whole where the calendar says so from either end
    (28 January to 28 February, 30 November to 31 December as month ends); days over are parts of
    an equal month of 365/12 days, as Directive 2008/48/EC, Annex I (c) has it. Raises
    `FirstDueBeforeAgreement`, or `FirstDueTooLate` when it is more than 366 days.
    """
    if first_due_on < agreed_on:
        raise FirstDueBeforeAgreement(
            "The first instalment can't fall due before the day of the agreement.",
            "首期还款日不得早于约定日期。",
        )
    if first_due_on - agreed_on > LONGEST_FIRST_PERIOD:
        raise FirstDueTooLate(
            "The first instalment falls due within 366 days of the agreement.",
            "首期还款日应在约定日期后 366 天之内。",
        )
    if frequency is not Frequency.MONTHLY:
        days = (first_due_on - agreed_on).days
        return Fraction(days, 7 if frequency is Frequency.WEEKLY else 14)
    months = (first_due_on.year - agreed_on.year) * 12 + first_due_on.month - agreed_on.month
    if agreed_on + relativedelta(months=months) == first_due_on or (
        _ends_month(agreed_on) and _ends_month(first_due_on)
    ):
        return Fraction(months)
    if agreed_on + relativedelta(months=months) > first_due_on:
        months -= 1
    over = (first_due_on - (agreed_on + relativedelta(months=months))).days
    return months + Fraction(over) / _DAYS_PER_MONTH


def _ends_month(day: date) -> bool:
    return day == day + relativedelta(day=31)
