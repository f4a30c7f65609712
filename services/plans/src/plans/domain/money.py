"""Money: whole minor units with the currency inside; decimal strings at the edge, never a float."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import iso4217

from plans.domain.refusals import Refusal

MOST_MINOR_UNITS: Final = 10**15
"""No single amount is larger: ten trillion of a currency with cents. Sums stay inside bigint."""


class NotMoney(Refusal):
    code = "not_money"
    about = "amount"


class UnknownCurrency(Refusal):
    code = "unknown_currency"
    about = "currency"


class TooManyDecimals(Refusal):
    code = "too_many_decimals"
    about = "amount"


class AbsurdAmount(Refusal):
    code = "absurd_amount"
    about = "amount"


class NotPositive(Refusal):
    code = "not_positive"
    about = "amount"


class CurrencyMismatch(Refusal):
    code = "currency_mismatch"
    about = "currency"


def _exponents() -> dict[str, int]:
    """Decimals by code, of what a debt can be in.

    Left out of ISO 4217: funds and indexed units (CLF, UYW, ...), which nobody can hand over, and
    codes without a minor unit (gold, SDR, XXX, XTS).
    """
    funds = {
        entry.findtext("Ccy")
        for entry in iso4217.raw_xml.iterfind("CcyTbl/CcyNtry")
        if (name := entry.find("CcyNm")) is not None and name.get("IsFund") == "true"
    }
    found: dict[str, int] = {}
    for entry in iso4217.raw_xml.iterfind("CcyTbl/CcyNtry"):
        code, decimals = entry.findtext("Ccy"), entry.findtext("CcyMnrUnts")
        if code and decimals in {"0", "2", "3"} and code not in funds:
            found[code] = int(decimals)
    return found


EXPONENTS: Final = MappingProxyType(_exponents())
"""ISO 4217: how many decimals each currency has."""

# No sign but minus, no spaces, no grouping, no exponent, and digits only as ASCII has them.
# Far longer than any amount we take is refused before it is read as a number.
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?")


def decimals_of(currency: str) -> int:
    """How many decimals ``currency`` has; raises `UnknownCurrency`."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(
            "The currency is not one of ISO 4217 that a debt can be paid in.",
            "该币种不是 ISO 4217 中可用于偿债的货币。",
        ) from None


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` minor units of ``currency``. ``str()`` gives all its decimals: ``"1234.50"``.

    Adding or comparing two currencies raises `CurrencyMismatch`.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        decimals_of(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read a decimal string; raises `NotMoney`, `TooManyDecimals`, `AbsurdAmount`, or
        `UnknownCurrency`.

        ``"10"`` and ``"10.5"`` are taken for a currency with cents. ``"10.000"`` is not, although
        no value would be lost: whoever wrote it meant another currency.
        """
        decimals = decimals_of(currency)
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise NotMoney(
                'An amount is a plain decimal string such as "1234.50".',
                "金额应为普通小数字符串，例如 “1234.50”。",
            )
        sign, whole, fraction = match[1], match[2], match[3] or ""
        if len(fraction) > decimals:
            raise TooManyDecimals(
                f"{currency} has {decimals} decimals, the amount has more.",
                f"{currency} 只有 {decimals} 位小数。",
            )
        minor = int(whole + fraction.ljust(decimals, "0"))
        if minor > MOST_MINOR_UNITS:
            raise AbsurdAmount(
                f"An amount is at most {MOST_MINOR_UNITS} minor units.",
                f"金额不得超过 {MOST_MINOR_UNITS} 个最小货币单位。",
            )
        return cls(-minor if sign else minor, currency)

    @classmethod
    def parse_positive(cls, text: str, currency: str) -> "Money":
        """Like `parse`; zero and less raise `NotPositive`."""
        money = cls.parse(text, currency)
        if money.minor <= 0:
            raise NotPositive("The amount must be more than zero.", "金额必须大于零。")
        return money

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    def __str__(self) -> str:
        decimals = EXPONENTS[self.currency]
        sign, digits = "-" if self.minor < 0 else "", str(abs(self.minor)).rjust(decimals + 1, "0")
        return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{other.currency} is not {self.currency}.",
                f"币种 {other.currency} 与 {self.currency} 不一致。",
            )
        return other.minor


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of ``currency`` if there are none."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result
