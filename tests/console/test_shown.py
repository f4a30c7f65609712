"""How the console shows times, dates and amounts."""

import pytest
from console import shown


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-24T07:00:00Z", "Asia/Shanghai", "Tue 24 Nov 2026, 15:00 UTC+8"),
        ("2026-11-24T07:00:00Z", "Asia/Kolkata", "Tue 24 Nov 2026, 12:30 UTC+5:30"),
        ("2026-07-01T12:00:00+00:00", "America/New_York", "Wed 1 Jul 2026, 08:00 UTC-4"),
        ("2026-11-24T07:00:00Z", None, "Tue 24 Nov 2026, 07:00 UTC"),
        ("2026-11-24T07:00:00Z", "Mars/Olympus", "Tue 24 Nov 2026, 07:00 UTC"),
        ("2026-11-24T07:00:00Z", "../etc/passwd", "Tue 24 Nov 2026, 07:00 UTC"),
        (None, None, "–"),
        ("soon", None, "soon"),
    ],
)
def test_a_time_is_shown_at_the_clock_of_the_door(
    value: str | None, zone: str | None, expected: str
) -> None:
    assert shown.moment(value, "en", zone) == expected


def test_a_time_in_chinese() -> None:
    assert (
        shown.moment("2026-11-24T07:00:00Z", "zh", "Asia/Taipei")
        == "2026年11月24日 周二 15:00 UTC+8"
    )


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("1234567.50", "CNY", "CNY 1,234,567.50"),
        ("1234", "JPY", "JPY 1,234"),
        ("0.001", "KWD", "KWD 0.001"),
        ("-12.30", "EUR", "-EUR 12.30"),
        ("much", "EUR", "EUR much"),
        (None, "EUR", "–"),
    ],
)
def test_an_amount_keeps_all_its_decimals(value: str | None, currency: str, expected: str) -> None:
    assert shown.money(value, currency, "en") == expected


def test_a_date_and_a_share() -> None:
    assert shown.day("2026-11-21", "en") == "21 November 2026"
    assert shown.day("2026-11-21", "zh") == "2026年11月21日"
    assert shown.percent("0.1268", "en") == "12.68 %"
