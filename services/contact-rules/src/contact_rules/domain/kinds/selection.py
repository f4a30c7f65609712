"""Which contacts of the history an `event_count` counts, and into which groups they fall."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from contact_rules.domain.contact import (
    Channel,
    ConsentScope,
    Contact,
    Form,
    Outcome,
    PastContact,
    Role,
)
from contact_rules.domain.history import Event, history_of
from contact_rules.domain.kinds.terms import term
from contact_rules.domain.question import Question
from contact_rules.domain.selector import (
    PAST_PROPERTIES,
    Selector,
    read_selector,
    selector_of,
)
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import Zone

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
_REMEMBERED: Final = 10_000
_MATCHED: Final = tuple(dict.fromkeys((*PAST_PROPERTIES, "outcome")))


@dataclass(frozen=True, slots=True, eq=False)
class Sort:
    """Contacts like the selector, with one of the `outcomes` if any are named.

    Equal sorts are one object.
    """

    selector: Selector
    outcomes: frozenset[str] | None
    _known: dict[Hashable, dict[str, bool | None]] = field(default_factory=dict, repr=False)

    def known(self, role: Role | None, *, unknown_outcome: bool) -> dict[str, bool | None]:
        """What `fits` said before, by the shape of the past contact. `role`: of the asked contact,
        where the past one was with the same person."""
        known = self._known.setdefault((role, unknown_outcome), {})
        if len(known) >= _REMEMBERED:
            known.clear()
        return known

    def fits(self, past: PastContact, contact: Contact, *, unknown_outcome: bool) -> bool | None:
        """`unknown_outcome`: does one fit whose outcome is not known yet?"""
        if self.outcomes is not None:
            if past.outcome is None:
                if not unknown_outcome:
                    return False
            elif past.outcome not in self.outcomes:
                return False
        return self.selector.past(past, contact)


class Term(NamedTuple):
    """From when until when a consent takes contacts by a channel (None: by any) out of the count:
    `surely`, and after that perhaps until `last`."""

    channel: Channel | None
    first: int
    surely: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Agreed:
    """Consents that take the contacts they cover out of the count: of these scopes, in one of
    these `forms`, on the first `days` days, until somebody has been contacted like `ends_with`.

    A form nobody knows is no proof of a form; a consent to a channel nobody knows may be for it.
    """

    scopes: frozenset[str]
    forms: frozenset[str] | None
    days: int | None
    ends_with: Sort | None

    def covers(self, terms: Iterable[Term], start: int, channel: Channel) -> bool | None:
        """Is a contact by this channel, begun then, taken out?"""
        found: bool | None = False
        for each in terms:
            if each.first <= start <= each.last and each.channel in (None, channel):
                if start <= each.surely:
                    return True
                found = None
        return found

    def terms(self, question: Question, calendar: Zone, *, unknown_outcome: bool) -> list[Term]:
        return question.once(
            (self, calendar, unknown_outcome),
            lambda: list(self._terms(question, calendar, unknown_outcome)),
        )

    def _terms(self, question: Question, calendar: Zone, unknown_outcome: bool) -> Iterable[Term]:
        for consent in question.contact.consents:
            if consent.scope not in self.scopes:
                continue
            if self.forms is not None and consent.form not in self.forms:
                continue
            first, last = term(consent, self.days, calendar)
            surely = last
            if consent.scope is ConsentScope.CHANNEL and consent.channel is None:
                surely = first - 1
            if self.ends_with is not None:
                for at, past, certain in history_of(question):
                    if past.reserved or not first < at < last:
                        continue
                    fits = self.ends_with.fits(
                        past, question.contact, unknown_outcome=unknown_outcome
                    )
                    if fits is not False:
                        surely = min(surely, at)
                    if fits is True and certain:
                        last = at
            yield Term(consent.channel, first, surely, last)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is counted: contacts of the `sort`, like none of `exclude` and covered by none of the
    `agreed` consents; those that share with the asked contact all that `group_by` names.

    Equal selections are one object.
    """

    sort: Sort
    exclude: tuple[Selector, ...]
    agreed: tuple[Agreed, ...]
    group_by: tuple[str, ...]
    excluded: tuple[Sort, ...]  # `exclude`, with the outcomes apart

    @property
    def match(self) -> Selector:
        return self.sort.selector

    @property
    def outcomes(self) -> frozenset[str] | None:
        return self.sort.outcomes

    @property
    def by_days(self) -> bool:
        """Do local days decide what is counted?"""
        return any(agreed.days is not None for agreed in self.agreed)

    @property
    def by_numbers(self) -> bool:
        """Do the numbers of the debts decide what is counted?"""
        return any(selector.thresholds for selector in (self.match, *self.exclude))

    def groups(
        self, question: Question, calendar: Zone, *, unknown_outcome: bool
    ) -> list[list[Event]]:
        """The events of each group the contact falls into, in the order of time: one group, or
        one for each debt.

        `unknown_outcome`: does an event count whose outcome is not known yet? The days of consents
        are those of the `calendar`.
        """
        return question.once(
            (self, unknown_outcome, calendar if self.by_days else None),
            lambda: self._groups(question, calendar, unknown_outcome),
        )

    def itself(self, question: Question) -> bool | None:
        """Would the asked contact itself be counted? An outcome it has not yet is assumed to be one
        that is. None: not known. This leaves aside the consents, as it depends on the start what
        they say.
        """
        return question.once((self, "itself"), lambda: self._itself(question))

    def itself_at(self, question: Question, at: int, calendar: Zone) -> bool | None:
        """And would it be counted, begun at this instant?"""
        answer = self.itself(question)
        if answer is False:
            return False
        for agreed in self.agreed:
            terms = agreed.terms(question, calendar, unknown_outcome=True)
            covered = agreed.covers(terms, at, question.contact.channel)
            if covered is True:
                return False
            if covered is None:
                answer = None
        return answer

    def turns(self, question: Question, calendar: Zone) -> Iterable[int]:
        """The starts at which the asked contact begins or ceases to be counted."""
        for agreed in self.agreed:
            for each in agreed.terms(question, calendar, unknown_outcome=True):
                yield from (each.first, each.surely + 1, each.last + 1)

    def of_any_outcome(self) -> Selection:
        return _selection(_sort(self.match, None), self.exclude, self.agreed, self.group_by)

    def _itself(self, question: Question) -> bool | None:
        outcome = question.contact.outcome
        if outcome is not None and self.outcomes is not None and outcome not in self.outcomes:
            return False
        matches = self.match.contact(question, question.start)
        if not self.excluded:
            return matches
        answers = [matches]
        for each in self.excluded:
            if each.outcomes is None or outcome in each.outcomes:
                fits = each.selector.contact(question, question.start)
                answers.append(None if fits is None else not fits)
        return False if False in answers else None if None in answers else True

    def _groups(
        self, question: Question, calendar: Zone, unknown_outcome: bool
    ) -> list[list[Event]]:
        contact, sort, who = question.contact, self.sort, question.contact.party.id
        hers = sort.known(contact.party.role, unknown_outcome=unknown_outcome)
        others = sort.known(None, unknown_outcome=unknown_outcome)
        same = [
            (get, _OF_CONTACT[name](contact))
            for name, get in _OF_PAST.items()
            if name in self.group_by
        ]
        events = []
        for event in history_of(question):
            past = event.past
            known = hers if past.party == who else others
            try:
                matches = known[past.shape]
            except KeyError:
                matches = sort.fits(past, contact, unknown_outcome=unknown_outcome)
                known[past.shape] = matches
            if matches is False:
                continue
            for get, asked in same:
                found = get(past)
                if found is None or asked is None:
                    matches = None
                elif found != asked:
                    break
            else:
                if self.excluded or self.agreed:
                    left_out = self._left_out(question, event, calendar, unknown_outcome)
                    if left_out is True:
                        continue
                    matches = None if left_out is None else matches
                events.append(event._replace(certain=False) if matches is None else event)
        if "debt" not in self.group_by:
            return [events]
        return [_about(debt.id, events) for debt in contact.debts] or [_about(None, events)]

    def _left_out(
        self, question: Question, event: Event, calendar: Zone, unknown_outcome: bool
    ) -> bool | None:
        """Does one of those that are not counted fit this event, or a consent cover it?"""
        past = event.past
        answers = [
            each.fits(past, question.contact, unknown_outcome=not unknown_outcome)
            for each in self.excluded
        ]
        for agreed in self.agreed:
            terms = agreed.terms(question, calendar, unknown_outcome=unknown_outcome)
            answers.append(agreed.covers(terms, event.at, past.channel))
        return True if True in answers else None if None in answers else False


