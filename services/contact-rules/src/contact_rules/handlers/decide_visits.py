"""Visits were asked for: each is decided under its person's lock, and a yes reserves its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from typing import Final
from uuid import UUID

import structlog
from shared.ids import new_id
from shared.keys import Signer
from shared.messages import Event
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import Contact, Decision, Library, Residence, Verdict, check
from contact_rules.domain.approval import (
    ISSUER,
    Approval,
    ApprovalState,
    Subject,
    claims,
    reserve,
)
from contact_rules.domain.ledger import Entry, EntryKind, Line, effective_history, line_of, standing
from contact_rules.domain.question_data import facts_of
from contact_rules.handlers.ask_rules import Asked
from contact_rules.store import approvals, decisions, ledger, persons
from contact_rules.store.approvals import SignedApproval
from contact_rules.store.decisions import DecisionRecord
from shared import outbox

_log = structlog.get_logger(__name__)

ENGINE: Final = version("doorstep-contact-rules")
MOST_NEXT_LAWFUL: Final = 5
"""How many lawful windows a no comes with."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What decisions are made with: the rules, and the key that approvals are signed with."""

    library: Library
    signer: Signer
    issuer: str = ISSUER


@dataclass(frozen=True, slots=True)
class VisitRequest:
    """A visit somebody asks for. ``contact`` comes without history: the ledger has it."""

    subject: Subject
    contact: Contact
    residence: Residence | None = None


class DecidedForAnother(Exception):
    """The visit was decided before, as one to another person: somebody mixed up ids."""


