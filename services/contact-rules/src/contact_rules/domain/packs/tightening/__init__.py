"""Is a rule at least as strict as another? Proven parameter by parameter, or not believed.

A lender's overlay is asked beside the law, so it can't loosen it; but a rule that says it tightens
another, and is looser, was not meant so. Whatever can't be compared here counts as looser.
"""

from __future__ import annotations

from collections.abc import Iterator

from contact_rules.domain.decision import Severity, Verdict
from contact_rules.domain.packs.tightening.kinds import judged_looser
from contact_rules.domain.packs.tightening.selectors import not_implied
from contact_rules.domain.question import ALL_CANDIDATES, AT_THE_PLACE, BY_CHANNEL
from contact_rules.domain.rule import Rule
from contact_rules.domain.zones import date_of

__all__ = ["looser_than"]


def looser_than(rule: Rule, base: Rule) -> list[str]:
    """What makes a rule looser than the base, or can't be proven not to; nothing, if whatever the
    base forbids the rule forbids too."""
    if rule.kind != base.kind:
        return [f"it is of kind {rule.kind}, not {base.kind}"]
    return [
        *_softer(rule, base),
        *_applies_less(rule, base),
        *_in_force_less(rule, base),
        *judged_looser(rule.judge, base.judge),
    ]


def _softer(rule: Rule, base: Rule) -> Iterator[str]:
    hardest_first = list(Severity)
    if hardest_first.index(rule.severity) > hardest_first.index(base.severity):
        yield f"it is only a {rule.severity}, not a {base.severity}"
    if base.on_fail is Verdict.DENY and rule.on_fail is not Verdict.DENY:
        yield "where it fails somebody only has to look at it"


def _applies_less(rule: Rule, base: Rule) -> Iterator[str]:
    if missed := not_implied(rule.applies_when, by=base.applies_when):
        yield f"it does not apply whenever the other does ({', '.join(missed)})"
    for exception in rule.exceptions:
        if all(not_implied(other, by=exception) for other in base.exceptions):
            yield "it has an exception that the other has not"
    if rule.basis != base.basis and not (
        rule.basis in (BY_CHANNEL, ALL_CANDIDATES)
        and base.basis in (BY_CHANNEL, ALL_CANDIDATES, AT_THE_PLACE)
    ):
        mine, its = (each.basis or "that of the contact" for each in (rule, base))
        yield f"it goes by another zone ({mine}, not {its})"


def _in_force_less(rule: Rule, base: Rule) -> Iterator[str]:
    if rule.effective_from > base.effective_from:
        yield f"it begins on {date_of(rule.effective_from)}, later than the other"
    if rule.effective_to < base.effective_to:
        yield f"it ends on {date_of(rule.effective_to)}, before the other"
