"""Delivers messages to handlers as the bus would at its worst: every one of them twice.

It goes through the real inbox, on a real database, so a handler test sees what a worker sees:
batches, the transaction, the lock, the outbox. A second delivery must change no row of any table;
that is checked each time, not asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from shared.bus import Delivery, LocalBus, Parcel
from shared.clock import Clock
from shared.db import transaction
from shared.ids import new_id
from shared.inbox import Consumer, Handler, Lock, Prepare
from shared.messages import Event, Message, message_of
from shared.parking import list_parked
from sqlalchemy import Engine, text
from sqlmodel import Session


class Parked(AssertionError):
    """A handler kept failing, so its message was parked; the text has the errors."""


def deliver(
    engine: Engine,
    handlers: Iterable[Handler[Any]],
    *messages: tuple[UUID | str, Event] | Message,
    clock: Clock,
    lock: Lock | None = None,
    prepare: Prepare | None = None,
) -> list[Message]:
    """Has `handlers` handle the messages in order; each is given as `(key, event)` or a Message.

    First all in one batch, each beside its own copy; then all again in another batch. Returns
    the messages as they were sent. Raises `Parked` if one of them was parked.
    """
    sent = [_message(given, clock) for given in messages]
    parcels = [
        Parcel(message.id, message.type, message.subject, message.to_json()) for message in sent
    ]
    bus = _Stuttering(parcels)
    consumer = Consumer(
        engine,
        bus,
        "tests",
        handlers,
        clock,
        lock=lock,
        prepare=prepare,
        pause=lambda seconds: None,
    )
    try:
        consumer.run_once()
        _refuse_parked(engine)
        once = fingerprint(engine)
        consumer.run_once()
        assert not bus.left, "the second delivery was not acknowledged"
        twice = fingerprint(engine)
    finally:
        consumer.close()
    changed = sorted(table for table in twice if twice[table] != once[table])
    assert not changed, f"the second delivery of the same messages changed {', '.join(changed)}"
    return sent


def announced(engine: Engine, *types: str) -> list[Message]:
    """The messages in the outbox, oldest first; only those of `types` if any are given."""
    with transaction(engine) as session:
        bodies = session.execute(text("SELECT body FROM outbox ORDER BY seq")).scalars().all()
    messages = [Message.from_json(body.encode()) for body in bodies]
    return [message for message in messages if not types or message.type in types]


def fingerprint(engine: Engine) -> dict[str, str]:
    """A digest of each table's rows: equal before and after means that nothing changed."""
    with transaction(engine) as session:
        return {table: _digest(session, table) for table in _tables(session)}


def _tables(session: Session) -> Sequence[str]:
    return (
        session.execute(
            text(
                "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
                " WHERE table_type = 'BASE TABLE'"
                " AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
            )
        )
        .scalars()
        .all()
    )


def _digest(session: Session, table: str) -> str:
    # the name comes quoted from the catalogue
    rows = "string_agg(t::text, ';' ORDER BY t::text)"
    statement = f"SELECT md5(coalesce({rows}, '')) FROM {table} AS t"
    return str(session.execute(text(statement)).scalar_one())


def _message(given: tuple[UUID | str, Event] | Message, clock: Clock) -> Message:
    if isinstance(given, Message):
        return given
    key, event = given
    return message_of(event, message_id=new_id(), key=str(key), now=clock())


def _refuse_parked(engine: Engine) -> None:
    with transaction(engine) as session:
        parked = list_parked(session)
    if parked:
        raise Parked("\n".join(f"{one.type} of {one.key}: {one.error}" for one in parked))


class _Stuttering(LocalBus):
    """A bus that hands out the same parcels in two batches, each parcel twice in the first."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        super().__init__()
        doubled = [parcel for parcel in parcels for _ in range(2)]
        self.left = [doubled, list(parcels)]

    def subscribe(self, queue: str, types: Sequence[str]) -> Any:
        self.declare(queue, types)
        return _StutteringSubscription(self)


class _StutteringSubscription:
    def __init__(self, bus: _Stuttering) -> None:
        self._bus = bus

    def take(self, limit: int, wait_seconds: float) -> list[Delivery]:
        batch = self._bus.left[0] if self._bus.left else []
        return [Delivery(parcel, tag) for tag, parcel in enumerate(batch, start=1)]

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self._bus.left.pop(0)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """They stay the first to be taken."""

    def keep_alive(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        """Nothing to close."""
