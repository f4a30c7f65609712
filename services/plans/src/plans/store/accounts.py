"""Accounts: find, lock and save them, many in one statement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, TextClause, Uuid, bindparam, text, tuple_
from sqlmodel import Session, col, select

from plans.domain.account import Account
from plans.domain.money import Money
from plans.store.rows import AccountRow


def ids_by_name(
    session: Session, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """The ids of those of ``names`` (lender, external id) that exist. Locks nothing."""
    if not names:
        return {}
    found = session.execute(
        select(AccountRow.lender, AccountRow.external_id, AccountRow.id).where(
            tuple_(col(AccountRow.lender), col(AccountRow.external_id)).in_(sorted(names))
        )
    )
    return {(lender, external_id): id_ for lender, external_id, id_ in found}


def lock(session: Session, ids: Collection[UUID]) -> dict[UUID, Account]:
    """Lock accounts until the transaction ends, in sorted order, and read them as they are then.

    Whatever the lock protects must be read by a later statement: at READ COMMITTED each statement
    sees what was committed before *it* began, and this one may have begun before it had to wait.
    """
    if not ids:
        return {}
    rows = session.execute(
        select(AccountRow)
        .where(col(AccountRow.id).in_(sorted(ids)))
        .order_by(col(AccountRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.id: _account(row) for row in rows}


def by_name(session: Session, lender: str, external_id: str) -> Account | None:
    """An account as its lender calls it. Locks nothing."""
    row = session.execute(
        select(AccountRow).where(AccountRow.lender == lender, AccountRow.external_id == external_id)
    ).scalar_one_or_none()
    return None if row is None else _account(row)


def lender_of_case(session: Session, case_id: UUID) -> str | None:
    """The lender whose accounts name this case."""
    return session.execute(
        select(AccountRow.lender).where(AccountRow.case_id == case_id).limit(1)
    ).scalar_one_or_none()


_COLUMNS: Final[dict[str, Any]] = {
    "id": Uuid(),
    "lender": Text(),
    "external_id": Text(),
    "case_id": Uuid(),
    "person_id": Uuid(),
    "currency": Text(),
    "balance_minor": BigInteger(),
    "as_of": DateTime(timezone=True),
}
_NAMES: Final = ", ".join(_COLUMNS)
_GIVEN: Final = ", ".join(f":{name}" for name in _COLUMNS)


def _of_arrays(sql: str) -> TextClause:
    """A statement that takes each column as one array: a thousand rows cost one round trip."""
    return text(sql).bindparams(
        *(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items())
    )


_INSERT: Final = _of_arrays(
    f"INSERT INTO account ({_NAMES}, updated_at)"
    f" SELECT {_NAMES}, :now FROM unnest({_GIVEN}) AS given ({_NAMES}) ORDER BY id"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_UPDATE: Final = _of_arrays(
    "UPDATE account SET updated_at = :now, "
    + ", ".join(f"{name} = given.{name}" for name in _COLUMNS if name != "id")
    + f" FROM unnest({_GIVEN}) AS given ({_NAMES}) WHERE account.id = given.id"
)


def add(session: Session, accounts: Sequence[Account], *, now: datetime) -> set[UUID]:
    """Insert accounts; returns the ids of those that did not exist. The others are not touched."""
    if not accounts:
        return set()
    return set(session.execute(_INSERT, _arrays(accounts) | {"now": now}).scalars())


def save(session: Session, accounts: Sequence[Account], *, now: datetime) -> None:
    """Overwrite accounts that this transaction has locked."""
    if accounts:
        session.execute(_UPDATE, _arrays(accounts) | {"now": now})


def _arrays(accounts: Iterable[Account]) -> dict[str, list[Any]]:
    rows = [
        (
            each.id,
            each.lender,
            each.external_id,
            each.case_id,
            each.person_id,
            each.balance.currency,
            each.balance.minor,
            each.as_of,
        )
        for each in accounts
    ]
    return dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))


# What payments did to balances that a new statement does not contain: those paid at its as_of or
# later (see plans.domain.account.Account.contains).
_MOVED_SINCE: Final = text(
    "SELECT p.account_id, sum(p.interest_minor - p.amount_minor)::bigint AS moved"
    " FROM unnest(:ids, :moments) AS stated (account_id, as_of)"
    " JOIN payment AS p ON p.account_id = stated.account_id AND p.paid_at >= stated.as_of"
    " GROUP BY p.account_id"
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("moments", type_=ARRAY(DateTime(timezone=True))),
)


def moved_since(session: Session, moments: Mapping[UUID, datetime]) -> dict[UUID, int]:
    """By account, what payments at its moment or later changed, in minor units (0: left out)."""
    if not moments:
        return {}
    found = session.execute(_MOVED_SINCE, {"ids": list(moments), "moments": list(moments.values())})
    return {row.account_id: row.moved for row in found}


_USED: Final = text(
    "SELECT asked.id FROM unnest(:ids) AS asked (id)"
    " WHERE EXISTS (SELECT FROM payment WHERE payment.account_id = asked.id)"
    " OR EXISTS (SELECT FROM plan WHERE plan.account_id = asked.id)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


def used(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Those accounts that have a payment or a plan: their currency can't change any more."""
    return set(session.execute(_USED, {"ids": list(ids)}).scalars()) if ids else set()


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        lender=row.lender,
        external_id=row.external_id,
        case_id=row.case_id,
        person_id=row.person_id,
        balance=Money(row.balance_minor, row.currency),
        as_of=row.as_of,
    )
