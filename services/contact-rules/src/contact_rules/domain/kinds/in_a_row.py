"""`event_count` over the last n in a row: did the latest attempts all end so? (a ladder)"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.decision import Result
from contact_rules.domain.kinds.selection import Selection
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Finding, Reading
from contact_rules.domain.wording import HISTORY_UNCLEAR, Blanks

_WORST_FIRST: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)


class Step(NamedTuple):
    at: int
    fits: bool
    certain: bool


@dataclass(frozen=True, slots=True, eq=False)
class InARow:
    """The latest `times` of the selected contacts, before this one, all had such an outcome.

    One whose outcome is not known, as a reserved visit before this contact, breaks the row.
    """

    selection: Selection
    outcomes: frozenset[str]
    times: int

    blanks: ClassVar[frozenset[str]] = frozenset({"measured", "limit", "missing"})
    effort: ClassVar[int] = 2

    @property
    def fixed(self) -> Blanks:
        return {"limit": self.times}

    def evaluate(self, question: Question, at: int) -> Finding:
        found = (self._in_group(steps, at) for steps in self._steps(question))
        return min(found, key=lambda finding: _WORST_FIRST.index(finding.result))

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        return (step.at + 1 for steps in self._steps(question) for step in steps)

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        return Reading(
            measured=finding.number,
            limit=self.times,
            window=None,
            blanks={
                **self.fixed,
                "measured": finding.number,
                "missing": max(self.times - finding.number, 0),
            },
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        return finding

    def _in_group(self, steps: list[Step], at: int) -> Finding:
        surely = self._row(steps, at, doubt_helps=False)
        if surely >= self.times:
            return Finding(Result.PASS, surely)
        if self._row(steps, at, doubt_helps=True) >= self.times:
            return Finding(Result.UNKNOWN, reason=HISTORY_UNCLEAR)
        return Finding(Result.FAIL, surely)

    def _row(self, steps: list[Step], at: int, *, doubt_helps: bool) -> int:
        """How many in a row; what is in doubt is there only if that helps, or only if it hurts."""
        row = 0
        for step in steps:
            if step.at >= at or (not step.certain and step.fits is not doubt_helps):
                continue
            if not step.fits or row == self.times:
                break
            row += 1
        return row

    def _steps(self, question: Question) -> list[list[Step]]:
        """Of each group, the latest first; of two at one instant the misfit is taken as later."""
        return question.once(
            self,
            lambda: [
                sorted(
                    (Step(e.at, e.past.outcome in self.outcomes, e.certain) for e in group),
                    key=lambda step: (-step.at, step.fits),
                )
                for group in self.selection.groups(question, unknown_outcome=True)
            ],
        )
