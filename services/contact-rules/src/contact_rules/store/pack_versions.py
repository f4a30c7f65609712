"""Saves and finds versions of packs, their steps, and what they make the rules in force be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from contact_rules.domain import Pack
from contact_rules.domain.pack_version import LIVE, PackVersion, Step, VersionState
from contact_rules.store.tables import (
    LIBRARY_REVISION,
    PACK_STEP,
    PACK_TEXT,
    PACK_VERSION,
    RULES_REVISION,
)

_LIVE: Final = ", ".join(f"'{state}'" for state in sorted(LIVE))
# One statement, so that all of it is of one moment.
_IN_FORCE: Final = text(
    "SELECT r.revision, v.id, v.pack_id, v.version, v.digest, v.effective_from, v.effective_to,"
    " t.file, t.text FROM rules_revision r"
    f" LEFT JOIN (pack_version v JOIN pack_text t ON t.digest = v.digest) ON v.state IN ({_LIVE})"
    " ORDER BY v.pack_id, v.effective_from"
)
_HOLD_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtext('doorstep rules'))")
_APPROVED_BY: Final = (
    select(PACK_STEP.c.version_id, PACK_STEP.c.by)
    .where(PACK_STEP.c.step == VersionState.APPROVED.value)
    .order_by(PACK_STEP.c.at, PACK_STEP.c.id)
)
_FIND: Final = select(PACK_VERSION).where(PACK_VERSION.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """A version that was put in force (or is going to be), with its text."""

    id: UUID
    digest: str
    file: str
    text: str
    effective_from: date
    effective_to: date | None


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The versions put in force here, and how often they have changed so far."""

    revision: int
    versions: tuple[LiveVersion, ...]


class RulesChanged(Exception):
    """Somebody changed the rules in force meanwhile: what was worked out rests on older ones."""


def revision(session: Session) -> int:
    """How often the rules in force have changed: a cheap statement."""
    return int(session.execute(select(RULES_REVISION.c.revision)).scalar_one())


def in_force(session: Session) -> RulesInForce:
    """All versions that are scheduled, active or retired, as they were at one moment."""
    rows = session.execute(_IN_FORCE).all()
    versions = tuple(
        LiveVersion(row.id, row.digest, row.file, row.text, row.effective_from, row.effective_to)
        for row in rows
        if row.id is not None
    )
    return RulesInForce(int(rows[0].revision), versions)


def change(session: Session, seen: int) -> int:
    """The rules change by this transaction; the number of their new revision.

    It waits for all transactions that give approvals, and those that come wait for it: so do all
    else first. Raises RulesChanged if the revision is not the one ``seen`` any more.
    """
    session.execute(_HOLD_ALONE)
    changed = session.execute(
        update(RULES_REVISION)
        .where(RULES_REVISION.c.revision == seen)
        .values(revision=RULES_REVISION.c.revision + 1)
        .returning(RULES_REVISION.c.revision)
    ).scalar_one_or_none()
    if changed is None:
        raise RulesChanged
    return int(changed)


def note_library(session: Session, library: str, of_revision: int) -> None:
    """Whoever decides by the library of this digest decides by the rules of that revision."""
    adding = insert(LIBRARY_REVISION).values(library=library, revision=of_revision)
    session.execute(
        adding.on_conflict_do_update(
            index_elements=[LIBRARY_REVISION.c.library],
            set_={"revision": adding.excluded.revision},
            where=LIBRARY_REVISION.c.revision < adding.excluded.revision,
        )
    )


def keep_text(session: Session, pack: Pack, now: datetime) -> None:
    """The text of a pack, by its digest; it may be there already."""
    session.execute(
        insert(PACK_TEXT)
        .values(
            digest=pack.digest,
            pack_id=pack.id,
            version=pack.version,
            file=pack.file,
            text=pack.content.decode(),
            stored_at=now,
        )
        .on_conflict_do_nothing()
    )


def text_of(session: Session, digest: str) -> tuple[str, str]:
    """Name and content of the file with this digest."""
    row = session.execute(
        select(PACK_TEXT.c.file, PACK_TEXT.c.text).where(PACK_TEXT.c.digest == digest)
    ).one()
    return row.file, row.text


