"""What a check answers: each rule's result with its reason, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    NEEDS_REVIEW = "needs_review"


class Result(StrEnum):
    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    PROHIBITION = "prohibition"
    PRESUMPTION = "presumption"
    GUIDANCE = "guidance"
    POLICY = "policy"


class SourceQuality(StrEnum):
    """How a rule's text is known, best first: read, reported, remembered."""

    TEXT = "text"
    REPORT = "report"
    MEMORY = "memory"


class Text(NamedTuple):
    """One sentence for people, in both languages."""

    en: str
    zh: str


class Span(NamedTuple):
    """The stretch a rule looked at: dates where it counts in days, else times. Ends included."""

    from_: date | datetime
    to: date | datetime


class Check(NamedTuple):
    """One rule's answer, with everything needed to explain it to the person at the door."""

    rule: str
    pack: str  # with its version: "tw@2026-01-01"
    kind: str
    severity: Severity
    result: Result
    verdict: Verdict  # what this rule alone would have decided
    measured: int | str | None
    limit: int | str | None
    window: Span | None
    citation: str
    source_quality: SourceQuality
    message: Text


@dataclass(frozen=True, slots=True)
class Obligation:
    """What must be done if the contact takes place, said to the person who does it.

    `evidence`: what shows that it was done; `keep`: for how long that is kept, as "2 years".
    """

    rule: str
    what: str
    when: str
    message: Text
    evidence: tuple[str, ...] = ()
    keep: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    checks: tuple[Check, ...]
    obligations: tuple[Obligation, ...]
    must_end_by: datetime | None  # latest lawful end of this start; None: no limit, or no start


@dataclass(frozen=True, slots=True)
class Window:
    """Every whole second from `from_` to `to`, both included, is a lawful start."""

    from_: datetime
    to: datetime


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """One no is a no; else one doubt is a doubt; only where neither is found is it a yes."""
    found = set(verdicts)
    if Verdict.DENY in found:
        return Verdict.DENY
    if Verdict.NEEDS_REVIEW in found:
        return Verdict.NEEDS_REVIEW
    return Verdict.ALLOW
