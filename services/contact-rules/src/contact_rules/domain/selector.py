"""Which contacts a rule is about: `applies_when`, `exceptions`, and what an `event_count` counts.

A selector names properties and the values they must have; every property must fit, and `not_…`
turns one round. A property that is not known neither fits nor fails to fit: the answer is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

from contact_rules.domain.contact import (
    Channel,
    CollectorClass,
    ConsentScope,
    Contact,
    Direction,
    FactKind,
    Outcome,
    PastContact,
    PlaceKind,
    Product,
    Purpose,
    Role,
)
from contact_rules.domain.question import (
    BY_CHANNEL,
    Question,
    consent_covers,
    consent_turns,
    fact_turns,
    holds_on,
)
from contact_rules.domain.yaml_nodes import Node

LIABLE: Final = (Role.DEBTOR, Role.CO_DEBTOR, Role.GUARANTOR)
ROLE_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "liable": LIABLE,
    "third_party": tuple(role for role in Role if role not in LIABLE),
}
OUTCOME_CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "failed": (
        Outcome.NOT_CONNECTED,
        Outcome.NO_ANSWER,
        Outcome.VOICEMAIL,
        Outcome.NOBODY_MET,
    ),
    "reached": (
        Outcome.ANSWERED,
        Outcome.CONVERSATION,
        Outcome.REFUSED,
        Outcome.PERSON_MET,
        Outcome.DEBTOR_MET,
    ),
}
"""`failed`: nobody was reached; `reached`: somebody was, whether they talked or not."""

_VOCABULARY: Final[dict[str, list[str]]] = {
    "channel": list(Channel),
    "direction": list(Direction),
    "party": [*Role, *ROLE_GROUPS],
    "place": list(PlaceKind),
    "purpose": list(Purpose),
    "collector": list(CollectorClass),
    "product": list(Product),
    "state": list(FactKind),
    "consent": list(ConsentScope),
    "outcome": [*Outcome, *OUTCOME_CLASSES],
}
_GROUPS: Final[dict[str, tuple[str, ...]]] = ROLE_GROUPS | OUTCOME_CLASSES
CONTACT_PROPERTIES: Final = tuple(name for name in _VOCABULARY if name != "outcome")
_OF_CONTACT: Final[dict[str, Callable[[Contact], str | None]]] = {
    "channel": lambda contact: contact.channel,
    "direction": lambda contact: contact.direction,
    "party": lambda contact: contact.party.role,
    "place": lambda contact: contact.place.kind if contact.place else None,
    "purpose": lambda contact: contact.purpose,
    "collector": lambda contact: contact.collector.class_,
}
_OF_PAST: Final[dict[str, Callable[[PastContact], str | None]]] = {
    "channel": attrgetter("channel"),
    "direction": attrgetter("direction"),
    "place": attrgetter("place"),
    "purpose": attrgetter("purpose"),
}
PAST_PROPERTIES: Final = (*_OF_PAST, "party")


@dataclass(frozen=True, slots=True)
class Test:
    """One property and the values it may have, or with `negated` must not have."""

    property: str
    values: frozenset[str]
    negated: bool


class Selector:
    """All of its tests must fit. One without tests fits everything. Never changes."""

    def __init__(self, tests: Iterable[Test] = ()) -> None:
        self.tests = tuple(tests)
        # Each sort of test apart, as a check asks them often.
        self._of_contact = [
            (_OF_CONTACT[t.property], t.values, t.negated)
            for t in self.tests
            if t.property in _OF_CONTACT
        ]
        self._of_past = [
            (_OF_PAST[t.property], t.values, t.negated)
            for t in self.tests
            if t.property in _OF_PAST
        ]
        self._of_role = [t for t in self.tests if t.property == "party"]
        self._of_debts = [t for t in self.tests if t.property == "product"]
        self._changing = [t for t in self.tests if t.property in ("state", "consent")]

    def contact(self, question: Question, at: int) -> bool | None:
        """Does it fit the contact, begun at this instant?"""
        answer = question.once(self, lambda: self._lasting(question.contact))
        if answer is False or not self._changing:
            return answer
        for test in self._changing:
            if test.property == "state":
                day = question.zone_for_dates(BY_CHANNEL).day(at)
                found = any(holds_on(fact, day) for fact in question.facts(test.values))
            else:
                end = at + question.duration
                found = any(consent_covers(c, at, end) for c in question.consents(test.values))
            if found is test.negated:
                return False
        return answer

    def turns(self, question: Question) -> Iterable[int]:
        """The starts at which the answer for the contact may change."""
        for test in self._changing:
            if test.property == "state":
                for fact in question.facts(test.values):
                    yield from fact_turns(fact, question.zone_for_dates(BY_CHANNEL))
            else:
                for consent in question.consents(test.values):
                    yield from consent_turns(consent, question.duration)

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

    def _lasting(self, contact: Contact) -> bool | None:
        """What does not depend on when the contact begins."""
        answer: bool | None = True
        for get, values, negated in self._of_contact:
            value = get(contact)
            if value is None:
                answer = None
            elif (value in values) is negated:
                return False
        for test in self._of_debts:
            products = {debt.product for debt in contact.debts} or {None}
            if test.values & products:
                if test.negated:
                    return False
            elif None in products:
                answer = None
            elif not test.negated:
                return False
        return answer


def _role(past: PastContact, contact: Contact) -> Role | None:
    """As the ledger says; else, of the person now asked about, the role she has now."""
    if past.role is not None:
        return past.role
    return contact.party.role if past.party == contact.party.id else None


def read_selector(node: Node | None, properties: Iterable[str] = CONTACT_PROPERTIES) -> Selector:
    """A selector over some of the properties; nothing written fits everything."""
    if node is None:
        return selector_of(())
    keys = {key: key for key in properties} | {f"not_{key}": key for key in properties}
    tests = [
        Test(keys[name], read_values(keys[name], values), name != keys[name])
        for name, values in node.fields(keys).items()
    ]
    return selector_of(tuple(sorted(tests, key=lambda test: (test.property, test.negated))))


@lru_cache(maxsize=4096)
def selector_of(tests: tuple[Test, ...]) -> Selector:
    """Equal selectors are one object, so that a question looks at itself only once for them."""
    return Selector(tests)


def read_values(property_: str, node: Node) -> frozenset[str]:
    """The values of one property, with words for several of them (`third_party`) spelled out."""
    said = node.choices(_VOCABULARY[property_])
    return frozenset(value for word in said for value in _GROUPS.get(word, (word,)))
