"""A version of a pack on its way into force: who may take which step, and what it comes to.

    draft → simulated → approved (by two) → scheduled → active → retired
    draft … scheduled → withdrawn

The text never changes: another text is another draft.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

APPROVERS: Final = 2
"""How many people other than the author must approve."""

_FIRST_OFFSET: Final = timedelta(hours=14)
"""The zone where a day begins first: UTC+14."""
_LAST_OFFSET: Final = timedelta(hours=-12)
_DAY: Final = timedelta(days=1)


class VersionState(StrEnum):
    DRAFT = "draft"
    SIMULATED = "simulated"
    """It was tried on what was decided, and people have seen what it would do."""
    APPROVED = "approved"
    """Two people want it."""
    SCHEDULED = "scheduled"
    """It is part of the library, and in force from its day on."""
    ACTIVE = "active"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"
    """It never came into force, and never will."""


LIVE: Final = frozenset({VersionState.SCHEDULED, VersionState.ACTIVE, VersionState.RETIRED})
"""States in which it is part of the library, each on its own days."""

_NEXT: Final[dict[VersionState, frozenset[VersionState]]] = {
    VersionState.DRAFT: frozenset({VersionState.SIMULATED, VersionState.WITHDRAWN}),
    VersionState.SIMULATED: frozenset({VersionState.APPROVED, VersionState.WITHDRAWN}),
    VersionState.APPROVED: frozenset({VersionState.SCHEDULED, VersionState.WITHDRAWN}),
    VersionState.SCHEDULED: frozenset({VersionState.ACTIVE, VersionState.WITHDRAWN}),
    VersionState.ACTIVE: frozenset({VersionState.RETIRED}),
    VersionState.RETIRED: frozenset(),
    VersionState.WITHDRAWN: frozenset(),
}


class VersionRefusal(Exception):
    """What can't be done with a version of a pack, in both languages."""

    code: ClassVar[str]

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


class WrongState(VersionRefusal):
    """It is not at the point where this could be done."""

    code = "wrong_state"

    def __init__(self, state: VersionState, wanted: str) -> None:
        super().__init__(
            f"This version is {state}; only one that is {wanted} can take this step.",
            f"该版本的状态为 {state}，只有状态为 {wanted} 的版本才能进行此操作。",
        )


class AuthorApproves(VersionRefusal):
    """Whoever wrote it can't be one of the two."""

    code = "author_approves"

    def __init__(self) -> None:
        super().__init__(
            "Its author can't approve it: two other people must.",
            "起草人不能批准自己的草案，须由另外两人批准。",
        )


class ApprovedTwice(VersionRefusal):
    """One person is not two."""

    code = "approved_twice"

    def __init__(self) -> None:
        super().__init__(
            "You have approved it already: somebody else must be the second.",
            "您已批准，须由另一人进行第二次批准。",
        )


class InThePast(VersionRefusal):
    """That day has passed, somewhere on earth."""

    code = "in_the_past"

    def __init__(self, earliest: date) -> None:
        super().__init__(
            f"The earliest day is {earliest}: an earlier one has passed somewhere on earth.",
            f"最早可选 {earliest}：更早的日期在世界某地已经过去。",
        )


class OutsideItsText(VersionRefusal):
    """The pack itself says from when to when it holds."""

    code = "outside_its_text"

    def __init__(self, from_: date | None, to: date | None) -> None:
        said = f"{from_ or '…'} – {to or '…'}"
        super().__init__(
            f"The text of the pack itself is in force on other days: {said}.",
            f"规则包文本自身的施行期间为 {said}。",
        )


class InForceAlready(VersionRefusal):
    """Its day has begun: it can be retired, not withdrawn."""

    code = "in_force_already"

    def __init__(self) -> None:
        super().__init__(
            "Its day has begun somewhere on earth: it can be retired, and no longer withdrawn.",
            "其施行日在世界某地已经开始：只能废止，不能撤回。",
        )


class EndsBeforeItBegins(VersionRefusal):
    """It would be in force on no day."""

    code = "ends_before_it_begins"

    def __init__(self, from_: date) -> None:
        super().__init__(
            f"It is in force from {from_} on and can't end before.",
            f"该版本自 {from_} 起施行，终止日不得早于该日。",
        )


