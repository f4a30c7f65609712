"""One rule of a pack, ready to be asked: is it about this contact, and if so, is it kept?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum
from typing import ClassVar, Final, NamedTuple, Protocol

from contact_rules.domain.decision import (
    Check,
    Obligation,
    Result,
    Severity,
    SourceQuality,
    Span,
    Text,
    Verdict,
)
from contact_rules.domain.question import Question
from contact_rules.domain.selector import Selector
from contact_rules.domain.wording import DOES_NOT_APPLY, SCOPE_UNKNOWN, Blanks, Template
from contact_rules.domain.zones import DAY, Zone


class Duty(NamedTuple):
    """What a rule asks of those who go, however it finds: the `Obligation`, but for who says so."""

    what: str
    when: str
    evidence: tuple[str, ...] = ()
    keep: str | None = None


class Finding(NamedTuple):
    """What a rule found, as bare as a calendar of thousands of findings needs it."""

    result: Result
    number: int = 0  # what it counted
    span: tuple[int, int] | None = None  # what it looked at: days, or seconds, as its kind says
    zone: Zone | None = None  # where those are local
    reason: Text | None = None  # why it is not known, or not applicable
    must_end_by: int | None = None
    duty: Duty | None = None


class Reading(NamedTuple):
    """A finding in the words of its kind, for the trace."""

    measured: int | str | None
    limit: int | str | None
    window: Span | None
    blanks: Blanks
    words: Mapping[str, Text] | None = None  # blanks that differ by language


class Repeats(IntEnum):
    """How long a finding is the same for all contacts of one shape, with as many debts, read by the
    same calendars, of whose person nothing is known: no history, no fact, no consent."""

    NEVER = 0
    ON_ONE_DAY = 1
    ALWAYS = 2


class Judge(Protocol):
    """What a kind of rule makes of its parameters.

    `evaluate` depends on nothing but the question and the start. `turns` names every start
    between the two at which its result may change, and may name more: a calendar asks `evaluate`
    once between each two of them. `explain` puts a finding that passed or failed into words; the
    blanks it fills are named in `blanks`, those that are always the same are `fixed`. Findings of
    equal `sight` are explained alike, so that needs doing once only; None is like no other.
    `effort` is how much `evaluate` costs, to ask the cheap ones first. `repeats` is what may be
    remembered from one person to the next, explanation included; NEVER is always right.
    """

    blanks: ClassVar[frozenset[str]]
    effort: ClassVar[int]

    @property
    def repeats(self) -> Repeats: ...

    @property
    def fixed(self) -> Mapping[str, str | int | Text]: ...

    def evaluate(self, question: Question, at: int) -> Finding: ...

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]: ...

    def explain(self, question: Question, at: int, finding: Finding) -> Reading: ...

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable: ...


HARMLESS: Final = (Result.PASS, Result.NOT_APPLICABLE)
"""The results that leave the verdict at `allow`."""
NOT_APPLICABLE = Finding(Result.NOT_APPLICABLE, reason=DOES_NOT_APPLY)
_REMEMBERED: Final = 10_000
_NOTHING_READ: Final = Reading(None, None, None, {})


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force on the local days from `effective_from` to `effective_to`, both included.

    `in_doubt`: why it is not known whether its pack is asked at all. Then it can't say no.
    """

    id: str
    pack: str
    kind: str
    severity: Severity
    on_fail: Verdict
    citation: str
    source_quality: SourceQuality
    message: Template
    effective_from: int
    effective_to: int
    basis: str
    applies_when: Selector
    exceptions: tuple[Selector, ...]
    judge: Judge
    in_doubt: Text | None = None
    _explained: dict[Hashable, Check] = field(default_factory=dict, repr=False)

    def doubted(self, reason: Text) -> Rule:
        """The same rule, asked although it is not known whether it is the law of the contact."""
        return replace(self, in_doubt=reason)

    def evaluate(self, question: Question, at: int) -> Finding | None:
        """What it finds for the contact begun at this instant; None on a day it is not in force."""
        if not self._in_force(question, at):
            return None
        applies = self._is_about(question, at)
        if applies is False:
            return NOT_APPLICABLE
        finding = self.judge.evaluate(question, at)
        doubt = self.in_doubt or (SCOPE_UNKNOWN if applies is None else None)
        if doubt is not None and finding.result in (Result.FAIL, Result.UNKNOWN):
            return finding._replace(result=Result.UNKNOWN, reason=doubt)
        return finding

    def repeats(self, question: Question, at: int) -> Repeats:
        """How long what it finds for such a question is the same for all others like it."""
        if any(selector.thresholds for selector in (self.applies_when, *self.exceptions)):
            return Repeats.NEVER  # the numbers of the debts are each debtor's own
        if self._is_about(question, at) is False:
            return Repeats.ALWAYS
        return self.judge.repeats

    def allows(self, question: Question, at: int) -> bool:
        """Does it leave the verdict at `allow`?"""
        finding = self.evaluate(question, at)
        return finding is None or finding.result in HARMLESS

    def turns(self, question: Question, from_: int, to: int) -> set[int]:
        """Every start after `from_`, up to `to`, at which `evaluate` may change its result."""
        turns = set(self.applies_when.turns(question))
        for exception in self.exceptions:
            turns.update(exception.turns(question))
        calendar = question.zone_for_dates(self.basis)
        for day in (self.effective_from, self.effective_to + 1):
            if from_ // DAY - 1 <= day <= to // DAY + 1:
                turns.update(calendar.turns(day))
        turns.update(self.judge.turns(question, from_, to))
        return {turn for turn in turns if from_ < turn <= to}

    def last_end(self, question: Question, at: int, finding: Finding) -> int | None:
        """The latest end at which it leaves the verdict at `allow`; None if nothing limits it.

        Beside what its kind found, a consent it goes by may end while the contact lasts.
        """
        lasting = {
            end
            for selector in (self.applies_when, *self.exceptions)
            for end in selector.ends(question)
        }
        if not lasting or finding.result not in HARMLESS:
            return finding.must_end_by
        found: Finding | None = finding
        end = at + question.duration
        while found is not None and found.result in HARMLESS:
            limits = {found.must_end_by, *lasting}
            ends = [limit for limit in limits if limit is not None and limit >= end]
            if not ends:
                return None
            end = min(ends) + 1
            longer = replace(question.contact, duration=timedelta(seconds=end - at))
            found = self.evaluate(Question(longer), at)
        return end - 1

    def verdict(self, finding: Finding) -> Verdict:
        """What this rule alone decides."""
        if finding.result is Result.FAIL:
            return self.on_fail
        if finding.result is Result.UNKNOWN:
            return Verdict.NEEDS_REVIEW
        return Verdict.ALLOW

    def explain(self, question: Question, at: int, finding: Finding) -> Check:
        """The finding with its numbers, law and sentence."""
        if finding is NOT_APPLICABLE:
            sight: Hashable = NOT_APPLICABLE.result
        elif finding.reason is not None:
            sight = finding.result, finding.reason
        else:
            sight = self.judge.sight(question, at, finding)
        check = self._explained.get(sight)
        if check is None:
            check = self._told(question, at, finding)
            if sight is not None:
                if len(self._explained) >= _REMEMBERED:
                    self._explained.clear()
                self._explained[sight] = check
        return check

    def obligation(self, question: Question, at: int, finding: Finding, duty: Duty) -> Obligation:
        """The duty of a finding as part of the answer, in the rule's own sentence.

        Where the trace tells why something is not known, this still tells what must be done.
        """
        message = self.explain(question, at, finding._replace(reason=None)).message
        return Obligation(self.id, duty.what, duty.when, message, duty.evidence, duty.keep)

    def _told(self, question: Question, at: int, finding: Finding) -> Check:
        if finding.reason is None:
            reading = self.judge.explain(question, at, finding)
            message = self.message.filled(reading.blanks, reading.words)
        else:
            reading, message = _NOTHING_READ, finding.reason
        return Check(
            rule=self.id,
            pack=self.pack,
            kind=self.kind,
            severity=self.severity,
            result=finding.result,
            verdict=self.verdict(finding),
            measured=reading.measured,
            limit=reading.limit,
            window=reading.window,
            citation=self.citation,
            source_quality=self.source_quality,
            message=message,
        )

    def _is_about(self, question: Question, at: int) -> bool | None:
        """Does it apply to the contact, begun at this instant? None: not known."""
        applies = self.applies_when.contact(question, at)
        if applies is not False:
            for exception in self.exceptions:
                if exception.contact(question, at) is True:
                    return False
        return applies

    def surely_in_force(self, at: int) -> bool:
        """Is it so far from its first and last day that it is, wherever the day is looked up?"""
        return self.effective_from + 1 < at // DAY < self.effective_to - 1

    def _in_force(self, question: Question, at: int) -> bool:
        if self.effective_from + 1 < at // DAY < self.effective_to - 1:
            return True  # as `surely_in_force`; it is asked for every rule of a check
        day = question.zone_for_dates(self.basis).day(at)
        return self.effective_from <= day <= self.effective_to
