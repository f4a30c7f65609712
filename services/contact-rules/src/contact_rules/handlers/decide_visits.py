"""Visits were asked for: each is decided under its person's lock, and a yes reserves its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from shared.messages import Event
from sqlmodel import Session

from contact_rules.domain import Verdict, check
from contact_rules.domain.approval import ApprovalState
from contact_rules.domain.ledger import Entry, standing
from contact_rules.handlers.deciding import (
    DecidedForAnother,
    Desk,
    Standing,
    VisitRequest,
    announcement,
    approve,
    asked_of,
    decision_record,
    in_time,
    look_up,
    one_a_person,
    reservation,
)
from contact_rules.handlers.open_reviews import open_reviews
from contact_rules.store import approvals, decisions, ledger, persons
from contact_rules.store.approvals import SignedApproval
from contact_rules.store.decisions import DecisionRecord
from shared import outbox

__all__ = ["DecidedForAnother", "Desk", "VisitRequest", "decide_visits"]

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Batch:
    """What some requests come to, written in one statement a table at the end."""

    decided: dict[UUID, DecisionRecord]
    signed: dict[UUID, SignedApproval]
    standing: dict[UUID, Standing]
    records: list[DecisionRecord] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    approvals: list[SignedApproval] = field(default_factory=list)
    announced: list[tuple[UUID | str, Event]] = field(default_factory=list)


def decide_visits(
    session: Session, requests: Sequence[VisitRequest], now: datetime, *, desk: Desk
) -> None:
    """Decide these visits in order, each with all that those before have reserved.

    - ``allow`` reserves the visit's place in the person's ledger and signs an approval; a denial
      comes with every reason and the next lawful times. Both are announced.
    - A visit decided before is not decided again: the same answer is announced once more, unless
      what it reserved is reserved no longer, or at another time by now.
    - A visit that was cancelled before it was asked for gets no answer.

    Raises `DecidedForAnother`.
    """
    if not requests:
        return
    # A statement of its own, before any that reads what is decided by.
    persons.lock(session, {request.subject.person_id for request in requests})
    for together in one_a_person(requests):
        _decide_together(session, together, now, desk)


def _decide_together(
    session: Session, requests: Sequence[VisitRequest], now: datetime, desk: Desk
) -> None:
    decided = decisions.of_visits(session, [request.subject.visit_id for request in requests])
    batch = _Batch(
        decided=decided,
        signed=approvals.of_visits(session, list(decided)) if decided else {},
        standing=look_up(session, [request.subject.person_id for request in requests]),
    )
    for request in requests:
        _answer(batch, request, now, desk)
    decisions.add(session, batch.records)
    open_reviews(session, batch.records, requests, now, length=desk.review_length)
    ledger.add(session, batch.entries)
    approvals.add(session, batch.approvals)
    outbox.add_many(session, batch.announced, now=now)


def _answer(batch: _Batch, request: VisitRequest, now: datetime, desk: Desk) -> None:
    visit_id, person_id = request.subject.visit_id, request.subject.person_id
    record = batch.decided.get(visit_id)
    if record is None:
        stands = standing(batch.standing[person_id].lines).get(str(visit_id))
        if stands is not None:
            _log.warning("over_before_it_was_asked", visit_id=str(visit_id), stands=stands.kind)
            return
        record = _decide(batch, request, now, desk)
    elif record.person_id != person_id:
        raise DecidedForAnother("the visit was decided as one to another person")
    signed = batch.signed.get(visit_id)
    if signed is not None and not _still_answers(signed, record):
        _log.warning("answer_is_out_of_date", visit_id=str(visit_id), state=signed.approval.state)
        return
    batch.announced.append((person_id, announcement(record, signed)))


def _still_answers(signed: SignedApproval, record: DecisionRecord) -> bool:
    """Is the visit's newest approval in force, and the one that this decision gave?"""
    approval = signed.approval
    return approval.state is ApprovalState.RESERVED and approval.decision_id == record.id


def _decide(batch: _Batch, request: VisitRequest, now: datetime, desk: Desk) -> DecisionRecord:
    stands = batch.standing[request.subject.person_id]
    asked = asked_of(request.contact, request.residence, stands, desk)
    packs = asked.packs()
    decision = in_time(check(asked.contact, packs), asked.contact, now)
    record = decision_record(request, asked, packs, decision, stands, now, desk)
    batch.records.append(record)
    batch.decided[record.visit_id] = record
    if record.verdict is Verdict.ALLOW:
        signed = approve(request, record, now, desk)
        batch.approvals.append(signed)
        batch.signed[record.visit_id] = signed
        batch.entries.append(reservation(request, record, now))
    return record
