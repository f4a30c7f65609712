"""`staffing`: is the team right? How many go, and what they must have with them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from contact_rules.domain.decision import Result
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Finding, Reading
from contact_rules.domain.wording import NOTHING, Blanks, listed, word
from contact_rules.domain.yaml_nodes import Node

CREDENTIALS: Final = ("work_id", "authorisation_letter")


@dataclass(frozen=True, slots=True)
class Staffing:
    """Between `least` and `most` different persons; `each` of them holds these credentials, and
    `one` of them at least holds those (a letter may name the whole team)."""

    least: int
    most: int | None
    each: frozenset[str]
    one: frozenset[str]

    blanks: ClassVar[frozenset[str]] = frozenset({"measured", "least", "most", "missing"})
    effort: ClassVar[int] = 1

    @property
    def fixed(self) -> Blanks:
        return {"least": self.least, "most": self.most or ""}

    def evaluate(self, question: Question, at: int) -> Finding:
        team = question.contact.team
        size = len({member.id for member in team})
        right = (
            self.least <= size
            and (self.most is None or size <= self.most)
            and all(self.each <= member.credentials for member in team)
            and self.one <= frozenset().union(*(member.credentials for member in team))
        )
        return Finding(Result.PASS if right else Result.FAIL, number=size)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        return ()

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        asked = self.each | self.one
        missing = self._missing(question) if asked else []
        size = finding.number
        too_many = self.most is not None and size > self.most
        measured: int | str = size
        limit: int | str = self.most if self.most and (too_many or not self.least) else self.least
        if asked and size >= self.least and not too_many and (missing or not limit):
            # The number is right or not asked for, so it is about the papers.
            measured = ", ".join(sorted(asked.difference(missing))) or "none"
            limit = ", ".join(sorted(asked))
        return Reading(
            measured=measured,
            limit=limit,
            window=None,
            blanks={**self.fixed, "measured": finding.number},
            words={"missing": listed(map(word, missing)) if missing else NOTHING},
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        return finding if finding.result is Result.PASS else None

    def _missing(self, question: Question) -> list[str]:
        team = question.contact.team
        held = [member.credentials for member in team]
        missing = {kind for kind in self.each if not all(kind in has for has in held)}
        missing |= {kind for kind in self.one if not any(kind in has for has in held)}
        return sorted(missing)


def read(params: Node, basis: str) -> Staffing:
    fields = params.fields(("min", "max", "credentials"))
    least = fields["min"].integer() if "min" in fields else 0
    most = fields["max"].integer(least=1) if "max" in fields else None
    if most is not None and most < least:
        fields["max"].fail(f"at most {most} can't be at least {least}")
    if not fields:
        params.fail("nothing is asked of the team", "min, max or credentials")
    held = fields["credentials"].fields(("each", "one")) if "credentials" in fields else {}
    return Staffing(
        least,
        most,
        each=frozenset(held["each"].choices(CREDENTIALS)) if "each" in held else frozenset(),
        one=frozenset(held["one"].choices(CREDENTIALS)) if "one" in held else frozenset(),
    )
