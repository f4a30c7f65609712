"""Saves and finds simulations; claims one for a runner; reads what they are tried on, page by page.

Pages are found by key, so the last costs no more than the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from contact_rules.domain.approval import ApprovalState
from contact_rules.store.tables import APPROVAL, SIMULATION

ATTEMPTS: Final = 3
"""How often a simulation is begun or gone on with, before it is given up."""
SILENCE: Final = timedelta(seconds=60)
"""A runner that has given no sign of life for so long is taken for dead."""

_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('doorstep simulation'))")
# Only what is needed to ask again: a decision's checks are most of its row.
_DECISIONS: Final = text(
    "SELECT id, visit_id, person_id, lender, verdict, facts, ledger_seq, overridden, decided_at"
    " FROM decision WHERE (decided_at, id) > (:decided_at, :id) AND decided_at < :to"
    " ORDER BY decided_at, id LIMIT :limit"
)
_COUNT: Final = text(
    "SELECT count(*) FROM decision WHERE decided_at >= :from_ AND decided_at < :to"
)
_PERSONS: Final = text(
    "SELECT DISTINCT person_id FROM approval WHERE state = 'reserved' AND person_id > :after"
    " ORDER BY person_id LIMIT :limit"
)
NOBODY: Final = UUID(int=0)


class SimulationState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN: Final = (SimulationState.QUEUED, SimulationState.RUNNING)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A draft tried on the decisions of a period, and on the visits planned.

    ``position`` says where it goes on, and how fast it is; ``result`` is what was found so far.
    """

    id: UUID
    version_id: UUID
    from_at: datetime
    to_at: datetime
    planned: bool
    state: SimulationState
    asked_by: str
    asked_at: datetime
    total: int = 0
    done: int = 0
    position: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    error: str | None = None
    started_at: datetime | None = None
    beat_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision, as far as it takes to ask it again."""

    id: UUID
    visit_id: UUID
    person_id: UUID
    lender: str
    verdict: str
    facts: Mapping[str, Any]
    ledger_seq: int
    overridden: Sequence[str]
    decided_at: datetime


def add(session: Session, simulation: Simulation) -> None:
    """Save a new one, to be taken up by a runner."""
    session.execute(
        insert(SIMULATION).values(
            id=simulation.id,
            version_id=simulation.version_id,
            from_at=simulation.from_at,
            to_at=simulation.to_at,
            planned=simulation.planned,
            state=simulation.state.value,
            total=simulation.total,
            done=0,
            result={},
            asked_by=simulation.asked_by,
            asked_at=simulation.asked_at,
        )
    )


def find(session: Session, simulation_id: UUID, *, lock: bool = False) -> Simulation | None:
    """One simulation."""
    query = select(SIMULATION).where(SIMULATION.c.id == simulation_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _simulation(row)


def page(
    session: Session,
    *,
    state: SimulationState | None,
    version_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Simulation]:
    """At most ``limit`` simulations, the newest first, behind the one that ``after`` names."""
    query = select(SIMULATION)
    if state is not None:
        query = query.where(SIMULATION.c.state == state.value)
    if version_id is not None:
        query = query.where(SIMULATION.c.version_id == version_id)
    if after is not None:
        query = query.where(tuple_(SIMULATION.c.asked_at, SIMULATION.c.id) < after)
    query = query.order_by(SIMULATION.c.asked_at.desc(), SIMULATION.c.id.desc())
    return [_simulation(row) for row in session.execute(query.limit(limit))]


def claim(session: Session, runner: UUID, now: datetime) -> UUID | None:
    """One for this runner: the oldest that nobody works on; None while another one runs.

    One at a time, however many workers there are: live decisions come first. One that was taken
    up too often and never ended has failed.
    """
    session.execute(_ONE_AT_A_TIME)
    alive = (SIMULATION.c.state == SimulationState.RUNNING.value) & (
        SIMULATION.c.beat_at >= now - SILENCE
    )
    if session.execute(select(SIMULATION.c.id).where(alive).limit(1)).one_or_none() is not None:
        return None
    session.execute(
        update(SIMULATION)
        .where(
            SIMULATION.c.state == SimulationState.RUNNING.value, SIMULATION.c.attempts >= ATTEMPTS
        )
        .values(
            state=SimulationState.FAILED.value,
            error="its process ended again and again",
            ended_at=now,
        )
    )
    waiting = (
        select(SIMULATION.c.id)
        .where(SIMULATION.c.state.in_([each.value for each in OPEN]))
        .order_by(SIMULATION.c.asked_at, SIMULATION.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return session.execute(
        update(SIMULATION)
        .where(SIMULATION.c.id == waiting)
        .values(
            state=SimulationState.RUNNING.value,
            runner=runner,
            attempts=SIMULATION.c.attempts + 1,
            started_at=func.coalesce(SIMULATION.c.started_at, now),
            beat_at=now,
        )
        .returning(SIMULATION.c.id)
    ).scalar_one_or_none()


def beat(session: Session, simulation_id: UUID, runner: UUID, now: datetime) -> bool:
    """Give a sign of life; False if it is no longer this runner's, or was cancelled."""
    return _still(session, simulation_id, runner, {"beat_at": now})


