"""Accounts: found by their lender's ids, written many at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from cases.domain.account import Account
from cases.store import documents
from cases.store.recordset import document, recordset
from cases.store.tables import AccountRow


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an account, as far as a new statement of it asks."""

    id: UUID
    external_id: str
    person_id: UUID
    numbered: bool
    case_id: UUID | None
    as_of: datetime
    paid_at: datetime | None
    recalled_at: datetime | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """An account as it is to be stored; ``document`` is `documents.stated` of it."""

    id: UUID
    external_id: str
    account: Account
    document: str
    person_id: UUID
    case_id: UUID | None
    related_ids: Sequence[UUID]
    address_ids: Sequence[UUID]
    content: bytes


_KNOWN: Final = (
    "SELECT a.id, a.external_id, a.person_id, p.numbered, a.case_id, a.as_of, a.paid_at,"
    " a.recalled_at, a.content"
    f" FROM account a JOIN {recordset('external_id text')} USING (external_id)"
    " JOIN person p ON p.id = a.person_id WHERE a.lender = :lender"
)
_FIND: Final = text(_KNOWN)
# In the order of external ids, so that two pushes can't wait for each other.
_LOCK: Final = text(f"{_KNOWN} ORDER BY a.external_id FOR UPDATE OF a")

_COLUMNS: Final = {
    "id": "uuid",
    "external_id": "text",
    "person_id": "uuid",
    "case_id": "uuid",
    "related_ids": "uuid[]",
    "address_ids": "uuid[]",
    "content": "bytea",
    # These are `documents.stated`.
    "as_of": "timestamptz",
    "product": "text",
    "currency": "text",
    "principal": "bigint",
    "interest": "bigint",
    "fees": "bigint",
    "overdue": "bigint",
    "due_since": "date",
    "annual_rate": "numeric",
    "opened_on": "date",
    "calendar": "text",
    "debtor": "jsonb",
    "contacts": "jsonb",
    "related": "jsonb",
    "history": "jsonb",
    "extra": "jsonb",
}
_FROM: Final = f"FROM {recordset(', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items()))}"
_NAMES: Final = ", ".join(_COLUMNS)

_INSERT: Final = text(
    f"INSERT INTO account (lender, received_at, updated_at, {_NAMES})"
    f" SELECT :lender, :now, :now, {_NAMES} {_FROM} ORDER BY external_id"
    " ON CONFLICT (lender, external_id) DO NOTHING RETURNING external_id"
)
_SET: Final = ", ".join(f"{name} = new.{name}" for name in _COLUMNS if name != "id")
_UPDATE: Final = text(
    f"UPDATE account SET updated_at = :now, {_SET} {_FROM} WHERE account.id = new.id"
)


def find(
    session: Session, lender: str, external_ids: Collection[str], *, lock: bool = False
) -> dict[str, Known]:
    """What is known of these accounts, by external id; locked for the transaction if asked."""
    rows = session.execute(
        _LOCK if lock else _FIND,
        {"lender": lender, "rows": document({"external_id": each} for each in external_ids)},
    )
    return {
        row.external_id: Known(
            id=row.id,
            external_id=row.external_id,
            person_id=row.person_id,
            numbered=row.numbered,
            case_id=row.case_id,
            as_of=row.as_of,
            paid_at=row.paid_at,
            recalled_at=row.recalled_at,
            content=bytes(row.content),
        )
        for row in rows
    }


def insert(session: Session, lender: str, lines: Sequence[Line], now: datetime) -> int:
    """Store new accounts; returns how many were, fewer than given if others came first."""
    if not lines:
        return 0
    rows = session.execute(_INSERT, {"rows": _rows(lines), "lender": lender, "now": now})
    return len(rows.all())


def update(session: Session, lines: Sequence[Line], now: datetime) -> None:
    """Replace what is stored of locked accounts; ``paid_at`` and ``recalled_at`` stay."""
    if lines:
        session.execute(_UPDATE, {"rows": _rows(lines), "now": now})


def _rows(lines: Sequence[Line]) -> str:
    # Put together as text: what an account states was written as JSON once, to be compared.
    rows = ",".join(
        documents.completed(
            line.document,
            id=line.id,
            external_id=line.external_id,
            person_id=line.person_id,
            case_id=line.case_id,
            related_ids=line.related_ids,
            address_ids=line.address_ids,
            content=line.content,
        )
        for line in lines
    )
    return f"[{rows}]"


_OWNERS: Final = text(
    "SELECT a.id, a.lender, a.external_id, a.person_id, a.case_id FROM account a"
    f" JOIN {recordset('lender text, external_id text')} USING (lender, external_id)"
)


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose an account is, and in which case."""

    id: UUID
    person_id: UUID
    case_id: UUID | None


def owners(session: Session, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], Owned]:
    """Whose accounts are, by (lender, external id); unknown ones are left out."""
    if not named:
        return {}
    rows = document({"lender": lender, "external_id": external_id} for lender, external_id in named)
    return {
        (row.lender, row.external_id): Owned(row.id, row.person_id, row.case_id)
        for row in session.execute(_OWNERS, {"rows": rows})
    }


_PAID: Final = text(
    "UPDATE account SET paid_at = new.paid_at, updated_at = :now"
    f" FROM {recordset('id uuid, paid_at timestamptz')}"
    " WHERE account.id = new.id AND (account.paid_at IS NULL OR account.paid_at < new.paid_at)"
)


def mark_paid(session: Session, paid: Sequence[tuple[UUID, datetime]], now: datetime) -> None:
    """Note when accounts (by our id) were paid; an earlier time never replaces a later one."""
    if paid:
        rows = document({"id": account_id, "paid_at": at} for account_id, at in paid)
        session.execute(_PAID, {"rows": rows, "now": now})


_RECALL: Final = text(
    "UPDATE account SET recalled_at = :now, recall_reason = :reason, updated_at = :now"
    " WHERE id = :id"
)
_RETURN: Final = text(
    "UPDATE account SET recalled_at = NULL, recall_reason = NULL"
    " WHERE id = ANY(CAST(:ids AS uuid[]))"
)


def recall(session: Session, account_id: UUID, reason: str, now: datetime) -> None:
    """The lender took this account of a locked person back."""
    session.execute(_RECALL, {"id": account_id, "reason": reason, "now": now})


def bring_back(session: Session, account_ids: Collection[UUID]) -> None:
    """These accounts are recalled no longer."""
    if account_ids:
        session.execute(_RETURN, {"ids": list(account_ids)})


def get(session: Session, lender: str, external_id: str) -> AccountRow | None:
    """One account of a lender, as it is stored now."""
    return session.exec(
        select(AccountRow).where(
            AccountRow.lender == lender, AccountRow.external_id == external_id
        ),
        execution_options={"populate_existing": True},
    ).one_or_none()


def of_cases(session: Session, case_ids: Collection[UUID]) -> dict[UUID, list[AccountRow]]:
    """The accounts of cases, by case, in the order of their external ids."""
    found: dict[UUID, list[AccountRow]] = {case_id: [] for case_id in case_ids}
    rows = session.exec(
        select(AccountRow)
        .where(col(AccountRow.case_id).in_(found))
        .order_by(col(AccountRow.external_id))
    )
    for row in rows:
        assert row.case_id is not None
        found[row.case_id].append(row)
    return found
