"""What every bus promises, asked of both: the one of RabbitMQ and the one inside a process.

Where they differ by design they say so in ``FEATURES``: a message nobody takes is stored by
RabbitMQ (and so confirmed), while the local bus leaves it unconfirmed in the publisher's outbox.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from shared.bus import Bus, BusUnavailable, Delivery, LocalBus, Parcel, Subscription
from shared.rabbit import RabbitBus

WAIT = 20.0


@dataclass(frozen=True)
class Features:
    stores_messages_nobody_takes: bool


FEATURES = {
    "local": Features(stores_messages_nobody_takes=False),
    "rabbit": Features(stores_messages_nobody_takes=True),
}


@pytest.fixture(params=sorted(FEATURES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def features(kind: str) -> Features:
    return FEATURES[kind]


@pytest.fixture
def bus(kind: str, request: pytest.FixtureRequest) -> Iterator[Bus]:
    made: Bus
    if kind == "local":
        made = LocalBus(confirm_seconds=1.0)
    else:
        made = RabbitBus(request.getfixturevalue("rabbit_url"))
    yield made
    made.close()


def parcels(count: int, *, type_: str = "bell.rung.v1", key: str = "nobody-home") -> list[Parcel]:
    return [Parcel(uuid4(), type_, key, f'{{"knock": {n}}}'.encode()) for n in range(count)]


@contextmanager
def taking(subscription: Subscription, *, batch: int = 50) -> Iterator[list[Parcel]]:
    """Takes and acknowledges in a thread of its own, as a worker does."""
    taken: list[Parcel] = []
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            deliveries = subscription.take(batch, 0.05)
            taken.extend(each.parcel for each in deliveries)
            subscription.ack(deliveries)
        subscription.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield taken
    finally:
        stopping.set()
        thread.join(WAIT)
        assert not thread.is_alive()


@contextmanager
def publishing(bus: Bus, sent: list[Parcel]) -> Iterator[list[int]]:
    """Publishes in a thread of its own; the local bus returns only when all is acknowledged."""
    confirmed: list[int] = []

    def run() -> None:
        publisher = bus.publisher()
        confirmed.append(publisher.publish(sent))
        publisher.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield confirmed
    finally:
        thread.join(WAIT)
        assert not thread.is_alive()


def take(subscription: Subscription, count: int) -> list[Delivery]:
    deliveries: list[Delivery] = []
    for _ in range(200):
        deliveries += subscription.take(count - len(deliveries), 0.1)
        if len(deliveries) == count:
            break
    return deliveries


def eventually(condition: Callable[[], bool]) -> bool:
    pause = threading.Event()
    for _ in range(400):
        if condition():
            return True
        pause.wait(0.05)
    return condition()


def test_messages_arrive_whole_and_in_the_order_of_publishing(bus: Bus) -> None:
    sent = parcels(500)
    with taking(bus.subscribe("doorbells", ["bell.rung.v1"])) as taken:
        with publishing(bus, sent) as confirmed:
            pass
        assert confirmed == [500]
        assert eventually(lambda: len(taken) >= 500)
    assert taken == sent


def test_a_queue_gets_only_the_types_it_is_bound_to(bus: Bus) -> None:
    bells, letters = parcels(3), parcels(3, type_="letter.sent.v1")
    with taking(bus.subscribe("doorbells", ["bell.rung.v1"])) as taken:
        with publishing(bus, [*letters, *bells]):
            pass
        assert eventually(lambda: len(taken) >= 3)
    assert taken == bells


def test_each_queue_gets_its_own_copy(bus: Bus) -> None:
    sent = parcels(20)
    with (
        taking(bus.subscribe("upstairs", ["bell.rung.v1"])) as upstairs,
        taking(bus.subscribe("downstairs", ["bell.rung.v1"])) as downstairs,
    ):
        with publishing(bus, sent):
            pass
        assert eventually(lambda: len(upstairs) >= 20 and len(downstairs) >= 20)
    assert upstairs == downstairs == sent


def test_what_nobody_is_bound_to_is_confirmed_at_once(bus: Bus) -> None:
    with publishing(bus, parcels(5, type_="tree.fell.v1")) as confirmed:
        pass
    assert confirmed == [5]


def test_publishing_nothing_confirms_nothing(bus: Bus) -> None:
    publisher = bus.publisher()
    assert publisher.publish([]) == 0
    publisher.close()


def test_what_was_not_acknowledged_comes_again_in_order(bus: Bus) -> None:
    sent = parcels(10)
    first = bus.subscribe("doorbells", ["bell.rung.v1"])
    with publishing(bus, sent):
        deliveries = take(first, 6)
        first.ack(deliveries[:2])
        first.close()
        second = bus.subscribe("doorbells", ["bell.rung.v1"])
        again = take(second, 8)
        second.ack(again)
    assert [each.parcel for each in again] == sent[2:]
    second.close()


def test_however_much_was_not_acknowledged_its_order_holds(bus: Bus) -> None:
    sent = parcels(300)
    first = bus.subscribe("doorbells", ["bell.rung.v1"])
    with publishing(bus, sent):
        deliveries = take(first, 150)
        first.ack(deliveries[:10])
        standby = bus.subscribe("doorbells", ["bell.rung.v1"])
        assert standby.take(1, 0.2) == []
        first.close()
        again = take(standby, 290)
        standby.ack(again)
    assert [each.parcel for each in again] == sent[10:]
    standby.close()


def test_an_acknowledgement_out_of_order_acknowledges_only_what_it_names(bus: Bus) -> None:
    sent = parcels(4)
    first = bus.subscribe("doorbells", ["bell.rung.v1"])
    with publishing(bus, sent):
        deliveries = take(first, 4)
        first.ack([deliveries[1], deliveries[3]])
        first.close()
        second = bus.subscribe("doorbells", ["bell.rung.v1"])
        again = take(second, 2)
        second.ack(again)
    assert [each.parcel for each in again] == [sent[0], sent[2]]
    second.close()


def test_of_two_subscriptions_one_is_active_and_the_other_takes_over(bus: Bus) -> None:
    sent = parcels(10)
    active = bus.subscribe("doorbells", ["bell.rung.v1"])
    assert active.take(1, 0.2) == []
    standby = bus.subscribe("doorbells", ["bell.rung.v1"])
    assert standby.take(1, 0.2) == []
    with publishing(bus, sent):
        deliveries = take(active, 4)
        assert standby.take(10, 0.3) == []
        active.ack(deliveries)
        active.close()
        rest = take(standby, 6)
        standby.ack(rest)
    assert [each.parcel for each in (*deliveries, *rest)] == sent
    standby.close()


def test_a_tag_of_a_closed_subscription_acknowledges_nothing_later(bus: Bus) -> None:
    sent = parcels(2)
    subscription = bus.subscribe("doorbells", ["bell.rung.v1"])
    with publishing(bus, sent):
        deliveries = take(subscription, 2)
        subscription.close()
        subscription.ack(deliveries)
        second = bus.subscribe("doorbells", ["bell.rung.v1"])
        again = take(second, 2)
        assert [each.parcel for each in again] == sent
        second.ack(again)
        second.close()


def test_a_queue_that_was_declared_misses_nothing(bus: Bus, features: Features) -> None:
    sent = parcels(5)
    bus.declare("doorbells", ["bell.rung.v1"])
    publisher = bus.publisher()
    confirmed = publisher.publish(sent)
    assert confirmed == (5 if features.stores_messages_nobody_takes else 0)
    with taking(bus.subscribe("doorbells", ["bell.rung.v1"])) as taken:
        # The relay publishes again what was not confirmed.
        assert publisher.publish(sent[confirmed:]) == 5 - confirmed
        assert eventually(lambda: len({each.id for each in taken}) == 5)
    publisher.close()
    firsts: dict[UUID, Parcel] = {}
    for each in taken:
        firsts.setdefault(each.id, each)
    assert list(firsts.values()) == sent


def test_an_empty_queue_answers_after_the_wait(bus: Bus) -> None:
    subscription = bus.subscribe("doorbells", ["bell.rung.v1"])
    assert subscription.take(10, 0.1) == []
    subscription.keep_alive()
    subscription.close()


def test_closing_twice_and_closing_the_unused_is_fine(bus: Bus) -> None:
    publisher, subscription = bus.publisher(), bus.subscribe("doorbells", ["bell.rung.v1"])
    publisher.keep_alive()
    for _ in range(2):
        publisher.close()
        subscription.close()


def test_large_and_odd_bodies_survive(bus: Bus) -> None:
    sent = [
        Parcel(uuid4(), "bell.rung.v1", "門鈴", ("門" * 400_000).encode()),
        Parcel(uuid4(), "bell.rung.v1", "", b""),
        Parcel(uuid4(), "bell.rung.v1", "a key\twith tab", bytes(range(256))),
    ]
    with taking(bus.subscribe("doorbells", ["bell.rung.v1"])) as taken:
        with publishing(bus, sent) as confirmed:
            pass
        assert confirmed == [3]
        assert eventually(lambda: len(taken) >= 3)
    assert taken == sent


def test_a_bus_that_is_there_is_ready(bus: Bus) -> None:
    assert bus.ready()


def test_a_broker_that_is_away_is_not_ready_and_says_so() -> None:
    away = RabbitBus("amqp://guest:guest@127.0.0.1:1/")
    assert not away.ready()
    with pytest.raises(BusUnavailable):
        away.publisher().publish(parcels(1))
    with pytest.raises(BusUnavailable):
        away.subscribe("doorbells", ["bell.rung.v1"])
    with pytest.raises(BusUnavailable):
        away.declare("doorbells", ["bell.rung.v1"])
