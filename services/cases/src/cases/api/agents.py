"""Routes of agents."""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.etags import IfMatch, etag, if_match
from shared.http import Answer, Body, Code, Day
from shared.paging import Listing
from shared.problems import not_found
from sqlmodel import Session

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
from cases.handlers.agents import change_agent, lock_agent, register_agent
from cases.store import agent_list, agents
from cases.store.tables import AgentHistoryRow, AgentRow

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


class ToldAgent(Answer):
    """What an agent was at a time."""

    name: str
    employer: str
    credentials: list[CredentialAnswer]


class AgentChangeAnswer(Answer):
    """One change of an agent: when, by whom, from what to what."""

    id: UUID
    at: datetime
    by: str
    was: ToldAgent
    became: ToldAgent

    @classmethod
    def of(cls, row: AgentHistoryRow) -> "AgentChangeAnswer":
        return cls(
            id=row.id,
            at=row.at,
            by=row.by,
            was=ToldAgent.model_validate(row.was),
            became=ToldAgent.model_validate(row.became),
        )


_Writer = Annotated[Caller, Depends(allow(*WRITERS))]
_Condition = Annotated[IfMatch, Depends(if_match)]
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
        headers = {
            "Location": place(request, f"/v1/agents/{agent.id}"),
            "ETag": etag(agent.id, _FIRST_VERSION),
        }
        return once.answer(session, 201, answer, headers=headers)


_FIRST_VERSION: Final = 1


@router.put("/v1/agents/{agent_id}")
def put_agent(
    response: Response,
    service: Served,
    caller: _Writer,
    unchanged: _Condition,
    agent_id: UUID,
    body: AgentBody,
) -> AgentAnswer:
    """Change an agent, whole: what is left out is no longer so. The change is kept.

    A paper withdrawn or cut short counts at once: visits planned with the agent are put to
    contact-rules again, and those not allowed any more are cancelled. One whose team has two
    employers now is cancelled right away. Agents of the house are changed by the house.
    """
    now = service.clock()
    with transaction(service.engine) as session:
        locked = lock_agent(session, agent_id, caller.lender_scope())
        unchanged.check(_etag(locked.row))
        change_agent(
            session,
            locked,
            name=body.name,
            employer=body.employer,
            credentials=[Credential(each.kind, each.expires_on) for each in body.credentials],
            by=caller.subject,
            now=now,
        )
        response.headers["ETag"] = _etag(locked.row)
        return AgentAnswer.of(locked.row)


def _etag(row: AgentRow) -> str:
    return etag(row.id, row.version)


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
def get_agent(response: Response, service: Served, caller: _Reader, agent_id: UUID) -> AgentAnswer:
    """One agent."""
    with transaction(service.engine) as session:
        row = _seen(session, caller, agent_id)
    response.headers["ETag"] = _etag(row)
    return AgentAnswer.of(row)


@router.get("/v1/agents/{agent_id}/history")
def list_changes(
    service: Served, caller: _Reader, page: Part, agent_id: UUID
) -> Listing[AgentChangeAnswer]:
    """The changes of an agent, the last first."""
    with transaction(service.engine) as session:
        _seen(session, caller, agent_id)
        rows = agents.history(session, agent_id, after=page.after(datetime, UUID), limit=page.fetch)
    shown, following = page.cut(rows, lambda row: (row.at, row.id))
    return Listing(items=[AgentChangeAnswer.of(row) for row in shown], next=following)


def _seen(session: Session, caller: Caller, agent_id: UUID) -> AgentRow:
    me = caller.agent if caller.role is Role.AGENT else None
    row = agent_list.get(session, agent_id, scope=caller.lender_scope(), only=me)
    if row is None:
        raise not_found("agent")
    return row
