"""Quotes: what terms come to, instalment by instalment, exact to the minor unit.

The convention, for every kind:

- **Period rate** = annual rate / periods a year (52, 26, 12), simple within a period. No day count
  and no leap years: a month is a month.
- **First period**: it begins on the day of the agreement and carries interest for as long as it
  runs (`plans.domain.schedule.first_period`): agreed on 15 November and due on 15 December is one
  period; due on 30 December it is one month and 15/(365/12) of another; due on the day itself
  carries none. All other periods are one period each.
- **Rounding**: each instalment's interest is rounded half up to the minor unit, on the balance as
  it stands after the rounding of those before; the last instalment pays the balance that is left
  and so carries the rounding. Balances end at exactly zero and every total is principal plus
  interest.
- Everything before a rounding is exact rational arithmetic.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Final

from plans.domain.effective_rate import effective_annual_rate
from plans.domain.money import Money, total
from plans.domain.refusals import Refusal
from plans.domain.schedule import PERIODS_PER_YEAR, Frequency, due_dates, first_period

MOST_INSTALMENTS: Final = 600
_YEARS: Final = range(1970, 2201)


class Kind(StrEnum):
    """The kinds of plan there are words for. Which can be had now: `OFFERED`."""

    EQUAL_INSTALMENTS = "equal_instalments"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_FREE = "interest_free"
    DEFERRAL = "deferral"
    INTEREST_ONLY_THEN_BALANCE = "interest_only_then_balance"
    LUMP_SUM = "lump_sum"


class KindNotOfferedYet(Refusal):
    code = "not_offered_yet"
    about = "kind"

    def __init__(self) -> None:
        super().__init__(
            f"This kind of plan is not offered yet, only {' and '.join(OFFERED)}.",
            f"暂未提供该类方案，目前仅提供 {'、'.join(OFFERED)}。",
        )


class BadInstalmentCount(Refusal):
    code = "bad_instalment_count"
    about = "instalments"


class AmountTooSmall(Refusal):
    code = "amount_too_small"
    about = "amount"


class InterestNotCovered(Refusal):
    code = "interest_not_covered"
    about = "first_due_on"


class ImpossibleDate(Refusal):
    code = "impossible_date"
    about = "first_due_on"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for. ``annual_rate`` is a fraction of one; interest runs from ``agreed_on``."""

    kind: Kind
    amount: Money
    instalments: int
    annual_rate: Decimal
    agreed_on: date
    first_due_on: date
    frequency: Frequency

    @property
    def period_rate(self) -> Fraction:
        """The interest of one period as a fraction of one."""
        return Fraction(self.annual_rate) / PERIODS_PER_YEAR[self.frequency]

    @property
    def first_period(self) -> Fraction:
        """How many periods the first instalment runs."""
        return first_period(self.agreed_on, self.first_due_on, self.frequency)


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment as agreed; ``balance_after`` is the principal left when it is paid."""

    no: int
    due_on: date
    principal: Money
    interest: Money
    balance_after: Money

    @property
    def total(self) -> Money:
        return self.principal + self.interest


@dataclass(frozen=True)
class Quote:
    """The instalments that terms come to."""

    terms: Terms
    instalments: tuple[Instalment, ...]

    @cached_property
    def total(self) -> Money:
        """All that is to be paid."""
        return total((each.total for each in self.instalments), self.terms.amount.currency)

    @property
    def total_interest(self) -> Money:
        return self.total - self.terms.amount

    @cached_property
    def effective_annual_rate(self) -> Decimal:
        """See `plans.domain.effective_rate.effective_annual_rate`; six decimals."""
        return effective_annual_rate(
            self.terms.amount.minor,
            [each.total.minor for each in self.instalments],
            self.terms.first_period,
            PERIODS_PER_YEAR[self.terms.frequency],
        )


def quote(terms: Terms) -> Quote:
    """Compute a quote, or raise the `Refusal` that says which of the terms is at fault."""
    split = OFFERED.get(terms.kind)
    if split is None:
        raise KindNotOfferedYet
    if not 1 <= terms.instalments <= MOST_INSTALMENTS:
        raise BadInstalmentCount(
            f"A plan has 1 to {MOST_INSTALMENTS} instalments.",
            f"期数应为 1 至 {MOST_INSTALMENTS}。",
        )
    if terms.agreed_on.year not in _YEARS or terms.first_due_on.year not in _YEARS:
        raise ImpossibleDate(
            f"Dates lie between the years {_YEARS[0]} and {_YEARS[-1]}.",
            f"日期应在 {_YEARS[0]} 年至 {_YEARS[-1]} 年之间。",
        )
    parts = split(terms)
    currency = terms.amount.currency
    balance = terms.amount.minor
    instalments = []
    days = due_dates(terms.first_due_on, terms.frequency, terms.instalments)
    for no, (due_on, (principal, interest)) in enumerate(zip(days, parts, strict=True), start=1):
        balance -= principal
        instalments.append(
            Instalment(
                no,
                due_on,
                Money(principal, currency),
                Money(interest, currency),
                Money(balance, currency),
            )
        )
    return Quote(terms, tuple(instalments))


Parts = list[tuple[int, int]]
"""Principal and interest of each instalment, in minor units."""


def _equal_instalments(terms: Terms) -> Parts:
    """等额本息: the same total each time, but for the last.

    With the period rate i, n instalments and a first period of t periods, each is worth
    amount * (1 + i*t) / (1 + 1/q + ... + 1/q**(n-1)) with q = 1 + i; for t = 1 that is the annuity
    amount * i * q**n / (q**n - 1).
    """
    count, rate = terms.instalments, terms.period_rate
    at_first_due = terms.amount.minor * (1 + rate * terms.first_period)
    if rate == 0:
        usual = _half_up(at_first_due / count)
    else:
        power = (1 + rate) ** (count - 1)
        usual = _half_up(at_first_due * rate * power / (power * (1 + rate) - 1))
    balance, parts = terms.amount.minor, Parts()
    for no in range(1, count):
        interest = _interest(terms, balance, no)
        if interest > usual:
            raise InterestNotCovered(
                "The first period is so long that the first instalment would not pay its interest.",
                "首期过长，首期还款不足以支付其利息。",
            )
        parts.append((usual - interest, interest))
        balance -= usual - interest
    parts.append((balance, _interest(terms, balance, count)))
    last = sum(parts[-1])
    if min(principal for principal, _ in parts) < 1 or (count > 1 and last > 2 * usual):
        raise _too_small()
    return parts


def _equal_principal(terms: Terms) -> Parts:
    """等额本金: the same principal each time, but for the last, and interest on what is left."""
    count = terms.instalments
    usual = _half_up(Fraction(terms.amount.minor, count))
    last = terms.amount.minor - usual * (count - 1)
    if min(usual, last) < 1 or last > 2 * usual:
        raise _too_small()
    balance, parts = terms.amount.minor, Parts()
    for no in range(1, count + 1):
        principal = usual if no < count else last
        parts.append((principal, _interest(terms, balance, no)))
        balance -= principal
    return parts


# The kinds still to come (interest_free, deferral, interest_only_then_balance, lump_sum) belong
# here, each a function of the terms; until then asking for one is refused.
OFFERED: Final[Mapping[Kind, Callable[[Terms], Parts]]] = MappingProxyType(
    {
        Kind.EQUAL_INSTALMENTS: _equal_instalments,
        Kind.EQUAL_PRINCIPAL: _equal_principal,
    }
)


def _interest(terms: Terms, balance: int, no: int) -> int:
    periods = terms.first_period if no == 1 else Fraction(1)
    return _half_up(balance * terms.period_rate * periods)


def _half_up(value: Fraction) -> int:
    """To the nearest integer, halves up. Nothing negative is ever rounded here."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _too_small() -> AmountTooSmall:
    return AmountTooSmall(
        "The amount is too small for that many instalments at that rate: each has to repay at least"
        " one minor unit, and the rounding must not make the last more than twice the others.",
        "按该利率和期数，金额过小：每期至少偿还一个最小货币单位的本金，"
        "且尾差不得使末期超过其他各期的两倍。",
    )
