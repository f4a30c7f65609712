"""Saves and finds what is known of persons. Nothing here changes a row; ends are rows too."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Row, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Session

from contact_rules.domain import Fact
from contact_rules.domain.known import Known
from contact_rules.domain.question_data import consent_data, consent_of, fact_data, fact_of
from contact_rules.domain.told import Ended, Told
from contact_rules.store.tables import UUIDS

_STANDING: Final = text(
    "SELECT f.id, f.person_id, f.record, f.lender, f.debts, f.data, f.recorded_at,"
    " CAST(NULL AS timestamptz) AS ended_at FROM known_fact f WHERE f.person_id = ANY(:persons)"
    " AND NOT EXISTS (SELECT FROM known_fact_end e WHERE e.fact_id = f.id)"
    " AND NOT EXISTS (SELECT FROM known_fact_end e"
    " WHERE e.matter = f.matter AND e.occurred_at >= f.occurred_at)"
    " ORDER BY f.person_id, f.recorded_at, f.id"
).bindparams(bindparam("persons", type_=UUIDS))
_ONCE_HELD: Final = text(
    "SELECT f.id, f.person_id, f.record, f.lender, f.debts, f.data, f.recorded_at, e.ended_at"
    " FROM known_fact f CROSS JOIN LATERAL"
    " (SELECT min(e.occurred_at) AS ended_at, bool_or(e.in_error) AS in_error"
    " FROM known_fact_end e WHERE e.fact_id = f.id"
    " OR (e.matter = f.matter AND e.occurred_at >= f.occurred_at)) e"
    " WHERE f.person_id = ANY(:persons) AND e.in_error IS NOT TRUE"
    " ORDER BY f.person_id, f.recorded_at, f.id"
).bindparams(bindparam("persons", type_=UUIDS))
_ADD: Final = text(
    "INSERT INTO known_fact (id, person_id, record, kind, lender, debts, data, evidence, reference,"
    " matter, told_by, told_for, occurred_at, recorded_at)"
    " VALUES (:id, :person_id, :record, :kind, :lender, :debts, :data, :evidence, :reference,"
    " :matter, :told_by, :told_for, :occurred_at, :recorded_at)"
    " ON CONFLICT (reference) DO NOTHING RETURNING id"
).bindparams(
    bindparam("debts", type_=ARRAY(Text)),
    bindparam("data", type_=JSON),
    bindparam("evidence", type_=JSON),
)
_END: Final = text(
    "INSERT INTO known_fact_end (id, fact_id, matter, reason, in_error, told_by, occurred_at,"
    " recorded_at) VALUES (:id, :fact_id, :matter, :reason, :in_error, :told_by, :occurred_at,"
    " :recorded_at)"
    " ON CONFLICT DO NOTHING RETURNING id"
)
# Of several ends the first one counts, but before all others the one that says it never was so.
# Ends told after the moment asked about are not there yet.
_FOUND: Final = (
    "SELECT f.*, e.id AS end_id, e.reason AS end_reason, e.in_error AS end_in_error,"
    " e.told_by AS end_told_by,"
    " e.occurred_at AS ended_at, e.recorded_at AS end_recorded_at"
    " FROM known_fact f LEFT JOIN LATERAL"
    " (SELECT * FROM known_fact_end e WHERE (e.fact_id = f.id"
    " OR (e.matter = f.matter AND e.occurred_at >= f.occurred_at))"
    " AND (CAST(:as_of AS timestamptz) IS NULL OR e.recorded_at <= :as_of)"
    " ORDER BY e.in_error DESC, e.occurred_at, e.recorded_at LIMIT 1) e ON true"
)
_AT: Final = DateTime(timezone=True)
_ONE: Final = text(f"{_FOUND} WHERE f.id = :id").bindparams(bindparam("as_of", type_=_AT))
_OF_REFERENCE: Final = text(f"{_FOUND} WHERE f.reference = :reference").bindparams(
    bindparam("as_of", type_=_AT)
)
_PAGE: Final = text(
    f"{_FOUND} WHERE f.person_id = :person"
    " AND (CAST(:lender AS text) IS NULL OR f.lender IS NULL OR f.lender = :lender)"
    " AND (CAST(:as_of AS timestamptz) IS NULL OR f.recorded_at <= :as_of)"
    " AND (CAST(:standing AS boolean) IS NULL OR (e.occurred_at IS NULL) = :standing)"
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    " OR (f.recorded_at, f.id) > (:after_at, :after_id))"
    " ORDER BY f.recorded_at, f.id LIMIT :limit"
).bindparams(bindparam("as_of", type_=_AT), bindparam("after_at", type_=_AT))
_TOLD_OF: Final = text(
    f"{_FOUND} WHERE f.person_id = ANY(:persons) AND e.id IS NULL"
    " ORDER BY f.person_id, f.recorded_at, f.id"
).bindparams(bindparam("as_of", type_=_AT), bindparam("persons", type_=UUIDS))
_OWED_TO: Final = text(
    "SELECT id FROM account WHERE person_id = :person"
    " AND (CAST(:lender AS text) IS NULL OR lender = :lender)"
)
_ZONES: Final = text(
    "SELECT p.id, d.zone FROM unnest(:persons) AS p (id) CROSS JOIN LATERAL"
    " (SELECT d.facts->'place'->>'timezone' AS zone FROM ledger l"
    " JOIN decision d ON d.id = l.decision_id"
    " WHERE l.person_id = p.id ORDER BY l.seq DESC LIMIT 1) d"
).bindparams(bindparam("persons", type_=UUIDS))


@dataclass(frozen=True, slots=True)
class Kept:
    """What was told, and how it ended if it did."""

    told: Told
    ended: Ended | None


def standing(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[Known]]:
    """What stands about each person, the oldest first; one statement for all.

    To decide by it, hold the persons' locks from an earlier statement (`persons.lock`).
    """
    return _known(session, _STANDING, persons)


def once_held(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[Known]]:
    """What held about each person at any time, as is known now, the oldest first: what stands, and
    what has ended since with its end. What was told by mistake never held. One statement for all.
    """
    return _known(session, _ONCE_HELD, persons)


def told_of(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[Told]]:
    """What stands about each person as it was told, the oldest first; one statement for all."""
    found: dict[UUID, list[Told]] = {person: [] for person in persons}
    for row in session.execute(_TOLD_OF, {"persons": list(persons), "as_of": None}):
        found[row.person_id].append(_kept(row).told)
    return found


def add(session: Session, told: Told) -> bool:
    """Keep it, unless something with its reference is kept already; False then.

    Waits for whoever is writing that reference at this moment.
    """
    said = told.said
    fact = isinstance(said, Fact)
    row = {
        "id": told.id,
        "person_id": told.person_id,
        "record": "fact" if fact else "consent",
        "kind": said.kind if isinstance(said, Fact) else said.scope,
        "lender": told.lender,
        "debts": sorted(set(told.debts)),
        "data": fact_data(said) if isinstance(said, Fact) else consent_data(said),
        "evidence": [dict(each) for each in told.evidence],
        "reference": told.reference,
        "matter": told.matter,
        "told_by": told.told_by,
        "told_for": told.told_for,
        "occurred_at": told.occurred_at,
        "recorded_at": told.recorded_at,
    }
    return session.execute(_ADD, row).scalar_one_or_none() is not None


def end(session: Session, ended: Ended) -> bool:
    """Keep that end; False if that fact has one, or that of the matter is known."""
    row = {
        "id": ended.id,
        "fact_id": ended.fact_id,
        "matter": ended.matter,
        "reason": ended.reason,
        "in_error": ended.in_error,
        "told_by": ended.told_by,
        "occurred_at": ended.occurred_at,
        "recorded_at": ended.recorded_at,
    }
    return session.execute(_END, row).scalar_one_or_none() is not None


def find(session: Session, fact_id: UUID) -> Kept | None:
    """One fact or consent, with its end."""
    row = session.execute(_ONE, {"id": fact_id, "as_of": None}).one_or_none()
    return None if row is None else _kept(row)


def of_reference(session: Session, reference: str) -> Kept | None:
    """What was told under this reference."""
    row = session.execute(_OF_REFERENCE, {"reference": reference, "as_of": None}).one_or_none()
    return None if row is None else _kept(row)


def page(
    session: Session,
    person: UUID,
    *,
    lender: str | None,
    as_of: datetime | None,
    standing: bool | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Kept]:
    """At most ``limit`` records of a person, the oldest first.

    ``lender``: only its own and what holds whoever collects. ``as_of``: as it was known then.
    ``standing``: only those that have not ended, or only those that have.
    """
    after_at, after_id = after or (None, None)
    asked = {
        "person": person,
        "lender": lender,
        "as_of": as_of,
        "standing": standing,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    return [_kept(row) for row in session.execute(_PAGE, asked)]


def debts_of(session: Session, person: UUID, lender: str | None) -> set[UUID]:
    """The accounts of a person, with that lender if one is named."""
    return set(session.execute(_OWED_TO, {"person": person, "lender": lender}).scalars())


def zones(session: Session, persons: Collection[UUID]) -> dict[UUID, str | None]:
    """The time zone of the door each of these was last to be visited at, as far as one is known."""
    found: dict[UUID, str | None] = dict.fromkeys(persons)
    for row in session.execute(_ZONES, {"persons": list(persons)}):
        found[row.id] = row.zone
    return found


def _known(session: Session, query: TextClause, persons: Sequence[UUID]) -> dict[UUID, list[Known]]:
    found: dict[UUID, list[Known]] = {person: [] for person in persons}
    for row in session.execute(query, {"persons": list(persons)}):
        read = fact_of if row.record == "fact" else consent_of
        found[row.person_id].append(
            Known(
                id=row.id,
                said=read(row.data),
                lender=row.lender,
                debts=frozenset(row.debts),
                recorded_at=row.recorded_at,
                ended_at=row.ended_at,
            )
        )
    return found


def _kept(row: Row[Any]) -> Kept:
    read = fact_of if row.record == "fact" else consent_of
    told = Told(
        id=row.id,
        person_id=row.person_id,
        said=read(row.data),
        lender=row.lender,
        told_by=row.told_by,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        debts=tuple(row.debts),
        evidence=tuple(row.evidence),
        reference=row.reference,
        matter=row.matter,
        told_for=row.told_for,
    )
    if row.ended_at is None:
        return Kept(told, None)
    ended = Ended(
        id=row.end_id,
        reason=row.end_reason,
        told_by=row.end_told_by,
        occurred_at=row.ended_at,
        recorded_at=row.end_recorded_at,
        fact_id=row.id,
        matter=row.matter,
        in_error=row.end_in_error,
    )
    return Kept(told, ended)
