"""Visits took place: from now on they count by what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import Channel, Direction, Outcome
from contact_rules.domain.approval import NEVER_COMPLETED, ApprovalRefusal, consume
from contact_rules.domain.ledger import Entry, kind_of
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.handlers.report_breaches import report_breaches
from contact_rules.store import approvals, ledger, persons

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CompletedVisit:
    """A visit that took place: when in truth, and what kind of contact it was."""

    visit_id: UUID
    person_id: UUID
    lender: str
    outcome: Outcome
    code: str
    started_at: datetime
    ended_at: datetime


def consume_reservations(
    session: Session, completed: Sequence[CompletedVisit], now: datetime, *, desk: Desk
) -> None:
    """Write down that these visits took place, in place of what they had reserved.

    A visit where nobody was met gives its budgets back where rules count contacts only. One that
    had no reservation, or whose approval was over, is written down all the same: somebody stood at
    the door, and that counts; so is one of which nobody was waited for any more to say what came.
    Visits still planned are asked again: it may count for more than its place did. One that was
    made at another time than approved, and unlawfully so, is a breach.
    """
    if not completed:
        return
    persons.lock(session, (visit.person_id for visit in completed))
    people = sorted({visit.person_id for visit in completed})
    histories = ledger.histories(session, people)
    signed = approvals.of_visits(session, [visit.visit_id for visit in completed])
    entries = []
    consumed = []
    for visit in completed:
        known = described(histories[visit.person_id], visit.visit_id)
        entries.append(_took_place(visit, known, now))
        held = signed.get(visit.visit_id)
        try:
            if held is not None:
                consumed.append(consume(held.approval, now))
        except ApprovalRefusal as refusal:
            if held is not None and held.approval.ended_why == NEVER_COMPLETED:
                _log.info("completed_after_all", visit_id=str(visit.visit_id))
            else:
                _log.warning("not_consumed", visit_id=str(visit.visit_id), why=refusal.code)
        if held is None:
            _log.warning("took_place_without_approval", visit_id=str(visit.visit_id))
    ledger.add(session, entries)
    approvals.end(session, consumed)
    reconsider_visits(session, people, now, desk=desk, why="contact")
    begun: dict[UUID, datetime] = {}
    for visit in completed:
        earlier = begun.get(visit.person_id, visit.started_at)
        begun[visit.person_id] = min(earlier, visit.started_at)
    report_breaches(
        session,
        people,
        now,
        desk=desk,
        cause="late_contact",
        since=begun,
        told={visit.visit_id for visit in completed},
    )


def described(history: Sequence[Entry], visit_id: UUID) -> Entry | None:
    """The latest entry that says what kind of contact this visit is."""
    for entry in reversed(history):
        if entry.contact_id == visit_id and entry.channel is not None:
            return entry
    return None


def _took_place(visit: CompletedVisit, known: Entry | None, now: datetime) -> Entry:
    entry = stood_at_the_door(
        known,
        visit_id=visit.visit_id,
        person_id=visit.person_id,
        lender=visit.lender,
        since=visit.started_at,
        now=now,
    )
    return replace(
        entry,
        kind=kind_of(visit.outcome),
        ends_at=visit.ended_at,
        outcome=visit.outcome,
        reason=visit.code,
        occurred_at=visit.ended_at,
    )


def stood_at_the_door(
    known: Entry | None,
    *,
    visit_id: UUID,
    person_id: UUID,
    lender: str,
    since: datetime,
    now: datetime,
) -> Entry:
    """The line that tells of a visit that began, and what came of it nobody knows yet.

    ``known`` is what the ledger says of it so far (`described`): the rest is as that says.
    """
    entry = Entry(
        id=new_id(),
        contact_id=visit_id,
        person_id=person_id,
        kind=kind_of(None),
        lender=lender,
        channel=Channel.VISIT,
        direction=Direction.OUTBOUND,
        starts_at=since,
        occurred_at=since,
        recorded_at=now,
    )
    if known is None:
        return entry
    return replace(
        entry,
        purpose=known.purpose,
        place=known.place,
        party_id=known.party_id,
        party_role=known.party_role,
        debts=known.debts,
        collector=known.collector,
        point=known.point,
        decision_id=known.decision_id,
    )
