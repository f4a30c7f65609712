"""A bus that keeps its promises and nothing more: late, twice, and in any order but a key's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from shared.bus import Delivery, Parcel

from year.deaths import Deaths


@dataclass
class _Queue:
    types: frozenset[str]
    waiting: list[Parcel] = field(default_factory=list)
    taken: dict[int, Parcel] = field(default_factory=dict)


class UnkindBus:
    """`shared.bus.Bus` of one thread. What it may do, it does, as `random` says:

    - confirm only the front part of what it took, so that the rest is published again;
    - deliver a message twice, the copy as late as it likes;
    - let messages of other keys overtake, never those of the same key and publisher.
    """

    def __init__(self, deaths: Deaths) -> None:
        self.random = Random(0)
        self.kind = False
        self._deaths = deaths
        self._queues: dict[str, _Queue] = {}
        self._tag = 0

    def begin(self, random: Random) -> None:
        """A new year: by another chance."""
        self.random, self.kind = random, False

    @property
    def waiting(self) -> int:
        """How many messages are on their way."""
        return sum(len(queue.waiting) + len(queue.taken) for queue in self._queues.values())

    def declare(self, queue: str, types: Sequence[str]) -> None:
        self._queues.setdefault(queue, _Queue(frozenset())).types = frozenset(types)

    def publisher(self) -> _Publisher:
        return _Publisher(self)

    def subscribe(self, queue: str, types: Sequence[str]) -> _Subscription:
        self.declare(queue, types)
        return _Subscription(self, self._queues[queue])

    def ready(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is held open."""

    def _publish(self, parcels: Sequence[Parcel]) -> int:
        self._deaths.step()
        for parcel in parcels:
            for queue in self._queues.values():
                if parcel.type in queue.types:
                    self._put(queue, parcel)
                    if self._chance(0.1):
                        queue.waiting.append(parcel)
        self._deaths.step()
        return self.random.randrange(len(parcels) + 1) if self._chance(0.1) else len(parcels)

    def _put(self, queue: _Queue, parcel: Parcel) -> None:
        """Behind the last message of its key, before any of those of others."""
        first = 0
        for place, other in enumerate(queue.waiting):
            if other.key == parcel.key:
                first = place + 1
        overtakes = self._chance(0.3)
        place = self.random.randint(first, len(queue.waiting)) if overtakes else len(queue.waiting)
        queue.waiting.insert(place, parcel)

    def _chance(self, likely: float) -> bool:
        return not self.kind and self.random.random() < likely

    def _take(self, queue: _Queue, limit: int) -> list[Delivery]:
        many = limit if self.kind else self.random.randint(1, limit)
        found = []
        for parcel in queue.waiting[:many]:
            self._tag += 1
            queue.taken[self._tag] = parcel
            found.append(Delivery(parcel, self._tag))
        del queue.waiting[:many]
        return found

    def _ack(self, queue: _Queue, deliveries: Sequence[Delivery]) -> None:
        self._deaths.step()
        for delivery in deliveries:
            queue.taken.pop(delivery.tag, None)
        self._deaths.step()


class _Publisher:
    def __init__(self, bus: UnkindBus) -> None:
        self._bus = bus

    def publish(self, parcels: Sequence[Parcel]) -> int:
        return self._bus._publish(parcels)

    def keep_alive(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        """Nothing to close."""


class _Subscription:
    def __init__(self, bus: UnkindBus, queue: _Queue) -> None:
        self._bus, self._queue = bus, queue
        self._mine: list[int] = []

    def take(self, limit: int, wait_seconds: float) -> list[Delivery]:
        del wait_seconds  # time is the simulation's own
        deliveries = self._bus._take(self._queue, min(limit, 20))
        self._mine += [delivery.tag for delivery in deliveries]
        return deliveries

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self._bus._ack(self._queue, deliveries)

    def keep_alive(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        """What was taken and not acknowledged comes again, in order."""
        back = [self._queue.taken.pop(tag) for tag in self._mine if tag in self._queue.taken]
        self._queue.waiting[:0] = back
        self._mine.clear()
