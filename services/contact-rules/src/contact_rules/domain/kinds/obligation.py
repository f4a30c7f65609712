"""`obligation`: what must be done before, during or after, and what shows that it was."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from contact_rules.domain.contact import ConsentScope, Fact, FactKind
from contact_rules.domain.decision import Result, Text
from contact_rules.domain.duties import Act, Evidence, Moment
from contact_rules.domain.question import Question, consent_covers, fact_turns, holds_on
from contact_rules.domain.rule import Duty, Finding, Reading, Repeats
from contact_rules.domain.wording import NOTHING, listed, word
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import Zone

_FIELDS: Final = (
    "what",
    "when",
    "evidence",
    "keep_days",
    "keep_years",
    "impossible_when",
    "needs",
    "otherwise",
)
_UNITS: Final = {"keep_days": ("day", "天"), "keep_years": ("year", "年")}


@dataclass(frozen=True, slots=True, eq=False)
class Obliges:
    """This must be done; where it needs a consent to one of `needs` that nobody gave, the
    `otherwise` instead, if there is any. A fact of `impossible_when` makes it impossible."""

    basis: str
    duty: Duty
    kept: Text
    impossible_when: frozenset[str]
    needs: frozenset[str]
    otherwise: Duty | None

    blanks: ClassVar[frozenset[str]] = frozenset({"what", "evidence", "keep"})
    effort: ClassVar[int] = 1
    repeats: ClassVar[Repeats] = Repeats.ALWAYS

    @property
    def fixed(self) -> Mapping[str, Text]:
        return {
            "what": word(self.duty.what),
            "evidence": listed(map(word, self.duty.evidence)) if self.duty.evidence else NOTHING,
            "keep": self.kept,
        }

    def evaluate(self, question: Question, at: int) -> Finding:
        if self.impossible_when and self._obstacles(question, at):
            return Finding(Result.FAIL)
        if not self.needs:
            return Finding(Result.PASS, duty=self.duty)
        end = at + question.duration
        agreed = any(consent_covers(c, at, end) for c in question.consents(self.needs))
        return Finding(Result.PASS, duty=self.duty if agreed else self.otherwise)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        for fact in question.facts(self.impossible_when):
            yield from fact_turns(fact, self._calendar(question))

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        duty = finding.duty
        if finding.result is Result.FAIL:
            measured = min(fact.kind for fact in self._obstacles(question, at)).value
        else:
            measured = duty.what if duty else "none"
        return Reading(
            measured=measured,
            limit=self.duty.what,
            window=None,
            blanks={},
            words={**self.fixed, "what": word(duty.what if duty else self.duty.what)},
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        return finding if finding.result is Result.PASS else None

    def _obstacles(self, question: Question, at: int) -> list[Fact]:
        day = self._calendar(question).day(at)
        return [fact for fact in question.facts(self.impossible_when) if holds_on(fact, day)]

    def _calendar(self, question: Question) -> Zone:
        return question.zone_for_dates(self.basis)


def read(params: Node, basis: str) -> Obliges:
    fields = params.fields(_FIELDS)
    if "otherwise" in fields and "needs" not in fields:
        fields["otherwise"].fail("otherwise than what?", "say what it needs too")
    when = params.need("when").choice(Moment)
    evidence = (
        tuple(dict.fromkeys(fields["evidence"].choices(list(Evidence))))
        if "evidence" in fields
        else ()
    )
    kept = _read_keep(fields)
    keep = kept.en if kept else None
    duty = Duty(params.need("what").choice(Act), when, evidence, keep)
    return Obliges(
        basis=basis,
        duty=duty,
        kept=kept or NOTHING,
        impossible_when=(
            frozenset(fields["impossible_when"].choices(list(FactKind)))
            if "impossible_when" in fields
            else frozenset()
        ),
        needs=_read_needs(fields["needs"]) if "needs" in fields else frozenset(),
        otherwise=(
            duty._replace(what=fields["otherwise"].choice(Act)) if "otherwise" in fields else None
        ),
    )


def _read_keep(fields: dict[str, Node]) -> Text | None:
    said = [name for name in _UNITS if name in fields]
    if not said:
        return None
    if len(said) > 1:
        fields[said[1]].fail("kept for how long? days or years", "one of the two")
    number = fields[said[0]].integer(least=1)
    en, zh = _UNITS[said[0]]
    return Text(f"{number} {en}" + ("s" if number > 1 else ""), f"{number} {zh}")


def _read_needs(node: Node) -> frozenset[str]:
    node.fields(("consent",))
    return frozenset(node.need("consent").choices(list(ConsentScope)))
