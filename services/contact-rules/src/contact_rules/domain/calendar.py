"""When may this contact happen? The same rules, asked about every moment of up to 90 days.

A rule says at which starts its answer may turn. Between two turns it is asked once, by the very
`evaluate` that a check calls, so the calendar and the check can't disagree. Rules go one after
another, the cheap ones first, and look only at what those before have left open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from contact_rules.domain.contact import Contact
from contact_rules.domain.decision import Window
from contact_rules.domain.packs.pack import Pack, in_order
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Rule
from contact_rules.domain.zones import DAY, seconds, whole_second_from

LONGEST: Final = timedelta(days=90)
_FIRST_LOOKS: Final = (7 * DAY, 28 * DAY, 90 * DAY)

Starts = list[tuple[int, int]]
"""Stretches of starts, first and last second included, in order and apart from each other."""


class TooLong(ValueError):
    """A calendar was asked for that ends before it begins, or spans more than 90 days."""


def windows(
    contact: Contact, packs: Iterable[Pack], from_: datetime, to: datetime
) -> tuple[Window, ...]:
    """Every whole second from `from_` to `to`, both included, at which `check` says allow.

    The contact's own start does not matter. Times are in the zone of the place. Raises TooLong.
    """
    if not timedelta(0) <= to - from_ <= LONGEST:
        raise TooLong("a calendar ends after it begins and spans at most 90 days")
    question = Question(contact)
    first = whole_second_from(from_)
    return tuple(
        Window(question.local(begin), question.local(end))
        for begin, end in _allowed(question, _cheap_first(packs), first, seconds(to))
    )


def earliest_allowed_at(contact: Contact, packs: Iterable[Pack]) -> datetime | None:
    """The first lawful start from the asked one on; None if there is none within 90 days."""
    question = Question(contact)
    rules = _cheap_first(packs)
    begin = question.start
    for look in _FIRST_LOOKS:
        end = question.start + look
        for first, _ in _allowed(question, rules, begin, end):
            return question.local(first)
        begin = end + 1
    return None


def _cheap_first(packs: Iterable[Pack]) -> list[Rule]:
    rules = (rule for pack in in_order(packs) for rule in pack.rules)
    return sorted(rules, key=lambda rule: rule.judge.effort)


def _allowed(question: Question, rules: Iterable[Rule], first: int, last: int) -> Starts:
    left: Starts = [(first, last)] if first <= last else []
    for rule in rules:
        if not left:
            break
        left = _left_by(question, rule, left)
    return left


def _left_by(question: Question, rule: Rule, open_: Starts) -> Starts:
    """What one rule leaves of these starts."""
    turns = sorted(rule.turns(question, open_[0][0], open_[-1][1]))
    left: Starts = []
    for first, last in open_:
        inside = turns[bisect_right(turns, first) : bisect_right(turns, last)]
        for begin, following in zip([first, *inside], [*inside, last + 1], strict=True):
            if not rule.allows(question, begin):
                continue
            if left and left[-1][1] == begin - 1:
                left[-1] = (left[-1][0], following - 1)
            else:
                left.append((begin, following - 1))
    return left
