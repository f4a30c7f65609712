"""`staffing`: is the team right? How many go, with which papers, whose people, told of before?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from contact_rules.domain.decision import Result, Text
from contact_rules.domain.question import Question, day_turns
from contact_rules.domain.rule import Finding, Reading, Repeats
from contact_rules.domain.wording import NOTHING, Blanks, listed, word
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import Zone, date_of, day_number

CREDENTIALS: Final = (
    "work_id",
    "authorisation_letter",
    "agent_certificate",
    "licence",
    "approval_letter",
)
"""The papers that packs may ask for; a team may hold any."""


_EMPLOYED: Final = Text("employment by the collector", "受雇于催收方")
_ANNOUNCED: Final = Text("announcement of the visitors", "事先告知来访人员")
_WHO_EMPLOYS: Final = Text(
    "Not known: who employs a member of the team.", "无法判断：有外访人员的雇主未知。"
)
_WHEN_TOLD: Final = Text(
    "Not known: whether the debtor was told that each of the team would come.",
    "无法判断：不清楚是否已事先告知债务人每一名来访人员。",
)


@dataclass(frozen=True, slots=True)
class Staffing:
    """Between `least` and `most` different persons; `each` of them holds these credentials, and
    `one` of them at least holds those (a letter may name the whole team).

    `employed`: each works for the asked collector itself. `announced`: the debtor was told of each
    on the day of the contact or before.
    """

    basis: str
    least: int
    most: int | None
    each: frozenset[str]
    one: frozenset[str]
    employed: bool
    announced: bool

    blanks: ClassVar[frozenset[str]] = frozenset({"measured", "least", "most", "missing"})
    effort: ClassVar[int] = 1
    repeats: ClassVar[Repeats] = Repeats.NEVER

    @property
    def fixed(self) -> Blanks:
        return {"least": self.least, "most": self.most or ""}

    def evaluate(self, question: Question, at: int) -> Finding:
        size = len({member.id for member in question.contact.team})
        papers = not (self.each or self.one) or not self._missing(question)
        employed, announced = self._employed(question), self._announced(question, at)
        if not self._right(size) or not papers or employed is False or announced is False:
            return Finding(Result.FAIL, size)
        if employed is None or announced is None:
            reason = _WHO_EMPLOYS if employed is None else _WHEN_TOLD
            return Finding(Result.UNKNOWN, size, reason=reason)
        return Finding(Result.PASS, size)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        if self.announced:
            for member in question.contact.team:
                if member.announced_on is not None:
                    yield from day_turns(day_number(member.announced_on), self._calendar(question))

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        missing = self._missing(question)
        lacks = [word(kind) for kind in missing]
        unemployed = self._employed(question) is False
        told_late = self._announced(question, at) is False
        lacks += [_EMPLOYED] * unemployed + [_ANNOUNCED] * told_late
        measured: int | str = finding.number
        limit: int | str = self.most if self.most and self._shows_most(finding) else self.least
        asked = self.each | self.one
        if self._right(finding.number) and asked and (missing or not limit):
            # The number is right or not asked for, so it is about the papers.
            measured = ", ".join(sorted(asked.difference(missing))) or "none"
            limit = ", ".join(sorted(asked))
        elif self._right(finding.number) and unemployed:
            employers = {member.employer for member in question.contact.team}
            measured = ", ".join(sorted(filter(None, employers)))
            limit = question.contact.collector.id
        elif self._right(finding.number) and told_late:
            dates = [m.announced_on for m in question.contact.team if m.announced_on]
            measured = max(dates).isoformat()
            limit = date_of(self._calendar(question).day(at)).isoformat()
        return Reading(
            measured=measured,
            limit=limit,
            window=None,
            blanks={**self.fixed, "measured": finding.number},
            words={"missing": listed(lacks) if lacks else NOTHING},
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        return finding if finding.result is Result.PASS else None

    def _right(self, size: int) -> bool:
        return self.least <= size and (self.most is None or size <= self.most)

    def _shows_most(self, finding: Finding) -> bool:
        """Is it the largest size that is told, and not the smallest?"""
        return not self.least or (self.most is not None and finding.number > self.most)

    def _missing(self, question: Question) -> list[str]:
        """The papers that are not there. Of a team of nobody, nobody has any."""
        held = [member.credentials for member in question.contact.team] or [frozenset()]
        missing = {kind for kind in self.each if not all(kind in has for has in held)}
        missing |= {kind for kind in self.one if not any(kind in has for has in held)}
        return sorted(missing)

    def _employed(self, question: Question) -> bool | None:
        if not self.employed:
            return True
        employers = {member.employer for member in question.contact.team}
        if employers - {None, question.contact.collector.id}:
            return False
        return None if None in employers else True

    def _announced(self, question: Question, at: int) -> bool | None:
        if not self.announced:
            return True
        today = date_of(self._calendar(question).day(at))
        dates = {member.announced_on for member in question.contact.team}
        if any(day is not None and day > today for day in dates):
            return False
        return None if None in dates else True

    def _calendar(self, question: Question) -> Zone:
        return question.zone_for_dates(self.basis)


def read(params: Node, basis: str) -> Staffing:
    fields = params.fields(("min", "max", "credentials", "employer", "announced"))
    least = fields["min"].integer() if "min" in fields else 0
    most = fields["max"].integer(least=1) if "max" in fields else None
    if most is not None and most < least:
        fields["max"].fail(f"at most {most} can't be at least {least}")
    if not fields:
        params.fail("nothing is asked of the team", "min, max, credentials, employer, announced")
    held = fields["credentials"].fields(("each", "one")) if "credentials" in fields else {}
    if "employer" in fields:
        fields["employer"].one_of(("collector",))
    if "announced" in fields:
        fields["announced"].one_of(("true",))
    return Staffing(
        basis,
        least,
        most,
        each=frozenset(held["each"].choices(CREDENTIALS)) if "each" in held else frozenset(),
        one=frozenset(held["one"].choices(CREDENTIALS)) if "one" in held else frozenset(),
        employed="employer" in fields,
        announced="announced" in fields,
    )
