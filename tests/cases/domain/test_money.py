"""Amounts of money: decimal strings at the edge, whole minor units inside."""

import pytest
from cases.domain.money import LARGEST_MINOR, NotAnAmount, UnknownCurrency, to_minor, to_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("42000", "TWD", 4_200_000),
        ("42000.5", "TWD", 4_200_050),
        ("0", "TWD", 0),
        ("0.01", "USD", 1),
        ("007", "USD", 700),
        ("1234", "JPY", 1234),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
    ],
)
def test_an_amount_becomes_minor_units_of_its_currency(
    amount: str, currency: str, minor: int
) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    "amount",
    [
        "", " ", " 1", "1 ", "-1", "-0", "+1", "1e3", "1E3", "NaN", "nan", "Infinity", "-inf",
        "1,000", "1_000", "0x10", ".5", "5.", "1.2.3", "١٢٣", "１２", "1\n", "1\x00", "null",
        "TWD 5", "1" * 21,
    ],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_refused(amount: str) -> None:
    with pytest.raises(NotAnAmount):
        to_minor(amount, "TWD")


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.234", "TWD"), ("1.000", "TWD"), ("0.5", "JPY"), ("1.0", "KRW")]
)
def test_more_decimals_than_the_currency_has_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(NotAnAmount, match="at most"):
        to_minor(amount, currency)


def test_the_largest_amount_is_the_last_that_passes() -> None:
    assert to_minor("10000000000000.00", "TWD") == LARGEST_MINOR
    with pytest.raises(NotAnAmount, match="too large"):
        to_minor("10000000000000.01", "TWD")


@pytest.mark.parametrize("currency", ["", "twd", "TWDX", "ABC", "XAU", "XXX", "XTS", "T\x00D"])
def test_unknown_currencies_and_metals_are_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        to_minor("1", currency)


@given(
    st.integers(min_value=0, max_value=LARGEST_MINOR), st.sampled_from(["TWD", "JPY", "KWD", "CLF"])
)
def test_text_and_back_is_the_same_amount(minor: int, currency: str) -> None:
    assert to_minor(to_text(minor, currency), currency) == minor


def test_amounts_are_written_with_all_decimals_of_the_currency() -> None:
    assert to_text(5, "TWD") == "0.05"
    assert to_text(123450, "TWD") == "1234.50"
    assert to_text(-5, "KWD") == "-0.005"
    assert to_text(12, "JPY") == "12"
