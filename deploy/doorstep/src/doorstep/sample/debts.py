"""A client's row of the source as a debt that is late now.

The source has six monthly statements and what was paid, and says of each month how many months
late the client was. It has no days, no minimum payments and no split of the balance; here they
are worked out:

- the last due day before today lies 15 to 45 days back, on a day of the month that the client's
  number decides; "*n* months late" in September means the due day *n* − 1 months before it is
  the oldest unpaid one, so days past due are about 30 × *n*;
- a minimum payment is 5 % of the statement, at least 1,000, at most all of it;
- overdue are *n* minimum payments, at most the balance;
- of the balance, interest is 15 % a year for the days past due, fees are 300, 400 and 500 for the
  first, second and third month late, and principal is the rest.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

_BANK: Final = ZoneInfo("Asia/Taipei")
_ANNUAL_RATE: Final = "0.15"  # the most a Taiwanese card may charge (Banking Act, article 47-1)
_LATE_FEES: Final = (0, 300, 700, 1200)
_STATEMENTS: Final = [f"BILL_AMT{month}" for month in range(1, 7)]
_PAYMENTS: Final = [f"PAY_AMT{month}" for month in range(1, 7)]
_LAST_DUE_AT_LEAST: Final = timedelta(days=15)


def debt(row: Mapping[str, str], *, today: date) -> dict[str, Any]:
    """The account's own fields: moment, product, balance, lateness and history."""
    client, months_late = int(row["ID"]), int(row["PAY_0"])
    last_due = _last_due(today, day=1 + client % 28)
    due_since = _months_before(last_due, months_late - 1)
    statements = [max(0, figure(row[name])) for name in _STATEMENTS]
    balance = statements[0]
    # Plain integers, rounded half up; New Taiwan dollars have no cents in practice.
    late_for = (today - due_since).days
    interest = min((balance * 15 * late_for + 18_250) // 36_500, balance)
    fees = min(_LATE_FEES[min(months_late, 3)], balance - interest)
    overdue = min(months_late * _minimum(balance), balance)
    return {
        "as_of": datetime(today.year, today.month, today.day, tzinfo=_BANK).isoformat(),
        "product": "credit_card",
        "currency": "TWD",
        "balance": {
            "principal": str(balance - interest - fees),
            "interest": str(interest),
            "fees": str(fees),
        },
        "overdue": str(overdue),
        "due_since": due_since.isoformat(),
        "annual_rate": _ANNUAL_RATE,
        "opened_on": _opened_on(client, _months_before(last_due, 12)).isoformat(),
        "history": _history(row, statements, last_due),
    }


def figure(cell: str) -> int:
    """A whole number of the source, which writes round ones as ``1.00E+05``."""
    return int(Decimal(cell))


def _history(row: Mapping[str, str], statements: list[int], last_due: date) -> list[dict[str, str]]:
    """Due and paid, the oldest first. What was paid in a month was due on the statement before.

    The statement before April is not in the source: April's own stands in for it.
    """
    before = [*statements[1:], statements[-1]]
    months = [
        {
            "due_on": _months_before(last_due, month).isoformat(),
            "due": str(_minimum(statement)),
            "paid": str(figure(row[payment])),
        }
        for month, (statement, payment) in enumerate(zip(before, _PAYMENTS, strict=True))
    ]
    return months[::-1]


def _minimum(statement: int) -> int:
    return min(statement, max(1000, statement // 20))


def _last_due(today: date, *, day: int) -> date:
    latest = today - _LAST_DUE_AT_LEAST
    this_month = latest.replace(day=day)
    return this_month if this_month <= latest else _months_before(this_month, 1)


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; ``day`` is at most a 28th, so every month has it."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, day.day)


def _opened_on(client: int, latest: date) -> date:
    """One to nine years ago: the source does not say."""
    return latest - timedelta(days=Random(client).randrange(8 * 365))  # noqa: S311 not a secret