@dataclass(frozen=True, slots=True)
class PackVersion:
    """``effective_to`` is the last day, None while no end is known. ``approved_by``: who did."""

    id: UUID
    pack_id: str
    version: str
    digest: str
    state: VersionState
    author: str
    created_at: datetime
    changed_at: datetime
    effective_from: date | None = None
    effective_to: date | None = None
    approved_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.pack_id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done with a version: who, when, why. Evidence, never changed."""

    id: UUID
    version_id: UUID
    step: str
    by: str
    at: datetime
    reason: str | None = None
    data: dict[str, Any] | None = None


def latest_day(now: datetime) -> date:
    """The latest date there is anywhere on earth now."""
    return (now + _FIRST_OFFSET).date()


def earliest_day(now: datetime) -> date:
    """The earliest date there is anywhere on earth now."""
    return (now + _LAST_OFFSET).date()


def simulated(version: PackVersion, now: datetime) -> PackVersion:
    """It was tried; a version further on stays where it is. Raises WrongState."""
    if version.state in (VersionState.SIMULATED, VersionState.APPROVED, *LIVE):
        return version
    return _moved(version, VersionState.SIMULATED, now, "draft")


def approve(version: PackVersion, by: str, now: datetime) -> PackVersion:
    """``by`` is for it; with the second it is approved. Raises a `VersionRefusal`."""
    if version.state is not VersionState.SIMULATED:
        raise WrongState(version.state, "simulated")
    if by == version.author:
        raise AuthorApproves
    if by in version.approved_by:
        raise ApprovedTwice
    approved = replace(version, approved_by=(*version.approved_by, by), changed_at=now)
    if len(approved.approved_by) < APPROVERS:
        return approved
    return _moved(approved, VersionState.APPROVED, now, "simulated")


def schedule(
    version: PackVersion,
    effective_from: date,
    now: datetime,
    *,
    text_from: date | None,
    text_to: date | None,
) -> PackVersion:
    """It is law from that local day on, wherever a door is. Raises a `VersionRefusal`.

    ``text_from`` and ``text_to``: the days that its text names.
    """
    scheduled = _moved(version, VersionState.SCHEDULED, now, "approved")
    if effective_from < latest_day(now):
        raise InThePast(latest_day(now))
    if not (text_from or date.min) <= effective_from <= (text_to or date.max):
        raise OutsideItsText(text_from, text_to)
    return replace(scheduled, effective_from=effective_from)


def is_due(version: PackVersion, now: datetime) -> bool:
    """Has its day begun, anywhere on earth?"""
    return (
        version.state is VersionState.SCHEDULED
        and version.effective_from is not None
        and version.effective_from <= latest_day(now)
    )


def is_over(version: PackVersion, now: datetime) -> bool:
    """Has its last day ended, everywhere on earth?"""
    return (
        version.state is VersionState.ACTIVE
        and version.effective_to is not None
        and version.effective_to < earliest_day(now)
    )


def activate(version: PackVersion, now: datetime) -> PackVersion:
    """Its day has begun. Raises WrongState."""
    return _moved(version, VersionState.ACTIVE, now, "scheduled")


def end(version: PackVersion, effective_to: date, now: datetime) -> PackVersion:
    """``effective_to`` is to be its last day; it stays active until that is over.

    Raises a `VersionRefusal`.
    """
    if version.state is not VersionState.ACTIVE:
        raise WrongState(version.state, "active")
    assert version.effective_from is not None
    if effective_to < latest_day(now):
        raise InThePast(latest_day(now))
    if effective_to < version.effective_from:
        raise EndsBeforeItBegins(version.effective_from)
    return replace(version, effective_to=effective_to, changed_at=now)


def followed(version: PackVersion, next_from: date, now: datetime) -> PackVersion:
    """Another version came into force on that day: this one is over. Raises WrongState."""
    last = min(version.effective_to or date.max, next_from - _DAY)
    return replace(retire(version, now), effective_to=last)


def retire(version: PackVersion, now: datetime) -> PackVersion:
    """Its last day is over. Raises WrongState."""
    return _moved(version, VersionState.RETIRED, now, "active")


def withdraw(version: PackVersion, now: datetime) -> PackVersion:
    """It will never come into force. Raises a `VersionRefusal`."""
    if version.state is VersionState.ACTIVE or is_due(version, now):
        raise InForceAlready
    return _moved(version, VersionState.WITHDRAWN, now, "not in force yet")


def predecessors(versions: Collection[PackVersion], of: PackVersion) -> list[PackVersion]:
    """Those of the same pack that were in force until this one came."""
    assert of.effective_from is not None
    return [
        each
        for each in versions
        if each.pack_id == of.pack_id
        and each.id != of.id
        and each.state is VersionState.ACTIVE
        and each.effective_from is not None
        and each.effective_from < of.effective_from
    ]


def _moved(version: PackVersion, to: VersionState, now: datetime, wanted: str) -> PackVersion:
    if to not in _NEXT[version.state]:
        raise WrongState(version.state, wanted)
    return replace(version, state=to, changed_at=now)
