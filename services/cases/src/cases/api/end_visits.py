"""Routes that end visits: cancelled, or completed with an outcome."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.etags import IfMatch, if_match
from shared.http import AwareTime, Body

from cases.api.fields import Line
from cases.api.served import WRITERS, FirstTime, Served, Spoken, fields_named, sees
from cases.api.visit_answers import DecidedVisitAnswer, changed_answer, row_of, visit_etag
from cases.api.visits import VisitId
from cases.domain.outcome import Outcome
from cases.handlers.end_visits import Done, cancel_visit, complete_visit, lock_visit

router = APIRouter(tags=["visits"])

_Ender = Annotated[Caller, Depends(allow(*WRITERS, Role.AGENT))]
_Condition = Annotated[IfMatch, Depends(if_match)]


class CancelBody(Body):
    """Why a visit will not happen."""

    reason: Annotated[
        Line,
        Field(description="`agent`, `debtor`, `hold`, `lender`, or a reason in your own words."),
    ]


class CompleteBody(Body):
    """What came of a visit."""

    outcome: Outcome
    started_at: AwareTime
    ended_at: AwareTime
    note: Line | None = None


@router.post("/v1/visits/{visit_id}/cancel", response_model=DecidedVisitAnswer)
def cancel(
    service: Served,
    caller: _Ender,
    spoken: Spoken,
    once: FirstTime,
    unchanged: _Condition,
    visit_id: VisitId,
    body: CancelBody,
) -> Response:
    """Cancel a visit to come; what was reserved for it is free again.

    409 `visit_at_the_door`: once the team is there, it can only leave, and say what came of it.
    """
    now = service.clock()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        lock_visit(session, visit_id, sees(caller))
        unchanged.check(visit_etag(row_of(session, visit_id)))
        cancel_visit(session, visit_id, body.reason, now, sees=sees(caller), by=caller.subject)
        return once.answer(session, 200, *changed_answer(session, visit_id, spoken))


@router.post("/v1/visits/{visit_id}/complete", response_model=DecidedVisitAnswer)
def complete(
    service: Served,
    caller: _Ender,
    spoken: Spoken,
    once: FirstTime,
    unchanged: _Condition,
    visit_id: VisitId,
    body: CompleteBody,
) -> Response:
    """Tell what came of a visit that was scheduled. What happened is recorded, lawful or not.

    Also where nobody checked in, and after it expired: an agent without a network tells it late.
    """
    done = Done(body.outcome, body.started_at, body.ended_at, body.note)
    now = service.clock()
    with fields_named(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        lock_visit(session, visit_id, sees(caller))
        unchanged.check(visit_etag(row_of(session, visit_id)))
        complete_visit(session, visit_id, done, now, sees=sees(caller), by=caller.subject)
        return once.answer(session, 200, *changed_answer(session, visit_id, spoken))
