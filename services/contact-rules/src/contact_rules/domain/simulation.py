"""What a draft of a pack would change: verdicts before and after compared, and counted.

Before is what the rules without the draft say today, not what was decided then, so that every
difference is the draft's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from contact_rules.domain.contact import Contact, Residence
from contact_rules.domain.decision import Check, Verdict
from contact_rules.domain.rule import HARMLESS

EXAMPLES: Final = 20
"""How many examples of each change are kept."""
MOST_GROUPS: Final = 1000
OTHERS: Final = "(others)"
"""Where all beyond so many lenders, regions or rules are counted, so that no tally grows on."""
NOWHERE: Final = "(unknown)"


class Change(StrEnum):
    """What becomes of a decision."""

    NEWLY_DENIED = "newly_denied"
    NEWLY_ALLOWED = "newly_allowed"
    NEWLY_REVIEW = "newly_review"
    REVOKED = "revoked"
    """Of a planned visit: it would lose its approval."""


_CHANGES: Final = {
    Verdict.DENY: Change.NEWLY_DENIED,
    Verdict.ALLOW: Change.NEWLY_ALLOWED,
    Verdict.NEEDS_REVIEW: Change.NEWLY_REVIEW,
}
_HARDNESS: Final = {Verdict.ALLOW: 0, Verdict.NEEDS_REVIEW: 1, Verdict.DENY: 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the checks that stand against the contact."""

    verdict: Verdict
    objections: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One decision, or one planned visit, that comes out otherwise.

    ``because``: the checks that make the difference; those of the rules before, if it became
    easier.
    """

    change: Change
    before: Verdict
    after: Verdict
    because: tuple[Check, ...]

    @property
    def rules(self) -> list[str]:
        return sorted({each.rule for each in self.because})


def difference(before: Judged, after: Judged, *, planned: bool = False) -> Difference | None:
    """What changed; None if the verdict is the same. A planned visit can only be revoked."""
    if before.verdict is after.verdict:
        return None
    harder = _HARDNESS[after.verdict] > _HARDNESS[before.verdict]
    if planned:
        if before.verdict is not Verdict.ALLOW:
            return None
        change = Change.REVOKED
    else:
        change = _CHANGES[after.verdict]
    now, then = (after, before) if harder else (before, after)
    known = {(each.rule, each.verdict) for each in then.objections}
    because = tuple(each for each in now.objections if (each.rule, each.verdict) not in known)
    return Difference(change, before.verdict, after.verdict, because or now.objections)


def objections(checks: Iterable[Check], overridden: Collection[str]) -> tuple[Check, ...]:
    """The checks that stand against a contact, but for doubts that people have settled."""
    return tuple(
        each
        for each in checks
        if each.result not in HARMLESS
        and not (each.verdict is Verdict.NEEDS_REVIEW and each.rule in overridden)
    )


def region_of(contact: Contact, residence: Residence | None) -> str:
    """Where the door is (or where the person lives, for want of a door): "TW-TPE"."""
    where = contact.place or residence
    if where is None or not where.country:
        return NOWHERE
    country = where.country.upper()
    region = (where.region or "").upper().removeprefix(f"{country}-")
    return f"{country}-{region}" if region else country


@dataclass(slots=True)
class Tally:
    """What was found so far. Tallies of parts add up to that of the whole (`add`).

    ``unconcerned``: asked by the same packs either way, so they need not be asked at all.
    ``otherwise``: decided then as the rules before don't decide today.
    """

    decisions: int = 0
    planned: int = 0
    unconcerned: int = 0
    otherwise: int = 0
    unreadable: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    by_rule: dict[str, dict[str, int]] = field(default_factory=dict)
    by_lender: dict[str, dict[str, int]] = field(default_factory=dict)
    by_region: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def note(
        self, found: Difference, *, lender: str, region: str, example: Mapping[str, Any]
    ) -> None:
        """Count one difference; it is an example while there are few of its kind."""
        self.changes[found.change] = self.changes.get(found.change, 0) + 1
        for rule in found.rules:
            _count(self.by_rule, rule, found.change)
        _count(self.by_lender, lender, found.change)
        _count(self.by_region, region, found.change)
        examples = self.examples.setdefault(found.change, [])
        if len(examples) < EXAMPLES:
            told = [_told(each) for each in found.because]
            examples.append(
                {**example, "lender": lender, "region": region, "before": found.before.value,
                 "after": found.after.value, "because": told}
            )  # fmt: skip

    def add(self, other: Tally) -> None:
        """Add what was found in another part."""
        self.decisions += other.decisions
        self.planned += other.planned
        self.unconcerned += other.unconcerned
        self.otherwise += other.otherwise
        self.unreadable += other.unreadable
        for change, number in other.changes.items():
            self.changes[change] = self.changes.get(change, 0) + number
        for mine, theirs in (
            (self.by_rule, other.by_rule),
            (self.by_lender, other.by_lender),
            (self.by_region, other.by_region),
        ):
            for group, numbers in theirs.items():
                for change, number in numbers.items():
                    _count(mine, group, change, number)
        for change, examples in other.examples.items():
            kept = self.examples.setdefault(change, [])
            kept += examples[: EXAMPLES - len(kept)]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "decisions": self.decisions,
            "planned": self.planned,
            "unconcerned": self.unconcerned,
            "otherwise": self.otherwise,
            "unreadable": self.unreadable,
            "changes": self.changes,
            "by_rule": self.by_rule,
            "by_lender": self.by_lender,
            "by_region": self.by_region,
            "examples": self.examples,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that `data` wrote; an empty one of nothing."""
        return cls(**data)


def _count(groups: dict[str, dict[str, int]], group: str, change: str, number: int = 1) -> None:
    if group not in groups and len(groups) >= MOST_GROUPS:
        group = OTHERS
    numbers = groups.setdefault(group, {})
    numbers[change] = numbers.get(change, 0) + number


def _told(check: Check) -> dict[str, Any]:
    return {
        "rule": check.rule,
        "pack": check.pack,
        "result": check.result.value,
        "measured": check.measured,
        "limit": check.limit,
        "message": {"en": check.message.en, "zh": check.message.zh},
    }
