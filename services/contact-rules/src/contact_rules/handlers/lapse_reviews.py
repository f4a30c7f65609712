"""Nobody decided in time: reviews lapse, and what nobody decided is a no."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from shared.clock import Clock
from shared.db import transaction
from shared.loops import Resting
from sqlalchemy import Engine
from sqlmodel import Session

from contact_rules.domain.review import ReviewState, closed
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.settle_reviews import ask_again, deny_reviewed
from contact_rules.store import reviews

_log = structlog.get_logger(__name__)

_BATCH: Final = 50
_IDLE_SECONDS: Final = 5.0


def lapse_reviews(session: Session, now: datetime, *, desk: Desk, most: int = _BATCH) -> int:
    """Close at most ``most`` reviews whose time has passed and deny their visits; how many.

    Several may do so at once, and beside votes: persons whom somebody else holds are left for the
    next time.
    """
    due = reviews.lock_lapsed(session, now, most=most)
    # Read after the locks: one of them may have been closed a moment before.
    pending = [
        review
        for review in reviews.of(session, due).values()
        if review.state is ReviewState.PENDING
    ]
    if not pending:
        return 0
    again = ask_again(session, pending, desk)
    lapsed = [closed(review, ReviewState.LAPSED, now) for review in pending if review.id in again]
    records = deny_reviewed(
        session, [(review, again[review.id]) for review in lapsed], now, desk=desk
    )
    reviews.close(
        session,
        [
            replace(review, outcome_id=record.id)
            for review, record in zip(lapsed, records, strict=True)
        ],
    )
    _log.info("reviews_lapsed", count=len(lapsed))
    return len(lapsed)


class ReviewLapses(Resting):
    """Lapses reviews as their time passes. Several workers may do so at once."""

    def __init__(
        self, engine: Engine, clock: Clock, desk: Callable[[], Desk], *, service: str
    ) -> None:
        super().__init__()
        self.name = f"{service} review lapses"
        self.idle_seconds = _IDLE_SECONDS
        self._engine = engine
        self._clock = clock
        self._desk = desk

    def run_once(self) -> bool:
        """Lapse one batch. True if there was one: there may be more."""
        with transaction(self._engine) as session:
            return lapse_reviews(session, self._clock(), desk=self._desk()) > 0

    def close(self) -> None:
        """Nothing to let go of."""
