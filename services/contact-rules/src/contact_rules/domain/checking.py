"""May this contact happen? Every rule of every pack is asked, each for itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from contact_rules.domain.contact import Contact
from contact_rules.domain.decision import Decision, Verdict, combined
from contact_rules.domain.packs.pack import Pack, in_order
from contact_rules.domain.question import Question
from contact_rules.domain.rule import HARMLESS, Rule
from contact_rules.domain.settled import Answer, answers

_END_WATCHERS: Final = ("window", "consent")


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
    ends = _must_end_by(question, at, found, harmful)
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


def _must_end_by(
    question: Question, at: int, found: Sequence[Answer], harmful: Sequence[Answer]
) -> int | None:
    """The latest end that all rules allow; None if none limits it, or one forbids the very start.

    Only hours and consents look at the end.
    """
    consents = bool(question.contact.consents)

    def end_of(answer: Answer) -> int | None:
        rule, finding = answer.rule, answer.finding
        return rule.last_end(question, at, finding) if consents else finding.must_end_by

    if any(each.rule.kind in _END_WATCHERS and end_of(each) is None for each in harmful):
        return None
    limiting = (
        found if consents else [each for each in found if each.finding.must_end_by is not None]
    )
    return min((end for each in limiting if (end := end_of(each)) is not None), default=None)
