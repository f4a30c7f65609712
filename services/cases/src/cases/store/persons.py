"""Persons: recognised by their identity, and locked before anything about them is changed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from cases.store.recordset import document, recordset

# NO KEY UPDATE: locks out others who lock, and lets rows that refer to the person be written.
_LOCK: Final = text(
    "SELECT id FROM person WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE"
)
# In the order of identities, so that two pushes of the same strangers can't wait for each other.
_INSERT: Final = text(
    "INSERT INTO person (id, identity, numbered, created_at)"
    " SELECT id, identity, numbered, :now"
    f" FROM {recordset('id uuid, identity bytea, numbered boolean')}"
    " ORDER BY identity ON CONFLICT (identity) DO NOTHING"
)
_FIND: Final = text(
    f"SELECT person.id, identity FROM person JOIN {recordset('identity bytea')} USING (identity)"
)
_NAME: Final = text(
    "UPDATE person SET identity = :identity, numbered = true WHERE id = :id AND NOT numbered"
    " AND NOT EXISTS (SELECT FROM person WHERE identity = :identity) RETURNING id"
)


def lock(session: Session, ids: Collection[UUID]) -> None:
    """Lock persons until the transaction ends, in sorted order; ids without a row lock nothing.

    What a person's lock protects: their cases, visits, addresses and flags, of every lender.
    """
    if ids:
        session.execute(_LOCK, {"ids": sorted(set(ids))})


def recognise(
    session: Session, identities: Mapping[bytes, bool], now: datetime
) -> dict[bytes, UUID]:
    """The persons with these identities, made where they are new. Not locked.

    ``identities`` says of each whether it is that of an identity number.
    """
    if not identities:
        return {}
    found = _find(session, identities)
    missing = [identity for identity in identities if identity not in found]
    if missing:
        rows = document(
            {"id": new_id(), "identity": identity, "numbered": identities[identity]}
            for identity in missing
        )
        session.execute(_INSERT, {"rows": rows, "now": now})
        # Read back, not returned: others may have inserted some of them meanwhile.
        found |= _find(session, missing)
    return found


def _find(session: Session, identities: Iterable[bytes]) -> dict[bytes, UUID]:
    rows = document({"identity": identity} for identity in identities)
    return {bytes(row.identity): row.id for row in session.execute(_FIND, {"rows": rows})}


def name(session: Session, person_id: UUID, identity: bytes) -> bool:
    """Give a person known by one account only the identity of a number, locking them.

    So a number that comes later keeps the person, their case and their history of contact. False
    when they have a number already or somebody else has this one.
    """
    try:
        with session.begin_nested():
            named = session.execute(_NAME, {"id": person_id, "identity": identity}).first()
    except IntegrityError:
        # Somebody else got the number between our look and our write.
        return False
    return named is not None
