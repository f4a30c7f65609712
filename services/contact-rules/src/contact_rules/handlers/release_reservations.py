"""Visits were cancelled: their places in every window are free again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain.approval import (
    Approval,
    ApprovalState,
    expire,
    release,
    revoke,
)
from contact_rules.domain.ledger import PLANS, Entry, EntryKind, standing
from contact_rules.handlers.open_reviews import withdraw_reviews
from contact_rules.store import approvals, ledger, persons

_log = structlog.get_logger(__name__)

FACTS_CHANGED: Final = frozenset(
    {"payment", "plan", "hold", "recall", "complaint", "rule", "merged", "team"}
)
"""Reasons of a cancellation that are no choice of the planner: they revoke the approval."""
EXPIRED: Final = "expired"
"""The reason of a visit that nobody made in time."""


@dataclass(frozen=True, slots=True)
class CancelledVisit:
    """A visit that will not take place, why, and since when that is so."""

    visit_id: UUID
    person_id: UUID
    lender: str
    reason: str
    cancelled_at: datetime


def release_reservations(
    session: Session, cancelled: Sequence[CancelledVisit], now: datetime
) -> None:
    """Release what these visits hold.

    A visit that holds nothing (denied, or never asked for) is written down too: a request for it
    that comes later reserves nothing. One that took place stays: what happened is not undone; and
    where somebody was at the door, that counts although the visit was called off.
    """
    if not cancelled:
        return
    persons.lock(session, (visit.person_id for visit in cancelled))
    histories = ledger.histories(session, sorted({visit.person_id for visit in cancelled}))
    signed = approvals.of_visits(session, [visit.visit_id for visit in cancelled])
    entries: list[Entry] = []
    released = []
    for visit in cancelled:
        stands = standing(histories[visit.person_id]).get(str(visit.visit_id))
        if stands is None or stands.kind in PLANS:
            entry = _released(visit, stands, now)
            entries.append(entry)
            histories[visit.person_id].append(entry)
        else:
            _log.info("nothing_to_release", visit_id=str(visit.visit_id), stands=stands.kind)
        held = signed.pop(visit.visit_id, None)
        if held is not None and held.approval.state is ApprovalState.RESERVED:
            released.append(_ended(held.approval, visit.reason, now))
    ledger.add(session, entries)
    approvals.end(session, released)
    withdraw_reviews(session, [visit.visit_id for visit in cancelled], now)


def _ended(approval: Approval, reason: str, now: datetime) -> Approval:
    if reason == EXPIRED:
        return expire(approval, now)
    end = revoke if reason in FACTS_CHANGED else release
    return end(approval, reason, now)


def _released(visit: CancelledVisit, held: Entry | None, now: datetime) -> Entry:
    if held is None:
        return Entry(
            id=new_id(),
            contact_id=visit.visit_id,
            person_id=visit.person_id,
            kind=EntryKind.RELEASED,
            lender=visit.lender,
            reason=visit.reason,
            occurred_at=visit.cancelled_at,
            recorded_at=now,
        )
    return replace(
        held,
        id=new_id(),
        seq=None,
        kind=EntryKind.RELEASED,
        reason=visit.reason,
        occurred_at=visit.cancelled_at,
        recorded_at=now,
    )
