"""Do the cases notice a misprint? Asks an engine that read a rule wrongly, as often as need be."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator

from contact_rules.domain import BrokenPack
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Rule

from rule_boundaries.misprints import misprints
from rule_boundaries.papers import Paper, alone
from rule_boundaries.sorts import sorts_of

Asked = tuple[Question, str | None]
"""A contact made ready for the engine, and what the page says of it."""


def overlooked(papers: Iterable[Paper]) -> list[str]:
    """The misprints that no case notices, of all rules that say something of their own."""
    return [
        f"{paper.id}: {what}"
        for paper in _different(papers)
        if (asked := _asked(paper))
        for what, rule in _misread(paper)
        if not any(_differs(rule, *each) for each in asked)
    ]


def _different(papers: Iterable[Paper]) -> Iterator[Paper]:
    """Many packs ask the same: one of them is enough."""
    seen = set()
    for paper in papers:
        key = json.dumps([paper.kind, paper.params, paper.basis], sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield paper


def _asked(paper: Paper) -> list[Asked]:
    """In no order: a misprint is often noticed by one of a few cases that lie side by side."""
    cases = [case for edges in sorts_of(paper) for case in edges(paper)]
    random.Random(paper.id).shuffle(cases)
    return [(Question(case.contact), case.result) for case in cases]


def _misread(paper: Paper) -> Iterator[tuple[str, Rule]]:
    """What is wrong, and the rule as the engine reads it then; not what it refuses to read."""
    for what, rule in misprints(paper.rule):
        try:
            (read,) = alone(paper.pack, rule).rules
        except BrokenPack:
            continue
        yield what, read


def _differs(rule: Rule, question: Question, expected: str | None) -> bool:
    found = rule.evaluate(question, question.start)
    return (found and str(found.result)) != expected
