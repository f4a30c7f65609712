"""`event_count`, the kernel: does the number of matching past and reserved contacts stay in bounds?

Caps, cooldowns, spacing, notice before a visit and escalation ladders are all this one question
with other bounds; `aliases` gives them their names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.decision import Result, Span
from contact_rules.domain.kinds.periods import ALWAYS, Bounds, Period, Works
from contact_rules.domain.kinds.selection import Event, Selection
from contact_rules.domain.question import Question
from contact_rules.domain.rule import NOT_APPLICABLE, Finding, Reading
from contact_rules.domain.wording import HISTORY_UNCLEAR, NO_HOLIDAYS, NO_ZONE, Blanks
from contact_rules.domain.zones import Zone, date_of


class Bound(StrEnum):
    """`max` counts the contact itself if it matches; `zero` and `min` count the others only."""

    MAX = "max"
    MIN = "min"
    ZERO = "zero"


class Line(NamedTuple):
    """The events of one group, in order, and where they lie: on which days of a zone, or when."""

    zone: Zone | None
    group: int
    events: list[Event]
    positions: list[int]
    certain: bool  # that all of them belong here

    def only(self, *, from_: int = -ALWAYS, before: int = ALWAYS, certain: bool = False) -> Line:
        kept = [
            (event, position)
            for event, position in zip(self.events, self.positions, strict=True)
            if from_ <= event.at < before and (event.certain or not certain)
        ]
        return self._replace(events=[e for e, _ in kept], positions=[p for _, p in kept])


class Tally(NamedTuple):
    number: int
    window: Bounds


_WORST_FIRST: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)


@dataclass(frozen=True, slots=True, eq=False)
class EventCount:
    """The number of events, or of their different channels, in the fullest `period`.

    An outcome that is not known yet is assumed to be the one that counts most: against a `max` or
    `zero` it counts, towards a `min` it does not. Where the asked contact is itself one of those
    counted, windows that end after it count too; else only what came before it can matter.

    `since`: only events after the latest of these. `armed_after`: only events after the first of
    these; before it the rule does not apply.
    """

    basis: str
    selection: Selection
    bound: Bound
    limit: int
    period: Period
    channels: bool = False
    since: Selection | None = None
    armed_after: Selection | None = None
    holidays_of: str | None = None

    blanks: ClassVar[frozenset[str]] = frozenset({"measured", "limit", "from", "to", "missing"})
    effort: ClassVar[int] = 2

    @property
    def fixed(self) -> Blanks:
        return {"limit": self.limit}

    def evaluate(self, question: Question, at: int) -> Finding:
        lines = self._lines(question)
        if not lines:
            return Finding(Result.UNKNOWN, reason=NO_ZONE)
        works = self._works(question)
        if works is None:
            return Finding(Result.UNKNOWN, reason=NO_HOLIDAYS)
        itself = self.selection.counts(question)
        worst: Finding | None = None
        for line in lines:
            if self._has_steps:
                begins = self._begins(question, at, line.group)
                if begins is None:
                    continue
                line = line.only(from_=begins)
            if line.events and (self.bound is Bound.MIN or not itself):
                line = line.only(before=at)
            finding = self._judge(question, at, line, works, itself)
            if worst is None or self._is_worse(finding, worst):
                worst = finding
        return worst or NOT_APPLICABLE

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        works = self._works(question)
        if works is None:
            return
        looks_back = self.bound is Bound.MIN or not self.selection.counts(question)
        for line in self._lines(question):
            for event, position in zip(line.events, line.positions, strict=True):
                if looks_back:
                    yield event.at + 1
                for turn in self.period.turns(position, works):
                    yield from (turn,) if line.zone is None else line.zone.turns(turn)
        for selection in (self.since, self.armed_after):
            if selection is not None:
                for steps in self._steps(question, selection):
                    yield from (event.at + 1 for event in steps)

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        span, first, last = None, "", ""
        if finding.span is not None and ALWAYS not in map(abs, finding.span):
            span = Span(*(self._moment(question, finding, end) for end in finding.span))
            first, last = span.from_.isoformat(), span.to.isoformat()
        return Reading(
            measured=finding.number,
            limit=self.limit,
            window=span,
            blanks={
                **self.fixed,
                "measured": finding.number,
                "missing": max(self.limit - finding.number, 0),
                "from": first,
                "to": last,
            },
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        # Days are told as dates, the same everywhere; seconds as the time of that place.
        return finding[:3] if self.period.in_days else None

    def _moment(self, question: Question, finding: Finding, end: int) -> date | datetime:
        return question.local(end) if finding.zone is None else date_of(end)

    @property
    def _has_steps(self) -> bool:
        return self.since is not None or self.armed_after is not None

    def _works(self, question: Question) -> Works | None:
        if not self.period.by_working_days:
            return _every_day
        calendar = question.holidays(self.holidays_of)
        return None if calendar is None else calendar.working_day

    def _lines(self, question: Question) -> list[Line]:
        """One for each group in each calendar to count in; none where no calendar is known."""
        least, basis = self.bound is Bound.MIN, self.basis if self.period.in_days else None

        def lines() -> list[Line]:
            groups = self.selection.groups(question, unknown_outcome=not least)
            if least:  # what is only planned has not happened: it can't be what is asked for
                groups = [[e for e in group if not e.past.reserved] for group in groups]
            return [
                Line(
                    zone,
                    number,
                    events,
                    [event.at if zone is None else zone.day(event.at) for event in events],
                    all(event.certain for event in events),
                )
                for zone in ((None,) if basis is None else question.zones(basis))
                for number, events in enumerate(groups)
            ]

        return question.once((self.selection, least, basis), lines)

    def _steps(self, question: Question, selection: Selection) -> list[list[Event]]:
        """The events that begin the count; in doubt, those that leave more to count."""
        doubt = (selection is self.armed_after) is (self.bound is not Bound.MIN)
        groups = selection.groups(question, unknown_outcome=doubt)
        return [[event for event in group if event.certain or doubt] for group in groups]

    def _begins(self, question: Question, at: int, group: int) -> int | None:
        """The instant from which events count; None if the rule is not armed yet."""
        begins = -ALWAYS
        if self.armed_after is not None:
            armed = self._steps(question, self.armed_after)[group]
            if not armed or armed[0].at >= at:
                return None
            begins = armed[0].at + 1
        if self.since is not None:
            for event in self._steps(question, self.since)[group]:
                if event.at < at and not event.past.reserved:
                    begins = max(begins, event.at + 1)
        return begins

    def _judge(
        self, question: Question, at: int, line: Line, works: Works, itself: bool
    ) -> Finding:
        most = fewest = self._fullest(question, at, line, works, itself)
        if not line.certain:
            certain = line.only(certain=True)
            fewest = self._fullest(question, at, certain, works, itself)
        right = self._in_bounds(fewest)
        if self._in_bounds(most) is not right:
            return Finding(Result.UNKNOWN, reason=HISTORY_UNCLEAR)
        # Tell the count that settles it: what is certain is enough to break a maximum, and to
        # reach a minimum; otherwise even all that is possible makes no difference.
        number, window = fewest if right is (self.bound is Bound.MIN) else most
        return Finding(Result.PASS if right else Result.FAIL, number, window, line.zone)

    def _fullest(
        self, question: Question, at: int, line: Line, works: Works, itself: bool
    ) -> Tally:
        """The count in the fullest window; of several the first."""
        itself = itself and self.bound is Bound.MAX
        position = at if line.zone is None else line.zone.day(at)
        positions = line.positions
        best: Tally | None = None
        for window in self.period.windows(position, positions, works):
            if not positions:
                return Tally(int(itself), window)
            first, last = window
            if self.channels:
                number = self._channels(question, line, window, itself)
            else:
                number = sum([first <= position <= last for position in positions]) + itself
            if best is None or number > best.number:
                best = Tally(number, window)
        assert best is not None
        return best

    def _channels(self, question: Question, line: Line, window: Bounds, itself: bool) -> int:
        found = {
            event.past.channel
            for event, position in zip(line.events, line.positions, strict=True)
            if window[0] <= position <= window[1]
        }
        return len(found | {question.contact.channel} if itself else found)

    def _in_bounds(self, tally: Tally) -> bool:
        if self.bound is Bound.MIN:
            return tally.number >= self.limit
        return tally.number <= self.limit

    def _is_worse(self, one: Finding, other: Finding) -> bool:
        if one.result is not other.result:
            return _WORST_FIRST.index(one.result) < _WORST_FIRST.index(other.result)
        if self.bound is Bound.MIN:
            return one.number < other.number
        return one.number > other.number


def _every_day(day: int) -> bool:
    return True