def add(session: Session, version: PackVersion) -> bool:
    """Save a new version; False if there is one of this name that was not withdrawn."""
    found = session.execute(
        insert(PACK_VERSION)
        .values(**_values(version))
        .on_conflict_do_nothing()
        .returning(PACK_VERSION.c.id)
    ).one_or_none()
    return found is not None


def save(session: Session, version: PackVersion) -> None:
    """Save the state a version has come to."""
    changed = ("state", "effective_from", "effective_to", "changed_at")
    values = _values(version)
    session.execute(
        update(PACK_VERSION)
        .where(PACK_VERSION.c.id == version.id)
        .values({name: values[name] for name in changed})
    )


def note(session: Session, step: Step) -> None:
    """Write down a step."""
    session.execute(
        insert(PACK_STEP).values(
            id=step.id,
            version_id=step.version_id,
            step=step.step,
            by=step.by,
            reason=step.reason,
            data=step.data,
            at=step.at,
        )
    )


def find(session: Session, version_id: UUID, *, lock: bool = False) -> PackVersion | None:
    """One version; with ``lock`` nobody else changes it until this transaction ends."""
    found = session.execute(
        _FIND.with_for_update() if lock else _FIND, {"id": version_id}
    ).one_or_none()
    return None if found is None else _versions(session, [found])[0]


def in_states(
    session: Session, states: Collection[VersionState], *, lock: bool = False
) -> list[PackVersion]:
    """All versions in these states, those that begin first before the others."""
    query = (
        select(PACK_VERSION)
        .where(PACK_VERSION.c.state.in_(states))
        .order_by(PACK_VERSION.c.effective_from, PACK_VERSION.c.id)
    )
    return _versions(session, session.execute(query.with_for_update() if lock else query).all())


def page(
    session: Session,
    *,
    state: VersionState | None,
    pack_id: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[PackVersion]:
    """At most ``limit`` versions, the newest first, behind the one that ``after`` names."""
    query = select(PACK_VERSION)
    if state is not None:
        query = query.where(PACK_VERSION.c.state == state.value)
    if pack_id is not None:
        query = query.where(PACK_VERSION.c.pack_id == pack_id)
    if after is not None:
        query = query.where(tuple_(PACK_VERSION.c.created_at, PACK_VERSION.c.id) < after)
    query = query.order_by(PACK_VERSION.c.created_at.desc(), PACK_VERSION.c.id.desc())
    return _versions(session, session.execute(query.limit(limit)).all())


def steps(session: Session, version_id: UUID) -> list[Step]:
    """What was done with a version, in order."""
    rows = session.execute(
        select(PACK_STEP)
        .where(PACK_STEP.c.version_id == version_id)
        .order_by(PACK_STEP.c.at, PACK_STEP.c.id)
    )
    return [
        Step(row.id, row.version_id, row.step, row.by, row.at, row.reason, row.data) for row in rows
    ]


def _versions(session: Session, rows: Sequence[Row[Any]]) -> list[PackVersion]:
    approved: dict[UUID, list[str]] = {row.id: [] for row in rows}
    if approved:
        found = session.execute(_APPROVED_BY.where(PACK_STEP.c.version_id.in_(approved)))
        for row in found:
            approved[row.version_id].append(row.by)
    return [
        PackVersion(
            id=row.id,
            pack_id=row.pack_id,
            version=row.version,
            digest=row.digest,
            state=VersionState(row.state),
            author=row.author,
            created_at=row.created_at,
            changed_at=row.changed_at,
            effective_from=row.effective_from,
            effective_to=row.effective_to,
            approved_by=tuple(approved[row.id]),
        )
        for row in rows
    ]


def _values(version: PackVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "pack_id": version.pack_id,
        "version": version.version,
        "digest": version.digest,
        "state": version.state.value,
        "effective_from": version.effective_from,
        "effective_to": version.effective_to,
        "author": version.author,
        "created_at": version.created_at,
        "changed_at": version.changed_at,
    }
