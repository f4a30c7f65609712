"""Money keeps every minor unit and takes nothing that is not an amount in its currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans.domain.money import (
    EXPONENTS,
    MOST_MINOR_UNITS,
    AbsurdAmount,
    CurrencyMismatch,
    Money,
    NotMoney,
    NotPositive,
    TooManyDecimals,
    UnknownCurrency,
    total,
)

currencies = st.sampled_from(sorted(EXPONENTS))


@given(st.integers(-MOST_MINOR_UNITS, MOST_MINOR_UNITS), currencies)
def test_what_is_written_reads_back_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(str(money), currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("1234.5", "CNY", 123450, "1234.50"),
        ("1234", "CNY", 123400, "1234.00"),
        ("0", "CNY", 0, "0.00"),
        ("0.05", "CNY", 5, "0.05"),
        ("-0.05", "CNY", -5, "-0.05"),
        ("0042", "CNY", 4200, "42.00"),
        ("42000", "TWD", 4200000, "42000.00"),
        ("980", "JPY", 980, "980"),
        ("-7", "JPY", -7, "-7"),
        ("0.005", "KWD", 5, "0.005"),
        ("1.2", "KWD", 1200, "1.200"),
        ("10000000000000.00", "USD", MOST_MINOR_UNITS, "10000000000000.00"),
    ],
)
def test_decimals_are_the_currencys_own(text: str, currency: str, minor: int, shown: str) -> None:
    money = Money.parse(text, currency)
    assert money.minor == minor
    assert str(money) == shown


@pytest.mark.parametrize(
    "text",
    ["", " ", "ten", "1,000.00", " 1", "1 ", "+1", "1e3", "1E3", "NaN", "Infinity", "-Infinity",
     ".5", "5.", "0x10", "--1", "1.2.3", "１００", "१०", "1_000", "9" * 21, "1\n", "\x001"],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, "CNY")


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.000", "CNY"), ("1.005", "CNY"), ("1.0", "JPY"), ("1.0000", "KWD"), ("0.001", "TWD")],
)
def test_more_decimals_than_the_currency_has_are_refused_even_zeros(
    text: str, currency: str
) -> None:
    with pytest.raises(TooManyDecimals):
        Money.parse(text, currency)


@pytest.mark.parametrize("currency", ["JPY", "CNY", "KWD"])
def test_the_largest_amount_is_the_same_number_of_minor_units_in_each_currency(
    currency: str,
) -> None:
    largest = Money(MOST_MINOR_UNITS, currency)
    assert Money.parse(str(largest), currency) == largest
    with pytest.raises(AbsurdAmount):
        Money.parse(str(Money(MOST_MINOR_UNITS + 1, currency)), currency)


@pytest.mark.parametrize(
    "code",
    # Nothing at all, lower case, retired, metal, test, no currency, fund, indexed units.
    ["", "cny", "ABC", "DEM", "XAU", "XTS", "XXX", "XDR", "BOV", "CLF", "UYI", "UYW", "CN", "CNYY"],
)
def test_a_debt_is_in_a_currency_one_can_pay_in(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        Money.parse("1", code)
    with pytest.raises(UnknownCurrency):
        Money(1, code)


def test_currencies_of_the_world_are_there_with_their_decimals() -> None:
    expected = {"CNY": 2, "TWD": 2, "USD": 2, "EUR": 2, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3}
    assert {code: EXPONENTS[code] for code in expected} == expected
    assert len(EXPONENTS) > 140


@pytest.mark.parametrize("text", ["0", "0.00", "-0.01", "-5"])
def test_nothing_and_less_is_no_payment(text: str) -> None:
    with pytest.raises(NotPositive):
        Money.parse_positive(text, "CNY")


def test_two_currencies_never_add_up() -> None:
    for operation in ("__add__", "__sub__", "__lt__", "__le__"):
        with pytest.raises(CurrencyMismatch):
            getattr(Money(1, "CNY"), operation)(Money(1, "TWD"))


@given(st.lists(st.integers(-(10**9), 10**9)), currencies)
def test_a_total_is_the_sum_of_its_minor_units(minors: list[int], currency: str) -> None:
    assert total((Money(each, currency) for each in minors), currency).minor == sum(minors)
