"""The route by which a scheduled visit is moved to another time, team or address."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.etags import IfMatch, if_match
from shared.http import AwareTime, Body, Whole

from cases.api.served import WRITERS, FirstTime, Served, Spoken, fields_named, place, sees
from cases.api.visit_answers import DecidedVisitAnswer, changed_answer, row_of, visit_etag
from cases.api.visits import VisitId
from cases.domain.visit_times import LARGEST_TEAM, LONGEST
from cases.handlers.end_visits import lock_visit
from cases.handlers.reschedule_visit import Wish, reschedule_visit

router = APIRouter(tags=["visits"])


class RescheduleBody(Body):
    """What a visit is to become. What is left out stays as it is."""

    starts_at: Annotated[
        AwareTime, Field(description="In the future, at most 90 days ahead; the offset is free.")
    ]
    duration_minutes: Annotated[
        Whole | None, Field(ge=1, le=int(LONGEST.total_seconds() // 60))
    ] = None
    team: Annotated[
        list[UUID] | None,
        Field(min_length=1, max_length=LARGEST_TEAM, description="Agents' ids."),
    ] = None
    address_id: UUID | None = None


@router.post("/v1/visits/{visit_id}/reschedule", status_code=202, response_model=DecidedVisitAnswer)
def reschedule(
    request: Request,
    service: Served,
    caller: Annotated[Caller, Depends(allow(*WRITERS))],
    spoken: Spoken,
    once: FirstTime,
    unchanged: Annotated[IfMatch, Depends(if_match)],
    visit_id: VisitId,
    body: RescheduleBody,
) -> Response:
    """Ask to move a scheduled visit. Contact-rules decides; look at `Location` for the answer.

    Until then, and where the answer is no, the visit stands as it was: `reschedule` in it says how
    far that is, and why not. Its own place never blocks its own new place. A yes comes with a new
    approval; the one before is worth nothing then. One asking at a time: 409 `reschedule_open`.
    A visit whose team was sent can't be moved: 409 `visit_under_way`.
    """
    minutes = body.duration_minutes
    wish = Wish(
        starts_at=body.starts_at,
        duration=None if minutes is None else timedelta(minutes=minutes),
        team=body.team,
        address_id=body.address_id,
    )
    now, seen = service.clock(), sees(caller)
    with fields_named(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        lock_visit(session, visit_id, seen)
        unchanged.check(visit_etag(row_of(session, visit_id)))
        reschedule_visit(session, visit_id, wish, now, sees=seen, by=caller.subject)
        answer, headers = changed_answer(session, visit_id, spoken)
        headers["Location"] = place(request, f"/v1/visits/{visit_id}")
        return once.answer(session, 202, answer, headers=headers)
