"""Routes of holds: no collection from a day to a day."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer, Body, Day
from shared.paging import Listing
from shared.problems import not_found

from cases.api.fields import Line
from cases.api.served import (
    READERS,
    WRITERS,
    FirstTime,
    OfLender,
    Part,
    Served,
    fields_named,
    lenders_seen,
    place,
)
from cases.domain.hold import Hold, HoldReason, HoldState
from cases.handlers.holds import lift_hold, place_hold
from cases.store import cases, holds

router = APIRouter(tags=["holds"])

_Writer = Annotated[Caller, Depends(allow(*WRITERS))]
_Reader = Annotated[Caller, Depends(allow(*READERS))]

HoldId = Annotated[UUID, Path(description="The hold's id.")]
State = Annotated[HoldState | None, Query(description="What it is now.")]
Endless = Annotated[
    bool | None, Query(description="true: those no end is known of; false: those with an end.")
]


class HoldBody(Body):
    """No collection, for a reason. Days are those at the door."""

    reason: Annotated[
        Line,
        Field(
            description=", ".join(f"`{each.value}`" for each in HoldReason)
            + ", or a reason in your own words, which other services are not told."
        ),
    ]
    from_: Annotated[
        Day | None, Field(alias="from", description="The first day; left out: today.")
    ] = None
    until: Annotated[
        Day | None,
        Field(description="The last day; null: until somebody lifts it."),
    ] = None
    note: Line | None = None


class LiftBody(Body):
    """Why collection goes on."""

    reason: Line


class HoldAnswer(Answer):
    """A hold. `state`: `upcoming`, `standing`, `ended` (its last day is over) or `lifted`.

    `until` null: no end is known, so somebody has to lift it.
    """

    id: UUID
    case_id: UUID
    lender: str
    state: HoldState
    reason: str
    note: str | None
    from_: date = Field(serialization_alias="from")
    until: date | None
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None

    @classmethod
    def of(cls, hold: Hold, now: datetime) -> "HoldAnswer":
        return cls(
            id=hold.id,
            case_id=hold.case_id,
            lender=hold.lender,
            state=hold.state(now),
            reason=hold.reason,
            note=hold.note,
            from_=hold.from_on,
            until=hold.until_on,
            placed_at=hold.placed_at,
            placed_by=hold.placed_by,
            lifted_at=hold.lifted_at,
            lifted_by=hold.lifted_by,
            lift_reason=hold.lift_reason,
        )


@router.post("/v1/cases/{case_id}/holds", status_code=201, response_model=HoldAnswer)
def create_hold(
    request: Request,
    service: Served,
    caller: _Writer,
    once: FirstTime,
    case_id: UUID,
    body: HoldBody,
) -> Response:
    """Hold collection on a case. Visits planned on those days are cancelled at once (`hold`), and
    new ones refused (409 `on_hold`); others stay. Several holds may stand side by side."""
    now = service.clock()
    with fields_named(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        hold = place_hold(
            session,
            case_id,
            reason=body.reason,
            note=body.note,
            from_on=body.from_,
            until_on=body.until,
            now=now,
            scope=caller.lender_scope(),
            by=caller.subject,
        )
        location = place(request, f"/v1/holds/{hold.id}")
        return once.answer(session, 201, HoldAnswer.of(hold, now), headers={"Location": location})


@router.post("/v1/holds/{hold_id}/lift", response_model=HoldAnswer)
def lift(
    service: Served, caller: _Writer, once: FirstTime, hold_id: HoldId, body: LiftBody
) -> Response:
    """End a hold before its time. Lifted already, nothing changes. Visits it cancelled stay so.

    409 `hold_over` when it has ended by itself.
    """
    now = service.clock()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        scope = caller.lender_scope()
        hold = lift_hold(session, hold_id, body.reason, now, scope=scope, by=caller.subject)
        return once.answer(session, 200, HoldAnswer.of(hold, now))


@router.get("/v1/cases/{case_id}/holds")
def list_holds_of_case(
    service: Served, caller: _Reader, page: Part, case_id: UUID, state: State = None
) -> Listing[HoldAnswer]:
    """The holds of a case, the last placed first: also those over, with who placed them and why."""
    now = service.clock()
    wanted = holds.Wanted(case_id=case_id, state=state)
    with transaction(service.engine) as session:
        if cases.get(session, case_id, caller.lender_scope()) is None:
            raise not_found("case")
        found = holds.find(session, wanted, now, after=page.after(datetime, UUID), limit=page.fetch)
    shown, following = page.cut(found, lambda hold: (hold.placed_at, hold.id))
    return Listing(items=[HoldAnswer.of(hold, now) for hold in shown], next=following)


@router.get("/v1/holds")
def list_holds(
    service: Served,
    caller: _Reader,
    page: Part,
    state: State = None,
    endless: Endless = None,
    lender: OfLender = None,
) -> Listing[HoldAnswer]:
    """Holds of all cases, the last placed first. `?state=standing&endless=true` are those that
    nobody gave an end, so that none is forgotten."""
    now = service.clock()
    wanted = holds.Wanted(lender=lenders_seen(caller, lender), state=state, endless=endless)
    with transaction(service.engine) as session:
        found = holds.find(session, wanted, now, after=page.after(datetime, UUID), limit=page.fetch)
    shown, following = page.cut(found, lambda hold: (hold.placed_at, hold.id))
    return Listing(items=[HoldAnswer.of(hold, now) for hold in shown], next=following)


@router.get("/v1/holds/{hold_id}")
def get_hold(service: Served, caller: _Reader, hold_id: HoldId) -> HoldAnswer:
    """One hold."""
    with transaction(service.engine) as session:
        hold = holds.get(session, hold_id, caller.lender_scope())
    if hold is None:
        raise not_found("hold")
    return HoldAnswer.of(hold, service.clock())
