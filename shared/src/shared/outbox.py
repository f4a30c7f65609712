"""The outbox: events become rows in the transaction of their effect, and a relay publishes them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from math import inf
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from shared import metrics
from shared.bus import Bus, BusUnavailable, Parcel, Publisher
from shared.clock import Clock, monotonic
from shared.db import HAS_EVENTS, copy_in, on_commit_wake
from shared.ids import new_id
from shared.log import traceparent
from shared.loops import Resting
from shared.messages import Event, sealed

_log = structlog.get_logger(__name__)

# Set by the inbox: key -> traceparent of the message being handled, so that effects carry on
# the trace of their cause even when a hundred messages share one transaction.
TRACES: Final = "shared.outbox.traces"

_COLUMNS: Final = ("id", "type", "key", "body", "created_at")
_WORTH_COPYING: Final = 10
_ADD: Final = text(
    "INSERT INTO outbox (id, type, key, body, created_at)"
    " VALUES (:id, :type, :key, :body, :created_at)"
)


def add(
    session: Session, events: Event | Sequence[Event], *, key: UUID | str, now: datetime
) -> None:
    """Announce ``events``, in order, about ``key`` when this transaction commits."""
    several = [events] if isinstance(events, Event) else events
    add_many(session, [(key, event) for event in several], now=now)


def add_many(session: Session, keyed: Sequence[tuple[UUID | str, Event]], *, now: datetime) -> None:
    """Announce many events, in order, when this transaction commits."""
    if not keyed:
        return
    traces: dict[str, str | None] = session.info.get(TRACES, {})
    own_trace = traceparent()
    rows = []
    for key, event in keyed:
        message_id, subject = new_id(), str(key)
        body = sealed(
            event,
            message_id=message_id,
            key=subject,
            now=now,
            traceparent=traces.get(subject, own_trace),
        )
        rows.append((message_id, event.TYPE, subject, body, now))
    if len(rows) < _WORTH_COPYING:
        session.execute(_ADD, [dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        copy_in(session, "outbox", _COLUMNS, rows)
    session.info[HAS_EVENTS] = True


# By "not yet published", never by "seq > last": a slow transaction commits a smaller seq later,
# and would be skipped for ever.
_UNPUBLISHED: Final = text(
    "SELECT seq, id, type, key, body FROM outbox"
    " WHERE published_at IS NULL ORDER BY seq LIMIT :limit"
)
_MARK: Final = text("UPDATE outbox SET published_at = :now WHERE seq = ANY(:seqs)").bindparams(
    bindparam("seqs", type_=ARRAY(BigInteger))
)
_RESIGN: Final = text("SELECT pg_advisory_unlock(hashtext('doorstep relay'))")
_LAG: Final = text(
    "SELECT count(*), min(created_at) FROM"
    " (SELECT created_at FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT 10000) AS o"
)
_PURGE: Final = text(
    "WITH gone AS (DELETE FROM outbox WHERE seq IN"
    " (SELECT seq FROM outbox WHERE published_at < :before LIMIT 10000) RETURNING 1)"
    " SELECT count(*) FROM gone"
)
_LEAD: Final = text("SELECT pg_try_advisory_lock(hashtext('doorstep relay'))")


# Rows of this process wake the relay; those of other processes are found by looking. LISTEN/NOTIFY
# was left out: a notifying commit takes a lock that lets only one such transaction commit at once.
# It looks often while there is traffic, and seldom when there has been none for a second.
_BUSY_POLL_SECONDS: Final = 0.02
_IDLE_POLL_SECONDS: Final = 0.2
_STANDBY_SECONDS: Final = 1.0


class Relay(Resting):
    """Publishes the outbox in order; one relay of a database leads, the others stand by.

    Leadership is an advisory lock on the very connection that reads and marks: whoever loses the
    connection loses both. No transaction is open while it publishes. It stops at the first message
    the bus did not confirm and begins there again, so order holds; a message whose mark was lost
    is sent twice.
    """

    def __init__(
        self, engine: Engine, bus: Bus, clock: Clock, *, service: str, batch: int = 1000
    ) -> None:
        super().__init__()
        self.name = f"{service} relay"
        self.idle_seconds = _IDLE_POLL_SECONDS
        self._engine = engine
        self._bus = bus
        self._clock = clock
        self._service = service
        self._batch = batch
        self._connection: Connection | None = None
        self._publisher: Publisher | None = None
        self._published_at = -inf
        on_commit_wake(engine, self.wake)

    def run_once(self) -> bool:
        """Publish and mark one batch. True if all of it went and there may be more."""
        connection = self._lead()
        if connection is None:
            self.idle_seconds = _STANDBY_SECONDS
            return False
        publisher = self._publisher = self._publisher or self._bus.publisher()
        try:
            rows = connection.execute(_UNPUBLISHED, {"limit": self._batch}).all()
            if not rows:
                quiet = monotonic() - self._published_at > 1.0
                self.idle_seconds = _IDLE_POLL_SECONDS if quiet else _BUSY_POLL_SECONDS
                publisher.keep_alive()
                return False
            self._published_at = monotonic()
            parcels = [Parcel(row.id, row.type, row.key, row.body.encode()) for row in rows]
            confirmed = publisher.publish(parcels)
            if confirmed:
                seqs = [row.seq for row in rows[:confirmed]]
                connection.execute(_MARK, {"now": self._clock(), "seqs": seqs})
                metrics.published(self._service, confirmed)
        except BusUnavailable:
            self._drop_publisher()
            raise
        except Exception:
            self._drop_connection()
            raise
        if confirmed < len(rows):
            _log.warning("unconfirmed", relay=self._service, left=len(rows) - confirmed)
        return confirmed == len(rows)

    def _lead(self) -> Connection | None:
        if self._connection is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                leads = connection.execute(_LEAD).scalar_one()
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
            if not leads:
                connection.close()
                return None
            self._connection = connection
        return self._connection

    def _drop_publisher(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def _drop_connection(self) -> None:
        if self._connection is not None:
            # Invalidated, not returned: a pooled connection would keep the advisory lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self._drop_publisher()
        if self._connection is not None:
            # Said in words: that a connection is gone is noticed a moment later.
            with suppress(SQLAlchemyError):
                self._connection.execute(_RESIGN)
        self._drop_connection()


def lag(session: Session, now: datetime) -> tuple[int, float]:
    """How many events wait (counted up to 10,000), and the age of the oldest in seconds."""
    count, oldest = session.execute(_LAG).one()
    return count, 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())


def purge(session: Session, before: datetime) -> int:
    """Delete events published before ``before``, at most 10,000; returns how many."""
    return int(session.execute(_PURGE, {"before": before}).scalar_one())
