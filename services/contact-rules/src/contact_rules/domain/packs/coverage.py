"""Which rules of a pack its worked examples leave untried: a rule is shown by one that it denies
and one that it lets pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from contact_rules.domain.contact import PlaceKind
from contact_rules.domain.decision import Decision, Result, Verdict
from contact_rules.domain.kinds.gate import Gate
from contact_rules.domain.kinds.obligation import Obliges
from contact_rules.domain.kinds.place import Places
from contact_rules.domain.packs.pack import Pack
from contact_rules.domain.rule import Judge


class Untried(NamedTuple):
    """A rule without an example that breaks it, or without one that keeps it."""

    rule: str
    broken: bool
    kept: bool


def untried(pack: Pack, decisions: Iterable[Decision]) -> list[Untried]:
    """The rules of a pack that the decisions of its examples don't show both ways.

    A rule that only asks for something can't be broken, and one that forbids without exception
    can't be kept: these need one example. It lets pass what is allowed while it is kept.
    """
    broken: set[str] = set()
    kept: set[str] = set()
    silent: set[str] = set()
    for decision in decisions:
        for check in decision.checks:
            if check.result is Result.FAIL:
                broken.add(check.rule)
            elif decision.verdict is Verdict.ALLOW:
                (kept if check.result is Result.PASS else silent).add(check.rule)
    found: dict[str, Untried] = {}
    for rule in pack.rules:
        breaks = rule.id in broken or not _can_break(rule.judge)
        keeps = rule.id in kept or (rule.id in silent and not _can_be_kept(rule.judge))
        if not (breaks and keeps):
            found[rule.id] = Untried(rule.id, breaks, keeps)
    return list(found.values())


def _can_break(judge: Judge) -> bool:
    if isinstance(judge, Obliges):
        return bool(judge.impossible_when)
    if isinstance(judge, Places):
        return bool(judge.order) or judge.allowed < frozenset(PlaceKind)
    return True


def _can_be_kept(judge: Judge) -> bool:
    """A gate that is always shut is passed by those only whom it is not about."""
    if isinstance(judge, Gate) and judge.state is None and judge.rate is None:
        return bool(judge.roles or judge.channels)
    return True
