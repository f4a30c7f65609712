"""The inbox: each message has its effect once, in the transaction that records it as received."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import Engine, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared import metrics, parking
from shared.bus import Bus, BusUnavailable, Delivery, Parcel, Subscription
from shared.clock import Clock
from shared.db import is_transient, transaction
from shared.log import frames
from shared.loops import Resting
from shared.messages import BrokenMessage, Message, Received
from shared.outbox import TRACES

_log = structlog.get_logger(__name__)

R = TypeVar("R", bound=Received)


@dataclass(frozen=True, slots=True)
class Delivered(Generic[R]):
    """A message with its data parsed into the consumer's own model."""

    message: Message
    event: R


# In one call no two deliveries have the same key; order per key is kept between calls.
Handle = Callable[[Session, Sequence[Delivered[R]], datetime], None]


@dataclass(frozen=True, slots=True)
class Handler(Generic[R]):
    """What a service does about one type of event. A queue is bound to its handlers' types."""

    model: type[R]
    handle: Handle[R]

    @property
    def type(self) -> str:
        """The type of event it handles."""
        return self.model.TYPE


def each(handle_one: Callable[[Session, Delivered[R], datetime], None]) -> Handle[R]:
    """A handler of many out of a handler of one, where a batch has nothing to gain."""

    def handle(session: Session, delivered: Sequence[Delivered[R]], now: datetime) -> None:
        for one in delivered:
            handle_one(session, one, now)

    handle.__name__ = getattr(handle_one, "__name__", "handle")
    handle.__doc__ = handle_one.__doc__
    return handle


Prepare = Callable[[Sequence[Message]], None]
Lock = Callable[[Session, Sequence[Message]], None]

_RECEIVE: Final = text(
    # rowcount is -1 with psycopg either way: what is RETURNED is new, the rest are duplicates.
    "INSERT INTO inbox (message_id, received_at) SELECT unnest(:ids), :now"
    " ON CONFLICT DO NOTHING RETURNING message_id"
).bindparams(bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True))))
_PURGE: Final = text(
    "WITH gone AS (DELETE FROM inbox WHERE message_id IN"
    " (SELECT message_id FROM inbox WHERE received_at < :before LIMIT 10000) RETURNING 1)"
    " SELECT count(*) FROM gone"
)

# A handler's failure may pass by itself (a row another message brings); a broken body's can't.
_TRIES: Final = 3
_PAUSES: Final = (0.05, 0.25)
_REQUEUED_EVERY_SECONDS: Final = 0.5


