"""Reads and adds to the ledger. Nothing here changes a line, and the database would refuse it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text
from sqlmodel import Session

from contact_rules.domain import Channel, Direction, Outcome, PlaceKind, Purpose, Role
from contact_rules.domain.ledger import Entry, EntryKind, Line
from contact_rules.store.rows import Adding
from contact_rules.store.tables import LEDGER, UUIDS

_OF_PERSONS: Final = (
    select(LEDGER)
    .where(LEDGER.c.person_id == bindparam("persons", type_=UUIDS).any_())
    .order_by(LEDGER.c.person_id, LEDGER.c.seq)
)
_OF_CONTACTS: Final = (
    select(LEDGER)
    .where(LEDGER.c.contact_id == bindparam("contacts", type_=UUIDS).any_())
    .order_by(LEDGER.c.contact_id, LEDGER.c.seq)
)
_WITH_WHOM: Final = text(
    "SELECT DISTINCT person_id FROM ledger WHERE contact_id = ANY(:contacts)"
).bindparams(bindparam("contacts", type_=UUIDS))
_DETAILS: Final = text(
    "SELECT seq, details FROM ledger WHERE contact_id = ANY(:contacts) AND details IS NOT NULL"
).bindparams(bindparam("contacts", type_=UUIDS))
# Text of its own: of the columns that rules read, and the ids as text, which nobody has to parse.
_LINES: Final = text(
    "SELECT person_id::text, seq, contact_id::text, kind, lender, channel, direction, starts_at,"
    " ends_at, purpose, place, party_id, party_role, debts, collector, point, outcome"
    " FROM ledger WHERE person_id = ANY(:persons) ORDER BY person_id, seq"
).bindparams(bindparam("persons", type_=UUIDS))

_add: Final = Adding(
    LEDGER,
    (
        "id",
        "contact_id",
        "person_id",
        "kind",
        "lender",
        "channel",
        "direction",
        "starts_at",
        "ends_at",
        "purpose",
        "place",
        "party_id",
        "party_role",
        "debts",
        "collector",
        "point",
        "outcome",
        "reason",
        "decision_id",
        "occurred_at",
        "recorded_at",
        "external_id",
        "details",
    ),
)


def lines(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[Line]]:
    """What rules need of all entries of each person, in order; one statement for all.

    To decide by it, hold the persons' locks from an earlier statement (`persons.lock`).
    """
    found: dict[str, list[Line]] = {str(person): [] for person in persons}
    for row in session.execute(_LINES, {"persons": persons}).all():
        line = Line._make(row)
        found[line.person_id].append(line)
    return {UUID(person): of_person for person, of_person in found.items()}


def histories(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    """All entries of each person, in order; one statement for all."""
    found: dict[UUID, list[Entry]] = {person: [] for person in persons}
    for row in session.execute(_OF_PERSONS, {"persons": persons}):
        found[row.person_id].append(_entry(row))
    return found


def of_contacts(session: Session, contacts: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    """All entries about each of these contacts, in order; without those nobody told of."""
    found: dict[UUID, list[Entry]] = {}
    for row in session.execute(_OF_CONTACTS, {"contacts": list(contacts)}).all():
        found.setdefault(row.contact_id, []).append(_entry(row))
    return found


def with_whom(session: Session, contacts: Sequence[UUID]) -> set[UUID]:
    """The persons in whose ledgers these contacts are."""
    return set(session.execute(_WITH_WHOM, {"contacts": list(contacts)}).scalars())


def details(session: Session, contacts: Sequence[UUID]) -> dict[int, dict[str, Any]]:
    """The details of all entries about these contacts that have any, by ``seq``."""
    rows = session.execute(_DETAILS, {"contacts": list(contacts)}).all()
    return {row.seq: row.details for row in rows}


def add(session: Session, entries: Sequence[Entry]) -> None:
    """Write ``entries`` in order, in one statement. The caller holds their persons' locks."""
    if entries:
        _add(session, map(_values, entries))


def page(
    session: Session,
    person: UUID,
    *,
    lender: str | None,
    after: int,
    limit: int | None,
    as_of: datetime | None = None,
) -> list[Entry]:
    """At most ``limit`` entries behind ``seq`` ``after``, oldest first; ``lender``'s if given.

    ``as_of``: only what was known then.
    """
    query = select(LEDGER).where(LEDGER.c.person_id == person, LEDGER.c.seq > after)
    if lender is not None:
        query = query.where(LEDGER.c.lender == lender)
    if as_of is not None:
        query = query.where(LEDGER.c.recorded_at <= as_of)
    return [_entry(row) for row in session.execute(query.order_by(LEDGER.c.seq).limit(limit))]


def _values(entry: Entry) -> list[Any]:
    return [
        entry.id,
        entry.contact_id,
        entry.person_id,
        entry.kind,
        entry.lender,
        entry.channel,
        entry.direction,
        entry.starts_at,
        entry.ends_at,
        entry.purpose,
        entry.place,
        entry.party_id,
        entry.party_role,
        list(entry.debts),
        entry.collector,
        entry.point,
        entry.outcome,
        entry.reason,
        entry.decision_id,
        entry.occurred_at,
        entry.recorded_at,
        entry.external_id,
        entry.details,
    ]


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        seq=row.seq,
        id=row.id,
        contact_id=row.contact_id,
        person_id=row.person_id,
        kind=EntryKind(row.kind),
        lender=row.lender,
        channel=None if row.channel is None else Channel(row.channel),
        direction=None if row.direction is None else Direction(row.direction),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        purpose=None if row.purpose is None else Purpose(row.purpose),
        place=None if row.place is None else PlaceKind(row.place),
        party_id=row.party_id,
        party_role=None if row.party_role is None else Role(row.party_role),
        debts=tuple(row.debts),
        collector=row.collector,
        point=row.point,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        reason=row.reason,
        decision_id=row.decision_id,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        external_id=row.external_id,
        details=row.details,
    )
