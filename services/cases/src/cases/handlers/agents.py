"""Agents join."""

from collections.abc import Sequence
from datetime import datetime

from shared.ids import new_id
from sqlmodel import Session

from cases.domain.agent import HOUSE, Agent, Credential
from cases.store import agents


def register_agent(
    session: Session,
    *,
    lender: str | None,
    name: str,
    employer: str | None,
    credentials: Sequence[Credential],
    by: str,
    now: datetime,
) -> Agent:
    """A new agent of ``lender``, or of the house if None.

    Who names no employer works for that lender, or for the house.
    """
    agent = Agent(
        id=new_id(),
        lender=lender,
        name=name,
        employer=employer or lender or HOUSE,
        credentials=credentials,
    )
    agents.add(session, agent, by=by, now=now)
    return agent
