"""Agents: added, changed with the change kept, read when a team is put together."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import text, tuple_
from sqlmodel import Session, col, select

from cases.domain.agent import Agent, Credential
from cases.domain.visit import VisitStatus
from cases.store.tables import AgentHistoryRow, AgentRow

_VISITS: Final = text(
    "SELECT v.id, v.person_id FROM visit_team t JOIN visit v ON v.id = t.visit_id"
    " WHERE t.agent_id = :agent_id AND v.status = ANY(CAST(:statuses AS text[])) ORDER BY v.id"
)


def add(session: Session, agent: Agent, *, by: str, now: datetime) -> None:
    """Store a new agent."""
    session.add(
        AgentRow(
            id=agent.id,
            lender=agent.lender,
            name=agent.name,
            employer=agent.employer,
            credentials=_papers(agent),
            created_at=now,
            created_by=by,
        )
    )
    session.flush()


def change(session: Session, row: AgentRow, agent: Agent, *, by: str, now: datetime) -> None:
    """Store what a locked agent is from now on, and the change."""
    session.add(
        AgentHistoryRow(
            id=new_id(),
            agent_id=agent.id,
            at=now,
            by=by,
            was=_told(of_row(row)),
            became=_told(agent),
        )
    )
    row.name = agent.name
    row.employer = agent.employer
    row.credentials = _papers(agent)
    row.version += 1
    session.add(row)
    session.flush()


def of_row(row: AgentRow) -> Agent:
    """The agent in a row."""
    return Agent(
        id=row.id,
        lender=row.lender,
        name=row.name,
        employer=row.employer,
        credentials=[
            Credential(
                each["kind"],
                None if each["expires_on"] is None else date.fromisoformat(each["expires_on"]),
            )
            for each in row.credentials
        ],
    )


def load(session: Session, ids: Collection[UUID], *, keep: bool = False) -> dict[UUID, Agent]:
    """The agents with these ids; missing ones are left out.

    ``keep``: nobody changes them until the transaction ends. To be asked after persons are locked,
    never before.
    """
    if not ids:
        return {}
    query = select(AgentRow).where(col(AgentRow.id).in_(ids)).order_by(col(AgentRow.id))
    if keep:
        query = query.with_for_update(read=True)
    rows = session.exec(query, execution_options={"populate_existing": True})
    return {row.id: of_row(row) for row in rows}


def lock(session: Session, agent_id: UUID) -> AgentRow | None:
    """An agent as it is now, changed by nobody else until the transaction ends."""
    return session.exec(
        # NO KEY UPDATE: rows that refer to the agent may still be written.
        select(AgentRow).where(AgentRow.id == agent_id).with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).one_or_none()


def visits_of(
    session: Session, agent_id: UUID, statuses: Collection[VisitStatus]
) -> dict[UUID, UUID]:
    """The visits of an agent in these states, each with its person."""
    said = sorted(status.value for status in statuses)
    rows = session.execute(_VISITS, {"agent_id": agent_id, "statuses": said})
    return {row.id: row.person_id for row in rows}


def history(
    session: Session, agent_id: UUID, *, after: tuple[Any, ...] | None, limit: int
) -> Sequence[AgentHistoryRow]:
    """The changes of an agent, the last first."""
    keys = (col(AgentHistoryRow.at), col(AgentHistoryRow.id))
    query = select(AgentHistoryRow).where(AgentHistoryRow.agent_id == agent_id)
    query = query.order_by(*(key.desc() for key in keys)).limit(limit)
    if after is not None:
        query = query.where(tuple_(*keys) < tuple_(*after))
    return session.exec(query).all()


def _papers(agent: Agent) -> list[dict[str, Any]]:
    return [
        {
            "kind": each.kind,
            "expires_on": None if each.expires_on is None else each.expires_on.isoformat(),
        }
        for each in agent.credentials
    ]


def _told(agent: Agent) -> dict[str, Any]:
    return {"name": agent.name, "employer": agent.employer, "credentials": _papers(agent)}
