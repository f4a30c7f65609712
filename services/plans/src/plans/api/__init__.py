"""Bodies and routes: what plans, payments and ledgers look like from outside."""

from fastapi import FastAPI
from shared.http import make_app

from plans.api import ledgers, offers, payments, quotes
from plans.domain.refusals import Refusal

_DESCRIPTION = """
Repayment plans: computed, offered, consented to, paid, and an account ledger that adds up to the
minor unit.

**Money** is a decimal string beside its currency (ISO 4217), with at most that currency's decimals.
**Interest**: the annual rate divided by 52, 26 or 12 for each period; the first period counts for
as long as it runs, from `agreed_on` to `first_due_on` (days over whole months are 12/365 of a
month each). Each instalment's interest is rounded half up; the last instalment carries the
rounding. **`effective_annual_rate`** is X in the basic equation of Directive 2008/48/EC, Annex I:
the amount equals the sum of the instalments, each divided by (1 + X) to the years until it is due.

**Due dates**: if the first is the last day of a month, all are; else the same day each month, or
the last of a shorter one.

**Payments** pay the oldest instalment first, interest before principal; more than is due prepays
those to come; what is left after the last stays on the account as credit.
"""


def make() -> FastAPI:
    """The application with all routes of this service."""
    app = make_app(
        name="plans",
        title="Doorstep plans",
        version="1",
        description=_DESCRIPTION.strip(),
        prefix="/plans",
        # The backstop: `plans.api.refusals` says it better, with pointers.
        refusals={Refusal: 409},
    )
    for module in (quotes, offers, payments, ledgers):
        app.include_router(module.router)
    return app
