"""May this contact happen? Every rule of every pack is asked, each for itself."""

from __future__ import annotations

from collections.abc import Iterable

from contact_rules.domain.contact import Contact
from contact_rules.domain.decision import Decision, Result, combined
from contact_rules.domain.packs.pack import Pack, in_order
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Finding, Rule


def check(contact: Contact, packs: Iterable[Pack]) -> Decision:
    """The verdict on a contact, with the trace of every rule in force on its day.

    The same contact and packs always get the same decision, whatever order the packs and the
    history come in. Packs are taken as given: `Library.resolve` finds those that must be asked.
    """
    question = Question(contact)
    at = question.start
    found = [
        (rule, finding)
        for pack in in_order(packs)
        for rule in pack.rules
        if (finding := rule.evaluate(question, at)) is not None
    ]
    ends = _must_end_by(found)
    return Decision(
        verdict=combined(rule.verdict(finding) for rule, finding in found),
        checks=tuple(rule.explain(question, at, finding) for rule, finding in found),
        obligations=(),
        must_end_by=None if ends is None else question.local(ends),
    )


def _must_end_by(found: Iterable[tuple[Rule, Finding]]) -> int | None:
    """The latest end all the hours allow; None if none limits it, or one forbids the very start."""
    ends = []
    for rule, finding in found:
        if finding.must_end_by is not None:
            ends.append(finding.must_end_by)
        elif rule.kind == "window" and finding.result in (Result.FAIL, Result.UNKNOWN):
            return None
    return min(ends, default=None)
