"""Routes of complaints about how a debt is collected."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer, Body, Code, Day
from shared.paging import Listing
from shared.problems import not_found

from cases.api.fields import ExternalId
from cases.api.served import READERS, WRITERS, FirstTime, Part, Served, fields_named, place
from cases.domain.complaint import Complaint, ComplaintOutcome
from cases.handlers.complaints import close_complaint, open_complaint
from cases.store import cases, complaints

router = APIRouter(tags=["complaints"])

_Writer = Annotated[Caller, Depends(allow(*WRITERS))]
_Reader = Annotated[Caller, Depends(allow(*READERS))]

ComplaintId = Annotated[UUID, Path(description="The complaint's id.")]


class ComplaintBody(Body):
    """What somebody complained about."""

    about: Annotated[
        Code, Field(description="A code of yours, such as `conduct`, `hours` or `disclosure`.")
    ]
    received_on: Day
    channel: Annotated[
        Code | None, Field(description="How it came, such as `phone`, `letter` or `regulator`.")
    ] = None
    external_id: Annotated[
        ExternalId | None,
        Field(description="Your own id: told twice alike under one, it is one complaint."),
    ] = None


class CloseBody(Body):
    """What came of a complaint."""

    outcome: Literal["upheld", "partly", "rejected", "withdrawn"]
    closed_on: Annotated[Day | None, Field(description="Left out: today.")] = None


class ComplaintAnswer(Answer):
    """A complaint; `outcome` null: it is open. `merged`: it goes on in another case."""

    id: UUID
    case_id: UUID
    lender: str
    about: str
    channel: str | None
    external_id: str | None
    received_on: date
    opened_at: datetime
    opened_by: str
    outcome: ComplaintOutcome | None
    closed_on: date | None
    closed_at: datetime | None
    closed_by: str | None

    @classmethod
    def of(cls, complaint: Complaint) -> "ComplaintAnswer":
        return cls(
            id=complaint.id,
            case_id=complaint.case_id,
            lender=complaint.lender,
            about=complaint.about,
            channel=complaint.channel,
            external_id=complaint.external_id,
            received_on=complaint.received_on,
            opened_at=complaint.opened_at,
            opened_by=complaint.opened_by,
            outcome=complaint.outcome,
            closed_on=complaint.closed_on,
            closed_at=complaint.closed_at,
            closed_by=complaint.closed_by,
        )


@router.post(
    "/v1/cases/{case_id}/complaints",
    status_code=201,
    response_model=ComplaintAnswer,
    responses={200: {"model": ComplaintAnswer, "description": "It was known already."}},
)
def create_complaint(
    request: Request,
    service: Served,
    caller: _Writer,
    once: FirstTime,
    case_id: UUID,
    body: ComplaintBody,
) -> Response:
    """Record a complaint. While it is open nobody comes: visits are cancelled (`complaint`), and
    new ones refused (409 `complaint_open`).

    409 `complaint_known` when your `external_id` names another complaint.
    """
    now = service.clock()
    with fields_named(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        complaint, is_new = open_complaint(
            session,
            case_id,
            about=body.about,
            received_on=body.received_on,
            channel=body.channel,
            external_id=body.external_id,
            now=now,
            scope=caller.lender_scope(),
            by=caller.subject,
        )
        location = place(request, f"/v1/complaints/{complaint.id}")
        status = 201 if is_new else 200
        answer = ComplaintAnswer.of(complaint)
        return once.answer(session, status, answer, headers={"Location": location})


@router.post("/v1/complaints/{complaint_id}/close", response_model=ComplaintAnswer)
def close(
    service: Served, caller: _Writer, once: FirstTime, complaint_id: ComplaintId, body: CloseBody
) -> Response:
    """Say what came of a complaint. Said again alike, nothing changes; 409 `complaint_over` when
    it was closed otherwise."""
    now = service.clock()
    with fields_named(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        complaint = close_complaint(
            session,
            complaint_id,
            ComplaintOutcome(body.outcome),
            body.closed_on,
            now,
            scope=caller.lender_scope(),
            by=caller.subject,
        )
        return once.answer(session, 200, ComplaintAnswer.of(complaint))


@router.get("/v1/cases/{case_id}/complaints")
def list_complaints(
    service: Served, caller: _Reader, page: Part, case_id: UUID
) -> Listing[ComplaintAnswer]:
    """The complaints of a case, the last opened first."""
    with transaction(service.engine) as session:
        if cases.get(session, case_id, caller.lender_scope()) is None:
            raise not_found("case")
        found = complaints.find(
            session, case_id, after=page.after(datetime, UUID), limit=page.fetch
        )
    shown, following = page.cut(found, lambda each: (each.opened_at, each.id))
    return Listing(items=[ComplaintAnswer.of(each) for each in shown], next=following)


@router.get("/v1/complaints/{complaint_id}")
def get_complaint(service: Served, caller: _Reader, complaint_id: ComplaintId) -> ComplaintAnswer:
    """One complaint."""
    with transaction(service.engine) as session:
        complaint = complaints.get(session, complaint_id, caller.lender_scope())
    if complaint is None:
        raise not_found("complaint")
    return ComplaintAnswer.of(complaint)
