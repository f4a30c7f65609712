"""The single tests a selector is made of: which values, in which form, and over which number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contact_rules.domain.contact import Consent, ConsentScope, Debt, Fact


@dataclass(frozen=True, slots=True)
class Test:
    """One property and the values it may have, or with `negated` must not have.

    `forms`: those that count, of a fact (`state`) or a consent; None: any, known or not.
    """

    property: str
    values: frozenset[str]
    negated: bool = False
    forms: frozenset[str] | None = None

    def known(self, facts: Iterable[Fact]) -> bool | None:
        """Is one of these facts in a form that counts? None: only perhaps."""
        found: bool | None = False
        for fact in facts:
            if self.forms is None or fact.form in self.forms:
                return True
            if fact.form is None:
                found = None
        return found

    def proven(self, consent: Consent) -> bool:
        """Is it in a form that counts? A form, or a channel, that nobody knows is no proof."""
        if consent.scope is ConsentScope.CHANNEL and consent.channel is None:
            return False
        return self.forms is None or consent.form in self.forms


@dataclass(frozen=True, slots=True)
class Threshold:
    """`days_past_due` or `annual_rate`: is any debt over the limit, or (`negated`) none?"""

    property: str
    limit: Decimal
    negated: bool = False

    def fits(self, debts: Iterable[Debt]) -> bool | None:
        """None where a debt that doesn't say so decides."""
        over = self.over(debts)
        return None if over is None else over is not self.negated

    def over(self, debts: Iterable[Debt]) -> bool | None:
        numbers = [getattr(debt, self.property) for debt in debts] or [None]
        if any(number is not None and number > self.limit for number in numbers):
            return True
        return None if None in numbers else False
