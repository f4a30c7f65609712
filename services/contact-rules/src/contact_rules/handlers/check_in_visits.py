"""Teams are at the door: from now on somebody was there, whatever comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import Session

from contact_rules.domain.approval import ApprovalState
from contact_rules.domain.ledger import HAPPENED, standing
from contact_rules.handlers.consume_reservations import described, stood_at_the_door
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.store import approvals, ledger, persons

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckedInVisit:
    """A visit whose team is at the door, and since when."""

    visit_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    checked_in_at: datetime


def check_in_visits(
    session: Session, arrived: Sequence[CheckedInVisit], now: datetime, *, desk: Desk
) -> None:
    """Write down that somebody stands at these doors: a contact whose outcome nobody knows yet.

    It counts from now on, also if its approval was over when they came. An approval in use does
    not expire; if it is revoked, the team has to leave. What is told after the visit's outcome
    changes nothing. Other visits still planned are asked again: it may be another time than theirs.
    """
    if not arrived:
        return
    persons.lock(session, (visit.person_id for visit in arrived))
    histories = ledger.histories(session, sorted({visit.person_id for visit in arrived}))
    signed = approvals.of_visits(session, [visit.visit_id for visit in arrived])
    entries = []
    in_use: dict[UUID, datetime] = {}
    for visit in arrived:
        history = histories[visit.person_id]
        stands = standing(history).get(str(visit.visit_id))
        if stands is not None and stands.kind in HAPPENED:
            continue
        entry = stood_at_the_door(
            described(history, visit.visit_id),
            visit_id=visit.visit_id,
            person_id=visit.person_id,
            lender=visit.lender,
            since=visit.checked_in_at,
            now=now,
        )
        entries.append(entry)
        history.append(entry)
        held = signed.get(visit.visit_id)
        if held is None or held.approval.state is not ApprovalState.RESERVED:
            _log.warning("checked_in_without_approval", visit_id=str(visit.visit_id))
        elif held.approval.checked_in_at is None:
            in_use[held.approval.id] = visit.checked_in_at
    if entries:
        ledger.add(session, entries)
        approvals.check_in(session, in_use)
        people = {entry.person_id for entry in entries}
        reconsider_visits(session, people, now, desk=desk, why="contact")
