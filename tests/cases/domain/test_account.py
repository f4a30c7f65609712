"""An account: what contradicts itself, how late it is, and in which bucket that is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cases.domain.account import (
    MONTHLY,
    Account,
    Balance,
    Buckets,
    Debtor,
    Product,
    check,
    days_past_due,
    local_day,
)
from cases.domain.place import Address, PlaceKind
from cases.domain.refusal import Unacceptable
from cases.settings import buckets_of

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def stated(**changes: Any) -> Account:
    facts: dict[str, Any] = {
        "as_of": datetime(2026, 11, 20, tzinfo=UTC),
        "product": Product.CREDIT_CARD,
        "currency": "TWD",
        "balance": Balance(4_200_000, 183_000, 60_000),
        "overdue": 930_000,
        "due_since": date(2026, 8, 15),
        "annual_rate": None,
        "opened_on": date(2021, 3, 1),
        "debtor": Debtor("王慢慢", None, date(1988, 5, 4), None),
    }
    return Account(**facts | changes)


def codes(**changes: Any) -> list[tuple[str, str]]:
    try:
        check(stated(**changes), NOW)
    except Unacceptable as refusal:
        return [(fault.pointer, fault.code) for fault in refusal.faults]
    return []


def test_an_ordinary_account_passes() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"as_of": NOW + timedelta(days=1, seconds=1)}, [("/as_of", "in_the_future")]),
        ({"overdue": 4_443_001}, [("/overdue", "above_balance")]),
        ({"due_since": None}, [("/due_since", "missing")]),
        ({"overdue": 0}, [("/due_since", "not_overdue")]),
        ({"due_since": date(2026, 11, 22)}, [("/due_since", "in_the_future")]),
        ({"opened_on": date(2026, 8, 16)}, [("/due_since", "before_opening")]),
        (
            {"debtor": Debtor("M", None, date(2027, 1, 1), None)},
            [("/debtor/born_on", "impossible_date")],
        ),
        (
            {"debtor": Debtor("M", None, date(1870, 1, 1), None)},
            [("/debtor/born_on", "impossible_date")],
        ),
    ],
)
def test_what_contradicts_itself_is_refused_where_it_does(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert codes(**changes) == expected


def test_everything_wrong_is_said_at_once() -> None:
    assert len(codes(overdue=9_999_999, due_since=None, as_of=NOW + timedelta(days=9))) == 3


def test_as_of_may_be_a_day_ahead_and_everything_may_be_overdue() -> None:
    assert codes(as_of=NOW + timedelta(days=1)) == []
    assert codes(overdue=4_443_000) == []
    assert codes(due_since=date(2026, 11, 21)) == []


@pytest.mark.parametrize(
    ("due_since", "on", "days"),
    [
        (None, date(2026, 11, 23), 0),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2026, 11, 22), date(2026, 11, 23), 1),
        (date(2026, 11, 24), date(2026, 11, 23), 0),
        (date(2024, 2, 28), date(2024, 3, 1), 2),
        (date(2025, 2, 28), date(2025, 3, 1), 1),
        (date(2025, 11, 23), date(2026, 11, 23), 365),
    ],
)
def test_days_past_due_are_calendar_days_since_the_due_date(
    due_since: date | None, on: date, days: int
) -> None:
    assert days_past_due(due_since, on) == days


def test_the_date_is_that_of_the_debtors_home() -> None:
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert local_day(late, "Asia/Taipei") == date(2026, 11, 23)
    assert local_day(late, "UTC") == date(2026, 11, 22)
    home = Address(PlaceKind.HOME, "7 Lane", "TW", None, None, None, "Asia/Taipei")
    work = Address(PlaceKind.WORK, "8 Lane", "JP", None, None, None, "Asia/Tokyo")
    assert stated(addresses=(work, home)).calendar == "Asia/Taipei"
    assert stated(addresses=(work,)).calendar == "Asia/Tokyo"
    assert stated().calendar == "UTC"


@pytest.mark.parametrize(
    ("dpd", "name"),
    [
        (0, "M0"),
        (1, "M1"),
        (30, "M1"),
        (31, "M2"),
        (60, "M2"),
        (180, "M6"),
        (181, "M7+"),
        (9999, "M7+"),
    ],
)
def test_buckets_meet_without_gap_or_overlap(dpd: int, name: str) -> None:
    assert MONTHLY.of(dpd).name == name
    assert buckets_of("M1=1,M2=31,M3=61,M4=91,M5=121,M6=151,M7+=181").of(dpd).name == name


@pytest.mark.parametrize(
    "later",
    [[("a", 0)], [("a", 5), ("b", 5)], [("a", 9), ("b", 5)], [("a", 1), ("a", 5)], [("", 1)]],
)
def test_buckets_that_overlap_are_refused(later: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match="buckets"):
        Buckets(later)
