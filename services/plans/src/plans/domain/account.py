"""The account as this service knows it: whose it is, and what is owed after all it was told."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from plans.domain.money import CurrencyMismatch, Money
from plans.domain.refusals import Refusal


class UnknownAccount(Refusal):
    code = "unknown_account"
    about = "account"

    def __init__(self) -> None:
        super().__init__("There is no such account.", "没有此账户。")


class UnknownCase(Refusal):
    code = "unknown_case"
    about = "case_id"

    def __init__(self) -> None:
        super().__init__("There is no such case.", "没有此案件。")


class ExceedsBalance(Refusal):
    code = "exceeds_balance"
    about = "amount"


class CaseDoesNotOwnAccount(Refusal):
    code = "case_does_not_own_account"
    about = "case_id"


class CaseClosed(Refusal):
    code = "case_closed"

    def __init__(self) -> None:
        super().__init__("The case is closed.", "案件已关闭。")


@dataclass(frozen=True, slots=True)
class Account:
    """One debt of one lender. ``balance`` is what is owed now; negative when it was overpaid.

    ``as_of`` is the time of the lender's newest statement, which the balance starts from.
    """

    id: UUID
    lender: str
    external_id: str
    case_id: UUID | None
    person_id: UUID
    balance: Money
    as_of: datetime

    def contains(self, paid_at: datetime) -> bool:
        """Whether the lender's statement already contains what was paid then.

        A statement as of midnight does not contain a payment dated the same midnight: lenders
        date both by the day, and the statement is the day's opening.
        """
        return paid_at < self.as_of

    def after(self, *, paid: Money, interest: Money, paid_at: datetime) -> "Account":
        """The account after a payment of which ``interest`` pays a plan's interest.

        A plan's interest is owed from the moment it is paid, no earlier: so the balance goes down
        by the rest, exactly as the plan's own ``balance_after``. What the statement already
        contains changes nothing.
        """
        if self.contains(paid_at):
            return self
        return replace(self, balance=self.balance - paid + interest)

    def is_paid(self) -> bool:
        """Whether nothing is owed any more."""
        return self.balance.minor <= 0


def check_may_be_offered(account: Account, *, case_id: UUID, amount: Money) -> None:
    """Raise the refusal that says why no plan over ``amount`` can be offered on the account.

    More than is owed, another currency, or another case than the account's.
    """
    if account.case_id != case_id:
        raise CaseDoesNotOwnAccount(
            "The account does not belong to this case.", "该账户不属于此案件。"
        )
    if amount.currency != account.balance.currency:
        raise CurrencyMismatch(
            f"The account is kept in {account.balance.currency}.",
            f"该账户的币种为 {account.balance.currency}。",
        )
    if account.balance < amount:
        raise ExceedsBalance(
            "The amount is more than is owed on the account.", "金额超过该账户的欠款余额。"
        )
