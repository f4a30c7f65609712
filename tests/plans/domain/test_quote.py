"""Quotes: worked examples by hand, and totals that add up whatever the terms."""

from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans.domain.effective_rate import AbsurdRate, effective_annual_rate, parse_rate
from plans.domain.money import EXPONENTS, Money
from plans.domain.quote import (
    OFFERED,
    AmountTooSmall,
    BadInstalmentCount,
    ImpossibleDate,
    InterestNotCovered,
    Kind,
    KindNotOfferedYet,
    Quote,
    Terms,
    quote,
)
from plans.domain.refusals import Refusal
from plans.domain.schedule import PERIODS_PER_YEAR, FirstDueBeforeAgreement, Frequency


def terms(amount: str = "10000.00", currency: str = "CNY", **changed: Any) -> Terms:
    usual: dict[str, Any] = {
        "kind": Kind.EQUAL_INSTALMENTS,
        "instalments": 12,
        "annual_rate": Decimal("0.12"),
        "agreed_on": date(2026, 11, 15),
        "first_due_on": date(2026, 12, 15),
        "frequency": Frequency.MONTHLY,
    }
    return Terms(amount=Money.parse(amount, currency), **(usual | changed))


def column(found: Quote, name: str) -> list[str]:
    return [str(getattr(each, name)) for each in found.instalments]


def test_ten_thousand_at_twelve_percent_in_twelve_equal_instalments() -> None:
    # 10000 * 0.01 * 1.01**12 / (1.01**12 - 1) = 888.4878..., so 888.49; each month's interest is
    # 1 % of what is left, rounded; the last pays what is left: 879.67 + 8.80.
    found = quote(terms())
    assert column(found, "total") == ["888.49"] * 11 + ["888.47"]
    assert column(found, "interest") == [
        "100.00", "92.12", "84.15", "76.11", "67.98", "59.78",
        "51.49", "43.12", "34.67", "26.13", "17.51", "8.80",
    ]  # fmt: skip
    assert column(found, "balance_after")[:3] == ["9211.51", "8415.14", "7610.80"]
    assert column(found, "balance_after")[-1] == "0.00"
    assert str(found.total) == "10661.86"
    assert str(found.total_interest) == "661.86"
    # 1.01**12 - 1 = 0.126825; the cents rounded make the seventh decimal felt.
    assert abs(found.effective_annual_rate - Decimal("0.126825")) < Decimal("0.000005")
    assert [each.due_on for each in found.instalments][:2] == [
        date(2026, 12, 15),
        date(2027, 1, 15),
    ]


def test_ten_thousand_at_twelve_percent_in_twelve_equal_parts_of_principal() -> None:
    # 10000 / 12 = 833.33, eleven times, and 833.37; interest 1 % of 10000.00, 9166.67, 8333.34 ...
    found = quote(terms(kind=Kind.EQUAL_PRINCIPAL))
    assert column(found, "principal") == ["833.33"] * 11 + ["833.37"]
    assert column(found, "interest") == [
        "100.00", "91.67", "83.33", "75.00", "66.67", "58.33",
        "50.00", "41.67", "33.33", "25.00", "16.67", "8.33",
    ]  # fmt: skip
    assert str(found.total_interest) == "650.00"
    assert abs(found.effective_annual_rate - Decimal("0.126825")) < Decimal("0.000005")


def test_without_interest_both_kinds_are_the_same() -> None:
    equal, principal = (
        quote(terms("100.00", kind=kind, instalments=3, annual_rate=Decimal(0)))
        for kind in (Kind.EQUAL_INSTALMENTS, Kind.EQUAL_PRINCIPAL)
    )
    assert column(equal, "total") == ["33.33", "33.33", "33.34"]
    assert equal.instalments == principal.instalments
    assert str(equal.total_interest) == "0.00"
    assert equal.effective_annual_rate == 0


@pytest.mark.parametrize("kind", sorted(OFFERED))
def test_one_instalment_is_all_of_it_and_a_months_interest(kind: Kind) -> None:
    found = quote(terms("1000.00", kind=kind, instalments=1))
    assert column(found, "total") == ["1010.00"]
    # 1 % in a month is 1.01**12 - 1 in a year.
    assert found.effective_annual_rate == Decimal("0.126825")


@pytest.mark.parametrize(
    ("currency", "usual", "last"),
    # 10000 at 1 % a month three times: 3400.2211...; the last carries what rounding left. For TWD:
    # 3366.56 are left after two, and 33.67 are a month's interest on them.
    [("JPY", "3400", "3401"), ("TWD", "3400.22", "3400.23"), ("KWD", "3400.221", "3400.222")],
)
def test_each_currency_rounds_to_its_own_minor_unit(currency: str, usual: str, last: str) -> None:
    found = quote(terms("10000", currency, instalments=3))
    assert column(found, "total") == [usual, usual, last]


