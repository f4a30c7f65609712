"""Cases as they are listed: filtered, sorted, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, text, tuple_
from sqlmodel import Session, col, select

from cases.domain.account import Bucket
from cases.store.cases import OWED
from cases.store.flags import RAISED
from cases.store.tables import AccountRow, CaseRow, VisitRow, VisitTeamRow

# The oldest debt of a case decides its bucket; what is not owed any more is in none.
_IN_BUCKET: Final = text(
    "debt_case.id IN (SELECT a.case_id FROM account a"
    " JOIN unnest(CAST(:calendars AS text[]), CAST(:days AS date[])) AS here (calendar, day)"
    f" USING (calendar) WHERE a.case_id IS NOT NULL AND {OWED}"
    " GROUP BY a.case_id HAVING max(here.day - a.due_since) BETWEEN :first AND :last)"
)
_NOT_LATE: Final = text(
    f"NOT EXISTS (SELECT FROM account a WHERE a.case_id = debt_case.id AND {OWED})"
)
_FLAGGED: Final = text(
    f"debt_case.id IN (SELECT case_id FROM ({RAISED}) AS flag WHERE kind = :flag)"
)
_ENDLESS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases are wanted; None = any. ``today`` says the date in every time zone, ``now`` which
    flags stand: needed where a bucket or a flag is wanted."""

    lender: str | None = None
    external_id: str | None = None
    status: str | None = None
    stage: str | None = None
    bucket: Bucket | None = None
    flag: str | None = None
    agent: UUID | None = None
    words: str | None = None
    today: Mapping[str, date] | None = None
    now: datetime | None = None


def find(
    session: Session,
    wanted: Wanted,
    *,
    sort: str,
    descending: bool,
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[CaseRow]:
    """The cases wanted, sorted by the column ``sort`` and their ids."""
    keys = (getattr(CaseRow, sort), col(CaseRow.id))
    query = select(CaseRow).where(*_conditions(wanted)).limit(limit)
    query = query.order_by(*(key.desc() if descending else key.asc() for key in keys))
    if after is not None:
        here = tuple_(*keys)
        query = query.where(here < tuple_(*after) if descending else here > tuple_(*after))
    return session.exec(query).all()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[Any] = []
    if wanted.lender is not None:
        conditions.append(CaseRow.lender == wanted.lender)
    if wanted.status is not None:
        conditions.append(CaseRow.status == wanted.status)
    if wanted.stage is not None:
        conditions.append(CaseRow.stage == wanted.stage)
    if wanted.external_id is not None:
        conditions.append(_has_account(AccountRow.external_id == wanted.external_id))
    if wanted.words is not None:
        # Taken as it is: % and _ of a name are no wildcards.
        conditions.append(
            _has_account(
                or_(
                    col(AccountRow.external_id).icontains(wanted.words, autoescape=True),
                    col(AccountRow.debtor)["name"].astext.icontains(wanted.words, autoescape=True),
                )
            )
        )
    if wanted.flag is not None:
        conditions.append(_FLAGGED.bindparams(flag=wanted.flag, now=wanted.now))
    if wanted.agent is not None:
        conditions.append(
            exists().where(
                col(VisitRow.case_id) == CaseRow.id,
                col(VisitTeamRow.visit_id) == VisitRow.id,
                col(VisitTeamRow.agent_id) == wanted.agent,
            )
        )
    if wanted.bucket is not None:
        conditions.append(_in_bucket(wanted.bucket, wanted.today or {}))
    return conditions


def _has_account(condition: Any) -> Any:
    return exists().where(col(AccountRow.case_id) == CaseRow.id, condition)


def _in_bucket(bucket: Bucket, today: Mapping[str, date]) -> Any:
    late = _IN_BUCKET.bindparams(
        calendars=list(today),
        days=list(today.values()),
        first=bucket.first,
        last=_ENDLESS if bucket.last is None else bucket.last,
    )
    return or_(late, _NOT_LATE) if bucket.first == 0 else late
