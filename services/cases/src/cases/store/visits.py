"""Visits: loaded with their teams, moved from state to state many at a time, each step recorded.

Everything here that changes a visit wants its person locked (`cases.store.persons.lock`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import text
from sqlmodel import Session

from cases.domain.account import Role
from cases.domain.visit import LIVE, Party, Purpose, Visit, VisitStatus, VisitStep
from cases.store.recordset import document, recordset

_LOAD: Final = (
    "SELECT v.id, v.case_id, v.person_id, v.lender, v.address_id, v.status, v.starts_at,"
    " v.ends_at, v.party_role, v.party_id, v.purpose, v.approval_id, v.dispatched_at,"
    " v.must_leave_at,"
    " ARRAY(SELECT t.agent_id FROM visit_team t WHERE t.visit_id = v.id ORDER BY t.place) AS team"
    " FROM visit v WHERE"
)
_BY_ID: Final = text(f"{_LOAD} v.id = ANY(CAST(:ids AS uuid[]))")
_OF_CASES: Final = text(
    f"{_LOAD} v.case_id = ANY(CAST(:case_ids AS uuid[]))"
    " AND v.status = ANY(CAST(:statuses AS text[])) ORDER BY v.id"
)
_MOVE: Final = text(
    "UPDATE visit SET status = new.status, cancel_reason = new.reason, updated_at = :now"
    f" FROM {recordset('id uuid, status text, reason text')} WHERE visit.id = new.id"
)
_SCHEDULE: Final = text(
    "UPDATE visit SET status = :status, approval_id = new.approval_id, updated_at = :now"
    f" FROM {recordset('id uuid, approval_id uuid')} WHERE visit.id = new.id"
)
# One statement, so that the database compares the new times with the new approval.
_RESCHEDULE: Final = text(
    "UPDATE visit SET approval_id = :approval_id, starts_at = :starts_at, ends_at = :ends_at,"
    " address_id = :address_id, updated_at = :now WHERE id = :id"
)
_DISBAND: Final = text("DELETE FROM visit_team WHERE visit_id = :id")
_TOUCH: Final = text("UPDATE visit SET updated_at = :now WHERE id = :id")
_COMPLETE: Final = text(
    "UPDATE visit SET status = :status, outcome = :outcome, started_at = :started_at,"
    " ended_at = :ended_at, note = :note, updated_at = :now WHERE id = :id"
)
_RECORD: Final = text(
    "INSERT INTO visit_history"
    " (id, visit_id, case_id, at, step, from_status, to_status, by, reason)"
    " SELECT id, visit_id, case_id, :now, step, from_status, to_status, :by, reason FROM "
    + recordset(
        "id uuid, visit_id uuid, case_id uuid, step text, from_status text, to_status text,"
        " reason text"
    )
)
_TEAMS: Final = text(
    "SELECT visit_id, array_agg(agent_id ORDER BY place) AS team FROM visit_team"
    " WHERE visit_id = ANY(CAST(:ids AS uuid[])) GROUP BY visit_id"
)
_REQUEST: Final = text(
    "INSERT INTO visit (id, case_id, person_id, lender, address_id, status, starts_at, ends_at,"
    " party_role, party_id, purpose, requested_by, requested_at, updated_at)"
    " VALUES (:id, :case_id, :person_id, :lender, :address_id, :status, :starts_at, :ends_at,"
    " :party_role, :party_id, :purpose, :by, :now, :now)"
)
_SEND: Final = text(
    "INSERT INTO visit_team (visit_id, agent_id, place)"
    " SELECT :id, agent_id, place"
    " FROM unnest(CAST(:team AS uuid[])) WITH ORDINALITY AS new (agent_id, place)"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit with its team, the leader first."""

    visit: Visit
    team: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a visit that was decided, to be recorded."""

    visit: Visit
    step: VisitStep
    to: VisitStatus
    reason: str | None = None


def load(session: Session, ids: Collection[UUID]) -> dict[UUID, Planned]:
    """The visits with these ids; missing ones are left out."""
    if not ids:
        return {}
    return {row.id: _planned(row) for row in session.execute(_BY_ID, {"ids": list(ids)})}


def live_of_cases(session: Session, case_ids: Collection[UUID]) -> list[Planned]:
    """The visits of these cases that may still be kept from happening."""
    return of_cases(session, case_ids, LIVE)


def of_cases(
    session: Session, case_ids: Collection[UUID], statuses: Collection[VisitStatus]
) -> list[Planned]:
    """The visits of these cases in these states."""
    if not case_ids:
        return []
    wanted = sorted(status.value for status in statuses)
    rows = session.execute(_OF_CASES, {"case_ids": list(case_ids), "statuses": wanted})
    return [_planned(row) for row in rows]


def teams(session: Session, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The teams of visits, the leader first."""
    if not ids:
        return {}
    rows = session.execute(_TEAMS, {"ids": list(ids)})
    return {row.visit_id: tuple(row.team) for row in rows}


