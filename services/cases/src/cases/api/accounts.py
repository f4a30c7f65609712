"""Routes of accounts: one pushed, one read."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer
from shared.problems import Problem, Words, not_found

from cases.api.account_body import AccountBody, account_of
from cases.api.fields import ExternalId
from cases.api.served import READERS, WRITERS, OfLender, Served, fields_named, lender_named
from cases.domain.account import Buckets, days_past_due, local_day
from cases.domain.money import to_text
from cases.handlers.accounts import Result, receive_accounts
from cases.store import accounts as stored
from cases.store import addresses
from cases.store.tables import AccountRow, AddressRow

router = APIRouter(tags=["accounts"])

AccountId = Annotated[ExternalId, Path(description="The lender's own id of the account.")]


class PushedAnswer(Answer):
    """What a push did."""

    id: UUID
    external_id: str
    case_id: UUID | None
    dpd: int
    bucket: str
    result: Result


class BalanceAnswer(Answer):
    """What is owed."""

    principal: str
    interest: str
    fees: str
    total: str


class AddressAnswer(Answer):
    """An address; visits name it by its id."""

    id: UUID
    kind: str
    text: str
    country: str | None
    region: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    timezone: str | None

    @classmethod
    def of(cls, row: AddressRow) -> "AddressAnswer":
        return cls(
            id=row.id,
            kind=row.kind,
            text=row.text,
            country=row.country,
            region=row.region,
            city=row.city,
            latitude=row.latitude,
            longitude=row.longitude,
            timezone=row.timezone,
        )


class DebtorAnswer(Answer):
    """Who owes. Of an identity number its ending is left."""

    person_id: UUID
    name: str
    id_kind: str | None
    id_country: str | None
    id_ending: str | None
    born_on: date | None
    language: str | None

    @classmethod
    def of(cls, row: AccountRow) -> "DebtorAnswer":
        return cls(person_id=row.person_id, **row.debtor)


class ContactAnswer(Answer):
    """A number or address at which the debtor can be reached."""

    channel: str
    value: str


class RelatedAnswer(Answer):
    """Somebody named beside an account; visits name them by their id."""

    id: UUID
    role: str
    name: str
    phone: str | None
    born_on: date | None
    id_kind: str | None
    id_country: str | None
    id_ending: str | None

    @classmethod
    def all_of(cls, row: AccountRow) -> "list[RelatedAnswer]":
        return [
            cls(id=person_id, **each)
            for person_id, each in zip(row.related_ids, row.related, strict=True)
        ]


class StatementAnswer(Answer):
    """One due date of the past."""

    due_on: date
    due: str
    paid: str


class AccountAnswer(Answer):
    """An account as its lender stated it last."""

    id: UUID
    lender: str
    external_id: str
    case_id: UUID | None
    as_of: datetime
    product: str
    currency: str
    balance: BalanceAnswer
    overdue: str
    due_since: date | None
    dpd: int
    bucket: str
    annual_rate: str | None
    opened_on: date | None
    paid_at: datetime | None
    recalled_at: datetime | None
    recall_reason: str | None
    debtor: DebtorAnswer
    contacts: list[ContactAnswer]
    addresses: list[AddressAnswer]
    related: list[RelatedAnswer]
    history: list[StatementAnswer]
    extra: dict[str, JsonValue]
    received_at: datetime
    updated_at: datetime


_Writer = Annotated[Caller, Depends(allow(*WRITERS))]
_Reader = Annotated[Caller, Depends(allow(*READERS))]


@router.put(
    "/v1/accounts/{external_id}",
    response_model=PushedAnswer,
    responses={201: {"model": PushedAnswer, "description": "The account is new."}},
)
def put_account(
    service: Served,
    caller: _Writer,
    external_id: AccountId,
    body: AccountBody,
    lender: OfLender = None,
) -> Response:
    """Push one account, whole: what is left out is no longer so.

    201 the first time, 200 after that; 409 `stale` when `as_of` is older than what is stored. With
    the same `as_of` and other content the later push counts.
    """
    owner = lender_named(caller, lender)
    now = service.clock()
    with fields_named():
        account = account_of(body, now)
    with transaction(service.engine) as session:
        (received,) = receive_accounts(
            session,
            owner,
            [(external_id, account)],
            now,
            identities=service.identities,
            by=caller.subject,
        )
    if received.outcome is Result.STALE:
        raise Problem(409, "stale", _STALE)
    dpd = days_past_due(account.due_since, local_day(now, account.calendar))
    answer = PushedAnswer(
        id=received.account_id,
        external_id=external_id,
        case_id=received.case_id,
        dpd=dpd,
        bucket=service.buckets.of(dpd).name,
        result=received.outcome,
    )
    status = 201 if received.outcome is Result.CREATED else 200
    return JSONResponse(answer.model_dump(mode="json"), status)


_STALE = Words(
    "What is stored has a later as_of; nothing was changed.",
    "已存数据的 as_of 更新，未作任何更改。",
)


@router.get("/v1/accounts/{external_id}")
def get_account(
    service: Served, caller: _Reader, external_id: AccountId, lender: OfLender = None
) -> AccountAnswer:
    """One account as it was stated last."""
    owner = lender_named(caller, lender)
    with transaction(service.engine) as session:
        row = stored.get(session, owner, external_id)
        if row is None:
            raise not_found("account")
        listed = addresses.load(session, row.address_ids)
    return account_answer(row, listed, service.buckets, service.clock())


def dpd_of(row: AccountRow, now: datetime) -> int:
    """Days past due now, in dates of the account's calendar."""
    return days_past_due(row.due_since, local_day(now, row.calendar))


def balance_of(row: AccountRow) -> BalanceAnswer:
    """What is owed, as decimal strings."""
    return BalanceAnswer(
        principal=to_text(row.principal, row.currency),
        interest=to_text(row.interest, row.currency),
        fees=to_text(row.fees, row.currency),
        total=to_text(row.principal + row.interest + row.fees, row.currency),
    )


def account_answer(
    row: AccountRow, listed: dict[UUID, AddressRow], buckets: Buckets, now: datetime
) -> AccountAnswer:
    """An account with its addresses, as shown."""
    dpd = dpd_of(row, now)
    rate: Any = row.annual_rate
    return AccountAnswer(
        id=row.id,
        lender=row.lender,
        external_id=row.external_id,
        case_id=row.case_id,
        as_of=row.as_of,
        product=row.product,
        currency=row.currency,
        balance=balance_of(row),
        overdue=to_text(row.overdue, row.currency),
        due_since=row.due_since,
        dpd=dpd,
        bucket=buckets.of(dpd).name,
        annual_rate=None if rate is None else format(rate.normalize(), "f"),
        opened_on=row.opened_on,
        paid_at=row.paid_at,
        recalled_at=row.recalled_at,
        recall_reason=row.recall_reason,
        debtor=DebtorAnswer.of(row),
        contacts=[ContactAnswer(**each) for each in row.contacts],
        addresses=[AddressAnswer.of(listed[each]) for each in row.address_ids],
        related=RelatedAnswer.all_of(row),
        history=[
            StatementAnswer(
                due_on=each["due_on"],
                due=to_text(each["due"], row.currency),
                paid=to_text(each["paid"], row.currency),
            )
            for each in row.history
        ],
        extra=row.extra,
        received_at=row.received_at,
        updated_at=row.updated_at,
    )
