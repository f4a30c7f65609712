"""Routes of agents."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import Answer, Body, Code, Day
from shared.paging import Listing
from shared.problems import not_found

from cases.api.fields import Line, Word
from cases.api.served import (
    READERS,
    WRITERS,
    FirstTime,
    OfLender,
    Part,
    Served,
    lenders_seen,
    place,
)
from cases.domain.agent import Credential
from cases.handlers.agents import register_agent
from cases.store import agent_list
from cases.store.tables import AgentRow

router = APIRouter(tags=["agents"])


class CredentialBody(Body):
    """A paper an agent can show, such as `work_id` or `authorisation_letter`."""

    kind: Code
    expires_on: Annotated[Day | None, Field(description="The last day it is valid.")] = None


class AgentBody(Body):
    """Somebody who goes to the door."""

    name: Line
    credentials: list[CredentialBody] = Field(default=[], max_length=50)
    employer: Annotated[
        Word | None,
        Field(
            description="Who they work for, and so in whose name they collect. Left out: the"
            " lender, or the house. An employer that is not the lender is an agency."
        ),
    ] = None


class CredentialAnswer(Answer):
    """A paper an agent can show."""

    kind: str
    expires_on: date | None


class AgentAnswer(Answer):
    """An agent; `lender` null: of the house, who may go for any lender."""

    id: UUID
    lender: str | None
    name: str
    employer: str
    credentials: list[CredentialAnswer]
    created_at: datetime

    @classmethod
    def of(cls, row: AgentRow) -> "AgentAnswer":
        return cls(
            id=row.id,
            lender=row.lender,
            name=row.name,
            employer=row.employer,
            credentials=[CredentialAnswer(**each) for each in row.credentials],
            created_at=row.created_at,
        )


_Writer = Annotated[Caller, Depends(allow(*WRITERS))]
_Reader = Annotated[Caller, Depends(allow(*READERS, Role.AGENT))]


@router.post("/v1/agents", status_code=201, response_model=AgentAnswer)
def create_agent(
    request: Request,
    service: Served,
    caller: _Writer,
    once: FirstTime,
    body: AgentBody,
    lender: OfLender = None,
) -> Response:
    """Add an agent: of the lender whose token it is, of the one named, or of the house."""
    owner = lenders_seen(caller, lender)
    now = service.clock()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        agent = register_agent(
            session,
            lender=owner,
            name=body.name,
            employer=body.employer,
            credentials=[Credential(each.kind, each.expires_on) for each in body.credentials],
            by=caller.subject,
            now=now,
        )
        answer = AgentAnswer(
            id=agent.id,
            lender=agent.lender,
            name=agent.name,
            employer=agent.employer,
            credentials=[
                CredentialAnswer(kind=each.kind, expires_on=each.expires_on)
                for each in agent.credentials
            ],
            created_at=now,
        )
        location = place(request, f"/v1/agents/{agent.id}")
        return once.answer(session, 201, answer, headers={"Location": location})


@router.get("/v1/agents")
def list_agents(
    service: Served, caller: _Reader, page: Part, lender: OfLender = None
) -> Listing[AgentAnswer]:
    """Agents a caller may send: a lender's own and those of the house; the longest known first."""
    scope = lenders_seen(caller, lender)
    me = caller.agent if caller.role is Role.AGENT else None
    with transaction(service.engine) as session:
        rows = agent_list.find(
            session, scope=scope, only=me, after=page.after(datetime, UUID), limit=page.fetch
        )
    shown, following = page.cut(rows, lambda row: (row.created_at, row.id))
    return Listing(items=[AgentAnswer.of(row) for row in shown], next=following)


@router.get("/v1/agents/{agent_id}")
def get_agent(service: Served, caller: _Reader, agent_id: UUID) -> AgentAnswer:
    """One agent."""
    me = caller.agent if caller.role is Role.AGENT else None
    with transaction(service.engine) as session:
        row = agent_list.get(session, agent_id, scope=caller.lender_scope(), only=me)
    if row is None:
        raise not_found("agent")
    return AgentAnswer.of(row)
