"""A crash between every two steps of an event's way: one test for each row of the table in the
architecture, with real PostgreSQL and, where it takes part, real RabbitMQ.

A crash is an exception that nothing catches (`Crash` is no Exception), after which everything in
memory is thrown away and made anew, as after ``kill -9``.
"""

import socket
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from doorbells import HANDLERS, NOW, BellRung, BellRungHere, effects, make_effects, record, ring
from shared.bus import BusUnavailable, Delivery, Parcel, Publisher, Subscription
from shared.db import transaction
from shared.inbox import Consumer, Delivered, Handler
from shared.outbox import Relay
from shared.rabbit import RabbitBus
from sqlalchemy import Engine, text
from sqlmodel import Session

from shared import outbox, parking


class Crash(BaseException):
    """The process dies here."""


class CrashingBus(RabbitBus):
    """RabbitMQ, with deaths at chosen moments."""

    die_after_publish = False
    die_before_publish = False
    die_before_ack = False

    def publisher(self) -> Any:
        return _CrashingPublisher(self, super().publisher())

    def subscribe(self, queue: str, types: Sequence[str]) -> Any:
        return _CrashingSubscription(self, super().subscribe(queue, types))


class _CrashingPublisher:
    def __init__(self, bus: CrashingBus, inner: Publisher) -> None:
        self._bus, self._inner = bus, inner
        self.keep_alive, self.close = inner.keep_alive, inner.close

    def publish(self, parcels: Sequence[Parcel]) -> int:
        if self._bus.die_before_publish:
            raise Crash
        confirmed = self._inner.publish(parcels)
        if self._bus.die_after_publish:
            raise Crash
        return confirmed


class _CrashingSubscription:
    def __init__(self, bus: CrashingBus, inner: Subscription) -> None:
        self._bus, self._inner = bus, inner
        self.take, self.keep_alive, self.close = inner.take, inner.keep_alive, inner.close

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        if self._bus.die_before_ack:
            raise Crash
        self._inner.ack(deliveries)


@pytest.fixture
def engine(plumbing_engine: Engine) -> Engine:
    make_effects(plumbing_engine)
    return plumbing_engine


@pytest.fixture
def bus(rabbit_url: str) -> CrashingBus:
    made = CrashingBus(rabbit_url)
    made.declare("bells", ["bell.rung.v1"])
    return made


@pytest.fixture
def relayed(engine: Engine, bus: CrashingBus) -> Iterator[Relay]:
    relay = Relay(engine, bus, lambda: NOW, service="bells")
    yield relay
    relay.close()


def relay_once(engine: Engine, bus: CrashingBus) -> None:
    """A relay's life: one batch, then its process ends, however that batch went."""
    relay = Relay(engine, bus, lambda: NOW, service="bells")
    try:
        relay.run_once()
    finally:
        relay.close()


def work(
    engine: Engine,
    bus: CrashingBus,
    handlers: Sequence[Handler[Any]] = HANDLERS,
    *,
    rounds: int = 1,
) -> None:
    """A worker's life: some batches, then its process ends."""
    worker = Consumer(engine, bus, "bells", handlers, lambda: NOW, pause=lambda _seconds: None)
    try:
        for _ in range(rounds):
            worker.run_once()
    finally:
        worker.close()


def cut_the_line(relay: Relay) -> None:
    """The network goes away under the relay's connection to the broker."""
    connection: Any = relay._publisher
    connection._inner._connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            ).scalar_one()
        )


def test_before_the_commit_nothing_happened(engine: Engine, bus: CrashingBus) -> None:
    with pytest.raises(Crash), transaction(engine) as session:
        session.execute(text("INSERT INTO effect (key, knock) VALUES ('api', 1)"))
        outbox.add(session, BellRung(knock=1), key="api", now=NOW)
        raise Crash
    assert effects(engine) == []
    assert waiting(engine) == 0


