"""Route of recalls: a lender takes an account back."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Body

from cases.api.accounts import AccountAnswer, AccountId, account_answer
from cases.api.fields import Line
from cases.api.served import WRITERS, FirstTime, OfLender, Served, lender_named
from cases.handlers.recall_accounts import RecallReason, recall_account
from cases.store import accounts, addresses

router = APIRouter(tags=["accounts"])

_Writer = Annotated[Caller, Depends(allow(*WRITERS))]


class RecallBody(Body):
    """Why an account is taken back."""

    reason: Annotated[
        Line,
        Field(
            description=", ".join(f"`{each.value}`" for each in RecallReason)
            + ", or a reason in your own words, which others are not told."
        ),
    ]


@router.post("/v1/accounts/{external_id}/recall", response_model=AccountAnswer)
def recall(
    service: Served,
    caller: _Writer,
    once: FirstTime,
    external_id: AccountId,
    body: RecallBody,
    lender: OfLender = None,
) -> Response:
    """Take an account back: no visit for it any more, from this moment.

    Visits that may be about it are cancelled with the reason `recall`, and its case is closed as
    `recalled` when nothing else is owed in it. Recalled already, nothing changes. Push the account
    with an `as_of` after the recall to bring it back.
    """
    owner = lender_named(caller, lender)
    now = service.clock()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        recall_account(session, owner, external_id, body.reason, now, by=caller.subject)
        row = accounts.get(session, owner, external_id)
        assert row is not None, "accounts are never deleted"
        listed = addresses.load(session, row.address_ids)
        return once.answer(session, 200, account_answer(row, listed, service.buckets, now))