def request(
    session: Session, visit: Visit, team: Sequence[UUID], *, by: str, now: datetime
) -> None:
    """Store a visit that is asked for, and the asking."""
    session.execute(
        _REQUEST,
        {
            "id": visit.id,
            "case_id": visit.case_id,
            "person_id": visit.person_id,
            "lender": visit.lender,
            "address_id": visit.address_id,
            "status": visit.status.value,
            "starts_at": visit.starts_at,
            "ends_at": visit.ends_at,
            "party_role": visit.party.role.value,
            "party_id": visit.party.id,
            "purpose": visit.purpose.value,
            "by": by,
            "now": now,
        },
    )
    session.execute(_SEND, {"id": visit.id, "team": list(team)})
    _write_history(session, [(visit, "request", None, visit.status.value, None)], by=by, now=now)


def move(session: Session, steps: Sequence[Step], *, by: str, now: datetime) -> None:
    """Take visits to states that need neither approval nor outcome."""
    if not steps:
        return
    rows = document(
        {
            "id": each.visit.id,
            "status": each.to.value,
            "reason": each.reason if each.to is VisitStatus.CANCELLED else None,
        }
        for each in steps
    )
    session.execute(_MOVE, {"rows": rows, "now": now})
    record(session, steps, by=by, now=now)


def schedule(
    session: Session,
    steps: Sequence[Step],
    approvals: Mapping[UUID, UUID],
    *,
    by: str,
    now: datetime,
) -> None:
    """Schedule visits, each by its approval (visit id → approval id), stored before."""
    if not steps:
        return
    rows = document(
        {"id": each.visit.id, "approval_id": approvals[each.visit.id]} for each in steps
    )
    status = VisitStatus.SCHEDULED.value
    session.execute(_SCHEDULE, {"rows": rows, "status": status, "now": now})
    record(session, steps, by=by, now=now)


def reschedule(
    session: Session, step: Step, moved: Planned, approval_id: UUID, *, by: str, now: datetime
) -> None:
    """Move a visit to the times, address and team of ``moved``, by an approval stored before."""
    session.execute(
        _RESCHEDULE,
        {
            "id": moved.visit.id,
            "approval_id": approval_id,
            "starts_at": moved.visit.starts_at,
            "ends_at": moved.visit.ends_at,
            "address_id": moved.visit.address_id,
            "now": now,
        },
    )
    session.execute(_DISBAND, {"id": moved.visit.id})
    session.execute(_SEND, {"id": moved.visit.id, "team": list(moved.team)})
    record(session, [step], by=by, now=now)


def touch(session: Session, visit_id: UUID, now: datetime) -> None:
    """Note that something about a visit changed which is kept beside it: its ETag changes."""
    session.execute(_TOUCH, {"id": visit_id, "now": now})


def complete(
    session: Session,
    step: Step,
    *,
    outcome: str,
    started_at: datetime,
    ended_at: datetime,
    note: str | None,
    by: str,
    now: datetime,
) -> None:
    """Store what came of a visit."""
    session.execute(
        _COMPLETE,
        {
            "id": step.visit.id,
            "status": step.to.value,
            "outcome": outcome,
            "started_at": started_at,
            "ended_at": ended_at,
            "note": note,
            "now": now,
        },
    )
    record(session, [step], by=by, now=now)


def record(session: Session, steps: Sequence[Step], *, by: str, now: datetime) -> None:
    """Write steps into the history: for whoever changed the visits themselves."""
    lines = [
        (each.visit, each.step.value, each.visit.status.value, each.to.value, each.reason)
        for each in steps
    ]
    _write_history(session, lines, by=by, now=now)


def _write_history(
    session: Session,
    lines: Sequence[tuple[Visit, str, str | None, str, str | None]],
    *,
    by: str,
    now: datetime,
) -> None:
    rows = document(
        {
            "id": new_id(),
            "visit_id": visit.id,
            "case_id": visit.case_id,
            "step": step,
            "from_status": from_status,
            "to_status": to_status,
            "reason": reason,
        }
        for visit, step, from_status, to_status, reason in lines
    )
    session.execute(_RECORD, {"rows": rows, "by": by, "now": now})


def _planned(row: Any) -> Planned:
    return Planned(
        visit=Visit(
            id=row.id,
            case_id=row.case_id,
            person_id=row.person_id,
            lender=row.lender,
            address_id=row.address_id,
            status=VisitStatus(row.status),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            party=Party(Role(row.party_role), row.party_id),
            purpose=Purpose(row.purpose),
            approval_id=row.approval_id,
            dispatched_at=row.dispatched_at,
            must_leave_at=row.must_leave_at,
        ),
        team=tuple(row.team),
    )
