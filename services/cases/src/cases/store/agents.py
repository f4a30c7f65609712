"""Agents: added once, read when a team is put together."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from cases.domain.agent import Agent, Credential
from cases.store.tables import AgentRow


def add(session: Session, agent: Agent, *, by: str, now: datetime) -> None:
    """Store a new agent."""
    session.add(
        AgentRow(
            id=agent.id,
            lender=agent.lender,
            name=agent.name,
            employer=agent.employer,
            credentials=[
                {
                    "kind": each.kind,
                    "expires_on": None if each.expires_on is None else each.expires_on.isoformat(),
                }
                for each in agent.credentials
            ],
            created_at=now,
            created_by=by,
        )
    )
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


def load(session: Session, ids: Collection[UUID]) -> dict[UUID, Agent]:
    """The agents with these ids; missing ones are left out."""
    if not ids:
        return {}
    rows = session.exec(select(AgentRow).where(col(AgentRow.id).in_(ids)))
    return {row.id: of_row(row) for row in rows}
