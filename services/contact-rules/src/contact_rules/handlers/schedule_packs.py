"""People decide about a version of a pack: approve, schedule, end or withdraw it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import BrokenPack, Pack
from contact_rules.domain import pack_version as lives
from contact_rules.domain.pack_version import PackVersion, Step, VersionRefusal, VersionState
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.succession import guarded_library
from contact_rules.domain.yaml_nodes import Complaint
from contact_rules.store import pack_versions, rule_changes
from contact_rules.store.pack_versions import LiveVersion, RulesInForce
from contact_rules.store.rule_changes import Cause
from contact_rules.store.shelf import InUse


class NoSuchVersion(VersionRefusal):
    """There is no version of a pack with this id."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such version of a pack.", "没有此规则包版本。")


class DayIsTaken(VersionRefusal):
    """Another version of this pack begins on that very day."""

    code = "day_is_taken"

    def __init__(self) -> None:
        super().__init__(
            "Another version of this pack begins on that day.",
            "该规则包的另一版本已定于当日施行。",
        )


class DoesNotFit(VersionRefusal):
    """The rules there would be could not stand: ``complaints`` say why."""

    code = "does_not_fit"

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        self.complaints = complaints
        super().__init__(
            "The packs there would be then can't be used together.",
            "变更后的各规则包无法共同使用。",
        )


def approve_pack(
    session: Session, version_id: UUID, now: datetime, *, by: str, reason: str
) -> PackVersion:
    """``by`` is for it. Raises a `VersionRefusal`."""
    version = lives.approve(_locked(session, version_id), by, now)
    _save(session, version, "approved", by, reason, now)
    return version


def schedule_pack(
    session: Session,
    version_id: UUID,
    effective_from: date,
    now: datetime,
    *,
    by: str,
    reason: str | None,
    in_use: InUse,
) -> PackVersion:
    """It is law from that day on: for visits then planned from this moment on, and those planned
    already are asked again.

    Raises a `VersionRefusal`, and RulesChanged if somebody else changes the rules just now.
    """
    version = _locked(session, version_id)
    file, content = pack_versions.text_of(session, version.digest)
    pack = parse_pack(file, content.encode())
    version = lives.schedule(
        version, effective_from, now, text_from=pack.effective_from, text_to=pack.effective_to
    )
    live = pack_versions.in_force(session)
    beside = _dated(live.versions)
    if any(other.id == pack.id and other.effective_from == effective_from for other in beside):
        raise DayIsTaken
    _refuse_unfit(in_use.files, [*beside, pack.limited(effective_from, None)])
    told = {"effective_from": effective_from.isoformat()}
    _save(session, version, "scheduled", by, reason, now, told)
    _change(session, version, Cause.SCHEDULED, effective_from, live, now)
    return version


def end_pack(
    session: Session,
    version_id: UUID,
    effective_to: date,
    now: datetime,
    *,
    by: str,
    reason: str,
    in_use: InUse,
) -> PackVersion:
    """That is to be its last day; visits planned behind it are asked again without it.

    Raises as `schedule_pack`.
    """
    version = lives.end(_locked(session, version_id), effective_to, now)
    live = pack_versions.in_force(session)
    _refuse_unfit(in_use.files, _dated(live.versions, {version.id: effective_to}))
    told = {"effective_to": effective_to.isoformat()}
    _save(session, version, "ended", by, reason, now, told)
    _change(session, version, Cause.ENDED, effective_to + timedelta(days=1), live, now)
    return version


def withdraw_pack(
    session: Session, version_id: UUID, now: datetime, *, by: str, reason: str, in_use: InUse
) -> PackVersion:
    """It will never come into force. Raises as `schedule_pack`."""
    before = _locked(session, version_id)
    version = lives.withdraw(before, now)
    _save(session, version, "withdrawn", by, reason, now)
    if before.state is VersionState.SCHEDULED:
        assert before.effective_from is not None
        live = pack_versions.in_force(session)  # without it already
        _refuse_unfit(in_use.files, _dated(live.versions))
        _change(session, version, Cause.WITHDRAWN, before.effective_from, live, now)
    return version


def _locked(session: Session, version_id: UUID) -> PackVersion:
    version = pack_versions.find(session, version_id, lock=True)
    if version is None:
        raise NoSuchVersion
    return version


def _save(
    session: Session,
    version: PackVersion,
    step: str,
    by: str,
    reason: str | None,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    pack_versions.save(session, version)
    pack_versions.note(session, Step(new_id(), version.id, step, by, now, reason, data))


def _change(
    session: Session,
    version: PackVersion,
    cause: Cause,
    from_on: date,
    seen: RulesInForce,
    now: datetime,
) -> None:
    # The last that is done: whoever gives approvals waits for it.
    revision = pack_versions.change(session, seen.revision)
    rule_changes.announce(session, version.id, cause, from_on, revision, now)


def _dated(versions: Iterable[LiveVersion], ends: dict[UUID, date] | None = None) -> list[Pack]:
    """These versions on the days they are in force; some end on other days than they say."""
    return [
        parse_pack(each.file, each.text.encode()).limited(
            each.effective_from, (ends or {}).get(each.id, each.effective_to)
        )
        for each in versions
    ]


def _refuse_unfit(files: Iterable[Pack], live: Iterable[Pack]) -> None:
    try:
        guarded_library(files, live)
    except BrokenPack as broken:
        raise DoesNotFit(broken.complaints) from broken
