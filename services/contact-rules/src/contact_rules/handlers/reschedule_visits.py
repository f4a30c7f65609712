"""Visits are to be moved: each swaps its place for another in one step, or stays where it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared.messages import Event
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import Verdict, check
from contact_rules.domain.approval import Approval, ApprovalState, release
from contact_rules.domain.approval_checks import approval_state
from contact_rules.domain.ledger import Entry
from contact_rules.handlers.deciding import (
    DecidedForAnother,
    Desk,
    Standing,
    VisitRequest,
    approval_data,
    approve,
    asked_of,
    decision_record,
    in_time,
    look_up,
    one_a_person,
    reservation,
    told_checks,
)
from contact_rules.store import approvals, decisions, ledger, persons
from contact_rules.store.approvals import SignedApproval
from contact_rules.store.decisions import DecisionRecord
from shared import outbox

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Batch:
    """What some requests come to, written in one statement a table at the end."""

    decided: dict[UUID, DecisionRecord]
    signed: dict[UUID, SignedApproval]
    standing: dict[UUID, Standing]
    records: list[DecisionRecord] = field(default_factory=list)
    released: list[Approval] = field(default_factory=list)
    approvals: list[SignedApproval] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    announced: list[tuple[UUID | str, Event]] = field(default_factory=list)


def reschedule_visits(
    session: Session, requests: Sequence[VisitRequest], now: datetime, *, desk: Desk
) -> None:
    """Decide whether these visits may take place as the requests say, in place of as they were.

    Each request has a ``request_id``.

    - ``allow``: the approval before is released and another one signed; the visit's line in the
      ledger is replaced, so at no moment does it hold two places, or none.
    - Else the visit stays as it was, whatever the reason; a doubt is no yes, and nobody is asked
      to review it. People who settled doubts about the visit did so for its time: they count anew.
    - A visit whose approval is over, that never had one, or whose team is at the door can't be
      moved: the rule `approval.state` says so.
    - A request decided before gets the same answer, unless the approval it gave is over by now.

    Raises `DecidedForAnother`.
    """
    if not requests:
        return
    persons.lock(session, {request.subject.person_id for request in requests})
    for together in one_a_person(requests):
        _move_together(session, together, now, desk)


def _move_together(
    session: Session, requests: Sequence[VisitRequest], now: datetime, desk: Desk
) -> None:
    batch = _Batch(
        decided=decisions.of_requests(session, [_named(request) for request in requests]),
        signed=approvals.of_visits(session, [request.subject.visit_id for request in requests]),
        standing=look_up(session, [request.subject.person_id for request in requests]),
    )
    for request in requests:
        _answer(batch, request, now, desk)
    decisions.add(session, batch.records)
    # In this order: a visit never has two approvals that are reserved.
    approvals.end(session, batch.released)
    approvals.add(session, batch.approvals)
    ledger.add(session, batch.entries)
    outbox.add_many(session, batch.announced, now=now)


def _named(request: VisitRequest) -> UUID:
    assert request.request_id is not None, "a request to move a visit has an id of its own"
    return request.request_id


def _answer(batch: _Batch, request: VisitRequest, now: datetime, desk: Desk) -> None:
    subject = request.subject
    record = batch.decided.get(_named(request))
    held = batch.signed.get(subject.visit_id)
    if record is None:
        if held is not None and held.approval.person_id != subject.person_id:
            raise DecidedForAnother("the visit was approved as one to another person")
        record = _decide(batch, request, held, now, desk)
    elif (record.person_id, record.visit_id, record.request_id) != (
        subject.person_id,
        subject.visit_id,
        request.request_id,
    ):
        raise DecidedForAnother("the request was decided as one about another person or visit")
    if record.verdict is Verdict.ALLOW:
        signed = batch.signed[subject.visit_id]
        approval = signed.approval
        if approval.decision_id != record.id or approval.state is not ApprovalState.RESERVED:
            _log.warning("answer_is_out_of_date", visit_id=str(subject.visit_id))
            return
        batch.announced.append((subject.person_id, _rescheduled(record, signed)))
    else:
        batch.announced.append((subject.person_id, _denied(record)))


def _decide(
    batch: _Batch, request: VisitRequest, held: SignedApproval | None, now: datetime, desk: Desk
) -> DecisionRecord:
    visit_id, stands = request.subject.visit_id, batch.standing[request.subject.person_id]
    asked = asked_of(request.contact, request.residence, stands, desk, without=visit_id)
    packs = asked.packs()
    decision = in_time(check(asked.contact, packs), asked.contact, now)
    fixed = approval_state(None if held is None else held.approval)
    if fixed is not None:
        decision = replace(
            decision, verdict=Verdict.DENY, checks=(*decision.checks, fixed), obligations=()
        )
    record = decision_record(
        request, asked, packs, decision, stands, now, desk, with_times=fixed is None
    )
    batch.records.append(record)
    batch.decided[record.request] = record
    if record.verdict is Verdict.ALLOW:
        assert held is not None
        signed = approve(request, record, now, desk)
        batch.released.append(release(held.approval, "rescheduled", now))
        batch.approvals.append(signed)
        batch.signed[visit_id] = signed
        batch.entries.append(reservation(request, record, now))
    return record


def _rescheduled(record: DecisionRecord, signed: SignedApproval) -> events.VisitRescheduled:
    # Built of our own parts, so nothing in it has to be read again.
    return events.VisitRescheduled.model_construct(
        visit_id=record.visit_id,
        request_id=record.request,
        case_id=record.case_id,
        person_id=record.person_id,
        decision_id=record.id,
        starts_at=signed.approval.starts_at,
        ends_at=signed.approval.ends_at,
        approval=approval_data(signed, record),
        checks=told_checks(record),
    )


def _denied(record: DecisionRecord) -> events.RescheduleDenied:
    return events.RescheduleDenied(
        visit_id=record.visit_id,
        request_id=record.request,
        case_id=record.case_id,
        person_id=record.person_id,
        decision_id=record.id,
        verdict="deny" if record.verdict is Verdict.DENY else "needs_review",
        checks=told_checks(record),
        next_lawful=list(record.next_lawful),
    )
