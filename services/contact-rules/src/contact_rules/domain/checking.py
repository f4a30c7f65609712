"""May this contact happen? Every rule of every pack is asked, each for itself."""

from __future__ import annotations

from collections.abc import Iterable

from contact_rules.domain.contact import Contact
from contact_rules.domain.decision import Decision, Verdict, combined
from contact_rules.domain.packs.pack import Pack, in_order
from contact_rules.domain.question import Question
from contact_rules.domain.rule import HARMLESS, Finding, Rule
from contact_rules.domain.settled import answers


def check(contact: Contact, packs: Iterable[Pack]) -> Decision:
    """The verdict on a contact, with the trace of every rule in force on its day.

    The same contact and packs always get the same decision, whatever order the packs and the
    history come in. Packs are taken as given: `Library.resolve` finds those that must be asked.
    """
    question = Question(contact)
    at = question.start
    found = answers(question, tuple(packs), _rules_of)
    harmful = [each for each in found if each.finding.result not in HARMLESS]
    verdict = combined({rule.verdict(finding) for rule, finding, _, _ in harmful})
    ends = _must_end_by(question, at, [(rule, finding) for rule, finding, _, _ in found])
    return Decision(
        verdict=verdict,
        checks=tuple([each.check for each in found]),
        obligations=()
        if verdict is Verdict.DENY
        else tuple([each.duty for each in found if each.duty is not None]),
        must_end_by=None if ends is None else question.local(ends),
    )


def _rules_of(packs: Iterable[Pack]) -> list[Rule]:
    return [rule for pack in in_order(packs) for rule in pack.rules]


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
