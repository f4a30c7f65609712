"""Whose account is whose: diallers know a lender's numbers, not our ids."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text
from sqlmodel import Session

from contact_rules.store.tables import UUIDS


@dataclass(frozen=True, slots=True)
class Account:
    """An account as cases announced it, as of a moment."""

    id: UUID
    lender: str
    external_id: str
    person_id: UUID
    as_of: datetime


_TEXTS: Final = ARRAY(Text)
# In the order of ids, so that two batches wait for each other in no circle.
_KEEP: Final = text(
    "INSERT INTO account (id, lender, external_id, person_id, as_of)"
    " SELECT * FROM unnest(:ids, :lenders, :external_ids, :persons, :as_of) AS t (id) ORDER BY id"
    " ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id, as_of = excluded.as_of"
    " WHERE account.as_of <= excluded.as_of"
    " AND (account.person_id, account.as_of) <> (excluded.person_id, excluded.as_of)"
).bindparams(
    bindparam("ids", type_=UUIDS),
    bindparam("lenders", type_=_TEXTS),
    bindparam("external_ids", type_=_TEXTS),
    bindparam("persons", type_=UUIDS),
    bindparam("as_of", type_=ARRAY(DateTime(timezone=True))),
)
_NAMED: Final = text(
    "SELECT a.lender, a.external_id, a.id, a.person_id, a.as_of"
    " FROM unnest(:lenders, :external_ids) AS asked (lender, external_id)"
    " JOIN account a ON a.lender = asked.lender AND a.external_id = asked.external_id"
).bindparams(bindparam("lenders", type_=_TEXTS), bindparam("external_ids", type_=_TEXTS))
_DEBTORS: Final = text(
    "SELECT DISTINCT person_id, lender FROM account WHERE person_id = ANY(:persons)"
).bindparams(bindparam("persons", type_=UUIDS))
_KNOWN: Final = text("SELECT id FROM person WHERE id = ANY(:persons)").bindparams(
    bindparam("persons", type_=UUIDS)
)


def keep(session: Session, accounts: Sequence[Account]) -> None:
    """Remember these; of two of one account the one with the later ``as_of`` stays, of two as of
    the same moment the one that came later."""
    newest: dict[UUID, Account] = {}
    for account in accounts:
        known = newest.get(account.id)
        if known is None or known.as_of <= account.as_of:
            newest[account.id] = account
    if newest:
        kept = list(newest.values())
        session.execute(
            _KEEP,
            {
                "ids": [each.id for each in kept],
                "lenders": [each.lender for each in kept],
                "external_ids": [each.external_id for each in kept],
                "persons": [each.person_id for each in kept],
                "as_of": [each.as_of for each in kept],
            },
        )


def named(session: Session, asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], Account]:
    """The accounts of these lenders with these ids of theirs; those nobody pushed are left out."""
    if not asked:
        return {}
    lenders, external_ids = zip(*asked, strict=True)
    rows = session.execute(
        _NAMED, {"lenders": list(lenders), "external_ids": list(external_ids)}
    ).all()
    return {
        (row.lender, row.external_id): Account(
            row.id, row.lender, row.external_id, row.person_id, row.as_of
        )
        for row in rows
    }


def debtors(session: Session, persons: Collection[UUID]) -> set[tuple[UUID, str]]:
    """Which of these persons have an account of which lender."""
    if not persons:
        return set()
    rows = session.execute(_DEBTORS, {"persons": list(persons)})
    return {(row.person_id, row.lender) for row in rows}


def known(session: Session, persons: Collection[UUID]) -> set[UUID]:
    """Those of them that anything was ever decided or told about."""
    if not persons:
        return set()
    return set(session.execute(_KNOWN, {"persons": list(persons)}).scalars())
