"""Routes of visits: asked for, listed, read with what contact-rules said of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field, JsonValue
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.etags import etag
from shared.http import Answer, AwareTime, Body, Whole
from shared.paging import Listing
from shared.problems import Language, not_found
from sqlmodel import Session

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
    said,
    sees,
)
from cases.domain.account import Role as PartyRole
from cases.domain.visit import LARGEST_TEAM, LONGEST, Party, Purpose, VisitStatus
from cases.handlers.request_visit import Asked, request_visit
from cases.store import decisions, visit_list, visits
from cases.store.tables import ApprovalRow, DenialRow, VisitRow

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


class PartyAnswer(Answer):
    """Who is to be met; `id` null: somebody not known by name."""

    role: PartyRole
    id: UUID | None


class ObligationAnswer(Answer):
    """What a rule asks to be done."""

    rule: str
    what: str
    when: str


class ApprovalAnswer(Answer):
    """Contact-rules' signed yes; the token proves it to anybody with the public key."""

    id: UUID
    expires_at: datetime
    must_end_by: datetime | None
    obligations: list[ObligationAnswer]
    token: str


class DenialAnswer(Answer):
    """Why not (or not without people deciding), and when it would be lawful."""

    verdict: str
    checks: list[dict[str, JsonValue]]
    next_lawful: list[dict[str, JsonValue]]


class VisitAnswer(Answer):
    """A visit. `cancel_reason`, `outcome` and the times of the visit are there once they are."""

    id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    status: VisitStatus
    address_id: UUID
    starts_at: datetime
    ends_at: datetime
    party: PartyAnswer
    purpose: Purpose
    team: list[UUID]
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    cancel_reason: str | None
    outcome: str | None
    started_at: datetime | None
    ended_at: datetime | None
    note: str | None


class DecidedVisitAnswer(VisitAnswer):
    """A visit with the last word on it: an approval, a denial, or neither yet."""

    approval: ApprovalAnswer | None
    denial: DenialAnswer | None


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


def visit_etag(row: VisitRow) -> str:
    """Changes with every step of the visit."""
    return etag(row.id, row.status, row.updated_at)


def visit_answers(session: Session, rows: Sequence[VisitRow]) -> list[VisitAnswer]:
    """Visits with their teams."""
    teams = visits.teams(session, [row.id for row in rows])
    return [VisitAnswer(**_facts(row, teams[row.id])) for row in rows]


def decided_answer(session: Session, row: VisitRow, language: Language) -> DecidedVisitAnswer:
    """A visit with what contact-rules said of it, in the reader's language."""
    team = visits.teams(session, [row.id])[row.id]
    approval = denial = None
    if row.approval_id is not None:
        approval = _approval(decisions.approvals_of(session, [row.approval_id])[row.approval_id])
    elif (found := decisions.denials_of(session, [row.id]).get(row.id)) is not None:
        denial = _denial(found, language)
    return DecidedVisitAnswer(**_facts(row, team), approval=approval, denial=denial)


def _facts(row: VisitRow, team: Sequence[UUID]) -> dict[str, Any]:
    return {
        "id": row.id,
        "case_id": row.case_id,
        "person_id": row.person_id,
        "lender": row.lender,
        "status": VisitStatus(row.status),
        "address_id": row.address_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "party": PartyAnswer(role=PartyRole(row.party_role), id=row.party_id),
        "purpose": Purpose(row.purpose),
        "team": list(team),
        "requested_by": row.requested_by,
        "requested_at": row.requested_at,
        "updated_at": row.updated_at,
        "cancel_reason": row.cancel_reason,
        "outcome": row.outcome,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "note": row.note,
    }


def _approval(row: ApprovalRow) -> ApprovalAnswer:
    return ApprovalAnswer(
        id=row.id,
        expires_at=row.expires_at,
        must_end_by=row.must_end_by,
        obligations=[ObligationAnswer(**each) for each in row.obligations],
        token=row.token,
    )


def _denial(row: DenialRow, language: Language) -> DenialAnswer:
    return DenialAnswer(
        verdict=row.verdict,
        checks=[
            {**check, "message": said(check["message"], language)}
            if isinstance(check.get("message"), dict)
            else check
            for check in row.checks
        ],
        next_lawful=row.next_lawful,
    )
