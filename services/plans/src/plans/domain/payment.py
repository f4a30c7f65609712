"""A payment as a lender reports it, and when two reports are the same payment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plans.domain.account import Account
from plans.domain.allocation import Allocated
from plans.domain.money import MOST_MINOR_UNITS, AbsurdAmount, CurrencyMismatch, Money, NotPositive
from plans.domain.plan import SKEW
from plans.domain.refusals import Refusal

MOST_OVERPAID: Final = MOST_MINOR_UNITS


class PaidInFuture(Refusal):
    code = "paid_in_future"
    about = "paid_at"


class OtherPaymentOfThatId(Refusal):
    code = "other_payment_of_that_id"
    about = "external_id"


@dataclass(frozen=True, slots=True)
class Report:
    """What a lender says was paid. ``external_id`` is the lender's own and names it for ever."""

    lender: str
    external_id: str
    account: str
    amount: Money
    paid_at: datetime
    method: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """A recorded payment: how it was taken apart, and what the account owed after it.

    ``plan_id`` is the plan it paid; without one all of it is credit on the account.
    """

    id: UUID
    report: Report
    account_id: UUID
    recorded_at: datetime
    recorded_by: str
    plan_id: UUID | None
    allocated: Allocated
    balance_after: Money


def check_report(report: Report, now: datetime) -> None:
    """Raise `NotPositive` or `PaidInFuture`."""
    if report.amount.minor <= 0:
        raise NotPositive("The amount must be more than zero.", "金额必须大于零。")
    if report.paid_at > now + SKEW:
        raise PaidInFuture("The payment lies in the future.", "还款时间不得晚于现在。")


def check_fits(report: Report, account: Account) -> None:
    """Raise `CurrencyMismatch`, or `AbsurdAmount` if the account would be overpaid beyond reason.

    Paying more than is owed is a fact to record, not an error.
    """
    currency = account.balance.currency
    if report.amount.currency != currency:
        raise CurrencyMismatch(
            f"The account is kept in {currency}.", f"该账户的币种为 {currency}。"
        )
    if account.balance.minor - report.amount.minor < -MOST_OVERPAID:
        raise AbsurdAmount(
            f"The account would be overpaid by more than {MOST_OVERPAID} minor units.",
            f"多付金额将超过 {MOST_OVERPAID} 个最小货币单位。",
        )


def check_same(report: Report, recorded: Report) -> None:
    """Raise `OtherPaymentOfThatId` unless both say the same in every field."""
    if report != recorded:
        raise OtherPaymentOfThatId(
            "The lender already reported another payment under this id.",
            "该编号已用于另一笔还款。",
        )
