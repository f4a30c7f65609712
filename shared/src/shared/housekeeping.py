"""Housekeeping: forgets what has served its time, so that no plumbing table grows for ever.

Nothing that is evidence is touched: ledgers, decisions and histories are kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from shared import idempotency, inbox, outbox
from shared.clock import Clock
from shared.db import transaction
from shared.loops import Resting

_log = structlog.get_logger(__name__)

# A client that retries does so within a day. Broker and relay hold a message for hours at most;
# the inbox must remember far longer, or a late copy would have its effect again.
KEPT: Final[dict[str, tuple[Callable[[Session, datetime], int], timedelta]]] = {
    "answers to idempotency keys": (idempotency.purge, timedelta(days=7)),
    "published events": (outbox.purge, timedelta(days=30)),
    "marks of received messages": (inbox.purge, timedelta(days=90)),
}

_EVERY: Final = timedelta(hours=1)


def sweep(engine: Engine, now: datetime) -> dict[str, int]:
    """Forget what is older than it is kept; how many of each. Twice changes nothing."""
    return {what: _all(engine, purge, now - kept) for what, (purge, kept) in KEPT.items()}


class Housekeeping(Resting):
    """Sweeps a service's database every hour. Several workers may do so at once."""

    def __init__(self, engine: Engine, clock: Clock, *, service: str) -> None:
        super().__init__()
        self.name = f"{service} housekeeping"
        self.idle_seconds = 1.0
        self._engine = engine
        self._clock = clock
        self._due: datetime | None = None

    def run_once(self) -> bool:
        """Sweep if an hour has passed since the last time."""
        now = self._clock()
        if self._due is not None and now < self._due:
            return False
        forgotten = sweep(self._engine, now)
        self._due = now + _EVERY
        if any(forgotten.values()):
            _log.info("swept", forgotten=forgotten)
        return False

    def close(self) -> None:
        """Nothing to let go of."""


def _all(engine: Engine, purge: Callable[[Session, datetime], int], before: datetime) -> int:
    """Small transactions until nothing is left, so that no request waits for a long one."""
    total = 0
    while True:
        with transaction(engine) as session:
            count = purge(session, before)
        total += count
        if not count:
            return total
