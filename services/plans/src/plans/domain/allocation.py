"""Which instalments a payment pays, in one stated order.

Oldest due first; within an instalment interest before principal; the next instalment is begun only
when the one before is paid in full. What exceeds all that is due prepays the instalments to come in
the same order, each with its interest as agreed: nothing is recomputed by paying early, a debtor
who wants that is offered new terms. What is left after the last instalment stays on the account as
credit: it pays the rest of the debt that the plan is not about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plans.domain.money import Money, total
from plans.domain.quote import Instalment


@dataclass(frozen=True, slots=True)
class Progress:
    """An instalment and what has been paid of it."""

    instalment: Instalment
    paid_interest: Money
    paid_principal: Money

    @property
    def paid(self) -> Money:
        return self.paid_interest + self.paid_principal

    @property
    def is_paid(self) -> bool:
        return self.paid == self.instalment.total

    def with_paid(self, allocation: "Allocation") -> "Progress":
        return replace(
            self,
            paid_interest=self.paid_interest + allocation.interest,
            paid_principal=self.paid_principal + allocation.principal,
        )


@dataclass(frozen=True, slots=True)
class Allocation:
    """The part of a payment that pays instalment ``no``."""

    no: int
    interest: Money
    principal: Money


@dataclass(frozen=True, slots=True)
class Allocated:
    """A payment taken apart: its ``parts`` and the ``credit`` add up to it exactly."""

    parts: tuple[Allocation, ...]
    credit: Money

    @property
    def interest(self) -> Money:
        return total((part.interest for part in self.parts), self.credit.currency)

    @property
    def principal(self) -> Money:
        return total((part.principal for part in self.parts), self.credit.currency)


def allocate(payment: Money, instalments: Sequence[Progress]) -> Allocated:
    """Take ``payment`` apart over ``instalments``, given in their order (see the module)."""
    left, parts = payment, []
    for each in instalments:
        if left.minor <= 0:
            break
        interest = min(left, each.instalment.interest - each.paid_interest)
        principal = min(left - interest, each.instalment.principal - each.paid_principal)
        if (interest + principal).minor:
            parts.append(Allocation(each.instalment.no, interest, principal))
            left = left - interest - principal
    return Allocated(tuple(parts), left)


def is_completed(instalments: Sequence[Progress]) -> bool:
    """Whether every instalment is paid in full."""
    return all(each.is_paid for each in instalments)
