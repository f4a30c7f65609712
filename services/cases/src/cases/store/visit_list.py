"""Visits as they are listed: filtered, sorted, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, tuple_
from sqlmodel import Session, col, select

from cases.store.tables import VisitRow, VisitTeamRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visits are wanted; None = any. ``agents``: those in whose teams all of them are."""

    lender: str | None = None
    case_id: UUID | None = None
    status: str | None = None
    agents: tuple[UUID, ...] = ()
    starts_from: datetime | None = None
    starts_before: datetime | None = None


def find(
    session: Session,
    wanted: Wanted,
    *,
    sort: str,
    descending: bool,
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[VisitRow]:
    """The visits wanted, sorted by the column ``sort`` and their ids."""
    keys = (getattr(VisitRow, sort), col(VisitRow.id))
    query = select(VisitRow).limit(limit)
    query = query.order_by(*(key.desc() if descending else key.asc() for key in keys))
    if after is not None:
        here = tuple_(*keys)
        query = query.where(here < tuple_(*after) if descending else here > tuple_(*after))
    if wanted.lender is not None:
        query = query.where(VisitRow.lender == wanted.lender)
    if wanted.case_id is not None:
        query = query.where(VisitRow.case_id == wanted.case_id)
    if wanted.status is not None:
        query = query.where(VisitRow.status == wanted.status)
    for agent in wanted.agents:
        query = query.where(
            exists().where(
                col(VisitTeamRow.visit_id) == VisitRow.id, col(VisitTeamRow.agent_id) == agent
            )
        )
    if wanted.starts_from is not None:
        query = query.where(VisitRow.starts_at >= wanted.starts_from)
    if wanted.starts_before is not None:
        query = query.where(VisitRow.starts_at < wanted.starts_before)
    return session.exec(query).all()


def get(session: Session, visit_id: UUID) -> VisitRow | None:
    """One visit as it is stored now."""
    return session.get(VisitRow, visit_id, populate_existing=True)