def test_weekly_and_biweekly_rates_are_a_fifty_second_and_a_twenty_sixth() -> None:
    weekly = quote(
        terms(
            "5200.00",
            frequency=Frequency.WEEKLY,
            first_due_on=date(2026, 11, 22),
            annual_rate=Decimal("0.52"),
            kind=Kind.EQUAL_PRINCIPAL,
            instalments=4,
        )
    )
    assert column(weekly, "interest") == ["52.00", "39.00", "26.00", "13.00"]
    biweekly = quote(
        terms(
            "5200.00",
            frequency=Frequency.BIWEEKLY,
            first_due_on=date(2026, 11, 29),
            annual_rate=Decimal("0.26"),
            kind=Kind.EQUAL_PRINCIPAL,
            instalments=2,
        )
    )
    assert column(biweekly, "interest") == ["52.00", "26.00"]


@pytest.mark.parametrize("kind", sorted(OFFERED))
def test_a_first_period_bears_interest_for_as_long_as_it_runs(kind: Kind) -> None:
    def first(due_on: date) -> str:
        return column(quote(terms(kind=kind, first_due_on=due_on)), "interest")[0]

    assert first(date(2026, 11, 15)) == "0.00"
    assert first(date(2026, 12, 9)) == "78.90"  # 100 * 24 * 12 / 365
    assert first(date(2026, 12, 15)) == "100.00"
    assert first(date(2026, 12, 30)) == "149.32"  # 100 * (1 + 15 * 12 / 365)
    assert first(date(2027, 2, 15)) == "300.00"


def test_a_longer_or_shorter_first_period_hardly_moves_the_effective_rate() -> None:
    # Interest follows time, so only simple interest inside the first period shows.
    for due_on in (date(2026, 11, 20), date(2026, 12, 30), date(2027, 1, 31)):
        rate = quote(terms(first_due_on=due_on)).effective_annual_rate
        assert abs(rate - Decimal("0.1268")) < Decimal("0.0005")


def test_a_first_period_too_long_to_pay_its_interest_is_refused() -> None:
    long = terms(instalments=60, annual_rate=Decimal("0.36"), first_due_on=date(2027, 11, 15))
    with pytest.raises(InterestNotCovered):
        quote(long)


def test_kinds_to_come_are_refused_by_name() -> None:
    for kind in set(Kind) - set(OFFERED):
        with pytest.raises(KindNotOfferedYet) as refused:
            quote(terms(kind=kind))
        assert refused.value.code == "not_offered_yet"
    assert {kind.value for kind in OFFERED} == {"equal_instalments", "equal_principal"}


@pytest.mark.parametrize("kind", sorted(OFFERED))
@pytest.mark.parametrize(
    ("amount", "currency", "count"),
    [("0.01", "CNY", 2), ("0.05", "CNY", 12), ("5", "JPY", 12), ("8.99", "CNY", 600)],
)
def test_an_amount_that_rounding_would_eat_is_refused(
    kind: Kind, amount: str, currency: str, count: int
) -> None:
    with pytest.raises(AmountTooSmall):
        quote(terms(amount, currency, kind=kind, instalments=count, annual_rate=Decimal(0)))


def test_the_smallest_plan_there_is() -> None:
    found = quote(terms("0.03", instalments=3, annual_rate=Decimal(0)))
    assert column(found, "total") == ["0.01", "0.01", "0.01"]


def test_a_rate_at_which_nothing_would_be_repaid_for_years_is_refused() -> None:
    with pytest.raises(AmountTooSmall):
        quote(terms(instalments=600, annual_rate=Decimal(10)))


@pytest.mark.parametrize("count", [0, -1, 601, 10**9])
def test_a_plan_has_one_to_six_hundred_instalments(count: int) -> None:
    with pytest.raises(BadInstalmentCount):
        quote(terms(instalments=count))


def test_dates_no_schedule_can_hold_are_refused() -> None:
    with pytest.raises(ImpossibleDate):
        quote(terms(agreed_on=date(9999, 1, 1), first_due_on=date(9999, 12, 31)))
    with pytest.raises(FirstDueBeforeAgreement):
        quote(terms(first_due_on=date(2026, 11, 14)))


