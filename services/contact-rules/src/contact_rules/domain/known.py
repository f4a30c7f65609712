"""What is known of a person: facts and consents, and which of them concern one contact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contact_rules.domain.contact import Consent, Contact, Fact, FactKind

OF_THE_PERSON: Final = frozenset(
    {
        FactKind.BANKRUPT,
        FactKind.DECEASED,
        FactKind.HOSPITAL,
        FactKind.BEREAVEMENT,
        FactKind.DISASTER,
        FactKind.VULNERABLE,
        FactKind.MINOR,
        FactKind.WAKING_HOURS,
        FactKind.WORKING_HOURS,
        FactKind.EXCLUDED_SLOT,
        FactKind.PREFERRED_SLOT,
        FactKind.EMPLOYER_PROHIBITS,
        FactKind.NO_HOME_VISITS,
    }
)
"""Kinds that hold whoever collects: a hospital bed is one for every lender. The others are said to
one lender, or are about its debts."""


@dataclass(frozen=True, slots=True)
class Known:
    """A fact or a consent that was told, and was no mistake.

    ``lender`` None: it holds whoever collects. ``debts`` empty: all debts to that lender.
    ``ended_at``: since when it holds no longer; None: it stands. Only who asks about the past is
    given what has ended.
    """

    id: UUID
    said: Fact | Consent
    lender: str | None
    debts: frozenset[str]
    recorded_at: datetime
    ended_at: datetime | None = None

    def stood(self, at: datetime) -> bool:
        """Had it not ended by then?"""
        return self.ended_at is None or self.ended_at > at


def with_known(contact: Contact, known: Iterable[Known]) -> Contact:
    """The contact with all that is known and concerns it beside what it already says."""
    concerning = [each.said for each in known if _concerns(each, contact)]
    if not concerning:
        return contact
    facts = (each for each in concerning if isinstance(each, Fact))
    consents = (each for each in concerning if isinstance(each, Consent))
    return replace(contact, facts=(*contact.facts, *facts), consents=(*contact.consents, *consents))


def _concerns(known: Known, contact: Contact) -> bool:
    """Is it about this lender's collecting, and any of these debts?"""
    if known.lender is not None and known.lender != contact.lender:
        return False
    return not known.debts or any(debt.id in known.debts for debt in contact.debts)
