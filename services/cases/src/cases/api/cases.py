"""Routes of cases: listed, read, and their timelines."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import JsonValue, StringConstraints
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer
from shared.paging import Listing
from shared.problems import Words, invalid, not_found
from sqlmodel import Session

from cases.api.accounts import (
    AddressAnswer,
    BalanceAnswer,
    ContactAnswer,
    DebtorAnswer,
    RelatedAnswer,
    balance_of,
    dpd_of,
)
from cases.api.fields import ExternalId
from cases.api.served import READERS, OfLender, Part, Served, lenders_seen
from cases.api.visit_answers import VisitAnswer, visit_answers
from cases.domain.account import Buckets, local_day
from cases.domain.case import CaseStatus, Flag, Stage, still_owed
from cases.domain.money import to_text
from cases.domain.place import zone_names
from cases.store import accounts, addresses, case_list, cases, flags, timeline, visit_list
from cases.store.flags import Standing
from cases.store.tables import AccountRow, CaseRow

router = APIRouter(tags=["cases"])

T = TypeVar("T")


class FlagAnswer(Answer):
    """What holds for the case now, since when, and which plan, hold or complaint it came from.

    `until`: when it ends by itself; null: when somebody ends it.
    """

    kind: Flag
    since: datetime | None
    until: datetime | None
    reference: UUID


class OwedAnswer(Answer):
    """What is owed in one currency, over all accounts of the case."""

    currency: str
    balance: str
    overdue: str


class CaseAnswer(Answer):
    """The work on one person for one lender. `dpd` and `bucket` are those of the oldest debt."""

    id: UUID
    lender: str
    person_id: UUID
    debtor: str | None
    status: CaseStatus
    stage: Stage
    resolution: str | None
    close_reason: str | None
    dpd: int
    bucket: str
    owed: list[OwedAnswer]
    external_ids: list[str]
    flags: list[FlagAnswer]
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


class CaseAccountAnswer(Answer):
    """An account of a case."""

    id: UUID
    external_id: str
    as_of: datetime
    product: str
    currency: str
    balance: BalanceAnswer
    overdue: str
    due_since: str | None
    dpd: int
    bucket: str
    paid_at: datetime | None
    recalled_at: datetime | None


class WholeCaseAnswer(CaseAnswer):
    """A case with everything one needs to plan a visit; the newest 50 visits."""

    person: DebtorAnswer | None
    accounts: list[CaseAccountAnswer]
    contacts: list[ContactAnswer]
    addresses: list[AddressAnswer]
    related: list[RelatedAnswer]
    visits: list[VisitAnswer]


class EntryAnswer(Answer):
    """One thing that happened: `at`; we knew it `recorded_at`."""

    id: UUID
    at: datetime
    recorded_at: datetime
    kind: str
    by: str
    data: dict[str, JsonValue]


_Reader = Annotated[Caller, Depends(allow(*READERS))]
_SHOWN_VISITS = 50

CaseSort = Literal["opened_at:asc", "opened_at:desc", "updated_at:asc", "updated_at:desc"]


@router.get("/v1/cases")
def list_cases(
    service: Served,
    caller: _Reader,
    page: Part,
    external_id: Annotated[
        ExternalId | None, Query(description="Holding the account of this id.")
    ] = None,
    status: CaseStatus | None = None,
    stage: Stage | None = None,
    bucket: Annotated[
        str | None, Query(description="Of the oldest debt, such as `M2`; `M0`: nothing late.")
    ] = None,
    flag: Flag | None = None,
    agent: Annotated[UUID | None, Query(description="With a visit of this agent.")] = None,
    q: Annotated[
        str | None,
        StringConstraints(strip_whitespace=True, min_length=2, max_length=100),
        Query(description="Part of the debtor's name or of an account's id."),
    ] = None,
    lender: OfLender = None,
    sort: CaseSort = "opened_at:desc",
) -> Listing[CaseAnswer]:
    """Cases, the newest first."""
    now = service.clock()
    column, _, direction = sort.partition(":")
    wanted = case_list.Wanted(
        lender=lenders_seen(caller, lender),
        external_id=external_id,
        status=None if status is None else status.value,
        stage=None if stage is None else stage.value,
        bucket=_bucket(service.buckets, bucket),
        flag=None if flag is None else flag.value,
        agent=agent,
        words=q,
        today=None if bucket is None else _today(now),
        now=now,
    )
    with transaction(service.engine) as session:
        rows = case_list.find(
            session,
            wanted,
            sort=column,
            descending=direction == "desc",
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
        shown, following = page.cut(rows, lambda row: (getattr(row, column), row.id))
        answers = _answers(session, shown, service.buckets, now)
    return Listing(items=answers, next=following)


@router.get("/v1/cases/{case_id}")
def get_case(service: Served, caller: _Reader, case_id: UUID) -> WholeCaseAnswer:
    """One case with its debtor, accounts, addresses and visits."""
    now = service.clock()
    with transaction(service.engine) as session:
        row = _case(session, caller, case_id)
        (summary,) = _answers(session, [row], service.buckets, now)
        held = accounts.of_cases(session, [case_id])[case_id]
        listed = list(dict.fromkeys(each for account in held for each in account.address_ids))
        places = addresses.load(session, listed)
        visits = visit_list.find(
            session,
            visit_list.Wanted(case_id=case_id),
            sort="starts_at",
            descending=True,
            after=None,
            limit=_SHOWN_VISITS,
        )
        return WholeCaseAnswer(
            **dict(summary),
            person=DebtorAnswer.of(_newest(held)) if held else None,
            accounts=[_account(each, service.buckets, now) for each in held],
            contacts=_distinct(
                ContactAnswer(**contact) for each in held for contact in each.contacts
            ),
            addresses=[AddressAnswer.of(places[each]) for each in listed],
            related=_distinct(person for each in held for person in RelatedAnswer.all_of(each)),
            visits=visit_answers(session, visits),
        )


@router.get("/v1/cases/{case_id}/timeline")
def get_timeline(
    service: Served,
    caller: _Reader,
    page: Part,
    case_id: UUID,
    sort: Literal["at:asc", "at:desc"] = "at:desc",
) -> Listing[EntryAnswer]:
    """What happened to a case and its visits, the latest first."""
    with transaction(service.engine) as session:
        _case(session, caller, case_id)
        entries = timeline.find(
            session,
            case_id,
            descending=sort == "at:desc",
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    shown, following = page.cut(entries, lambda entry: (entry.at, entry.id))
    return Listing(
        items=[
            EntryAnswer(
                id=each.id,
                at=each.at,
                recorded_at=each.recorded_at,
                kind=each.kind,
                by=each.by,
                data=each.data,
            )
            for each in shown
        ],
        next=following,
    )


def _case(session: Session, caller: Caller, case_id: UUID) -> CaseRow:
    row = cases.get(session, case_id, caller.lender_scope())
    if row is None:
        raise not_found("case")
    return row


def _bucket(buckets: Buckets, name: str | None) -> Any:
    if name is None:
        return None
    found = buckets.named(name)
    if found is None:
        names = ", ".join(bucket.name for bucket in buckets.all)
        raise invalid(
            "?bucket", "no_such_bucket", Words(f"is one of {names}", f"应为 {names} 之一")
        )
    return found


def _today(now: datetime) -> dict[str, Any]:
    return {zone: local_day(now, zone) for zone in ("UTC", *zone_names())}


def _answers(
    session: Session, rows: Sequence[CaseRow], buckets: Buckets, now: datetime
) -> list[CaseAnswer]:
    ids = [row.id for row in rows]
    held = accounts.of_cases(session, ids)
    standing = flags.standing(session, ids, now)
    return [_answer(row, held[row.id], standing[row.id], buckets, now) for row in rows]


def _answer(
    row: CaseRow,
    held: Sequence[AccountRow],
    standing: Sequence[Standing],
    buckets: Buckets,
    now: datetime,
) -> CaseAnswer:
    owed = [each for each in held if _is_owed(each)]
    dpd = max((dpd_of(each, now) for each in owed), default=0)
    return CaseAnswer(
        id=row.id,
        lender=row.lender,
        person_id=row.person_id,
        debtor=str(_newest(held).debtor["name"]) if held else None,
        status=CaseStatus(row.status),
        stage=Stage(row.stage),
        resolution=row.resolution,
        close_reason=row.close_reason,
        dpd=dpd,
        bucket=buckets.of(dpd).name,
        owed=_owed(owed),
        external_ids=[each.external_id for each in held],
        flags=[
            FlagAnswer(kind=each.kind, since=each.since, until=each.until, reference=each.reference)
            for each in standing
        ],
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
    )


def _is_owed(row: AccountRow) -> bool:
    return still_owed(row.overdue, row.as_of, row.paid_at, row.recalled_at)


def _owed(owed: Sequence[AccountRow]) -> list[OwedAnswer]:
    sums: dict[str, tuple[int, int]] = {}
    for each in owed:
        balance, overdue = sums.get(each.currency, (0, 0))
        total = each.principal + each.interest + each.fees
        sums[each.currency] = (balance + total, overdue + each.overdue)
    return [
        OwedAnswer(
            currency=currency,
            balance=to_text(balance, currency),
            overdue=to_text(overdue, currency),
        )
        for currency, (balance, overdue) in sorted(sums.items())
    ]


def _account(row: AccountRow, buckets: Buckets, now: datetime) -> CaseAccountAnswer:
    dpd = dpd_of(row, now)
    return CaseAccountAnswer(
        id=row.id,
        external_id=row.external_id,
        as_of=row.as_of,
        product=row.product,
        currency=row.currency,
        balance=balance_of(row),
        overdue=to_text(row.overdue, row.currency),
        due_since=None if row.due_since is None else row.due_since.isoformat(),
        dpd=dpd,
        bucket=buckets.of(dpd).name,
        paid_at=row.paid_at,
        recalled_at=row.recalled_at,
    )


def _newest(held: Sequence[AccountRow]) -> AccountRow:
    return max(held, key=lambda account: account.as_of)


def _distinct(named: Iterable[T]) -> list[T]:
    """What several accounts name, once each."""
    found: list[T] = []
    for each in named:
        if each not in found:
            found.append(each)
    return found