def _about(debt: str | None, events: list[Event]) -> list[Event]:
    """Those linked to a debt; perhaps those that name none, or any where none is asked about."""
    return [
        event._replace(certain=event.certain and debt in event.past.debts)
        for event in events
        if debt is None or not event.past.debts or debt in event.past.debts
    ]


def read_selection(match: Node | None, exclude: Node | None, group_by: Node | None) -> Selection:
    """Equal selections are one object, so that a question sorts its history only once for them."""
    sort = _apart(read_selector(match, _MATCHED))
    excluded, agreed = [], []
    for item in exclude.items() if exclude else ():
        if item.is_mapping and any(key.text() == "consent" for key, _ in item.pairs()):
            agreed.append(_read_agreed(item))
        else:
            excluded.append(_read_some(item, "this would leave out every contact"))
    groups = group_by.choices(GROUPS) if group_by else []
    return _selection(sort, tuple(excluded), tuple(agreed), tuple(sorted(set(groups))))


def _read_some(node: Node, otherwise: str) -> Selector:
    """A selector that does not fit everything."""
    selector = read_selector(node, _MATCHED)
    if not selector.tests:
        node.fail(otherwise, "name a property: {purpose: [...]}")
    return selector


def _read_agreed(node: Node) -> Agreed:
    """`{consent: {scope: [...], form: [...]}, days: 7, ends_with: {outcome: [...]}}`"""
    fields = node.fields(("consent", "days", "ends_with"))
    consent = node.need("consent")
    said = consent.fields(("scope", "form"))
    return _agreed(
        frozenset(consent.need("scope").choices(list(ConsentScope))),
        frozenset(said["form"].choices(list(Form))) if "form" in said else None,
        fields["days"].integer(least=1) if "days" in fields else None,
        _apart(_read_some(fields["ends_with"], "any contact would end it"))
        if "ends_with" in fields
        else None,
    )


@lru_cache(maxsize=4096)
def _apart(selector: Selector) -> Sort:
    """A selector with what it says of the outcome taken out of it, as nobody may know that yet."""
    outcomes: frozenset[str] | None = None
    for test in selector.tests:
        if test.property == "outcome":
            known = frozenset(Outcome) if outcomes is None else outcomes
            outcomes = known - test.values if test.negated else known & test.values
    tests = tuple(test for test in selector.tests if test.property != "outcome")
    return _sort(selector_of(tests), outcomes)


@lru_cache(maxsize=4096)
def _sort(selector: Selector, outcomes: frozenset[str] | None) -> Sort:
    return Sort(selector, outcomes)


@lru_cache(maxsize=4096)
def _agreed(
    scopes: frozenset[str],
    forms: frozenset[str] | None,
    days: int | None,
    ends_with: Sort | None,
) -> Agreed:
    return Agreed(scopes, forms, days, ends_with)


@lru_cache(maxsize=4096)
def _selection(
    sort: Sort, exclude: tuple[Selector, ...], agreed: tuple[Agreed, ...], group_by: tuple[str, ...]
) -> Selection:
    return Selection(sort, exclude, agreed, group_by, tuple(map(_apart, exclude)))