@dataclass(slots=True)
class _Batch:
    """What one call comes to, written in one statement a table at its end."""

    decided: dict[UUID, DecisionRecord]
    signed: dict[UUID, SignedApproval]
    ledgers: dict[UUID, list[Line]]
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
      what it reserved is no longer reserved.
    - A visit that was cancelled before it was asked for gets no answer.

    Raises `DecidedForAnother`.
    """
    if not requests:
        return
    people = list({request.subject.person_id for request in requests})
    # A statement of its own, before any that reads what is decided by.
    persons.lock(session, people)
    decided = decisions.of_visits(session, [request.subject.visit_id for request in requests])
    batch = _Batch(
        decided=decided,
        signed=approvals.of_visits(session, list(decided)) if decided else {},
        ledgers=ledger.lines(session, people),
    )
    for request in requests:
        _answer(batch, request, now, desk)
    decisions.add(session, batch.records)
    ledger.add(session, batch.entries)
    approvals.add(session, batch.approvals)
    outbox.add_many(session, batch.announced, now=now)


def _answer(batch: _Batch, request: VisitRequest, now: datetime, desk: Desk) -> None:
    visit_id, person_id = request.subject.visit_id, request.subject.person_id
    record = batch.decided.get(visit_id)
    if record is None:
        stands = standing(batch.ledgers[person_id]).get(str(visit_id))
        if stands is not None:
            _log.warning("over_before_it_was_asked", visit_id=str(visit_id), stands=stands.kind)
            return
        record = _decide(batch, request, now, desk)
    elif record.person_id != person_id:
        raise DecidedForAnother("the visit was decided as one to another person")
    signed = batch.signed.get(visit_id)
    if signed is not None and signed.approval.state is not ApprovalState.RESERVED:
        _log.warning("approval_is_over", visit_id=str(visit_id), state=signed.approval.state)
        return
    batch.announced.append((person_id, _announcement(record, signed)))


def _decide(batch: _Batch, request: VisitRequest, now: datetime, desk: Desk) -> DecisionRecord:
    subject = request.subject
    lines = batch.ledgers[subject.person_id]
    asked = Asked(
        replace(request.contact, history=effective_history(lines)),
        desk.library,
        request.residence,
    )
    packs = asked.packs()
    decision = check(asked.contact, packs)
    # With a yes the laws are left out: that is most of what there would be to write.
    told = events.trace_data if decision.verdict is Verdict.ALLOW else events.check_data
    record = DecisionRecord(
        id=new_id(),
        visit_id=subject.visit_id,
        case_id=subject.case_id,
        person_id=subject.person_id,
        lender=subject.lender,
        verdict=decision.verdict,
        engine=ENGINE,
        packs=[pack.name for pack in packs],
        facts=facts_of(request.contact, request.residence, packs),
        ledger_seq=max((line.seq for line in lines), default=0),
        checks=[told(each) for each in decision.checks],
        obligations=[events.obligation_data(each) for each in decision.obligations],
        must_end_by=decision.must_end_by,
        next_lawful=_next_lawful(asked, decision, now),
        decided_at=now,
    )
    batch.records.append(record)
    batch.decided[subject.visit_id] = record
    if decision.verdict is Verdict.ALLOW:
        signed = _approve(request, record, now, desk)
        entry = _reservation(request, record, now)
        batch.approvals.append(signed)
        batch.signed[subject.visit_id] = signed
        batch.entries.append(entry)
        lines.append(line_of(entry))
    return record


def _next_lawful(asked: Asked, decision: Decision, now: datetime) -> list[events.SpanData]:
    """The next starts at which the same visit would be allowed; none are named with a yes."""
    if decision.verdict is Verdict.ALLOW:
        return []
    from_ = max(asked.contact.starts_at, now.replace(microsecond=0))
    found = asked.next_lawful(from_, most=MOST_NEXT_LAWFUL)
    return [events.window_data(window) for window in found]


def _approve(
    request: VisitRequest, record: DecisionRecord, now: datetime, desk: Desk
) -> SignedApproval:
    contact = request.contact
    approval = reserve(
        new_id(),
        record.id,
        request.subject,
        starts_at=contact.starts_at,
        ends_at=contact.ends_at,
        must_end_by=record.must_end_by,
        now=now,
    )
    return SignedApproval(
        approval, desk.signer.sign(claims(approval, request.subject, issuer=desk.issuer))
    )


def _reservation(request: VisitRequest, record: DecisionRecord, now: datetime) -> Entry:
    contact, subject = request.contact, request.subject
    return Entry(
        id=new_id(),
        contact_id=subject.visit_id,
        person_id=subject.person_id,
        kind=EntryKind.RESERVED,
        lender=subject.lender,
        channel=contact.channel,
        direction=contact.direction,
        starts_at=contact.starts_at,
        ends_at=contact.ends_at,
        purpose=contact.purpose,
        place=None if contact.place is None else contact.place.kind,
        party_id=contact.party.id,
        party_role=contact.party.role,
        debts=tuple(debt.id for debt in contact.debts),
        collector=contact.collector.id,
        point=contact.point,
        decision_id=record.id,
        occurred_at=now,
        recorded_at=now,
    )


def _announcement(record: DecisionRecord, signed: SignedApproval | None) -> Event:
    checks = [each for each in record.checks if each["result"] != "not_applicable"]
    if signed is not None:
        # Built of our own parts, so nothing in it has to be read again.
        return events.VisitApproved.model_construct(
            visit_id=record.visit_id,
            case_id=record.case_id,
            person_id=record.person_id,
            decision_id=record.id,
            approval=_approval_data(signed.approval, signed.token, record),
            checks=checks,
        )
    if record.verdict is Verdict.DENY:
        return events.VisitDenied(
            visit_id=record.visit_id,
            case_id=record.case_id,
            person_id=record.person_id,
            decision_id=record.id,
            verdict="deny",
            checks=checks,
            next_lawful=list(record.next_lawful),
        )
    assert record.verdict is Verdict.NEEDS_REVIEW
    return events.VisitNeedsReview(
        visit_id=record.visit_id,
        case_id=record.case_id,
        person_id=record.person_id,
        decision_id=record.id,
        verdict="needs_review",
        checks=checks,
        next_lawful=list(record.next_lawful),
    )


def _approval_data(approval: Approval, token: str, record: DecisionRecord) -> events.ApprovalData:
    return {
        "id": approval.id,
        "token": token,
        "expires_at": approval.expires_at,
        "must_end_by": approval.must_end_by,
        "obligations": list(record.obligations),
    }
