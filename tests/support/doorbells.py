"""A tiny service for the plumbing's tests: a bell rings, and its effect is a row."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

from shared.bus import Delivery, Parcel
from shared.db import transaction
from shared.inbox import Delivered, Handler
from shared.messages import Event, Message, Received, message_of
from sqlalchemy import Engine, text
from sqlmodel import Session

from shared import outbox

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class BellRung(Event):
    TYPE: ClassVar[str] = "bell.rung.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {"knock": 1}
    knock: int


class BellRungHere(Received):
    TYPE: ClassVar[str] = "bell.rung.v1"
    knock: int


class DoorOpenedHere(Received):
    TYPE: ClassVar[str] = "door.opened.v1"
    knock: int


def make_effects(engine: Engine) -> None:
    """The table the handlers below write."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE effect (seq bigint GENERATED ALWAYS AS IDENTITY, type text, key text,"
                " knock int)"
            )
        )


def effects(engine: Engine) -> list[tuple[str, int]]:
    """The effects so far, in order: key and knock."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT key, knock FROM effect ORDER BY seq"))
        return [(row.key, row.knock) for row in rows]


def record(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
    """The handler: one row for each delivery."""
    session.execute(
        text("INSERT INTO effect (type, key, knock) VALUES (:type, :key, :knock)"),
        [
            {"type": each.message.type, "key": each.message.subject, "knock": each.event.knock}
            for each in delivered
        ],
    )


HANDLERS: list[Handler[Any]] = [Handler(BellRungHere, record), Handler(DoorOpenedHere, record)]


def ring(engine: Engine, *knocks: int, key: str = "nobody-home") -> None:
    """Write events into the outbox, as a service would."""
    with transaction(engine) as session:
        outbox.add(session, [BellRung(knock=knock) for knock in knocks], key=key, now=NOW)


def parcel(knock: int, *, key: str = "nobody-home", type_: str = "bell.rung.v1") -> Parcel:
    """A message as a relay would publish it."""
    message = message_of(BellRung(knock=knock), message_id=uuid4(), key=key, now=NOW)
    renamed = Message(**{**{f: getattr(message, f) for f in message.__slots__}, "type": type_})
    return Parcel(renamed.id, type_, key, renamed.to_json())


def broken_parcel(body: bytes = b"{not json", *, key: str = "nobody-home") -> Parcel:
    """A message nobody can read."""
    return Parcel(uuid4(), "bell.rung.v1", key, body)


def knock_of(delivery: Delivery | Parcel) -> int:
    """Which knock a message is about."""
    body = delivery.body if isinstance(delivery, Parcel) else delivery.parcel.body
    return int(json.loads(body)["data"]["knock"])


class ScriptedBus:
    """A bus for single steps: what is published is remembered, what is queued gets delivered.

    ``confirms`` limits how many of the next publish are confirmed; ``fail`` raises on it.
    """

    def __init__(self) -> None:
        self.published: list[Parcel] = []
        self.confirms: int | None = None
        self.fail: Exception | None = None
        self.fail_ack: Exception | None = None
        self.queued: list[Parcel] = []
        self.unacknowledged: list[Parcel] = []
        self.closed = 0

    def publisher(self) -> "ScriptedBus":
        return self

    def subscribe(self, queue: str, types: Sequence[str]) -> "ScriptedBus":
        self.queued = self.unacknowledged + self.queued
        self.unacknowledged = []
        return self

    def declare(self, queue: str, types: Sequence[str]) -> None:
        pass

    def ready(self) -> bool:
        return True

    def publish(self, parcels: Sequence[Parcel]) -> int:
        if self.fail is not None:
            raise self.fail
        confirmed = len(parcels) if self.confirms is None else min(self.confirms, len(parcels))
        self.published.extend(parcels)
        return confirmed

    def take(self, limit: int, wait_seconds: float) -> list[Delivery]:
        taken, self.queued = self.queued[:limit], self.queued[limit:]
        self.unacknowledged += taken
        return [Delivery(each, tag) for tag, each in enumerate(taken, start=1)]

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        if self.fail_ack is not None:
            raise self.fail_ack
        done = {each.parcel.id for each in deliveries}
        self.unacknowledged = [each for each in self.unacknowledged if each.id not in done]

    def keep_alive(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1
