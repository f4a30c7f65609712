"""Plans from the offer to their end."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import AwareTime, Body, Text
from shared.idempotency import Once
from shared.paging import Listing, Page, page
from shared.problems import not_found
from sqlmodel import Session
from starlette.responses import Response

from plans.api.fields import READERS, WRITERS, ExternalId, Lender, actor, lender_of
from plans.api.plan_answers import PlanAnswer, PlanSummary
from plans.api.refusals import pointing
from plans.api.served import Served
from plans.api.terms import TermsBody
from plans.domain.plan import Consent, ConsentForm, Plan, State
from plans.domain.quote import quote
from plans.handlers.cancel_plan import cancel_plan
from plans.handlers.consent_to_plan import consent_to_plan
from plans.handlers.offer_plan import offer_plan
from plans.store import plan_list, plans
from shared import idempotency

router = APIRouter(tags=["plans"])

Writer = Annotated[Caller, Depends(allow(*WRITERS))]
Reader = Annotated[Caller, Depends(allow(*READERS))]
OnceOnly = Annotated[Once, Depends(idempotency.once)]


class OfferBody(Body):
    """A plan to be offered on one account of a case."""

    lender: Lender | None = Field(
        default=None, description="May be left out: the case's lender is meant."
    )
    case_id: UUID
    account: ExternalId = Field(description="The lender's id of the account.")
    terms: TermsBody = Field(
        description="As in a quote. The amount is at most what is owed on the account, in its"
        " currency; `agreed_on` is within 366 days of today."
    )


class ConsentBody(Body):
    """The debtor's consent."""

    form: ConsentForm
    evidence: Text | None = Field(
        default=None, description="Where the proof is kept: a document's reference, no content."
    )
    consented_at: AwareTime | None = Field(
        default=None,
        description="Now if left out. Not in the future, and no more than a day before the terms"
        " were agreed or offered, whichever came first.",
    )


class CancelBody(Body):
    """Why a plan ends."""

    reason: Text


@router.post("/v1/plans", status_code=201, response_model=PlanAnswer)
def offer(body: OfferBody, caller: Writer, service: Served, once: OnceOnly) -> Response:
    """Offer a plan. 409 `plan_already_live` while the account has one that is offered or active;
    422 with a pointer for terms that can't be; 404 for a case or account that is not yours.
    """
    now = service.clock()
    lender = lender_of(caller, body.lender)
    with pointing(terms_at="/terms"):
        quoted = quote(body.terms.read(at="/terms"))
        # Found here, outside of the transaction: it takes milliseconds and needs nothing.
        _ = quoted.effective_annual_rate
        with transaction(service.engine) as session:
            if (stored := once.answered(session)) is not None:
                return stored
            plan = offer_plan(
                session,
                lender=lender,
                case_id=body.case_id,
                account=body.account,
                quote=quoted,
                lifetime=service.offer_lifetime,
                by=actor(caller),
                now=now,
            )
            return once.answer(session, 201, _answer(session, plan, now))


@router.get("/v1/plans")
def list_plans(
    caller: Reader,
    service: Served,
    page: Annotated[Page, Depends(page)],
    status: Annotated[State | None, Query(description="Plans in this state now.")] = None,
    case_id: Annotated[UUID | None, Query(description="Plans of this case.")] = None,
    account: Annotated[
        ExternalId | None, Query(description="Plans on the account a lender calls so.")
    ] = None,
    lender: Annotated[Lender | None, Query(description="Plans of this lender.")] = None,
    sort: Annotated[
        Literal["offered_at:asc", "offered_at:desc"], Query(description="Newest first if not told.")
    ] = "offered_at:desc",
) -> Listing[PlanSummary]:
    """Plans, without instalments and history."""
    now = service.clock()
    wanted = plan_list.Wanted(
        lender=lender_of(caller, lender),
        state=status,
        case_id=case_id,
        account=account,
        newest_first=sort == "offered_at:desc",
        after=page.after(datetime, UUID),
    )
    with transaction(service.engine) as session:
        rows = plan_list.list_plans(session, wanted, limit=page.fetch, now=now)
    shown, following = page.cut(rows, lambda plan: (plan.offered_at, plan.id))
    return Listing(items=[PlanSummary.of(plan, now) for plan in shown], next=following)


@router.get("/v1/plans/{plan_id}")
def get_plan(plan_id: UUID, caller: Reader, service: Served) -> PlanAnswer:
    """One plan with its instalments, what is paid of each, and its history."""
    with transaction(service.engine) as session:
        plan = plans.find(session, plan_id, lender=caller.lender_scope())
        if plan is None:
            raise not_found("plan")
        return _answer(session, plan, service.clock())


@router.post("/v1/plans/{plan_id}/consent", response_model=PlanAnswer)
def give_consent(
    plan_id: UUID, body: ConsentBody, caller: Writer, service: Served, once: OnceOnly
) -> Response:
    """Record the debtor's consent: the plan is `active` at once, and the case's visits stop.

    409 `plan_expired`, `already_consented`, `plan_ended`, `case_closed`, or `balance_below_plan`
    when less is owed by now than the plan is about.
    """
    now = service.clock()
    given = Consent(body.form, (body.consented_at or now).astimezone(UTC), body.evidence)
    with pointing(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        plan = consent_to_plan(
            session, plan_id, given, lender=caller.lender_scope(), by=actor(caller), now=now
        )
        return once.answer(session, 200, _answer(session, plan, now))


@router.post("/v1/plans/{plan_id}/cancel", response_model=PlanAnswer)
def cancel(
    plan_id: UUID, body: CancelBody, caller: Writer, service: Served, once: OnceOnly
) -> Response:
    """End a plan that is offered or active. What was paid stays paid. 409 `plan_ended` or
    `plan_expired` when there is nothing to end.
    """
    now = service.clock()
    with pointing(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        plan = cancel_plan(
            session,
            plan_id,
            why=body.reason,
            lender=caller.lender_scope(),
            by=actor(caller),
            now=now,
        )
        return once.answer(session, 200, _answer(session, plan, now))


def _answer(session: Session, plan: Plan, now: datetime) -> PlanAnswer:
    progress = plans.instalments_of(session, [plan.id])[plan.id]
    return PlanAnswer.whole(plan, progress, plans.history_of(session, plan.id), now)