def save(
    session: Session,
    simulation_id: UUID,
    runner: UUID,
    now: datetime,
    *,
    total: int,
    done: int,
    position: Mapping[str, Any],
    result: Mapping[str, Any],
) -> bool:
    """Save how far it is; as `beat`."""
    values = {
        "beat_at": now,
        "total": total,
        "done": done,
        "position": position,
        "result": result,
        # Whoever comes as far as this does not end again and again at the same place.
        "attempts": 1,
    }
    return _still(session, simulation_id, runner, values)


def finish(
    session: Session,
    simulation_id: UUID,
    runner: UUID,
    state: SimulationState,
    now: datetime,
    *,
    error: str | None = None,
) -> bool:
    """It is over; as `beat`."""
    return _still(
        session, simulation_id, runner, {"state": state.value, "error": error, "ended_at": now}
    )


def give_back(session: Session, simulation_id: UUID, runner: UUID) -> bool:
    """This runner is gone: whoever comes next may go on at once."""
    return _still(session, simulation_id, runner, {"beat_at": None})


def cancel(session: Session, simulation_id: UUID, now: datetime) -> bool:
    """Nobody wants it any more; False if it is over already."""
    found = session.execute(
        update(SIMULATION)
        .where(SIMULATION.c.id == simulation_id)
        .where(SIMULATION.c.state.in_([each.value for each in OPEN]))
        .values(state=SimulationState.CANCELLED.value, ended_at=now)
        .returning(SIMULATION.c.id)
    )
    return found.one_or_none() is not None


def count_decisions(session: Session, from_: datetime, to: datetime) -> int:
    """How many decisions were made in a period, its end excluded."""
    return int(session.execute(_COUNT, {"from_": from_, "to": to}).scalar_one())


def count_planned(session: Session) -> int:
    """How many visits are planned now."""
    query = select(func.count()).where(APPROVAL.c.state == ApprovalState.RESERVED.value)
    return int(session.execute(query).scalar_one())


def decisions(
    session: Session, after: tuple[datetime, UUID], to: datetime, *, limit: int
) -> list[PastDecision]:
    """The next decisions behind that key, made before ``to``, in order."""
    rows = session.execute(
        _DECISIONS, {"decided_at": after[0], "id": after[1], "to": to, "limit": limit}
    )
    return [PastDecision(*row) for row in rows]


def persons_with_plans(session: Session, after: UUID, *, limit: int) -> list[UUID]:
    """The next persons, in order of their ids, who have a visit planned."""
    return list(session.execute(_PERSONS, {"after": after, "limit": limit}).scalars())


def _still(session: Session, simulation_id: UUID, runner: UUID, values: dict[str, Any]) -> bool:
    found = session.execute(
        update(SIMULATION)
        .where(
            SIMULATION.c.id == bindparam("of"),
            SIMULATION.c.runner == bindparam("by"),
            SIMULATION.c.state == SimulationState.RUNNING.value,
        )
        .values(values)
        .returning(SIMULATION.c.id),
        {"of": simulation_id, "by": runner},
    )
    return found.one_or_none() is not None


def _simulation(row: Row[Any]) -> Simulation:
    return Simulation(
        id=row.id,
        version_id=row.version_id,
        from_at=row.from_at,
        to_at=row.to_at,
        planned=row.planned,
        state=SimulationState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        total=row.total,
        done=row.done,
        position=row.position,
        result=row.result,
        error=row.error,
        started_at=row.started_at,
        beat_at=row.beat_at,
        ended_at=row.ended_at,
    )
