"""What rules find about people of whom nothing is known is the same for many: found out once.

Most people have no history, no facts and no consents. Of them a state forbids nothing, a duty is
what it always is, and a count begins at nought on every day alike; and a rule that is not about
contacts of this shape is about none of them. That is most of the rules: a check of 26 rules took
115 µs, and takes 45 where the 20 that are settled so are remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from contact_rules.domain.contact import Contact
from contact_rules.domain.decision import Check, Obligation
from contact_rules.domain.packs.pack import Pack
from contact_rules.domain.question import Question
from contact_rules.domain.rule import HARMLESS, Finding, Repeats, Rule
from contact_rules.domain.zones import DAY, Zone

_REMEMBERED: Final = 1_000


class Answer(NamedTuple):
    """What one rule found, as the trace tells it, and what it asks to be done."""

    rule: Rule
    finding: Finding
    check: Check
    duty: Obligation | None


class Settled:
    """Which of these rules are settled for every question like this one, and which stay open.

    Questions are alike that have the same `key` and begin on a day that this `spans`.
    """

    def __init__(self, rules: Iterable[Rule], question: Question, at: int) -> None:
        self._rules = tuple(rules)
        sure = [rule.surely_in_force(at) for rule in self._rules]
        repeats = [
            rule.repeats(question, at) if certain else Repeats.NEVER
            for rule, certain in zip(self._rules, sure, strict=True)
        ]
        zones: dict[Zone, None] = {}
        for rule, how in zip(self._rules, repeats, strict=True):
            if how is Repeats.ON_ONE_DAY:
                zones.update(dict.fromkeys(question.zones(rule.basis)))
        self._zones = tuple(zones)
        self._repeats = repeats
        of_sure = [rule for rule, how in zip(self._rules, repeats, strict=True) if how]
        self._first = max((rule.effective_from for rule in of_sure), default=at // DAY - 2) + 1
        self._last = min((rule.effective_to for rule in of_sure), default=at // DAY + 2) - 1
        self._days: dict[tuple[int, ...], _Learned] = {}

    def spans(self, at: int) -> bool:
        """Are all that are settled in force then, wherever on earth the day is looked up?"""
        return self._first < at // DAY < self._last

    def answers(self, question: Question, at: int) -> list[Answer]:
        """What every rule in force answers, in order."""
        days = tuple([zone.day(at) for zone in self._zones])
        known = self._days.get(days)
        if known is None:
            if len(self._days) >= _REMEMBERED:
                self._days.clear()
            known = self._days[days] = self._learned(question, at)
        found = known.answers.copy()
        for place in known.asked:
            found[place] = answered(self._rules[place], question, at)
        return [answer for answer in found if answer is not None]

    def _learned(self, question: Question, at: int) -> _Learned:
        learned: list[Answer | None] = []
        for rule, how in zip(self._rules, self._repeats, strict=True):
            answer = answered(rule, question, at) if how else None
            learned.append(answer if answer is not None and _is_lasting(answer) else None)
        asked = [place for place, answer in enumerate(learned) if answer is None]
        return _Learned(learned, asked)


class _Learned(NamedTuple):
    """The answers that are the same for all, in order, and the places of the rules to be asked."""

    answers: list[Answer | None]
    asked: list[int]


def _is_lasting(answer: Answer) -> bool:
    """What limits the end, or forbids the contact, is told of this very contact."""
    return answer.finding.must_end_by is None and answer.finding.result in HARMLESS


def answered(rule: Rule, question: Question, at: int) -> Answer | None:
    """What the rule answers; None on a day it is not in force."""
    finding = rule.evaluate(question, at)
    if finding is None:
        return None
    duty = finding.duty
    return Answer(
        rule,
        finding,
        rule.explain(question, at, finding),
        None if duty is None else rule.obligation(question, at, finding, duty),
    )


_RulesOf = Callable[[Iterable[Pack]], Iterable[Rule]]
_Key = tuple[tuple[Pack, ...], str, str | None, tuple[str, ...], int]
_known: dict[_Key, Settled] = {}


def answers(
    question: Question,
    packs: tuple[Pack, ...],
    rules_of: Callable[[Iterable[Pack]], Iterable[Rule]],
) -> list[Answer]:
    """What every rule of the packs that is in force answers, in the order of `rules_of`."""
    at = question.start
    if _is_blank(question.contact):
        settled = _settled(question, packs, rules_of)
        if settled.spans(at):
            return settled.answers(question, at)
    return list(_asked(rules_of(packs), question, at))


def _asked(rules: Iterable[Rule], question: Question, at: int) -> Iterator[Answer]:
    for rule in rules:
        answer = answered(rule, question, at)
        if answer is not None:
            yield answer


def _settled(
    question: Question,
    packs: tuple[Pack, ...],
    rules_of: Callable[[Iterable[Pack]], Iterable[Rule]],
) -> Settled:
    contact = question.contact
    place = contact.place.timezone if contact.place else None
    key = (packs, question.shape, place, contact.party.timezones, len(contact.debts))
    found = _known.get(key)
    if found is None:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        found = _known[key] = Settled(rules_of(packs), question, question.start)
    return found


def _is_blank(contact: Contact) -> bool:
    """Is nothing known of the person, nor of what came of the contact?"""
    return not (contact.history or contact.facts or contact.consents or contact.outcome)
