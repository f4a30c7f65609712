"""Changes of the rules in force, and how far the planned visits have been asked again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import Row, bindparam, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from contact_rules.domain.approval import ApprovalState
from contact_rules.store.tables import APPROVAL, RULE_CHANGE, UUIDS

_FIRST_OFFSET: Final = timedelta(hours=14)
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('doorstep packs on disk'))")
_PLANNED: Final = (
    select(APPROVAL.c.starts_at, APPROVAL.c.id, APPROVAL.c.person_id)
    .where(
        APPROVAL.c.state == ApprovalState.RESERVED.value,
        APPROVAL.c.starts_at >= bindparam("from_"),
    )
    .order_by(APPROVAL.c.starts_at, APPROVAL.c.id)
    .limit(bindparam("limit"))
)
# Written out: of a row of two compared, the planner makes no use of the index's second column.
_PLANNED_BEHIND: Final = text(
    "SELECT starts_at, id, person_id FROM approval WHERE state = 'reserved'"
    " AND (starts_at, id) > (:starts_at, :id) ORDER BY starts_at, id LIMIT :limit"
)
_RESERVED: Final = select(func.count()).where(
    APPROVAL.c.person_id == bindparam("persons", type_=UUIDS).any_(),
    APPROVAL.c.state == ApprovalState.RESERVED.value,
)


class Cause(StrEnum):
    """What changed the rules."""

    SCHEDULED = "scheduled"
    ACTIVATED = "activated"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    FILES = "files"
    """Other packs lie on disk than before, as of a new release."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """The rules are others for visits from a local day on.

    ``version_id``: of the version that changed them, or ``files``: the digest of the packs on disk
    that did. ``revision``: of the rules those visits are asked by, at least. ``done`` of ``total``
    were asked, ``revoked`` of them; ``failed`` persons could not be asked about. ``position`` is
    the last visit looked at.
    """

    id: UUID
    version_id: UUID | None
    files: str | None
    cause: Cause
    from_on: date
    revision: int
    begun_at: datetime
    total: int = 0
    done: int = 0
    revoked: int = 0
    failed: int = 0
    position: tuple[datetime, UUID] | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """Visits planned, by the order of their starts, and where the next page begins."""

    approvals: int
    persons: Sequence[UUID]
    last: tuple[datetime, UUID] | None


def announce(
    session: Session, version_id: UUID, cause: Cause, from_on: date, revision: int, now: datetime
) -> None:
    """Have the planned visits from that day on asked again."""
    _begin(session, cause, from_on, revision, now, version_id=version_id)


def announce_files(
    session: Session, files: str, from_on: date, revision: int, now: datetime
) -> bool:
    """Have the planned visits from that day on asked again by the packs on disk, whose digest is
    ``files``; False if the last that were announced are these.

    What is still to be asked by those before is given up: these say more.
    """
    session.execute(_ONE_AT_A_TIME)
    of_files = RULE_CHANGE.c.files.is_not(None)
    latest = session.execute(
        select(RULE_CHANGE.c.files)
        .where(of_files)
        .order_by(RULE_CHANGE.c.begun_at.desc(), RULE_CHANGE.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if latest == files:
        return False
    left = update(RULE_CHANGE).where(of_files, RULE_CHANGE.c.ended_at.is_(None))
    session.execute(left.values(ended_at=now))
    _begin(session, Cause.FILES, from_on, revision, now, files=files)
    return True


def claim(session: Session, files: str) -> RuleChange | None:
    """One that is not through, held until this transaction ends; None if nobody has to.

    Whoever has ``files`` on disk leaves alone what is about others.
    """
    row = session.execute(
        select(RULE_CHANGE)
        .where(
            RULE_CHANGE.c.ended_at.is_(None),
            or_(RULE_CHANGE.c.files.is_(None), RULE_CHANGE.c.files == files),
        )
        .order_by(RULE_CHANGE.c.begun_at, RULE_CHANGE.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    return None if row is None else _change(row)


def planned(session: Session, change: RuleChange, *, most: int) -> PlannedPage:
    """The next visits planned from the day of the change on, in whatever zone that day is."""
    if change.position is None:
        found = session.execute(_PLANNED, {"from_": _begins(change.from_on), "limit": most})
    else:
        starts_at, id_ = change.position
        found = session.execute(_PLANNED_BEHIND, {"starts_at": starts_at, "id": id_, "limit": most})
    rows = found.all()
    last = (rows[-1].starts_at, rows[-1].id) if rows else None
    return PlannedPage(len(rows), list(dict.fromkeys(row.person_id for row in rows)), last)


def count_reserved(session: Session, persons: Sequence[UUID]) -> int:
    """How many visits these persons have planned."""
    return int(session.execute(_RESERVED, {"persons": list(persons)}).scalar_one())


def save(session: Session, change: RuleChange) -> None:
    """Save how far it has come."""
    position = None
    if change.position is not None:
        position = [change.position[0].isoformat(), str(change.position[1])]
    session.execute(
        update(RULE_CHANGE)
        .where(RULE_CHANGE.c.id == change.id)
        .values(
            done=change.done,
            revoked=change.revoked,
            failed=change.failed,
            position=position,
            ended_at=change.ended_at,
        )
    )


def of_version(session: Session, version_id: UUID) -> list[RuleChange]:
    """What a version of a pack changed, the oldest first."""
    rows = session.execute(
        select(RULE_CHANGE)
        .where(RULE_CHANGE.c.version_id == version_id)
        .order_by(RULE_CHANGE.c.begun_at, RULE_CHANGE.c.id)
    )
    return [_change(row) for row in rows]


def is_open(session: Session, version_id: UUID) -> bool:
    """Are visits still to be asked again because of this version?"""
    query = select(RULE_CHANGE.c.id).where(
        RULE_CHANGE.c.version_id == version_id, RULE_CHANGE.c.ended_at.is_(None)
    )
    return session.execute(query.limit(1)).one_or_none() is not None


def _begin(
    session: Session,
    cause: Cause,
    from_on: date,
    revision: int,
    now: datetime,
    *,
    version_id: UUID | None = None,
    files: str | None = None,
) -> None:
    session.execute(
        insert(RULE_CHANGE).values(
            id=new_id(),
            version_id=version_id,
            files=files,
            cause=cause.value,
            from_on=from_on,
            revision=revision,
            total=_count_planned(session, from_on),
            done=0,
            revoked=0,
            failed=0,
            begun_at=now,
        )
    )


def _count_planned(session: Session, from_on: date) -> int:
    query = select(func.count()).where(
        APPROVAL.c.state == ApprovalState.RESERVED.value, APPROVAL.c.starts_at >= _begins(from_on)
    )
    return int(session.execute(query).scalar_one())


def _begins(day: date) -> datetime:
    """When that day begins anywhere on earth."""
    return datetime.combine(day, time.min, UTC) - _FIRST_OFFSET


def _change(row: Row[Any]) -> RuleChange:
    position = None
    if row.position is not None:
        position = (datetime.fromisoformat(row.position[0]), UUID(row.position[1]))
    return RuleChange(
        id=row.id,
        version_id=row.version_id,
        files=row.files,
        cause=Cause(row.cause),
        from_on=row.from_on,
        revision=row.revision,
        begun_at=row.begun_at,
        total=row.total,
        done=row.done,
        revoked=row.revoked,
        failed=row.failed,
        position=position,
        ended_at=row.ended_at,
    )
