"""Whose account is whose: diallers know a lender's numbers, not our ids."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text
from sqlmodel import Session

from contact_rules.domain.moved_account import Moved
from contact_rules.store.tables import UUIDS


@dataclass(frozen=True, slots=True)
class Account:
    """An account as cases announced it, as of a moment."""

    id: UUID
    lender: str
    external_id: str
    person_id: UUID
    as_of: datetime


class ChangedMeanwhile(Exception):
    """Somebody else told of the same new account at the same moment. Tell it again."""


_TEXTS: Final = ARRAY(Text)
# In the order of ids, so that two batches wait for each other in no circle.
_LOCK: Final = text(
    "SELECT id, person_id FROM account WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
).bindparams(bindparam("ids", type_=UUIDS))
# What was known comes of the statement's own snapshot, from before it writes. A row that is neither
# there nor inserted here was inserted by another while this waited.
_KEEP: Final = text(
    "WITH told AS (SELECT * FROM unnest(:ids, :lenders, :external_ids, :persons, :as_of)"
    " AS t (id, lender, external_id, person_id, as_of)),"
    " kept AS (INSERT INTO account (id, lender, external_id, person_id, as_of)"
    " SELECT * FROM told ORDER BY id"
    " ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id, as_of = excluded.as_of"
    " WHERE account.as_of <= excluded.as_of"
    " AND (account.person_id, account.as_of) <> (excluded.person_id, excluded.as_of)"
    " RETURNING id, xmax = 0 AS inserted)"
    " SELECT told.id, known.person_id AS former,"
    " CASE WHEN known.as_of > told.as_of THEN known.person_id ELSE told.person_id END AS present,"
    " known.id IS NULL AND kept.inserted IS DISTINCT FROM true AS changed_meanwhile"
    " FROM told LEFT JOIN account known ON known.id = told.id LEFT JOIN kept ON kept.id = told.id"
    " WHERE known.id IS NULL AND kept.inserted IS DISTINCT FROM true"
    " OR known.person_id <> told.person_id OR told.id = ANY(:disputed)"
).bindparams(
    bindparam("ids", type_=UUIDS),
    bindparam("lenders", type_=_TEXTS),
    bindparam("external_ids", type_=_TEXTS),
    bindparam("persons", type_=UUIDS),
    bindparam("as_of", type_=ARRAY(DateTime(timezone=True))),
    bindparam("disputed", type_=UUIDS),
)
# Debts are named by their accounts' ids; what else somebody may have told is no account.
_MOVED_SINCE: Final = text(
    "SELECT DISTINCT a.id, a.lender, l.person_id AS former, a.person_id AS present"
    " FROM ledger l CROSS JOIN unnest(l.debts) AS d (debt)"
    " JOIN account a ON a.id = CASE WHEN d.debt ~"
    " '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN CAST(d.debt AS uuid) END"
    " WHERE l.contact_id = ANY(:contacts) AND a.person_id <> l.person_id ORDER BY a.id"
).bindparams(bindparam("contacts", type_=UUIDS))
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


def lock(session: Session, told: Collection[tuple[UUID, UUID]]) -> set[UUID]:
    """Hold the accounts of these (account, person) that are known, until the transaction ends; the
    persons between whom any of them moves. One statement."""
    whose: dict[UUID, set[UUID]] = {}
    for account_id, person_id in told:
        whose.setdefault(account_id, set()).add(person_id)
    for row in session.execute(_LOCK, {"ids": list(whose)}):
        whose[row.id].add(row.person_id)
    return {person for persons in whose.values() if len(persons) > 1 for person in persons}


def keep(session: Session, accounts: Sequence[Account]) -> list[Moved]:
    """Remember these; of two of one account the one with the later ``as_of`` stays, of two as of
    the same moment the one that came later. One statement.

    Returns which of them were ever said to be of another person than they are now, by what was
    known or by any of these, also where that comes late. Raises `ChangedMeanwhile` in a rare race;
    the caller's transaction must then be given up.
    """
    newest: dict[UUID, Account] = {}
    whose: dict[UUID, dict[UUID, None]] = {}
    for account in accounts:
        known = newest.get(account.id)
        if known is None or known.as_of <= account.as_of:
            newest[account.id] = account
        whose.setdefault(account.id, {})[account.person_id] = None
    if not newest:
        return []
    kept = list(newest.values())
    rows = session.execute(
        _KEEP,
        {
            "ids": [each.id for each in kept],
            "lenders": [each.lender for each in kept],
            "external_ids": [each.external_id for each in kept],
            "persons": [each.person_id for each in kept],
            "as_of": [each.as_of for each in kept],
            "disputed": [each for each, persons in whose.items() if len(persons) > 1],
        },
    ).all()
    moved = []
    for row in sorted(rows, key=lambda each: each.id.int):
        if row.changed_meanwhile:
            raise ChangedMeanwhile
        formers = whose[row.id] if row.former is None else whose[row.id] | {row.former: None}
        moved += [
            Moved(row.id, newest[row.id].lender, former, row.present)
            for former in formers
            if former != row.present
        ]
    return moved


def moved_since(session: Session, contacts: Collection[UUID]) -> list[Moved]:
    """The accounts that these contacts were about, as far as they are by now another's than the
    person's in whose ledger the contacts are. One statement."""
    if not contacts:
        return []
    rows = session.execute(_MOVED_SINCE, {"contacts": list(contacts)})
    return [Moved(row.id, row.lender, row.former, row.present) for row in rows]


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
