"""An account's ledger: every line with its effect, adding up to the balance to the minor unit.

Three kinds of line, in the order things happened:

- ``statement``: the lender's balance as of a time. Its effect is whatever brings the running
  balance to it: the opening balance, later what the lender's books did that we were not told.
- ``payment``: takes its amount off.
- ``interest``: the part of a payment that pays a plan's interest. It is owed from the moment it is
  paid, so it stands just before that payment; between the two statements of a lender the balance
  falls by principal only, like the plan's own balance.

A newer statement whose ``as_of`` is after a payment already contains that payment: the line stays
where it happened and the statement's own effect shrinks by as much. A payment from before the
first statement is shown with no effect. A payment dated the very moment of a statement comes after
it (see `plans.domain.account.Account.contains`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plans.domain.money import Money


class Line(StrEnum):
    """What a line of the ledger tells."""

    STATEMENT = "statement"
    INTEREST = "interest"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Statement:
    """The lender's balance as of a time."""

    id: UUID
    balance: Money
    as_of: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """A recorded payment; ``interest`` of it paid a plan's interest."""

    id: UUID
    external_id: str
    amount: Money
    interest: Money
    paid_at: datetime
    recorded_at: datetime
    plan_id: UUID | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``amount`` is what the paper says, ``change`` what it did to the balance."""

    line: Line
    id: UUID
    at: datetime
    recorded_at: datetime
    amount: Money
    change: Money
    balance_after: Money
    external_id: str | None = None
    plan_id: UUID | None = None


def entries(
    currency: str, statements: Sequence[Statement], receipts: Sequence[Receipt]
) -> list[Entry]:
    """The whole ledger, oldest first. Its changes add up to the last line's ``balance_after``."""
    happened: list[tuple[datetime, int, datetime, UUID, Statement | Receipt]] = [
        *((each.as_of, 0, each.recorded_at, each.id, each) for each in statements),
        *((each.paid_at, 1, each.recorded_at, each.id, each) for each in receipts),
    ]
    result: list[Entry] = []
    balance, zero, opened = Money.zero(currency), Money.zero(currency), False
    for *_, each in sorted(happened, key=lambda event: event[:4]):
        if isinstance(each, Statement):
            result.append(
                Entry(
                    Line.STATEMENT,
                    each.id,
                    each.as_of,
                    each.recorded_at,
                    each.balance,
                    each.balance - balance,
                    each.balance,
                )
            )
            balance, opened = each.balance, True
            continue
        lines = [(Line.INTEREST, each.interest, each.interest)] if each.interest.minor else []
        lines.append((Line.PAYMENT, each.amount, -each.amount))
        for line, amount, change in lines:
            effect = change if opened else zero
            balance += effect
            result.append(
                Entry(
                    line,
                    each.id,
                    each.paid_at,
                    each.recorded_at,
                    amount,
                    effect,
                    balance,
                    each.external_id,
                    each.plan_id,
                )
            )
    return result