def test_after_the_commit_and_before_the_publish_the_row_waits(
    engine: Engine, bus: CrashingBus
) -> None:
    ring(engine, 1)
    bus.die_before_publish = True
    with pytest.raises(Crash):
        relay_once(engine, bus)
    bus.die_before_publish = False
    relay_once(engine, bus)
    work(engine, bus)
    assert effects(engine) == [("nobody-home", 1)]


def test_after_the_publish_and_before_the_mark_it_is_sent_twice_and_has_one_effect(
    engine: Engine, bus: CrashingBus
) -> None:
    ring(engine, 1, 2)
    bus.die_after_publish = True
    with pytest.raises(Crash):
        relay_once(engine, bus)
    assert waiting(engine) == 2
    bus.die_after_publish = False
    relay_once(engine, bus)
    assert waiting(engine) == 0
    work(engine, bus, rounds=3)
    assert effects(engine) == [("nobody-home", 1), ("nobody-home", 2)]


def test_in_the_handler_after_the_inbox_row_both_are_undone_and_it_comes_again(
    engine: Engine, bus: CrashingBus
) -> None:
    def die(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        record(session, delivered, now)
        outbox.add(session, BellRung(knock=99), key="echo", now=now)
        raise Crash

    ring(engine, 1)
    relay_once(engine, bus)
    with pytest.raises(Crash):
        work(engine, bus, [Handler(BellRungHere, die)])
    assert effects(engine) == []
    assert waiting(engine) == 0
    work(engine, bus)
    assert effects(engine) == [("nobody-home", 1)]


def test_after_the_consumers_commit_and_before_the_ack_it_is_redelivered_without_effect(
    engine: Engine, bus: CrashingBus
) -> None:
    ring(engine, 1)
    relay_once(engine, bus)
    bus.die_before_ack = True
    with pytest.raises(Crash):
        work(engine, bus)
    assert effects(engine) == [("nobody-home", 1)]
    bus.die_before_ack = False
    work(engine, bus, rounds=2)
    assert effects(engine) == [("nobody-home", 1)]
    left = bus.subscribe("bells", ["bell.rung.v1"])
    assert left.take(1, 0.3) == []
    left.close()


def test_a_handler_that_keeps_failing_parks_its_message_and_its_key_waits_behind(
    engine: Engine, bus: CrashingBus
) -> None:
    def fail(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        if any(each.event.knock == 1 for each in delivered):
            raise RuntimeError("nobody opens")
        record(session, delivered, now)

    ring(engine, 1, 2)
    ring(engine, 3, key="next door")
    relay_once(engine, bus)
    work(engine, bus, [Handler(BellRungHere, fail)])
    assert effects(engine) == [("next door", 3)]
    with transaction(engine) as session:
        assert [each.attempts for each in parking.list_parked(session)] == [3, 0]


def test_between_parking_and_the_ack_it_is_redelivered_and_parked_once(
    engine: Engine, bus: CrashingBus
) -> None:
    def fail(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        raise RuntimeError("nobody opens")

    ring(engine, 1)
    relay_once(engine, bus)
    bus.die_before_ack = True
    with pytest.raises(Crash):
        work(engine, bus, [Handler(BellRungHere, fail)])
    bus.die_before_ack = False
    work(engine, bus, [Handler(BellRungHere, fail)])
    with transaction(engine) as session:
        assert parking.count(session) == 1


def test_a_connection_that_breaks_under_the_publisher_costs_a_duplicate_at_most(
    engine: Engine, bus: CrashingBus
) -> None:
    ring(engine, *range(20))
    relay = Relay(engine, bus, lambda: NOW, service="bells", batch=10)
    relay.run_once()
    cut_the_line(relay)
    with pytest.raises(BusUnavailable):
        relay.run_once()
    while relay.run_once():
        pass
    relay.close()
    work(engine, bus, rounds=3)
    assert effects(engine) == [("nobody-home", n) for n in range(20)]
