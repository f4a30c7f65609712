"""Takes the locks a plan's steps need, in the one order everybody takes them: case, account."""

from uuid import UUID

from sqlmodel import Session

from plans.domain.account import Account
from plans.domain.plan import Plan, UnknownPlan
from plans.store import accounts, cases, plans


def lock_plan(session: Session, plan_id: UUID, *, lender: str | None) -> tuple[Plan, Account, bool]:
    """The plan and its account as they are once nobody else can change them, and whether its case
    is open. A case of which nothing is known yet counts as open.

    ``lender`` limits whose plans there are, None not at all. Raises `UnknownPlan`.
    """
    seen = plans.find(session, plan_id, lender=lender)
    if seen is None:
        raise UnknownPlan
    case = cases.find(session, [seen.case_id], lock=True).get(seen.case_id)
    account = accounts.lock(session, [seen.account_id])[seen.account_id]
    plan = plans.find(session, plan_id, lender=lender)
    if plan is None:
        raise UnknownPlan
    return plan, account, case is None or case.is_open
