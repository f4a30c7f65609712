"""Money: integer minor units beside a currency inside, decimal strings at the edge, never a float.

How many decimals a currency has is ISO 4217's, from the package ``iso4217``.
"""

import re
from typing import ClassVar, Final

from iso4217 import Currency

from cases.domain.refusal import Refusal

# 10^15 minor units: ten trillion dollars, and three of them added still fit a bigint. A larger
# amount is a mistake in the file, not a debt.
LARGEST_MINOR: Final = 10**15

# Gold, bonds and test codes are listed without a minor unit: nobody owes in them.
_DECIMALS: Final[dict[str, int]] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}

_PLAIN: Final = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?")


class UnknownCurrency(Refusal):
    """The code is no ISO 4217 currency in which one can owe."""

    code: ClassVar[str] = "unknown_currency"

    def __init__(self) -> None:
        super().__init__(
            "The currency is not an ISO 4217 code such as TWD, CNY or USD.",
            "币种不是 ISO 4217 代码（如 TWD、CNY、USD）。",
        )


class NotAnAmount(Refusal):
    """The text is no amount of money in its currency."""

    code: ClassVar[str] = "not_an_amount"


def decimals(currency: str) -> int:
    """How many decimals amounts in ``currency`` have (JPY 0, TWD 2, KWD 3).

    Raises `UnknownCurrency`; codes are in capitals.
    """
    try:
        return _DECIMALS[currency]
    except KeyError:
        raise UnknownCurrency from None


def to_minor(amount: str, currency: str) -> int:
    """The minor units of a decimal string: ``to_minor("1234.5", "TWD") == 123450``.

    Takes digits with at most the currency's decimals. Raises `NotAnAmount` for anything else:
    a sign, an exponent, NaN, grouping, more decimals, more than `LARGEST_MINOR`; `UnknownCurrency`
    for the code.
    """
    places = decimals(currency)
    match = _PLAIN.fullmatch(amount)
    if match is None:
        raise NotAnAmount(
            'An amount is digits and at most one point, such as "1234.50".',
            "金额只能由数字和至多一个小数点组成，如 “1234.50”。",
        )
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if sign:
        raise NotAnAmount("The amount must not be negative.", "金额不能为负数。")
    if len(fraction) > places:
        raise NotAnAmount(
            f"Amounts in {currency} have at most {places} decimals.",
            f"{currency} 金额最多 {places} 位小数。",
        )
    minor = int(whole + fraction.ljust(places, "0"))
    if minor > LARGEST_MINOR:
        raise NotAnAmount("The amount is too large to be a debt.", "金额过大，不可能是一笔债务。")
    return minor


def to_text(minor: int, currency: str) -> str:
    """The decimal string of ``minor`` units with all of the currency's decimals."""
    places = decimals(currency)
    if places == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
