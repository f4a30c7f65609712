"""Offers a plan on an account: stored, with an expiry, and nothing else yet."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from plans.domain.account import CaseClosed, UnknownAccount, UnknownCase, check_may_be_offered
from plans.domain.plan import (
    Actor,
    Change,
    Plan,
    PlanAlreadyLive,
    State,
    Step,
    check_agreed_on,
    step,
)
from plans.domain.quote import Quote
from plans.store import accounts, cases, plans


def offer_plan(
    session: Session,
    *,
    lender: str | None,
    case_id: UUID,
    account: str,
    quote: Quote,
    lifetime: timedelta,
    by: Actor,
    now: datetime,
) -> Plan:
    """The new plan, ``offered`` until ``now + lifetime``.

    ``account`` is the lender's id of it; without a ``lender`` the case's lender is meant. An offer
    on the same account that expired is written off on the way. Raises the `Refusal` that says
    why not: unknown account or case, closed case, more than is owed, another currency, another
    live plan.
    """
    check_agreed_on(quote.terms, now)
    case = cases.find(session, [case_id], lock=True).get(case_id)
    owner = case.lender if case else accounts.lender_of_case(session, case_id)
    if owner is None or lender not in {None, owner}:
        raise UnknownCase
    id_ = accounts.ids_by_name(session, [(owner, account)]).get((owner, account))
    if id_ is None:
        raise UnknownAccount
    locked = accounts.lock(session, [id_])[id_]
    check_may_be_offered(locked, case_id=case_id, amount=quote.terms.amount)
    if case is not None and not case.is_open:
        raise CaseClosed
    live = plans.live_of_accounts(session, [id_]).get(id_)
    if live is not None:
        if live.state_at(now) is not State.EXPIRED:
            raise PlanAlreadyLive
        expired, change = step(live, Step.EXPIRE, now=now, by=by, why="a new offer was made")
        plans.save(session, [(expired, [change])])
    plan = Plan(
        id=new_id(),
        lender=owner,
        account_id=id_,
        account=account,
        case_id=case_id,
        person_id=locked.person_id,
        terms=quote.terms,
        total=quote.total,
        effective_annual_rate=quote.effective_annual_rate,
        state=State.OFFERED,
        offered_at=now,
        expires_at=now + lifetime,
    )
    plans.add(session, plan, quote, Change(None, State.OFFERED, now, by))
    return plan
