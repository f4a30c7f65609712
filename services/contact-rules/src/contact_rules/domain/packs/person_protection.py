"""The floor under every library: what must be forbidden to each person's good, whatever packs say.

Caps per debt or per lender are lawful and still add up to harassment, and some states of a person
or a debt are no time for a visit anywhere. So no service runs on packs that leave
`person-protection` out, or that have made it looser than what stands here; a pack of another name
that always applies is no substitute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from contact_rules.domain.contact import FactKind
from contact_rules.domain.packs.library import Library
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.pack import Applies, Pack
from contact_rules.domain.packs.tightening import looser_than
from contact_rules.domain.rule import Rule
from contact_rules.domain.yaml_nodes import BrokenPack, Complaint, Complaints
from contact_rules.domain.zones import day_number

ID: Final = "person-protection"

_PACK: Final = """
id: person-protection
version: 2026-11-22
title: {en: The floor, zh: 底线}
applies: always
rules:
"""
_RULE: Final = """
  - id: person-protection.{name}
    kind: {kind}
    severity: policy
    on_fail: deny
    applies_when: {{channel: [visit], direction: [outbound]}}
    citation: the floor
    source_quality: text
    message: {{en: "{words}", zh: 底线}}
"""
_CAP: Final = """\
    params:
      match: {{channel: [visit], direction: [outbound]}}
      max: {most}
      window: {{rolling_days: {days}}}
      group_by: [person]
"""
_IN_PEACE: Final = """\
    exceptions: [{{purpose: [legal_notice, service_of_process]}}]
    params: {{state: [{state}], reroute_to: [attorney, representative]}}
"""
_DISPUTE: Final = """\
    exceptions:
      - {{purpose: [legal_notice, service_of_process]}}
      - {{purpose: [reply, validation], consent: [visit]}}
    params: {{state: [{state}], reroute_to: [attorney, representative]}}
"""
_STOPPED: Final = """\
    exceptions: [{{purpose: [service_of_process]}}, {{purpose: [reply], consent: [visit]}}]
    params: {{state: [{state}], whose: anyone}}
"""
_MANDATE: Final = """\
    params: {{state: [{state}], whose: anyone}}
"""
_SPOKEN: Final = """\
    exceptions:
      - {purpose: [legal_notice, service_of_process]}
      - {purpose: [reply, plan], consent: [visit]}
    params:
      after: {outcome: [conversation]}
      exclude: [{channel: [visit], direction: [outbound]}]
      days: 1
      group_by: [person]
"""
_NO_MORE: Final = "no visit on a day on which somebody has spoken with them"
_CAPS: Final = (
    (1, 1, "at most 1 visit a day"),
    (7, 2, "at most 2 visits in any 7 days"),
    (30, 4, "at most 4 visits in any 30 days"),
)
"""Visits to one person, over all debts, lenders and collectors and whatever came of them."""
_GATES: Final = (
    ("left-in-peace", _IN_PEACE, FactKind.DECEASED, "no visit after their death"),
    ("left-in-peace", _IN_PEACE, FactKind.HOSPITAL, "no visit in hospital"),
    ("left-in-peace", _IN_PEACE, FactKind.BEREAVEMENT, "no visit in mourning"),
    ("left-in-peace", _IN_PEACE, FactKind.BANKRUPT, "no visit when bankrupt"),
    ("left-in-peace", _IN_PEACE, FactKind.MINOR, "no visit to a minor"),
    ("left-in-peace", _IN_PEACE, FactKind.CEASE, "no visit after asking for none"),
    ("left-in-peace", _IN_PEACE, FactKind.REPRESENTED, "no visit while represented"),
    ("dispute", _DISPUTE, FactKind.DISPUTE, "no visit for a disputed debt"),
    ("collection-stopped", _STOPPED, FactKind.PAID, "no visit for a debt that is paid"),
    ("collection-stopped", _STOPPED, FactKind.PLAN_ACTIVE, "no visit while a plan runs"),
    ("collection-stopped", _STOPPED, FactKind.HOLD, "no visit during a hold"),
    ("collection-stopped", _STOPPED, FactKind.COMPLAINT_OPEN, "no visit over an open complaint"),
    ("mandate", _MANDATE, FactKind.MANDATE_ENDED, "no visit without a mandate"),
)
"""Each state for itself, so that rules may put them together as they like. Who passes, and why, is
said in the shipped pack."""


@dataclass(frozen=True, slots=True)
class _Least:
    """One thing a person is owed: a rule, and what the one that ships for it is called."""

    rule: Rule
    called: str
    kind: str


_FIRST, _LAST = day_number(date.min), day_number(date.max)


def guarded(library: Library) -> Library:
    """The library, if its packs protect each person: see `refuse_unprotected`."""
    refuse_unprotected(library)
    return library


def refuse_unprotected(packs: Iterable[Pack]) -> None:
    """Raises BrokenPack, unless these protect each person at least so much on every day there is.

    It names each rule that is missing or was loosened.
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
        if not _is_kept(least.rule, rules):
            complaints.note(_weakened(least, protecting))
    complaints.settle()


@cache
def _floor() -> tuple[_Least, ...]:
    said = [
        (f"visits-{days}d", "cap", words, _CAP.format(days=days, most=most), f"visits-{days}d")
        for days, most, words in _CAPS
    ]
    said += [
        (name, "gate", words, params.format(state=state), state.replace("_", "-"))
        for name, params, state, words in _GATES
    ]
    said.append(("spoken-today", "cooldown", _NO_MORE, _SPOKEN, "spoken-today"))
    text = _PACK + "".join(
        _RULE.format(name=own, kind=kind, words=words) + params
        for _, kind, words, params, own in said
    )
    rules = parse_pack(f"{ID}.yaml", text.encode()).rules
    return tuple(
        _Least(rule, f"{ID}.{name}", kind)
        for rule, (name, kind, *_) in zip(rules, said, strict=True)
    )


def _is_kept(least: Rule, rules: Iterable[Rule]) -> bool:
    """Is there on every day a rule in force that forbids all that the least one does?"""
    strict = [rule for rule in rules if not looser_than(_at_all_times(rule), least)]
    uncovered = _FIRST
    for rule in sorted(strict, key=lambda rule: rule.effective_from):
        if rule.effective_from <= uncovered:
            uncovered = max(uncovered, rule.effective_to + 1)
    return uncovered > _LAST


def _weakened(least: _Least, packs: Iterable[Pack]) -> Complaint:
    """Where the rule is said, and what is wrong with it there; else that it is missing."""
    words = least.rule.message.en
    what = f"each person is owed {words}, over all debts and lenders, at all times"
    for pack in packs:
        for rule, node in zip(pack.rules, pack.source.need("rules").items(), strict=True):
            looser = looser_than(rule, least.rule) if rule.id == least.called else []
            if looser:
                return node.complaint(what, "; ".join(looser))
    return next(iter(packs)).source.complaint(what, f"add a {least.kind}, {least.called}")


def _at_all_times(rule: Rule) -> Rule:
    return replace(rule, effective_from=_FIRST, effective_to=_LAST)
