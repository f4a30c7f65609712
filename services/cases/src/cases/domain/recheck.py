"""The question that is asked once more before somebody goes, and contact-rules' answer to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class GoStep(StrEnum):
    """Before what is asked."""

    DISPATCH = "dispatch"
    CHECK_IN = "check_in"


@dataclass(frozen=True, slots=True)
class Goer:
    """One of the team, with the credentials that are valid on the day."""

    id: UUID
    credentials: Sequence[str]
    employer: str


@dataclass(frozen=True, slots=True)
class Recheck:
    """May this visit still take place? ``at`` is the moment of the step, None: this one."""

    approval_id: UUID
    visit_id: UUID
    step: GoStep
    at: datetime | None
    team: Sequence[Goer]


@dataclass(frozen=True, slots=True)
class Instead:
    """What to do when it may not: a code, and when it may."""

    do: str
    not_before: datetime | None
    next_lawful: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The answer. ``checks`` are those rules that say no or don't know, as they came."""

    go: bool
    state: str
    checks: Sequence[Mapping[str, Any]]
    instead: Instead | None
