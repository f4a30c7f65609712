"""An account's ledger: every line, and how it adds up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer
from shared.paging import Page, page
from shared.problems import not_found

from plans.api.fields import READERS, ExternalId, Lender, lender_needed
from plans.api.served import Served
from plans.domain.ledger import Entry, Line, entries
from plans.store import accounts, payments

router = APIRouter(tags=["ledger"])


class LedgerLine(Answer):
    """One line. The `change`s of all lines add up to the balance."""

    line: Line
    id: UUID = Field(description="Of the statement or the payment.")
    at: datetime = Field(description="When it happened: `as_of` or `paid_at`.")
    recorded_at: datetime
    amount: str = Field(description="What the paper says.")
    change: str = Field(description="What it did to the balance.")
    balance_after: str
    external_id: str | None
    plan_id: UUID | None

    @classmethod
    def of(cls, entry: Entry) -> "LedgerLine":
        return cls(
            line=entry.line,
            id=entry.id,
            at=entry.at,
            recorded_at=entry.recorded_at,
            amount=str(entry.amount),
            change=str(entry.change),
            balance_after=str(entry.balance_after),
            external_id=entry.external_id,
            plan_id=entry.plan_id,
        )


class LedgerAnswer(Answer):
    """A page of an account's ledger, oldest line first."""

    lender: str
    account: str
    case_id: UUID | None
    currency: str
    balance: str = Field(description="What is owed now; negative if overpaid.")
    as_of: datetime = Field(description="The time of the lender's newest statement.")
    items: Sequence[LedgerLine]
    next: str | None


@router.get("/v1/accounts/{external_id}/ledger")
def get_ledger(
    external_id: ExternalId,
    caller: Annotated[Caller, Depends(allow(*READERS))],
    service: Served,
    page: Annotated[Page, Depends(page)],
    lender: Annotated[
        Lender | None, Query(description="Needed where the token names no lender.")
    ] = None,
) -> LedgerAnswer:
    """Statements of the lender, payments, and the interest of plans as it is paid.

    A statement whose `as_of` is after a payment already contains that payment, so its own change
    is smaller by as much; a payment dated the very moment of a statement comes after it.
    """
    owner = lender_needed(caller, lender, pointer="?lender")
    after = page.after(UUID, str)
    # Read whole for each page: that is what adds up, and a debt has hundreds of lines at most.
    with transaction(service.engine) as session:
        # One snapshot for all that is added up; nothing is locked.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        account = accounts.by_name(session, owner, external_id)
        if account is None:
            raise not_found("account")
        statements, receipts = payments.ledger_of(session, account)
    lines = entries(account.balance.currency, statements, receipts)
    places = [(line.id, line.line.value) for line in lines]
    # A cursor of another ledger begins this one from its first line, as an empty page would lie.
    begin = places.index(after) + 1 if after in places else 0
    shown, following = page.cut(
        lines[begin : begin + page.fetch], lambda line: (line.id, line.line.value)
    )
    return LedgerAnswer(
        lender=account.lender,
        account=account.external_id,
        case_id=account.case_id,
        currency=account.balance.currency,
        balance=str(account.balance),
        as_of=account.as_of,
        items=[LedgerLine.of(line) for line in shown],
        next=following,
    )
