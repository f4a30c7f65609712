"""Bodies and routes: what accounts, cases, visits and agents look like from outside."""

from typing import Final

from fastapi import FastAPI
from shared.http import make_app
from shared.problems import Words

from cases.api import (
    accounts,
    agents,
    cases,
    complaints,
    end_visits,
    go_visits,
    holds,
    imports,
    recalls,
    reschedule_visits,
    visits,
    windows,
)
from cases.domain.refusal import NoSuch, Refusal, Unacceptable

_DESCRIPTION: Final = """
Accounts pushed by lenders, the cases they open, agents, and visits from the asking to the outcome.

**Accounts** are replaced by each push. Of two pushes the one with the later `as_of` counts; an
older one is refused (409 `stale`); of two with the same `as_of` and other content the one that
arrives later counts, and the same once more changes nothing. An account with something overdue
opens a case, or joins the one its lender has for the same person. Persons are recognised by a keyed
hash of the identity number; the number itself is not kept.

**DPD** is contractual: days since the oldest unpaid due date, without grace or pauses, counted in
dates of the debtor's home (else UTC). **Buckets** are ranges of it.

**Money** is a decimal string beside its currency (ISO 4217), with at most that currency's decimals.

**Recalls, holds, complaints** keep everybody from the door from the moment they are told: an
account that is recalled, a hold on the day of a visit, a complaint that is open. Live visits are
cancelled in the same transaction, with the reason.

**Visits** are asked for (202) and decided by contact-rules: `scheduled` with a signed approval,
`denied` with every reason and the next lawful times, or `needs_review`. No visit is scheduled
without an approval. Before the team goes it is `dispatched`, at the door `checked_in`; at each of
the two contact-rules is asked once more, and without its yes nobody goes. What changes in between
cancels the visit; a team at the door then has to go (`must_leave`).

**Tokens** of a lender see that lender's rows; others name the lender where one is needed
(`?lender=`). Agents see the visits of their own teams.
"""

_TITLES: Final = {
    "plan_active": Words("A repayment plan is active", "还款计划执行中"),
    "case_not_open": Words("The case is not open", "案件未开放"),
    "visit_over": Words("The visit is over", "外访已终结"),
    "visit_not_dispatched": Words("The visit is not dispatched", "外访未派出"),
    "visit_under_way": Words("The visit is under way", "外访已在途"),
    "visit_at_the_door": Words("The team is at the door", "外访小组已到达"),
    "reschedule_open": Words("The visit is about to be moved", "外访正在改期"),
    "visit_not_scheduled": Words("The visit is not scheduled", "外访未排定"),
    "case_closed": Words("The case is closed", "案件已结案"),
    "hold_over": Words("The hold is over", "停催已结束"),
    "complaint_open": Words("A complaint is open", "投诉处理中"),
    "complaint_known": Words("The complaint's id is taken", "投诉编号已被使用"),
    "complaint_over": Words("The complaint is closed", "投诉已结案"),
    "changed_meanwhile": Words("Changed at the same moment", "同时被修改"),
}


def make() -> FastAPI:
    """The application with all routes of this service."""
    app = make_app(
        name="cases",
        title="Doorstep cases",
        version="1",
        description=_DESCRIPTION.strip(),
        prefix="/cases",
        refusals={NoSuch: 404, Unacceptable: 422, Refusal: 409},
        titles=_TITLES,
        unlimited_paths=["/v1/imports"],
    )
    for module in (
        accounts,
        imports,
        recalls,
        cases,
        holds,
        complaints,
        visits,
        windows,
        go_visits,
        reschedule_visits,
        end_visits,
        agents,
    ):
        app.include_router(module.router)
    return app
