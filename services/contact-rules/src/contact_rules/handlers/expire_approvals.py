"""Time passes: approvals nobody used expire, and those of visits that began are over at last."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from shared.clock import Clock
from shared.db import transaction
from shared.ids import new_id
from shared.loops import Resting
from sqlalchemy import Engine
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain.approval import Approval, ApprovalState, expire, give_up, is_unreported
from contact_rules.domain.ledger import PLANS, Entry, EntryKind, standing
from contact_rules.store import approvals, decisions, ledger
from shared import outbox

_log = structlog.get_logger(__name__)

_BATCH: Final = 200
_IDLE_SECONDS: Final = 5.0
_MOST_NAMED: Final = 20


def expire_approvals(session: Session, now: datetime, *, most: int = _BATCH) -> int:
    """End at most ``most`` approvals whose time has passed without anybody at the door; how many
    were due.

    Their places are free again, which is announced. Several may do so at once, and beside all that
    happens to visits: persons whom somebody else holds are left for the next time. Fewer than
    ``most`` were due: no more are that nobody is busy with.
    """
    due = approvals.lock_overdue(session, now, most=most)
    if not due:
        return 0
    # Read after the locks: one may have been used, moved or given back a moment before.
    expired = [
        expire(approval, now)
        for approval in (signed.approval for signed in approvals.of(session, due))
        if approval.state is ApprovalState.RESERVED and approval.checked_in_at is None
    ]
    if expired:
        _end(session, expired, now)
    return len(due)


def close_unreported(session: Session, now: datetime, *, most: int = _BATCH) -> int:
    """End at most ``most`` approvals of visits that began and were never completed; how many were
    due.

    They are consumed: somebody was at the door, which the ledger has since the check-in as an
    attempt of which nobody knows what came. It goes on counting for the most that may have been,
    until that is told, however late. Persons whom somebody else holds are left for the next time.
    """
    due = approvals.lock_unreported(session, now, most=most)
    if not due:
        return 0
    # Read after the locks: what came of one may have been told a moment before.
    unreported = [
        give_up(approval, now)
        for approval in (signed.approval for signed in approvals.of(session, due))
        if is_unreported(approval, now)
    ]
    if unreported:
        approvals.end(session, unreported)
        named = sorted(str(approval.visit_id) for approval in unreported)
        _log.warning("visits_never_completed", count=len(named), visits=named[:_MOST_NAMED])
    return len(due)


def _end(session: Session, expired: list[Approval], now: datetime) -> None:
    held = ledger.of_contacts(session, [approval.visit_id for approval in expired])
    cases = decisions.cases_of(session, [approval.decision_id for approval in expired])
    released = []
    for approval in expired:
        place = standing(held.get(approval.visit_id, ())).get(str(approval.visit_id))
        if place is not None and place.kind in PLANS:
            released.append(_released(place, approval, now))
    ledger.add(session, released)
    approvals.end(session, expired)
    outbox.add_many(
        session,
        [
            (
                approval.person_id,
                events.ApprovalExpired(
                    visit_id=approval.visit_id,
                    case_id=cases[approval.decision_id],
                    person_id=approval.person_id,
                    lender=approval.lender,
                    approval_id=approval.id,
                    decision_id=approval.decision_id,
                    expired_at=approval.expires_at,
                ),
            )
            for approval in expired
        ],
        now=now,
    )
    _log.info("approvals_expired", count=len(expired))


def _released(place: Entry, approval: Approval, now: datetime) -> Entry:
    return replace(
        place,
        id=new_id(),
        seq=None,
        kind=EntryKind.RELEASED,
        reason="expired",
        occurred_at=approval.expires_at,
        recorded_at=now,
    )


class ApprovalExpiry(Resting):
    """Ends approvals as their time passes. Several workers may do so at once."""

    def __init__(self, engine: Engine, clock: Clock, *, service: str) -> None:
        super().__init__()
        self.name = f"{service} approval expiry"
        self.idle_seconds = _IDLE_SECONDS
        self._engine = engine
        self._clock = clock

    def run_once(self) -> bool:
        """End one batch of each sort. True if there may be more."""
        with transaction(self._engine) as session:
            expired = expire_approvals(session, self._clock())
        with transaction(self._engine) as session:
            closed = close_unreported(session, self._clock())
        return _BATCH in (expired, closed)

    def close(self) -> None:
        """Nothing to let go of."""
