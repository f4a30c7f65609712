"""A pack's worked examples, written in the pack itself: given this, may that happen, and why not?

    examples:
      contact: {place: {...}, party: {...}, ...}       # what all of them have in common
      cases:
        - why: an evening visit would end after 22:00
          given: {history: [...], facts: [...], consents: [...]}
          proposed: {at: 2026-03-02 21:30, minutes: 45}
          verdict: deny
          fails: [cn.hours]

Times without an offset are local to the place. An entry of the history is, where it does not say
otherwise, an outbound visit of the same collector to the same person about the same debts, to
collect.

What is expected: `verdict` (allow, where nothing is said), the rules it `fails` and those it leaves
`unknown` (each of them, and no others), and if they are said `must_end_by`, the `next` lawful start
(or `never`) and all the `obligations`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contact_rules.domain.calendar import earliest_allowed_at, windows
from contact_rules.domain.checking import check
from contact_rules.domain.decision import Decision, Result, Verdict
from contact_rules.domain.duties import Act
from contact_rules.domain.examples_reading import Asked, read_asked, read_moment
from contact_rules.domain.packs.library import Library
from contact_rules.domain.packs.pack import Pack
from contact_rules.domain.yaml_nodes import Node

_CASE: Final = (
    "why",
    "given",
    "proposed",
    "packs",
    "verdict",
    "fails",
    "unknown",
    "must_end_by",
    "next",
    "obligations",
)
_AROUND: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example, run: what it found wrong (nothing, if it passed) and what was decided."""

    pack: str
    why: str
    line: int
    problems: tuple[str, ...]
    decision: Decision

    @property
    def passed(self) -> bool:
        return not self.problems


def run_examples(pack: Pack, library: Library) -> list[ExampleResult]:
    """Each example of a pack against that pack alone, or against those packs it names.

    The calendar is asked as well, about the two days around: it must agree. Raises BrokenPack
    where an example itself can't be read, and UnknownPack.
    """
    if pack.examples is None:
        return []
    common = pack.examples.fields(("contact", "cases"))
    return [
        _run(case, common.get("contact"), pack, library)
        for case in pack.examples.need("cases").items()
    ]


def _run(case: Node, common: Node | None, pack: Pack, library: Library) -> ExampleResult:
    fields = case.fields(_CASE)
    asked = read_asked(common, fields.get("given"), case.need("proposed"))
    packs = (
        library.named(node.text() for node in fields["packs"].items())
        if "packs" in fields
        else (pack,)
    )
    decision = check(asked.contact, packs)
    problems = [*_differences(fields, decision, [rule.id for p in packs for rule in p.rules])]
    start = asked.contact.starts_at
    if "must_end_by" in fields:
        problems += _time_differs("must_end_by", fields, asked, decision.must_end_by)
    if "next" in fields:
        problems += _time_differs("next", fields, asked, earliest_allowed_at(asked.contact, packs))
    in_calendar = any(
        window.from_ <= start <= window.to
        for window in windows(asked.contact, packs, start - _AROUND, start + _AROUND)
    )
    if in_calendar is not (decision.verdict is Verdict.ALLOW):
        problems.append(f"the check says {decision.verdict}, the calendar does not")
    return ExampleResult(pack.name, case.need("why").text(), case.line, tuple(problems), decision)


def _differences(fields: dict[str, Node], decision: Decision, rules: list[str]) -> Iterable[str]:
    expected = fields["verdict"].choice(Verdict) if "verdict" in fields else Verdict.ALLOW
    if decision.verdict is not expected:
        yield f"expected {expected}, decided {decision.verdict}"
    for key, result in (("fails", Result.FAIL), ("unknown", Result.UNKNOWN)):
        said = set(fields[key].choices(rules)) if key in fields else set()
        found = {check.rule for check in decision.checks if check.result is result}
        if said != found:
            yield f"{key}: expected {sorted(said) or 'none'}, found {sorted(found) or 'none'}"
    if "obligations" in fields:
        asked = set(fields["obligations"].choices(list(Act)))
        told = {obligation.what for obligation in decision.obligations}
        if asked != told:
            yield f"obligations: expected {sorted(asked)}, found {sorted(told) or 'none'}"


def _time_differs(
    key: str, fields: dict[str, Node], asked: Asked, found: datetime | None
) -> Iterable[str]:
    node = fields[key]
    expected = None if node.text() == "never" else read_moment(node, asked.zone)
    if expected != found:
        yield f"{key}: expected {expected or 'never'}, found {found or 'never'}"
