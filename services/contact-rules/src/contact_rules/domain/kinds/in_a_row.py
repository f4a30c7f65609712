"""`event_count` over the last n in a row: did the latest attempts all end so? (a ladder)"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.decision import Result
from contact_rules.domain.history import Event
from contact_rules.domain.kinds.selection import Selection
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Finding, Reading, Repeats
from contact_rules.domain.wording import HISTORY_UNCLEAR, Blanks

_WORST_FIRST: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)


class Steps(NamedTuple):
    """Attempts in the order of time, and how many in a row had ended so when each was over."""

    ats: list[int]
    rows: list[int]

    def row(self, at: int) -> int:
        """How many in a row there were before this instant."""
        before = bisect_left(self.ats, at)
        return self.rows[before - 1] if before else 0


class Ladder(NamedTuple):
    """The steps of one group: what is in doubt is among them if it hurts, or if it helps."""

    surely: Steps
    perhaps: Steps


@dataclass(frozen=True, slots=True, eq=False)
class InARow:
    """The latest `times` of the selected contacts, before this one, all had such an outcome.

    One whose outcome is not known, as a reserved visit before this contact, breaks the row.
    """

    basis: str
    selection: Selection
    outcomes: frozenset[str]
    times: int

    blanks: ClassVar[frozenset[str]] = frozenset({"measured", "limit", "missing"})
    effort: ClassVar[int] = 2
    repeats: ClassVar[Repeats] = Repeats.NEVER

    @property
    def fixed(self) -> Blanks:
        return {"limit": self.times}

    def evaluate(self, question: Question, at: int) -> Finding:
        found = [self._in_group(ladder, at) for ladder in self._ladders(question)]
        return min(found, key=lambda finding: (_WORST_FIRST.index(finding.result), finding.number))

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        for ladder in self._ladders(question):
            for steps in ladder:
                yield from (at + 1 for at in steps.ats)

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

    def _in_group(self, ladder: Ladder, at: int) -> Finding:
        surely = min(ladder.surely.row(at), self.times)
        if surely == self.times:
            return Finding(Result.PASS, surely)
        if ladder.perhaps.row(at) >= self.times:
            return Finding(Result.UNKNOWN, reason=HISTORY_UNCLEAR)
        return Finding(Result.FAIL, surely)

    def _ladders(self, question: Question) -> list[Ladder]:
        """One for each group."""
        calendar = question.zone_for_dates(self.basis)
        return question.once(
            self,
            lambda: [
                Ladder(self._steps(group, doubt_helps=False), self._steps(group, doubt_helps=True))
                for group in self.selection.groups(question, calendar, unknown_outcome=True)
            ],
        )

    def _steps(self, events: Iterable[Event], *, doubt_helps: bool) -> Steps:
        """What is in doubt is there only if that helps, or only if it hurts. Of two at one instant
        the one that ended otherwise is taken as later."""
        ended = [(e.at, e.past.outcome in self.outcomes, e.certain) for e in events]
        ended = [step for step in ended if step[2] or step[1] is doubt_helps]
        ended.sort(key=lambda step: (step[0], not step[1]))
        ats, rows, row = [], [], 0
        for at, so, _ in ended:
            row = row + 1 if so else 0
            ats.append(at)
            rows.append(row)
        return Steps(ats, rows)
