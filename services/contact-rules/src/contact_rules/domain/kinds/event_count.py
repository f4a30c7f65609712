"""`event_count`, the kernel: does the number of matching past and reserved contacts stay in bounds?

Caps, cooldowns, spacing, notice before a visit and escalation ladders are all this one question
with other bounds; `aliases` gives them their names.

What the history leaves out is not guessed. The count is made so that every doubt hurts; if even so
the rule is kept, it is kept. Else it is made so that every doubt helps; only if even so the rule is
broken, it is broken. Between the two nobody knows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, Final

from contact_rules.domain.contact import Channel
from contact_rules.domain.decision import Result, Span, Text
from contact_rules.domain.kinds.lines import ALWAYS, Line, Part, Tally
from contact_rules.domain.kinds.periods import Period, Works
from contact_rules.domain.kinds.selection import Selection
from contact_rules.domain.question import Question, day_turns
from contact_rules.domain.rule import NOT_APPLICABLE, Finding, Reading, Repeats
from contact_rules.domain.wording import (
    HISTORY_UNCLEAR,
    NO_HOLIDAYS,
    NO_ZONE,
    SCOPE_UNKNOWN,
    Blanks,
)
from contact_rules.domain.zones import DATES, Zone, date_of


class Bound(StrEnum):
    """`max` counts the contact itself if it matches; `zero` and `min` count the others only."""

    MAX = "max"
    MIN = "min"
    ZERO = "zero"


_WORST_FIRST: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)


@dataclass(frozen=True, slots=True, eq=False)
class EventCount:
    """The number of events, or of their different channels, in the fullest `period`.

    An outcome that is not known yet is assumed to be the one that counts most: against a `max` or
    `zero` it counts, towards a `min` it does not. Where the asked contact is itself one of those
    counted, windows that end after it count too, with all they hold: what is reserved, and what a
    ledger says has happened although it lies in the future. Else only what came before it matters.

    `since`: only events between the latest of these and the next one. `armed_after`: only events
    after the first of these; before it the rule does not apply.
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
    def repeats(self) -> Repeats:
        if (
            not self.period.in_days
            or self.period.by_working_days  # which days are, the place of the contact says
            or self.since is not None
            or self.armed_after is not None
            or self.selection.by_numbers
        ):
            return Repeats.NEVER
        return Repeats.ON_ONE_DAY

    @property
    def fixed(self) -> Blanks:
        return {"limit": self.limit}

    def evaluate(self, question: Question, at: int) -> Finding:
        lines = self._lines(question)
        if not lines:
            return Finding(Result.UNKNOWN, reason=NO_ZONE)
        worst: Finding | None = None
        for line in lines:
            finding = self._judge(question, at, line)
            if finding is not None and (worst is None or self._is_worse(finding, worst)):
                worst = finding
        return worst or NOT_APPLICABLE

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        for line in self._lines(question):
            calendar = line.zone or question.zone_for_dates(self.basis)
            yield from self.selection.turns(question, calendar)
            for selection in (self.since, self.armed_after):
                if selection is not None:
                    steps = self._steps(question, line, selection, taken=True, in_doubt=True)
                    yield from (at + 1 for at in steps)
            row = line.row(sure=False, itself=False)
            if self.bound is Bound.MIN or not self._surely_counts(question):
                near = row.ats[bisect_left(row.ats, from_) : bisect_right(row.ats, to)]
                yield from (at + 1 for at in near)
            for position in dict.fromkeys(row.positions):
                yield from self._turns_of(question, line, position)

    def _turns_of(self, question: Question, line: Line, position: int) -> Iterable[int]:
        if line.zone is None:
            yield from self.period.turns(position, _every_day)
        elif position in DATES:
            for helps in (True, False) if self.period.by_working_days else (True,):
                works = self._works(question, helps=helps)
                for day in self.period.turns(position, works):
                    yield from day_turns(day, line.zone)

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

    # --- one group in one calendar ---------------------------------------------------------------

    def _judge(self, question: Question, at: int, line: Line) -> Finding | None:
        """None where the rule is not armed."""
        itself: bool | None = False
        if self.bound is not Bound.MIN:
            itself = self.selection.itself(question)
            if itself is not False and self.selection.agreed:
                calendar = line.zone or question.zone_for_dates(self.basis)
                itself = self.selection.itself_at(question, at, calendar)
        # The count that settles it is told: what is certain is enough to break a maximum, and to
        # reach a minimum; otherwise even all that is possible makes no difference.
        hurting = self._count(question, at, line, itself=itself is not False, helps=False)
        if hurting is None:
            return None
        if self._in_bounds(hurting):
            return Finding(Result.PASS, hurting.number, hurting.window, line.zone)
        helping: Tally | None = hurting
        doubt = self._doubt(line, itself)
        if doubt is not None:
            helping = self._count(question, at, line, itself=itself is True, helps=True)
        if helping is None or self._in_bounds(helping):
            return Finding(Result.UNKNOWN, reason=doubt)
        return Finding(Result.FAIL, helping.number, helping.window, line.zone)

    def _doubt(self, line: Line, itself: bool | None) -> Text | None:
        """What may be in doubt, if anything."""
        if line.in_doubt:
            return HISTORY_UNCLEAR
        if itself is None:
            return SCOPE_UNKNOWN
        if self.period.by_working_days:
            return NO_HOLIDAYS
        return HISTORY_UNCLEAR if self.since or self.armed_after else None

    def _count(
        self, question: Question, at: int, line: Line, *, itself: bool, helps: bool
    ) -> Tally | None:
        """The count with every doubt for the contact, or against it; None: not armed."""
        adds = itself and self.bound is Bound.MAX
        row = line.row(helps is not (self.bound is Bound.MIN), adds)
        begin, end = 0, len(row.ats)
        if self.since is not None or self.armed_after is not None:
            stretch = self._stretch(question, at, line, helps=helps)
            if stretch is None:
                return None
            begin, end = bisect_right(row.ats, stretch[0]), bisect_right(row.ats, stretch[1])
        if end and not itself:
            end = min(end, bisect_left(row.ats, at))
        position = at if line.zone is None else line.zone.day(at)
        works = self._works(question, helps=helps) if self.period.by_working_days else _every_day
        tally = self.period.fullest(position, Part(row, begin, end), works)
        return Tally(tally.number + 1, tally.window) if adds else tally

    def _surely_counts(self, question: Question) -> bool:
        """Whenever it begins, is the asked contact among those counted?"""
        return not self.selection.agreed and self.selection.itself(question) is True

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

    # --- what is counted, from when on, on which days --------------------------------------------

    def _lines(self, question: Question) -> list[Line]:
        """One for each group in each calendar to count in; none where no calendar is known."""
        least, in_days = self.bound is Bound.MIN, self.period.in_days

        def lines() -> list[Line]:
            calendars = question.zones(self.basis)
            if not in_days and not (calendars and self.selection.by_days):
                calendars = (question.zone_for_dates(self.basis),)
            own = question.contact.channel if self.channels else None
            if not question.contact.history:  # as with most people: nothing to lay along a calendar
                debts = len(question.contact.debts) if "debt" in self.selection.group_by else 0
                return _empty(calendars, in_days, debts or 1, own)
            found = []
            for calendar in calendars:
                groups = self.selection.groups(question, calendar, unknown_outcome=not least)
                if least:  # what is only planned has not happened: it can't be what is asked for
                    groups = [[e for e in group if not e.past.reserved] for group in groups]
                zone = calendar if in_days else None
                found += [Line(zone, number, events, own) for number, events in enumerate(groups)]
            return found

        return question.once((self.selection, least, in_days, self.basis, self.channels), lines)

    def _stretch(
        self, question: Question, at: int, line: Line, *, helps: bool
    ) -> tuple[int, int] | None:
        """Events after the first of these instants, up to the second, count; None: not armed."""
        after, until = -ALWAYS, ALWAYS
        if self.armed_after is not None:
            armed = self._armed(question, at, line, self.armed_after, helps=helps)
            if armed is None:
                return None
            after = armed
        if self.since is not None:
            least = self.bound is Bound.MIN
            anew = self._steps(question, line, self.since, taken=least, in_doubt=helps is not least)
            index = bisect_left(anew, at)
            if index:
                after = max(after, anew[index - 1])
            if index < len(anew):
                until = anew[index]
        return after, until

    def _armed(
        self, question: Question, at: int, line: Line, selection: Selection, *, helps: bool
    ) -> int | None:
        """The first event that arms the rule. In doubt there was none, if that helps; else it is
        the one that leaves more to count where more is worse, and less where less is."""
        possible, certain = (
            self._steps(question, line, selection, taken=True, in_doubt=in_doubt)
            for in_doubt in (True, False)
        )
        least, before = self.bound is Bound.MIN, bisect_left(possible, at)
        surely = certain[0] if certain and certain[0] < at else None
        if helps and surely is None:
            return None
        if helps is least:
            return possible[0] if before else None
        if surely is not None:
            return surely
        return possible[before - 1] if before else None

    def _steps(
        self, question: Question, line: Line, selection: Selection, *, taken: bool, in_doubt: bool
    ) -> list[int]:
        """When there were such events. `taken`: is one that is planned, or has an outcome nobody
        knows, taken for one? `in_doubt`: is one that leaves out something else?"""

        def steps() -> list[int]:
            calendar = question.zone_for_dates(self.basis)
            groups = selection.groups(question, calendar, unknown_outcome=taken)
            return [
                event.at
                for event in groups[line.group]
                if (event.certain or in_doubt) and (taken or not event.past.reserved)
            ]

        return question.once((selection, line.group, taken, in_doubt), steps)

    def _works(self, question: Question, *, helps: bool) -> Works:
        """On a day in doubt people work if that makes the window hold more, or less, as asked."""
        more = helps is (self.bound is Bound.MIN)
        in_doubt = more is self.period.grows_by_working_days
        calendar = question.holidays(self.holidays_of)
        if calendar is None:
            return _every_day if in_doubt else _no_day
        return calendar.working_days(in_doubt=in_doubt)


@lru_cache(maxsize=4096)
def _empty(
    calendars: tuple[Zone, ...], in_days: bool, groups: int, own: Channel | None
) -> list[Line]:
    """The lines of somebody with whom there was no contact yet; they never change."""
    return [
        Line(calendar if in_days else None, number, [], own)
        for calendar in calendars
        for number in range(groups)
    ]


def _every_day(day: int) -> bool:
    return True


def _no_day(day: int) -> bool:
    return False
