"""Which contacts of the history an `event_count` counts, and into which groups they fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from contact_rules.domain.contact import Contact, Outcome, PastContact
from contact_rules.domain.question import Question
from contact_rules.domain.selector import (
    PAST_PROPERTIES,
    Selector,
    Test,
    read_selector,
    selector_of,
)
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import seconds

_OF_CONTACT: Final[dict[str, Callable[[Contact], str | None]]] = {
    "person": lambda contact: contact.party.id,
    "contact_point": lambda contact: contact.point,
    "channel": lambda contact: contact.channel,
    "creditor": lambda contact: contact.lender,
    "collector": lambda contact: contact.collector.id,
}
_OF_PAST: Final[dict[str, Callable[[PastContact], str | None]]] = {
    "person": attrgetter("party"),
    "contact_point": attrgetter("point"),
    "channel": attrgetter("channel"),
    "creditor": attrgetter("lender"),
    "collector": attrgetter("collector"),
}
GROUPS: Final = (*_OF_CONTACT, "debt")


class Event(NamedTuple):
    """Something in the history that counts; `certain`, unless it leaves out what decides that."""

    at: int
    past: PastContact
    certain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is counted: contacts like `match`, with one of the `outcomes` if any are named, unlike
    every one of `exclude`; those that share with the asked contact all that `group_by` names."""

    match: Selector
    outcomes: frozenset[str] | None
    exclude: tuple[Selector, ...]
    group_by: tuple[str, ...]

    def groups(self, question: Question, *, unknown_outcome: bool) -> list[list[Event]]:
        """The events of each group the contact falls into, in the order of time: one group, or
        one for each debt.

        `unknown_outcome`: does an event count whose outcome is not known yet?
        """
        return question.once(
            (self, unknown_outcome), lambda: self._groups(question.contact, unknown_outcome)
        )

    def counts(self, question: Question) -> bool:
        """Would the asked contact itself be counted? Its outcome is assumed to be one that is."""
        return question.once(
            (self, "itself"),
            lambda: (
                self.match.contact(question, question.start) is not False
                and not any(e.contact(question, question.start) is True for e in self.exclude)
            ),
        )

    def of_any_outcome(self) -> Selection:
        return _selection(
            self.match.tests, None, tuple(e.tests for e in self.exclude), self.group_by
        )

    def _groups(self, contact: Contact, unknown_outcome: bool) -> list[list[Event]]:
        same = [
            (get, _OF_CONTACT[name](contact))
            for name, get in _OF_PAST.items()
            if name in self.group_by
        ]
        events = []
        for past in contact.history:
            matches = self.match.past(past, contact)
            if matches is False:
                continue
            if self.outcomes is not None and (
                not unknown_outcome if past.outcome is None else past.outcome not in self.outcomes
            ):
                continue
            if self.exclude and any(e.past(past, contact) is True for e in self.exclude):
                continue
            certain = matches is True
            for get, asked in same:
                found = get(past)
                if found is None or asked is None:
                    certain = False
                elif found != asked:
                    break
            else:
                events.append(Event(seconds(past.starts_at), past, certain))
        events.sort(key=_at)
        if "debt" not in self.group_by:
            return [events]
        return [_about(debt.id, events) for debt in contact.debts] or [_about(None, events)]


def _about(debt: str | None, events: list[Event]) -> list[Event]:
    """Those linked to a debt; perhaps those that name none, or any where none is asked about."""
    return [
        event._replace(certain=event.certain and debt in event.past.debts)
        for event in events
        if debt is None or not event.past.debts or debt in event.past.debts
    ]


def _at(event: Event) -> int:
    return event.at


def read_selection(match: Node | None, exclude: Node | None, group_by: Node | None) -> Selection:
    """Equal selections are one object, so that a question sorts its history only once for them."""
    tests, outcomes = _read_match(match)
    items = exclude.items() if exclude else []
    excluded = [read_selector(item, PAST_PROPERTIES) for item in items]
    groups = group_by.choices(GROUPS) if group_by else []
    return _selection(tests, outcomes, tuple(e.tests for e in excluded), tuple(sorted(set(groups))))


@lru_cache(maxsize=4096)
def _selection(
    tests: tuple[Test, ...],
    outcomes: frozenset[str] | None,
    exclude: tuple[tuple[Test, ...], ...],
    group_by: tuple[str, ...],
) -> Selection:
    return Selection(selector_of(tests), outcomes, tuple(map(selector_of, exclude)), group_by)


def _read_match(node: Node | None) -> tuple[tuple[Test, ...], frozenset[str] | None]:
    if node is None:
        return (), None
    selector = read_selector(node, (*PAST_PROPERTIES, "outcome"))
    outcomes: frozenset[str] | None = None
    for test in selector.tests:
        if test.property == "outcome":
            outcomes = frozenset(Outcome) - test.values if test.negated else test.values
    return tuple(test for test in selector.tests if test.property != "outcome"), outcomes
