"""The bus: how messages travel, in two small interfaces, and the bus of one process.

Every implementation passes the same conformance tests (``tests/shared/bus``).
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message as the bus sees it: sealed ``body``, routed by ``type``."""

    id: UUID
    type: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A parcel handed to a consumer; ``tag`` is the subscription's own and means nothing else."""

    parcel: Parcel
    tag: int


class BusUnavailable(Exception):
    """The bus can't be reached now; the same call may succeed later."""


class Publisher(Protocol):
    """Publishes in order. Belongs to one thread."""

    def publish(self, parcels: Sequence[Parcel]) -> int:
        """Publish ``parcels`` in order; return how many *from the front* are confirmed.

        The awkward part: of those behind the returned count some may have arrived too. The caller
        publishes them again, so consumers see duplicates; they never see a gap or a later message
        confirmed before an earlier one. Raises `BusUnavailable` when nothing could be sent.
        """
        ...

    def keep_alive(self) -> None:
        """Call now and then while idle."""
        ...

    def close(self) -> None:
        """Tolerates being called twice."""
        ...


class Subscription(Protocol):
    """Takes the messages of one queue. Belongs to one thread.

    Of several subscriptions to a queue one is active, so order holds; when it closes or its
    process dies, another takes over and what was not acknowledged comes again.
    """

    def take(self, limit: int, wait_seconds: float) -> list[Delivery]:
        """Up to ``limit`` deliveries in order, waiting ``wait_seconds`` for the first one.

        Returns an empty list when none came. Raises `BusUnavailable` when the connection is gone:
        everything taken and not acknowledged will come again. The next call connects anew.
        """
        ...

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """These had their effect. An acknowledgement that gets lost means they come again."""
        ...

    def keep_alive(self) -> None:
        """Call now and then while a batch takes long."""
        ...

    def close(self) -> None:
        """Gives back, in order, all that was not acknowledged. Tolerates being called twice."""
        ...


class Bus(Protocol):
    """Where publishers and subscriptions come from."""

    def publisher(self) -> Publisher:
        """A publisher for one thread. Connects lazily."""
        ...

    def subscribe(self, queue: str, types: Sequence[str]) -> Subscription:
        """A subscription for one thread to the durable ``queue``, bound to ``types``.

        The queue is there when this returns: nothing published from now on is missed. Raises
        `BusUnavailable`.
        """
        ...

    def declare(self, queue: str, types: Sequence[str]) -> None:
        """Make ``queue`` and its bindings without taking from it. Raises `BusUnavailable`."""
        ...

    def ready(self) -> bool:
        """Whether the bus can be reached now."""
        ...

    def close(self) -> None:
        """Close what the bus itself holds open."""
        ...


@dataclass
class _LocalQueue:
    types: frozenset[str]
    waiting: OrderedDict[UUID, Parcel] = field(default_factory=OrderedDict)
    in_flight: dict[UUID, Parcel] = field(default_factory=dict)
    subscriptions: list["LocalSubscription"] = field(default_factory=list)

    def holds(self, message_id: UUID) -> bool:
        return message_id in self.waiting or message_id in self.in_flight


class LocalBus:
    """The bus of a house that runs in one process.

    A message is confirmed only when *every* queue it was routed to has acknowledged it. So the
    outbox row stays the durable copy until the effect is committed, and a process killed at any
    moment loses nothing: at the next start the relay publishes what was not confirmed, and the
    inbox drops what had its effect.
    """

    def __init__(self, *, confirm_seconds: float = 10.0) -> None:
        self._confirm_seconds: Final = confirm_seconds
        self._changed: Final = threading.Condition()
        self._queues: dict[str, _LocalQueue] = {}
        self._closed = False

    def publisher(self) -> "LocalPublisher":
        return LocalPublisher(self)

    def declare(self, queue: str, types: Sequence[str]) -> None:
        with self._changed:
            if queue in self._queues:
                self._queues[queue].types = frozenset(types)
            else:
                self._queues[queue] = _LocalQueue(frozenset(types))

    def subscribe(self, queue: str, types: Sequence[str]) -> "LocalSubscription":
        self.declare(queue, types)
        with self._changed:
            subscription = LocalSubscription(self, self._queues[queue])
            self._queues[queue].subscriptions.append(subscription)
        return subscription

    def ready(self) -> bool:
        return not self._closed

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _publish(self, parcels: Sequence[Parcel]) -> int:
        deadline = time.monotonic() + self._confirm_seconds
        with self._changed:
            if self._closed:
                raise BusUnavailable("the bus is closed")
            routes = [
                [queue for queue in self._queues.values() if parcel.type in queue.types]
                for parcel in parcels
            ]
            for parcel, queues in zip(parcels, routes, strict=True):
                for queue in queues:
                    # Published again after a late confirm: the first copy is still on its way.
                    if not queue.holds(parcel.id):
                        queue.waiting[parcel.id] = parcel
            self._changed.notify_all()
            confirmed = 0
            while True:
                while confirmed < len(parcels) and not any(
                    queue.holds(parcels[confirmed].id) for queue in routes[confirmed]
                ):
                    confirmed += 1
                left = deadline - time.monotonic()
                if confirmed == len(parcels) or self._closed or left <= 0:
                    return confirmed
                self._changed.wait(left)


class LocalPublisher:
    """`Publisher` of a `LocalBus`."""

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus

    def publish(self, parcels: Sequence[Parcel]) -> int:
        return self._bus._publish(parcels)

    def keep_alive(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        """Nothing to close."""


class LocalSubscription:
    """`Subscription` of a `LocalBus`."""

    def __init__(self, bus: LocalBus, queue: _LocalQueue) -> None:
        self._bus = bus
        self._queue = queue
        self._tags: dict[int, UUID] = {}
        self._next_tag = 1
        self._closed = False

    def take(self, limit: int, wait_seconds: float) -> list[Delivery]:
        deadline = time.monotonic() + wait_seconds
        with self._bus._changed:
            while not self._may_take():
                left = deadline - time.monotonic()
                if left <= 0 or self._closed or self._bus._closed:
                    return []
                self._bus._changed.wait(left)
            taken: list[Delivery] = []
            while self._queue.waiting and len(taken) < limit:
                message_id, parcel = self._queue.waiting.popitem(last=False)
                self._queue.in_flight[message_id] = parcel
                self._tags[self._next_tag] = message_id
                taken.append(Delivery(parcel, self._next_tag))
                self._next_tag += 1
            return taken

    def _may_take(self) -> bool:
        active = self._queue.subscriptions and self._queue.subscriptions[0] is self
        return bool(active and self._queue.waiting and not self._bus._closed)

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        with self._bus._changed:
            for delivery in deliveries:
                message_id = self._tags.pop(delivery.tag, None)
                if message_id is not None:
                    self._queue.in_flight.pop(message_id, None)
            self._bus._changed.notify_all()

    def keep_alive(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        with self._bus._changed:
            if self._closed:
                return
            self._closed = True
            for tag in sorted(self._tags, reverse=True):
                message_id = self._tags[tag]
                if message_id in self._queue.in_flight:
                    self._queue.waiting[message_id] = self._queue.in_flight.pop(message_id)
                    self._queue.waiting.move_to_end(message_id, last=False)
            self._tags.clear()
            self._queue.subscriptions.remove(self)
            self._bus._changed.notify_all()
