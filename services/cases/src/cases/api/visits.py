"""Routes of visits: asked for, listed, read with what contact-rules said of them."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import AwareTime, Body, Whole
from shared.paging import Listing
from shared.problems import not_found

from cases.api.served import (
    READERS,
    WRITERS,
    FirstTime,
    OfLender,
    Part,
    Served,
    Spoken,
    fields_named,
    lenders_seen,
    place,
    sees,
)
from cases.api.visit_answers import (
    DecidedVisitAnswer,
    VisitAnswer,
    decided_answer,
    visit_answers,
    visit_etag,
)
from cases.domain.account import Role as PartyRole
from cases.domain.visit import Party, Purpose, VisitStatus
from cases.domain.visit_times import LARGEST_TEAM, LONGEST
from cases.handlers.request_visit import Asked, request_visit
from cases.store import visit_list, visits

router = APIRouter(tags=["visits"])


class PartyBody(Body):
    """Who is to be met."""

    role: PartyRole
    id: Annotated[
        UUID | None,
        Field(
            description="Of `related` in the case. Needless for the debtor; needed where several"
            " have the role. Whoever is liable must be named beside an account."
        ),
    ] = None


class VisitBody(Body):
    """A visit to be planned."""

    address_id: UUID
    starts_at: Annotated[
        AwareTime, Field(description="In the future, at most 90 days ahead; the offset is free.")
    ]
    duration_minutes: Annotated[Whole, Field(ge=1, le=int(LONGEST.total_seconds() // 60))]
    party: PartyBody
    purpose: Purpose = Purpose.COLLECT
    team: Annotated[
        list[UUID], Field(min_length=1, max_length=LARGEST_TEAM, description="Agents' ids.")
    ]


_Writer = Annotated[Caller, Depends(allow(*WRITERS))]
_Reader = Annotated[Caller, Depends(allow(*READERS, Role.AGENT))]

VisitSort = Literal["starts_at:asc", "starts_at:desc", "requested_at:asc", "requested_at:desc"]

VisitId = Annotated[UUID, Path(description="The visit's id.")]


@router.post("/v1/cases/{case_id}/visits", status_code=202, response_model=DecidedVisitAnswer)
def create_visit(
    request: Request,
    service: Served,
    caller: _Writer,
    spoken: Spoken,
    once: FirstTime,
    case_id: UUID,
    body: VisitBody,
) -> Response:
    """Ask for a visit. Contact-rules decides; look at `Location` for the answer.

    409 `case_not_open` or `plan_active` where the case needs or allows no visit.
    """
    asked = Asked(
        address_id=body.address_id,
        starts_at=body.starts_at,
        duration=timedelta(minutes=body.duration_minutes),
        party=Party(body.party.role, body.party.id),
        purpose=body.purpose,
        team=body.team,
    )
    now = service.clock()
    with fields_named(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        visit_id = request_visit(
            session, case_id, asked, now, scope=caller.lender_scope(), by=caller.subject
        )
        row = visit_list.get(session, visit_id)
        assert row is not None
        answer = decided_answer(session, row, spoken)
        headers = {"Location": place(request, f"/v1/visits/{visit_id}"), "ETag": visit_etag(row)}
        return once.answer(session, 202, answer, headers=headers)


@router.get("/v1/visits")
def list_visits(
    service: Served,
    caller: _Reader,
    page: Part,
    case_id: UUID | None = None,
    status: VisitStatus | None = None,
    agent: Annotated[UUID | None, Query(description="With this agent in the team.")] = None,
    starts_from: Annotated[AwareTime | None, Query(description="At this time or later.")] = None,
    starts_before: Annotated[AwareTime | None, Query(description="Before this time.")] = None,
    lender: OfLender = None,
    sort: VisitSort = "starts_at:asc",
) -> Listing[VisitAnswer]:
    """Visits, the earliest first. An agent sees those of their own teams."""
    column, _, direction = sort.partition(":")
    seen = sees(caller)
    wanted = visit_list.Wanted(
        lender=lenders_seen(caller, lender),
        case_id=case_id,
        status=None if status is None else status.value,
        agents=tuple(each for each in (seen.agent, agent) if each is not None),
        starts_from=starts_from,
        starts_before=starts_before,
    )
    with transaction(service.engine) as session:
        rows = visit_list.find(
            session,
            wanted,
            sort=column,
            descending=direction == "desc",
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
        shown, following = page.cut(rows, lambda row: (getattr(row, column), row.id))
        answers = visit_answers(session, shown)
    return Listing(items=answers, next=following)


@router.get("/v1/visits/{visit_id}")
def get_visit(
    response: Response, service: Served, caller: _Reader, spoken: Spoken, visit_id: VisitId
) -> DecidedVisitAnswer:
    """One visit, with its approval or with every reason of its denial."""
    with transaction(service.engine) as session:
        row = visit_list.get(session, visit_id)
        seen = visits.load(session, [visit_id]).get(visit_id)
        if row is None or seen is None or not sees(caller).shows(seen):
            raise not_found("visit")
        response.headers["ETag"] = visit_etag(row)
        return decided_answer(session, row, spoken)
