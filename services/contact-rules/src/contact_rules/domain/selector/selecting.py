"""What a selector says of a contact, and of something in its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Final

from contact_rules.domain.contact import Consent, Contact, PastContact, Role
from contact_rules.domain.question import (
    BY_CHANNEL,
    Question,
    Shape,
    consent_covers,
    consent_turns,
    fact_turns,
    holds_on,
)
from contact_rules.domain.selector.conditions import Test, Threshold
from contact_rules.domain.zones import seconds

OF_CONTACT: Final[dict[str, Callable[[Contact], str | None]]] = {
    "channel": lambda contact: contact.channel,
    "direction": lambda contact: contact.direction,
    "party": lambda contact: contact.party.role,
    "place": lambda contact: contact.place.kind if contact.place else None,
    "purpose": lambda contact: contact.purpose,
    "collector": lambda contact: contact.collector.class_,
    "outcome": lambda contact: None,  # nobody knows yet
}
OF_PAST: Final[dict[str, Callable[[PastContact], str | None]]] = {
    "channel": attrgetter("channel"),
    "direction": attrgetter("direction"),
    "place": attrgetter("place"),
    "purpose": attrgetter("purpose"),
    "outcome": attrgetter("outcome"),
}

_REMEMBERED: Final = 10_000


class Selector:
    """All of its tests must fit. One without tests fits everything. Never changes."""

    def __init__(self, tests: Iterable[Test] = (), thresholds: Iterable[Threshold] = ()) -> None:
        self.tests = tuple(tests)
        self.thresholds = tuple(thresholds)
        # Each sort of test apart, as a check asks them often.
        self._of_contact = [
            (OF_CONTACT[t.property], t.values, t.negated)
            for t in self.tests
            if t.property in OF_CONTACT
        ]
        self._of_past = [
            (OF_PAST[t.property], t.values, t.negated) for t in self.tests if t.property in OF_PAST
        ]
        self._of_role = [t for t in self.tests if t.property == "party"]
        self._of_products = [t for t in self.tests if t.property == "product"]
        self._of_states = [t for t in self.tests if t.property == "state"]
        self._of_consents = [t for t in self.tests if t.property == "consent"]
        self._changes = bool(self._of_states or self._of_consents)
        self._known: dict[Shape, bool | None] = {}

    def contact(self, question: Question, at: int) -> bool | None:
        """Does it fit the contact, begun at this instant?"""
        try:
            answer = self._known[question.shape]
        except KeyError:
            answer = self._lasting(question)
        if answer is False or not self._changes:
            return answer
        for test in self._of_states:
            day = question.zone_for_dates(BY_CHANNEL).day(at)
            known = test.known(f for f in question.facts(test.values) if holds_on(f, day))
            if known is test.negated:
                return False
            if known is None:
                answer = None
        for test in self._of_consents:
            end = at + question.duration
            agreed = any(consent_covers(c, at, end) for c in _proven(test, question))
            if agreed is test.negated:
                return False
        return answer

    def turns(self, question: Question) -> Iterable[int]:
        """The starts at which the answer for the contact may change."""
        for test in self._of_states:
            for fact in question.facts(test.values):
                yield from fact_turns(fact, question.zone_for_dates(BY_CHANNEL))
        for test in self._of_consents:
            for consent in _proven(test, question):
                yield from consent_turns(consent, question.duration)

    def ends(self, question: Question) -> Iterable[int]:
        """The ends after which the answer for a longer contact may be another."""
        for test in self._of_consents:
            for consent in _proven(test, question):
                if consent.until is not None:
                    yield seconds(consent.until)

    def past(self, past: PastContact, contact: Contact) -> bool | None:
        """Does it fit something in the history of the contact?"""
        answer: bool | None = True
        for get, values, negated in self._of_past:
            value = get(past)
            if value is None:
                answer = None
            elif (value in values) is negated:
                return False
        for test in self._of_role:
            role = _role(past, contact)
            if role is None:
                answer = None
            elif (role in test.values) is test.negated:
                return False
        return answer

    def _lasting(self, question: Question) -> bool | None:
        """What does not depend on when the contact begins.

        Most contacts have one of a few shapes, so it is remembered for each; but for numbers.
        """
        answer = self._fits(question.contact)
        if not self.thresholds:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[question.shape] = answer
        return answer

    def _fits(self, contact: Contact) -> bool | None:
        answer: bool | None = True
        for get, values, negated in self._of_contact:
            value = get(contact)
            if value is None:
                answer = None
            elif (value in values) is negated:
                return False
        for test in self._of_products:
            products = {debt.product for debt in contact.debts} or {None}
            if test.values & products:
                if test.negated:
                    return False
            elif None in products:
                answer = None
            elif not test.negated:
                return False
        for threshold in self.thresholds:
            fits = threshold.fits(contact.debts)
            if fits is False:
                return False
            if fits is None:
                answer = None
        return answer


@lru_cache(maxsize=4096)
def selector_of(tests: tuple[Test, ...], thresholds: tuple[Threshold, ...] = ()) -> Selector:
    """Equal selectors are one object, so that a question looks at itself only once for them."""
    return Selector(tests, thresholds)


def _proven(test: Test, question: Question) -> list[Consent]:
    return [consent for consent in question.consents(test.values) if test.proven(consent)]


def _role(past: PastContact, contact: Contact) -> Role | None:
    """As the ledger says; else, of the person now asked about, the role she has now."""
    if past.role is not None:
        return past.role
    return contact.party.role if past.party == contact.party.id else None
