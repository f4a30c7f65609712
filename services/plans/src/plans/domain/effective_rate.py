"""Annual rates: reading them, and the effective annual rate of a schedule."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Final

from plans.domain.refusals import Refusal

HIGHEST_ANNUAL_RATE: Final = 10
"""1000 % a year. No legal cap (those differ by country and product): beyond it lies a typing error,
most often a rate in percent."""

RATE_DECIMALS: Final = 8
_RATE: Final = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,8})?")
_SIX_PLACES: Final = Decimal("0.000001")


class AbsurdRate(Refusal):
    code = "absurd_rate"
    about = "annual_rate"


def parse_rate(text: str) -> Decimal:
    """An annual rate as a fraction of one: ``"0.12"`` is 12 % a year. Raises `AbsurdRate`.

    0 to 10, at most 8 decimals, no exponent.
    """
    if _RATE.fullmatch(text) is None or Decimal(text) > HIGHEST_ANNUAL_RATE:
        raise AbsurdRate(
            f'An annual rate is a decimal string from 0 to {HIGHEST_ANNUAL_RATE} ("0.12" is 12 %)'
            f" with at most {RATE_DECIMALS} decimals.",
            f"年利率应为 0 至 {HIGHEST_ANNUAL_RATE} 之间的小数字符串（“0.12” 即 12%），"
            f"最多 {RATE_DECIMALS} 位小数。",
        )
    return Decimal(text)


def effective_annual_rate(
    amount: int, totals: Sequence[int], first_period: Fraction, periods_per_year: int
) -> Decimal:
    """The rate X at which the payments are worth the amount on the day of the agreement.

    The basic equation of Directive 2008/48/EC, Annex I, part I, with one drawdown::

        amount = sum of totals[k] / (1 + X) ** t[k],    t[k] = (first_period + k) / periods_per_year

    ``totals`` is what is paid, instalment by instalment, cents and all, and ``first_period`` how
    many periods the first instalment runs (`plans.domain.schedule.first_period`). So rounding and
    a long or short first period show in it; there are no charges beside the interest. For a
    schedule of whole periods it is (1 + annual / m) ** m - 1 but for the rounding: 12 % in monthly
    periods are 0.126825. Six decimals, half up.
    """
    if sum(totals) == amount:
        return Decimal(0).quantize(_SIX_PLACES)
    with localcontext(prec=40):
        # In v = (1 + X) ** (-1 / m), the worth today of 1 paid a period from now, the right side
        # only grows: halve the interval until v is known far below the sixth decimal of X.
        exponent = Decimal(first_period.numerator) / Decimal(first_period.denominator)
        low, high = Decimal(0), Decimal(1)
        for _ in range(110):
            middle = (low + high) / 2
            worth = Decimal(0)
            for paid in reversed(totals):
                worth = worth * middle + paid
            if worth * middle**exponent > amount:
                high = middle
            else:
                low = middle
        rate = low**-periods_per_year - 1
        return rate.quantize(_SIX_PLACES, rounding=ROUND_HALF_UP)
