"""Askings to move visits, one open at a time for each, and the answers to them.

Everything here wants the visit's person locked (`cases.store.persons.lock`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from cases.domain.visit import Visit
from cases.store.decisions import Denial
from cases.store.recordset import dumps
from cases.store.tables import RescheduleRow


class RescheduleStatus(StrEnum):
    """How far an asking is."""

    REQUESTED = "requested"
    DONE = "done"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    """The visit came to an end before the answer."""


@dataclass(frozen=True, slots=True)
class Reschedule:
    """What a visit is asked to become."""

    id: UUID
    visit_id: UUID
    address_id: UUID
    starts_at: datetime
    ends_at: datetime
    team: tuple[UUID, ...]
    status: RescheduleStatus


_REQUEST: Final = text(
    "INSERT INTO reschedule (id, visit_id, address_id, starts_at, ends_at, team, status,"
    " requested_by, requested_at)"
    " VALUES (:id, :visit_id, :address_id, :starts_at, :ends_at, CAST(:team AS uuid[]),"
    " 'requested', :by, :now)"
)
_LOAD: Final = text(
    "SELECT id, visit_id, address_id, starts_at, ends_at, team, status FROM reschedule"
    " WHERE id = ANY(CAST(:ids AS uuid[]))"
)
_OPEN: Final = text("SELECT 1 FROM reschedule WHERE visit_id = :visit_id AND status = 'requested'")
_DONE: Final = text("UPDATE reschedule SET status = 'done', answered_at = :now WHERE id = :id")
_DENY: Final = text(
    "UPDATE reschedule SET status = 'denied', answered_at = :now, verdict = :verdict,"
    " checks = CAST(:checks AS jsonb), next_lawful = CAST(:next_lawful AS jsonb) WHERE id = :id"
)
_WITHDRAW: Final = text(
    "UPDATE reschedule SET status = 'withdrawn', answered_at = :now"
    " WHERE visit_id = ANY(CAST(:visit_ids AS uuid[])) AND status = 'requested'"
)


def request(
    session: Session,
    request_id: UUID,
    visit: Visit,
    team: Sequence[UUID],
    *,
    by: str,
    now: datetime,
) -> None:
    """Store that ``visit`` is asked to become as it is given."""
    session.execute(
        _REQUEST,
        {
            "id": request_id,
            "visit_id": visit.id,
            "address_id": visit.address_id,
            "starts_at": visit.starts_at,
            "ends_at": visit.ends_at,
            "team": list(team),
            "by": by,
            "now": now,
        },
    )


def load(session: Session, ids: Collection[UUID]) -> dict[UUID, Reschedule]:
    """The askings with these ids; missing ones are left out."""
    if not ids:
        return {}
    return {
        row.id: Reschedule(
            id=row.id,
            visit_id=row.visit_id,
            address_id=row.address_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            team=tuple(row.team),
            status=RescheduleStatus(row.status),
        )
        for row in session.execute(_LOAD, {"ids": list(ids)})
    }


def is_open(session: Session, visit_id: UUID) -> bool:
    """Does an asking wait for its answer?"""
    return session.execute(_OPEN, {"visit_id": visit_id}).first() is not None


def done(session: Session, request_id: UUID, now: datetime) -> None:
    """The visit was moved."""
    session.execute(_DONE, {"id": request_id, "now": now})


def deny(session: Session, request_id: UUID, denial: Denial, now: datetime) -> None:
    """The visit must not move, and why."""
    session.execute(
        _DENY,
        {
            "id": request_id,
            "verdict": denial.verdict,
            "checks": dumps(list(denial.checks)),
            "next_lawful": dumps(list(denial.next_lawful)),
            "now": now,
        },
    )


def withdraw(session: Session, visit_ids: Collection[UUID], now: datetime) -> None:
    """Whatever is still asked of these visits is asked no more."""
    if visit_ids:
        session.execute(_WITHDRAW, {"visit_ids": list(visit_ids), "now": now})


def last_of(session: Session, visit_id: UUID) -> RescheduleRow | None:
    """The last asking to move this visit."""
    return session.exec(
        select(RescheduleRow)
        .where(col(RescheduleRow.visit_id) == visit_id)
        .order_by(col(RescheduleRow.requested_at).desc(), col(RescheduleRow.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
