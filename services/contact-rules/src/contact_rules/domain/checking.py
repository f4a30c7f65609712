"""May this contact happen? Every rule of every pack is asked, each for itself."""

from __future__ import annotations

from collections.abc import Iterable

from contact_rules.domain.contact import Contact
from contact_rules.domain.decision import Decision, Verdict, combined
from contact_rules.domain.packs.pack import Pack, in_order
from contact_rules.domain.question import Question
from contact_rules.domain.rule import HARMLESS, Finding, Rule


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
    verdict = combined(
        {rule.verdict(finding) for rule, finding in found if finding.result not in HARMLESS}
    )
    checks = tuple(rule.explain(question, at, finding) for rule, finding in found)
    duties = [
        rule.obligation(question, at, finding, finding.duty)
        for rule, finding in found
        if finding.duty is not None and verdict is not Verdict.DENY
    ]
    ends = _must_end_by(question, at, found)
    return Decision(
        verdict=verdict,
        checks=checks,
        obligations=tuple(duties),
        must_end_by=None if ends is None else question.local(ends),
    )


def _must_end_by(question: Question, at: int, found: Iterable[tuple[Rule, Finding]]) -> int | None:
    """The latest end that all rules allow; None if none limits it, or one forbids the very start.

    Only hours and consents look at the end.
    """
    ends = []
    for rule, finding in found:
        end = finding.must_end_by
        if question.contact.consents:
            end = rule.last_end(question, at, finding)
        if end is not None:
            ends.append(end)
        elif rule.kind in ("window", "consent") and finding.result not in HARMLESS:
            return None
    return min(ends, default=None)
