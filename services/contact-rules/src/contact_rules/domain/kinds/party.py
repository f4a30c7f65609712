"""`party`: may this person be contacted, and about what? Roles, age, disclosure, final refusals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from contact_rules.domain.contact import FactKind, Outcome, Purpose, Role
from contact_rules.domain.decision import Result
from contact_rules.domain.history import history_of
from contact_rules.domain.question import Question, fact_turns, holds_on
from contact_rules.domain.rule import Finding, Reading, Repeats
from contact_rules.domain.selector import read_values
from contact_rules.domain.wording import AGE_UNKNOWN, HISTORY_UNCLEAR, Blanks, word
from contact_rules.domain.yaml_nodes import Node


class Disclosure(StrEnum):
    """How much of the debt this person may learn."""

    FULL = "full"
    LOCATION_ONLY = "location_only"
    NONE = "none"


PURPOSES: Final[dict[Disclosure, frozenset[str]]] = {
    Disclosure.FULL: frozenset(Purpose),
    Disclosure.LOCATION_ONLY: frozenset({Purpose.LOCATE}),
    Disclosure.NONE: frozenset({Purpose.RELAY}),
}
"""What a contact may be for, given how much may be said, unless the rule lists the purposes."""
_ALL_ROLES: Final[frozenset[str]] = frozenset(Role)
_FIELDS: Final = (
    "allow",
    "deny",
    "disclosure",
    "purposes",
    "age_min",
    "age_max",
    "age_unknown",
    "refusal",
)


@dataclass(frozen=True, slots=True)
class Parties:
    """Only these roles, from one age to another, for these purposes.

    `unknown_age_passes`: where nobody can be expected to know the age, its absence is no doubt.
    `refusal_is_final`: who once refused is not contacted again.
    """

    roles: frozenset[str]
    disclosure: Disclosure
    purposes: frozenset[str]
    age_min: int | None
    age_max: int | None
    unknown_age_passes: bool
    refusal_is_final: bool

    blanks: ClassVar[frozenset[str]] = frozenset({"role", "purpose", "age_min", "age_max"})
    effort: ClassVar[int] = 2
    repeats: ClassVar[Repeats] = Repeats.NEVER

    @property
    def fixed(self) -> Blanks:
        return {"age_min": _said(self.age_min), "age_max": _said(self.age_max)}

    def evaluate(self, question: Question, at: int) -> Finding:
        contact = question.contact
        party = contact.party
        if party.role not in self.roles or contact.purpose not in self.purposes:
            return Finding(Result.FAIL)
        of_age = self._of_age(party.age)
        if of_age is False:
            return Finding(Result.FAIL)
        refused = self._refused(question, at) if self.refusal_is_final else False
        if refused:
            return Finding(Result.FAIL)
        if refused is None:
            return Finding(Result.UNKNOWN, reason=HISTORY_UNCLEAR)
        if of_age is None and not self.unknown_age_passes:
            return Finding(Result.UNKNOWN, reason=AGE_UNKNOWN)
        return Finding(Result.PASS)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        if self.refusal_is_final:
            for at, _ in self._refusals(question):
                yield at + 1
            for fact in question.facts((FactKind.THIRD_PARTY_REFUSED,)):
                yield from fact_turns(fact, question.zone_for_dates(""))

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        contact = question.contact
        return Reading(
            measured=contact.party.role,
            limit=self.disclosure,
            window=None,
            blanks=self.fixed,
            words={"role": word(contact.party.role), "purpose": word(contact.purpose)},
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        return finding.result, question.contact.party.role, question.contact.purpose

    def _of_age(self, age: int | None) -> bool | None:
        if self.age_min is None and self.age_max is None:
            return True
        if age is None:
            return None
        return (self.age_min is None or age >= self.age_min) and (
            self.age_max is None or age <= self.age_max
        )

    def _refused(self, question: Question, at: int) -> bool | None:
        """Did this very person refuse before? None: somebody did, and it is not known who."""
        who = question.contact.party.id
        day = question.zone_for_dates("").day(at)
        found: bool | None = False
        parties = [
            fact.party
            for fact in question.facts((FactKind.THIRD_PARTY_REFUSED,))
            if holds_on(fact, day)
        ]
        parties += [party for refused_at, party in self._refusals(question) if refused_at < at]
        for party in parties:
            if party == who:
                return True
            if party is None:
                found = None
        return found

    def _refusals(self, question: Question) -> list[tuple[int, str | None]]:
        who = question.contact.party.id
        return question.once(
            "refusals",
            lambda: [
                (at, None if past.party == who and not certain else past.party)
                for at, past, certain in history_of(question)
                if past.outcome is Outcome.REFUSED
            ],
        )


def _said(age: int | None) -> int | str:
    return "" if age is None else age


def read(params: Node, basis: str) -> Parties:
    fields = params.fields(_FIELDS)
    if not fields:
        params.fail("nothing is asked of the person", "one of: " + ", ".join(_FIELDS))
    roles = read_values("party", fields["allow"]) if "allow" in fields else _ALL_ROLES
    if "deny" in fields:
        denied = read_values("party", fields["deny"])
        if "allow" in fields and roles & denied:
            fields["deny"].fail("allowed and denied at once: " + ", ".join(sorted(roles & denied)))
        roles -= denied
    age_min = fields["age_min"].integer(least=1) if "age_min" in fields else None
    age_max = fields["age_max"].integer(least=1) if "age_max" in fields else None
    if age_min is not None and age_max is not None and age_max < age_min:
        fields["age_max"].fail(f"nobody is {age_min} or older and {age_max} or younger")
    if "age_unknown" in fields and age_min is None and age_max is None:
        fields["age_unknown"].fail("no age is asked for", "say age_min or age_max too")
    disclosure = fields["disclosure"].choice(Disclosure) if "disclosure" in fields else None
    disclosure = disclosure or Disclosure.FULL
    return Parties(
        roles=roles,
        disclosure=disclosure,
        purposes=(
            read_values("purpose", fields["purposes"])
            if "purposes" in fields
            else PURPOSES[disclosure]
        ),
        age_min=age_min,
        age_max=age_max,
        unknown_age_passes=(
            "age_unknown" in fields
            and fields["age_unknown"].one_of(("passes", "needs_review")) == "passes"
        ),
        refusal_is_final="refusal" in fields and fields["refusal"].one_of(("final",)) == "final",
    )
