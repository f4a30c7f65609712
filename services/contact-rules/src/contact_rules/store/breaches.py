"""Saves and finds breaches: rules that contacts which took place turned out to break."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text, tuple_
from sqlmodel import Session

from contact_rules.domain.breaches import Cause
from contact_rules.store.rows import Adding
from contact_rules.store.tables import BREACH, UUIDS


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule broken by one contact: what was found, by what was known at ``found_at``.

    ``trace`` is the check as in events, ``facts`` the question in the shape of ``POST /v1/checks``
    without its history (the person's ledger up to ``ledger_seq``, as far as it tells of what took
    place before), with the ``outcome`` of the contact where that is known.
    """

    id: UUID
    contact_id: UUID
    person_id: UUID
    lender: str
    rule: str
    pack: str
    cause: Cause
    starts_at: datetime
    channel: str
    trace: Mapping[str, Any]
    facts: Mapping[str, Any]
    ledger_seq: int
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which breaches a list is limited to; None = any. ``from_`` and ``to`` are of when found."""

    lender: str | None = None
    person_id: UUID | None = None
    contact_id: UUID | None = None
    rule: str | None = None
    cause: str | None = None
    from_: datetime | None = None
    to: datetime | None = None


_COLUMNS: Final = (
    "id",
    "contact_id",
    "person_id",
    "lender",
    "rule",
    "pack",
    "cause",
    "starts_at",
    "channel",
    "trace",
    "facts",
    "ledger_seq",
    "found_at",
)
_add: Final = Adding(BREACH, _COLUMNS)
_KNOWN: Final = text(
    "SELECT contact_id, rule FROM breach WHERE contact_id = ANY(:contacts)"
).bindparams(bindparam("contacts", type_=UUIDS))
# Of the ledger's latest line with a decision: no index over all decisions is needed for it.
_LATEST_QUESTIONS: Final = text(
    "SELECT DISTINCT ON (l.person_id) l.person_id, d.facts"
    " FROM ledger l JOIN decision d ON d.id = l.decision_id"
    " WHERE l.person_id = ANY(:persons) ORDER BY l.person_id, l.seq DESC"
).bindparams(bindparam("persons", type_=UUIDS))


def add(session: Session, breaches: Sequence[Breach]) -> None:
    """Save these in one statement. The caller holds their persons' locks and left out the known."""
    if breaches:
        _add(session, ([getattr(each, name) for name in _COLUMNS] for each in breaches))


def known(session: Session, contacts: Sequence[UUID]) -> set[tuple[UUID, str]]:
    """Which rules each of these contacts is known to have broken."""
    return {
        (row.contact_id, row.rule) for row in session.execute(_KNOWN, {"contacts": list(contacts)})
    }


def latest_questions(session: Session, persons: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The question behind the latest place that each person's ledger ever held for a visit.

    It is where one learns where somebody lives. Nobody visited: left out.
    """
    rows = session.execute(_LATEST_QUESTIONS, {"persons": list(persons)})
    return {row.person_id: row.facts for row in rows}


def find(session: Session, breach_id: UUID, *, lender: str | None) -> Breach | None:
    """One breach; None if there is no such one, or not of ``lender`` where that is given."""
    query = select(BREACH).where(BREACH.c.id == breach_id)
    if lender is not None:
        query = query.where(BREACH.c.lender == lender)
    row = session.execute(query).one_or_none()
    return None if row is None else _breach(row)


def newest(
    session: Session, wanted: Wanted, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Breach]:
    """At most ``limit`` breaches, the last found first; those behind ``before``, if it is given."""
    columns = BREACH.c
    query = select(BREACH)
    for column, value in (
        (columns.lender, wanted.lender),
        (columns.person_id, wanted.person_id),
        (columns.contact_id, wanted.contact_id),
        (columns.rule, wanted.rule),
        (columns.cause, wanted.cause),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.from_ is not None:
        query = query.where(columns.found_at >= wanted.from_)
    if wanted.to is not None:
        query = query.where(columns.found_at <= wanted.to)
    if before is not None:
        query = query.where(tuple_(columns.found_at, columns.id) < before)
    query = query.order_by(columns.found_at.desc(), columns.id.desc()).limit(limit)
    return [_breach(row) for row in session.execute(query)]


def _breach(row: Row[Any]) -> Breach:
    return Breach(**row._asdict())