@pytest.mark.parametrize(
    "text",
    ["-0.01", "10.00000001", "11", "12", "100000", "NaN", "Infinity", "1e-2", "", ".12", "0.12%",
     "0.123456789", "０.１", "00.12"],
)  # fmt: skip
def test_absurd_rates_are_refused(text: str) -> None:
    with pytest.raises(AbsurdRate):
        parse_rate(text)


@pytest.mark.parametrize("text", ["0", "0.0", "0.15", "0.12345678", "1", "10", "10.0"])
def test_rates_are_read_exactly(text: str) -> None:
    assert parse_rate(text) == Decimal(text)


amounts = st.integers(1, 10**13)
rates = st.integers(0, 10**8).map(lambda n: Decimal(n) / 10**8) | st.sampled_from(
    [Decimal(0), Decimal("0.0435"), Decimal("0.24"), Decimal("0.36"), Decimal(10)]
)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    agreed = draw(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
    return Terms(
        kind=draw(st.sampled_from(sorted(OFFERED))),
        amount=Money(draw(amounts), draw(st.sampled_from(["CNY", "JPY", "KWD", "TWD"]))),
        instalments=draw(st.integers(1, 36) | st.sampled_from([60, 120, 360, 600])),
        annual_rate=draw(rates),
        agreed_on=agreed,
        first_due_on=agreed + timedelta(days=draw(st.integers(0, 120))),
        frequency=draw(st.sampled_from(list(Frequency))),
    )


@given(any_terms())
def test_a_quote_adds_up_to_the_minor_unit_or_says_why_not(asked: Terms) -> None:
    try:
        found = quote(asked)
    except (AmountTooSmall, InterestNotCovered):
        return
    parts = found.instalments
    assert len(parts) == asked.instalments
    assert [each.no for each in parts] == list(range(1, asked.instalments + 1))
    assert sum(each.principal.minor for each in parts) == asked.amount.minor
    assert sum(each.total.minor for each in parts) == found.total.minor
    assert found.total == asked.amount + found.total_interest
    assert parts[-1].balance_after.minor == 0
    assert all(each.principal.minor >= 1 and each.interest.minor >= 0 for each in parts)
    balance = asked.amount.minor
    for each in parts:
        balance -= each.principal.minor
        assert each.balance_after.minor == balance
    assert all(a.due_on < b.due_on for a, b in pairwise(parts))
    if asked.kind is Kind.EQUAL_INSTALMENTS:
        assert len({each.total for each in parts[:-1]}) <= 1
        usual = parts[0].total.minor
        assert parts[-1].total.minor <= 2 * usual
    else:
        assert len({each.principal for each in parts[:-1]}) <= 1
        # Interest follows the balance, after a first period of any length.
        assert all(a.interest.minor >= b.interest.minor for a, b in pairwise(parts[1:]))
    assert (found.total_interest.minor == 0) == (found.effective_annual_rate == 0) or (
        # Interest of a cent on a fortune is no rate at six decimals.
        found.effective_annual_rate < Decimal("0.000001")
    )


@given(
    st.integers(10**6, 10**12),
    st.integers(1, 120),
    rates.filter(lambda rate: rate <= 1),
    st.sampled_from(list(Frequency)),
)
def test_whole_periods_have_the_effective_rate_of_the_textbook(
    minor: int, count: int, annual: Decimal, frequency: Frequency
) -> None:
    # Unrounded payments, so the schedule is exact to twenty digits.
    per_year = PERIODS_PER_YEAR[frequency]
    with localcontext(prec=60):
        rate = annual / per_year
        scale = 10**20
        payment = (
            Decimal(minor * scale) / count
            if rate == 0
            else Decimal(minor * scale) * rate / (1 - (1 + rate) ** -count)
        )
        expected = (1 + rate) ** per_year - 1
        found = effective_annual_rate(minor * scale, [int(payment)] * count, Fraction(1), per_year)
        assert abs(found - expected) <= Decimal("0.000001")


def test_a_single_payment_has_the_rate_of_its_years() -> None:
    # 1000 lent, 1200 paid one and a half years later: 1.2 ** (1 / 1.5) - 1.
    assert effective_annual_rate(100000, [120000], Fraction(18), 12) == Decimal("0.129243")


def test_refusals_have_codes_of_their_own() -> None:
    codes = [each.code for each in Refusal.__subclasses__()]
    assert len(codes) == len(set(codes))
    assert set(codes) > {"not_offered_yet", "amount_too_small", "plan_expired"}


def test_every_currency_can_be_quoted() -> None:
    for currency in EXPONENTS:
        found = quote(terms("120000", currency))
        assert found.instalments[-1].balance_after.minor == 0
