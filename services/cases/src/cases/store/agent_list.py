"""Agents as they are listed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, tuple_
from sqlmodel import Session, col, select

from cases.store.tables import AgentRow


def find(
    session: Session,
    *,
    scope: str | None,
    only: UUID | None,
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[AgentRow]:
    """Agents of the lender ``scope`` and of the house (None: all) by when they were added.

    ``only`` limits the list to one agent.
    """
    query = select(AgentRow).order_by(col(AgentRow.created_at), col(AgentRow.id)).limit(limit)
    if scope is not None:
        query = query.where(or_(col(AgentRow.lender) == scope, col(AgentRow.lender).is_(None)))
    if only is not None:
        query = query.where(AgentRow.id == only)
    if after is not None:
        query = query.where(tuple_(col(AgentRow.created_at), col(AgentRow.id)) > tuple_(*after))
    return session.exec(query).all()


def get(
    session: Session, agent_id: UUID, *, scope: str | None, only: UUID | None
) -> AgentRow | None:
    """One agent, if it may be seen."""
    row = session.get(AgentRow, agent_id)
    if row is None or (scope is not None and row.lender not in (None, scope)):
        return None
    return row if only in (None, row.id) else None
