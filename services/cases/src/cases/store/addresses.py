"""Addresses: one row for each place of a person that a lender has told of, kept for good.

Which of them a lender still lists is in ``account.address_ids``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import text
from sqlmodel import Session, col, select

from cases.domain.place import Address, PlaceKind
from cases.store.recordset import document, recordset
from cases.store.tables import AddressRow

_FIND: Final = text(
    "SELECT id, person_id, fingerprint, kind, text, country, region, city, latitude, longitude,"
    " timezone"
    " FROM address WHERE lender = :lender AND person_id = ANY(CAST(:person_ids AS uuid[]))"
)
_TYPES: Final = {
    "id": "uuid",
    "person_id": "uuid",
    "fingerprint": "bytea",
    "kind": "text",
    "text": "text",
    "country": "text",
    "region": "text",
    "city": "text",
    "latitude": "float8",
    "longitude": "float8",
    "timezone": "text",
}
_NAMES: Final = ", ".join(_TYPES)
_FROM: Final = f"FROM {recordset(', '.join(f'{name} {kind}' for name, kind in _TYPES.items()))}"
_INSERT: Final = text(
    f"INSERT INTO address (lender, created_at, updated_at, {_NAMES})"
    f" SELECT :lender, :now, :now, {_NAMES} {_FROM}"
)
_SET: Final = ", ".join(
    f"{name} = new.{name}" for name in _TYPES if name not in {"id", "person_id", "fingerprint"}
)
_UPDATE: Final = text(
    f"UPDATE address SET updated_at = :now, {_SET} {_FROM} WHERE address.id = new.id"
)

Key = tuple[UUID, bytes]
"""A person and the fingerprint of an address."""


def keep(
    session: Session, lender: str, stated: Mapping[Key, Address], now: datetime
) -> dict[Key, UUID]:
    """The ids of stated addresses of locked persons; new ones are added, changed ones updated."""
    if not stated:
        return {}
    person_ids = sorted({person_id for person_id, _ in stated})
    ids: dict[Key, UUID] = {}
    kept: dict[Key, Address] = {}
    for row in session.execute(_FIND, {"lender": lender, "person_ids": person_ids}):
        key = (row.person_id, bytes(row.fingerprint))
        ids[key] = row.id
        kept[key] = address_of(row)
    new = [key for key in stated if key not in ids]
    changed = [key for key in stated if key in ids and kept[key] != stated[key]]
    ids |= {key: new_id() for key in new}
    for statement, keys in ((_INSERT, new), (_UPDATE, changed)):
        if keys:
            rows = document(_row(ids[key], key, stated[key]) for key in keys)
            session.execute(statement, {"rows": rows, "lender": lender, "now": now})
    return {key: ids[key] for key in stated}


def _row(address_id: UUID, key: Key, address: Address) -> dict[str, Any]:
    person_id, fingerprint = key
    return {
        "id": address_id,
        "person_id": person_id,
        "fingerprint": fingerprint,
        "kind": address.kind.value,
        "text": address.text,
        "country": address.country,
        "region": address.region,
        "city": address.city,
        "latitude": address.latitude,
        "longitude": address.longitude,
        "timezone": address.timezone,
    }


def address_of(row: Any) -> Address:
    """The address in a row."""
    return Address(
        kind=PlaceKind(row.kind),
        text=row.text,
        country=row.country,
        region=row.region,
        city=row.city,
        latitude=row.latitude,
        longitude=row.longitude,
        timezone=row.timezone,
    )


def load(session: Session, ids: Collection[UUID]) -> dict[UUID, AddressRow]:
    """The addresses with these ids."""
    if not ids:
        return {}
    rows = session.exec(select(AddressRow).where(col(AddressRow.id).in_(ids)))
    return {row.id: row for row in rows}
