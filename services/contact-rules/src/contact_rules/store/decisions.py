"""Saves and finds decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, func, or_, select
from sqlmodel import Session

from contact_rules.domain import Verdict
from contact_rules.domain.ledger import EntryKind
from contact_rules.store.rows import Adding
from contact_rules.store.tables import DECISION, LEDGER, UUIDS


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision as it is kept: evidence, so all of it is as it was said at the time.

    ``facts`` is the question in the shape of ``POST /v1/checks`` without its history: that was
    the person's ledger up to and including ``ledger_seq``. ``checks`` (all of them, with their
    law unless the verdict is a yes), ``obligations`` and ``next_lawful`` are as in the events.
    ``engine`` is the version that computed it, ``library`` the digest of all packs there were.
    ``history`` is the digest of the ledger's lines it rested on (`domain.statement`).
    ``request_id`` is None for the visit's first request. ``overridden`` are the rules that two
    people have settled in ``review_id``. ``signature`` (by ``key_id``) is over all of it.
    """

    id: UUID
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    verdict: Verdict
    engine: str
    packs: Sequence[str]
    facts: dict[str, Any]
    ledger_seq: int
    checks: Sequence[Any]
    obligations: Sequence[Any]
    must_end_by: datetime | None
    next_lawful: Sequence[Any]
    decided_at: datetime
    request_id: UUID | None = None
    requested_by: str | None = None
    library: str | None = None
    overridden: Sequence[str] = ()
    review_id: UUID | None = None
    key_id: str | None = None
    signature: str | None = None
    history: str | None = None

    @property
    def request(self) -> UUID:
        """Which request it answers: the visit's first one is named as the visit itself."""
        return self.request_id or self.visit_id


_add: Final = Adding(
    DECISION,
    (
        "id",
        "visit_id",
        "case_id",
        "person_id",
        "lender",
        "verdict",
        "engine",
        "packs",
        "facts",
        "ledger_seq",
        "checks",
        "obligations",
        "must_end_by",
        "next_lawful",
        "decided_at",
        "request_id",
        "requested_by",
        "library",
        "overridden",
        "review_id",
        "key_id",
        "signature",
        "history",
    ),
)
# What people decided about a visit takes the place of what the rules left to them. Requests to
# move it, and what was told of it later, have decisions of their own.
_OF_VISITS: Final = (
    select(DECISION)
    .where(
        DECISION.c.visit_id == bindparam("visits", type_=UUIDS).any_(),
        or_(DECISION.c.request_id.is_(None), DECISION.c.review_id.is_not(None)),
    )
    .order_by(DECISION.c.review_id.is_not(None), DECISION.c.decided_at, DECISION.c.id)
)
_OF_REQUESTS: Final = select(DECISION).where(
    func.coalesce(DECISION.c.request_id, DECISION.c.visit_id)
    == bindparam("requests", type_=UUIDS).any_()
)
_CASES_OF: Final = select(DECISION.c.id, DECISION.c.case_id).where(
    DECISION.c.id == bindparam("ids", type_=UUIDS).any_()
)
# By the order of the ledger, which is written under the person's lock: clocks may differ.
_BEHIND: Final = (
    select(DECISION)
    .join(LEDGER, LEDGER.c.decision_id == DECISION.c.id)
    .where(
        LEDGER.c.contact_id == bindparam("visits", type_=UUIDS).any_(),
        LEDGER.c.kind == EntryKind.RESERVED.value,
    )
    .order_by(LEDGER.c.seq)
)


def of_visits(session: Session, visits: Sequence[UUID]) -> dict[UUID, DecisionRecord]:
    """The answers to the first requests for these visits, by visit; people's where they gave one.

    Requests to move a visit are found by `of_requests`.
    """
    rows = session.execute(_OF_VISITS, {"visits": visits})
    return {row.visit_id: _record(row) for row in rows}


def of_requests(session: Session, requests: Sequence[UUID]) -> dict[UUID, DecisionRecord]:
    """The decisions that answered these requests, by request (see `DecisionRecord.request`)."""
    rows = session.execute(_OF_REQUESTS, {"requests": list(requests)})
    return {record.request: record for record in map(_record, rows)}


def behind(session: Session, visits: Sequence[UUID]) -> dict[UUID, DecisionRecord]:
    """The decision that each visit's place rests on: that of its latest reservation.

    It is the question as it was told last; an approval may rest on an earlier one.
    """
    rows = session.execute(_BEHIND, {"visits": list(visits)})
    return {row.visit_id: _record(row) for row in rows}


def cases_of(session: Session, decisions: Sequence[UUID]) -> dict[UUID, UUID]:
    """The case that each of these decisions is about."""
    return {row.id: row.case_id for row in session.execute(_CASES_OF, {"ids": list(decisions)})}


def find(session: Session, decision_id: UUID, *, lender: str | None) -> DecisionRecord | None:
    """One decision; None if there is no such one, or not of ``lender`` where that is given."""
    query = select(DECISION).where(DECISION.c.id == decision_id)
    if lender is not None:
        query = query.where(DECISION.c.lender == lender)
    row = session.execute(query).one_or_none()
    return None if row is None else _record(row)


def add(session: Session, records: Sequence[DecisionRecord]) -> None:
    """Save ``records`` in one statement."""
    if records:
        _add(session, map(_values, records))


def _values(record: DecisionRecord) -> list[Any]:
    return [
        record.id,
        record.visit_id,
        record.case_id,
        record.person_id,
        record.lender,
        record.verdict,
        record.engine,
        list(record.packs),
        record.facts,
        record.ledger_seq,
        record.checks,
        record.obligations,
        record.must_end_by,
        record.next_lawful,
        record.decided_at,
        record.request_id,
        record.requested_by,
        record.library,
        list(record.overridden),
        record.review_id,
        record.key_id,
        record.signature,
        record.history,
    ]


def _record(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(
        id=row.id,
        visit_id=row.visit_id,
        case_id=row.case_id,
        person_id=row.person_id,
        lender=row.lender,
        verdict=Verdict(row.verdict),
        engine=row.engine,
        packs=row.packs,
        facts=row.facts,
        ledger_seq=row.ledger_seq,
        checks=row.checks,
        obligations=row.obligations,
        must_end_by=row.must_end_by,
        next_lawful=row.next_lawful,
        decided_at=row.decided_at,
        request_id=row.request_id,
        requested_by=row.requested_by,
        library=row.library,
        overridden=row.overridden,
        review_id=row.review_id,
        key_id=row.key_id,
        signature=row.signature,
        history=row.history,
    )
