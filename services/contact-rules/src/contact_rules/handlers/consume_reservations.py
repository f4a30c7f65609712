"""Visits took place: from now on they count by what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import Channel, Direction, Outcome
from contact_rules.domain.approval import ApprovalRefusal, consume
from contact_rules.domain.ledger import Entry, kind_of
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
    session: Session, completed: Sequence[CompletedVisit], now: datetime
) -> None:
    """Write down that these visits took place, in place of what they had reserved.

    A visit where nobody was met gives its budgets back where rules count contacts only. One that
    had no reservation, or whose reservation was released, is written down all the same: somebody
    stood at the door, and that counts.
    """
    if not completed:
        return
    persons.lock(session, (visit.person_id for visit in completed))
    histories = ledger.histories(session, sorted({visit.person_id for visit in completed}))
    signed = approvals.of_visits(session, [visit.visit_id for visit in completed])
    entries = []
    consumed = []
    for visit in completed:
        entries.append(_consumed(visit, _described(histories[visit.person_id], visit), now))
        held = signed.get(visit.visit_id)
        try:
            if held is not None:
                consumed.append(consume(held.approval, now))
        except ApprovalRefusal as refusal:
            _log.warning("not_consumed", visit_id=str(visit.visit_id), why=refusal.code)
        if held is None:
            _log.warning("took_place_without_approval", visit_id=str(visit.visit_id))
    ledger.add(session, entries)
    approvals.end(session, consumed)


def _described(history: Sequence[Entry], visit: CompletedVisit) -> Entry | None:
    """The latest entry that says what kind of contact this visit is."""
    for entry in reversed(history):
        if entry.contact_id == visit.visit_id and entry.channel is not None:
            return entry
    return None


def _consumed(visit: CompletedVisit, described: Entry | None, now: datetime) -> Entry:
    plain = Entry(
        id=new_id(),
        contact_id=visit.visit_id,
        person_id=visit.person_id,
        kind=kind_of(visit.outcome),
        lender=visit.lender,
        channel=Channel.VISIT,
        direction=Direction.OUTBOUND,
        starts_at=visit.started_at,
        ends_at=visit.ended_at,
        outcome=visit.outcome,
        reason=visit.code,
        occurred_at=visit.ended_at,
        recorded_at=now,
    )
    if described is None:
        return plain
    return replace(
        plain,
        purpose=described.purpose,
        place=described.place,
        party_id=described.party_id,
        party_role=described.party_role,
        debts=described.debts,
        collector=described.collector,
        point=described.point,
        decision_id=described.decision_id,
    )