class Consumer(Resting):
    """Takes messages from a queue in batches; one transaction a batch, then one acknowledgement.

    - ``prepare`` runs before the transaction and may ask others (a missing public key).
    - ``lock`` is the transaction's first statement: it locks whatever the messages' effects need,
      in sorted order, before anything protected is read.
    - A batch that fails is done again one by one. Whatever keeps failing alone is parked, and
      later messages of its key park behind it.
    - When the database or the bus is away the batch is kept and tried again; nothing is parked.
    """

    def __init__(
        self,
        engine: Engine,
        bus: Bus,
        queue: str,
        handlers: Iterable[Handler[Any]],
        clock: Clock,
        *,
        prepare: Prepare | None = None,
        lock: Lock | None = None,
        batch: int = 100,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self.name = f"{queue} consumer"
        self.idle_seconds = 0.0  # `run_once` itself waits for the first message
        self._engine = engine
        self._bus = bus
        self._queue = queue
        self._handlers: dict[str, Handler[Any]] = {}
        for handler in handlers:
            if handler.type in self._handlers:
                msg = f"two handlers for {handler.type}"
                raise ValueError(msg)
            self._handlers[handler.type] = handler
        self._clock = clock
        self._prepare = prepare
        self._lock = lock
        self._batch = batch
        self._pause = pause
        self._subscription: Subscription | None = None
        self._kept: list[Delivery] = []
        self._look_at_requeued = 0.0

    @property
    def types(self) -> list[str]:
        """The types of event it handles; the queue's bindings are made of them."""
        return sorted(self._handlers)

    def declare(self) -> None:
        """Make the queue, so that nothing published from now on is missed."""
        self._bus.declare(self._queue, self.types)

    def run_once(self) -> bool:
        """Handle one batch, or one message an operator requeued. False if there was none."""
        if time.monotonic() >= self._look_at_requeued:
            if self._work_off_requeued():
                return True
            self._look_at_requeued = time.monotonic() + _REQUEUED_EVERY_SECONDS
        subscription = self._subscribed()
        try:
            if not self._kept:
                self._kept = subscription.take(self._batch, wait_seconds=0.5)
            if not self._kept:
                return False
            # Kept until it is done: an error of the database raises out of here and the same
            # deliveries are tried again, without having gone round the broker's delivery limit.
            self._handle(self._kept)
            subscription.ack(self._kept)
        except BusUnavailable:
            self.close()
            raise
        metrics.handled(self._queue, len(self._kept))
        self._kept = []
        return True

    def close(self) -> None:
        self._kept = []
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def _subscribed(self) -> Subscription:
        if self._subscription is None:
            self._subscription = self._bus.subscribe(self._queue, self.types)
        return self._subscription

    def _handle(self, deliveries: Sequence[Delivery]) -> None:
        # A batch may hold the same message twice.
        parcels = list({each.parcel.id: each.parcel for each in deliveries}.values())
        try:
            self._handle_together(parcels)
        except Exception as error:
            if is_transient(error):
                raise
            _log.warning("batch_failed", queue=self._queue, size=len(parcels), error=_name(error))
            for parcel in parcels:
                self._handle_alone(parcel)
                if self._subscription is not None:
                    self._subscription.keep_alive()

    def _handle_together(self, parcels: Sequence[Parcel]) -> None:
        delivered = [self._parse(parcel) for parcel in parcels]
        messages = [one.message for one in delivered]
        if self._prepare is not None:
            self._prepare(messages)
        now = self._clock()
        with transaction(self._engine) as session:
            if self._lock is not None:
                self._lock(session, messages)
            fresh = self._receive(session, parcels, now)
            behind = parking.parked_keys(session, [each.key for each in parcels], self.types)
            free = []
            for parcel, one in zip(parcels, delivered, strict=True):
                if parcel.id not in fresh:
                    continue
                if parcel.key in behind:
                    self._put_aside(session, parcel, parking.BEHIND, 0, now)
                else:
                    free.append(one)
            self._apply(session, free, now)

    def _handle_alone(self, parcel: Parcel) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                self._handle_together([parcel])
            except Exception as error:
                if is_transient(error):
                    raise
                hopeless = isinstance(error, BrokenMessage | ValidationError)
                if not hopeless and attempt < _TRIES:
                    self._pause(_PAUSES[attempt - 1])
                    continue
                self._park(parcel, error, attempt)
            return

    def _park(self, parcel: Parcel, error: Exception, attempts: int) -> None:
        _log.error(
            "parked",
            queue=self._queue,
            message_id=str(parcel.id),
            type=parcel.type,
            key=parcel.key,
            error=_name(error),
            frames=frames(error),
        )
        now = self._clock()
        with transaction(self._engine) as session:
            if self._receive(session, [parcel], now):
                self._put_aside(session, parcel, _explain(error), attempts, now)
        metrics.parked(self._queue, 1)

    def _put_aside(
        self, session: Session, parcel: Parcel, error: str, attempts: int, now: datetime
    ) -> None:
        parking.park(session, parcel, error=error, attempts=attempts, now=now, types=self.types)

    def _work_off_requeued(self) -> bool:
        now = self._clock()
        with transaction(self._engine) as session:
            parked = parking.next_requeued(session, self.types)
        if parked is None:
            return False
        try:
            delivered = self._parse(parked.parcel)
            if self._prepare is not None:
                self._prepare([delivered.message])
            with transaction(self._engine) as session:
                if self._lock is not None:
                    self._lock(session, [delivered.message])
                still = parking.next_requeued(session, self.types)
                if still is None or still.seq != parked.seq:
                    return True
                self._apply(session, [delivered], now)
                parking.mark_handled(session, parked, now=now)
        except Exception as error:
            if is_transient(error) or isinstance(error, BusUnavailable):
                raise
            _log.warning("requeued_failed", queue=self._queue, message_id=str(parked.message_id))
            with transaction(self._engine) as session:
                parking.mark_failed(session, parked, error=_explain(error), types=self.types)
        return True

    def _parse(self, parcel: Parcel) -> Delivered[Any]:
        message = Message.from_json(parcel.body)
        if (message.id, message.type, message.subject) != (parcel.id, parcel.type, parcel.key):
            raise BrokenMessage("the envelope and the message differ")
        handler = self._handlers.get(message.type)
        if handler is None:
            raise BrokenMessage(f"nothing here handles {message.type}")
        return Delivered(message, handler.model.model_validate(message.data))

    @staticmethod
    def _receive(session: Session, parcels: Sequence[Parcel], now: datetime) -> set[UUID]:
        ids = [parcel.id for parcel in parcels]
        return set(session.execute(_RECEIVE, {"ids": ids, "now": now}).scalars())

    def _apply(self, session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        for wave in waves(delivered):
            session.info[TRACES] = {one.message.subject: one.message.traceparent for one in wave}
            by_type: dict[str, list[Delivered[Any]]] = {}
            for one in wave:
                by_type.setdefault(one.message.type, []).append(one)
            for event_type, same in by_type.items():
                self._handlers[event_type].handle(session, same, now)
        session.info.pop(TRACES, None)


def waves(delivered: Sequence[Delivered[Any]]) -> list[list[Delivered[Any]]]:
    """The deliveries in waves: the n-th wave holds the n-th message of each key.

    So a handler gets as many as possible at once, never two of one key, and a key's messages keep
    their order whatever their types.
    """
    result: list[list[Delivered[Any]]] = []
    seen: dict[str, int] = {}
    for one in delivered:
        place = seen.get(one.message.subject, 0)
        seen[one.message.subject] = place + 1
        if place == len(result):
            result.append([])
        result[place].append(one)
    return result


def purge(session: Session, before: datetime) -> int:
    """Forget messages received before ``before``, at most 10,000; returns how many.

    A message older than what is forgotten would have its effect again: keep far more than the
    longest time a message can be under way.
    """
    return int(session.execute(_PURGE, {"before": before}).scalar_one())


def _name(error: BaseException) -> str:
    return type(error).__name__


def _explain(error: Exception) -> str:
    """What an operator reads: the kind of error and where, without the values (rule 13)."""
    if isinstance(error, ValidationError):
        places = "; ".join(
            f"/{'/'.join(str(part) for part in each['loc'])}: {each['type']}"
            for each in error.errors(include_url=False, include_input=False)
        )
        return f"the data does not fit its model: {places}"
    if isinstance(error, DBAPIError):
        # The database's own text quotes the row.
        facts = {key: frames(error)[0].get(key) for key in ("sqlstate", "constraint")}
        return f"{_name(error)}: {facts['sqlstate']} {facts['constraint'] or ''}".rstrip()
    return f"{_name(error)}: {error}"
