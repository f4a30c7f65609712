"""The floor under every library: what must be forbidden to each person's good, whatever packs say.

Caps per debt or per lender are lawful and still add up to harassment. So no service runs on packs
that leave `person-protection` out, or that have made it looser than what stands here; a pack of
another name that always applies is no substitute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Final

from contact_rules.domain.packs.library import Library
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.pack import Applies, Pack
from contact_rules.domain.packs.tightening import looser_than
from contact_rules.domain.rule import Rule
from contact_rules.domain.yaml_nodes import BrokenPack, Complaint, Complaints
from contact_rules.domain.zones import day_number

ID: Final = "person-protection"

_RULE: Final = """
  - id: person-protection.visits-{days}d
    kind: cap
    severity: policy
    on_fail: deny
    applies_when: {{channel: [visit], direction: [outbound]}}
    params:
      match: {{channel: [visit], direction: [outbound]}}
      max: {most}
      window: {{rolling_days: {days}}}
      group_by: [person]
    citation: the floor
    source_quality: text
    message: {{en: {words}, zh: {days} 天内最多上门 {most} 次}}
"""
_FLOOR: Final = (
    "id: person-protection\nversion: 2026-11-21\ntitle: {en: The floor, zh: 底线}\n"
    "applies: always\nrules:"
    + _RULE.format(days=1, most=1, words="at most 1 visit a day")
    + _RULE.format(days=7, most=2, words="at most 2 visits in any 7 days")
    + _RULE.format(days=30, most=4, words="at most 4 visits in any 30 days")
)
"""Visits to one person, over all debts, lenders and collectors and whatever came of them."""

_FIRST, _LAST = day_number(date.min), day_number(date.max)


def guarded(library: Library) -> Library:
    """The library, if its packs protect each person: see `refuse_unprotected`."""
    refuse_unprotected(library)
    return library


def refuse_unprotected(packs: Iterable[Pack]) -> None:
    """Raises BrokenPack, unless these protect each person at least so much on every day there is.

    It names each cap that is missing or was loosened.
    """
    protecting = [pack for pack in packs if pack.id == ID]
    if not protecting:
        raise BrokenPack(
            Complaint(f"{ID}.yaml", 1, f"there is no pack '{ID}', and no library without it")
        )
    complaints = Complaints()
    for pack in protecting:
        if pack.applies is not Applies.ALWAYS:
            complaints.note(
                pack.source.need("applies").complaint(f"'{ID}' always applies", "applies: always")
            )
    rules = [rule for pack in protecting for rule in pack.rules]
    for least in _floor():
        if not _is_kept(least, rules):
            complaints.note(_weakened(least, protecting))
    complaints.settle()


@cache
def _floor() -> tuple[Rule, ...]:
    return parse_pack(f"{ID}.yaml", _FLOOR.encode()).rules


def _is_kept(least: Rule, rules: Iterable[Rule]) -> bool:
    """Is there on every day a rule in force that forbids all that the least one does?"""
    strict = [rule for rule in rules if not looser_than(_at_all_times(rule), least)]
    uncovered = _FIRST
    for rule in sorted(strict, key=lambda rule: rule.effective_from):
        if rule.effective_from <= uncovered:
            uncovered = max(uncovered, rule.effective_to + 1)
    return uncovered > _LAST


def _weakened(least: Rule, packs: Iterable[Pack]) -> Complaint:
    """Where the cap is said, and what is wrong with it there; else that it is missing."""
    what = f"each person is owed {least.message.en}, over all debts and lenders, at all times"
    for pack in packs:
        for rule, node in zip(pack.rules, pack.source.need("rules").items(), strict=True):
            looser = looser_than(rule, least) if rule.id == least.id else []
            if looser:
                return node.complaint(what, "; ".join(looser))
    return next(iter(packs)).source.complaint(what, f"add a cap, {least.id}")


def _at_all_times(rule: Rule) -> Rule:
    return replace(rule, effective_from=_FIRST, effective_to=_LAST)
