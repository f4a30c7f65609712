"""P11: how long a visit waits for its answer at a third of the most there can be, beside one hop.

Bare is one hop: a message published to a quorum queue and taken from it, at the same pace. Real is
from the commit of a request in cases until the event that the visit is scheduled has arrived at a
listener: two relays, three hops, two inboxes, the rules, the signature. Both give the p99 in
milliseconds; the figure is the second divided by the first.
"""

import statistics
import tempfile
import threading
import time
from pathlib import Path
from uuid import UUID

from credentials import Keys
from measure import ROUNDS, Ratio
from p1_visits import WORKERS, decided_rate, requests_held_back, working
from process_house import ProcessHouse
from servers import Servers
from shared.bus import Parcel
from shared.db import make_engine
from shared.ids import new_id
from shared.messages import Message
from shared.rabbit import RabbitBus
from sqlalchemy import Engine, text

SHARE = 0.3
SECONDS = 10.0
WARM_UP = 2.0
"""Seconds that are not counted: connections are opened and rules read once in a process's life."""
_SCHEDULED = "cases.visit-scheduled.v1"
_HOP = "bench.hop-taken.v1"

_RELEASE = text(
    "INSERT INTO outbox (id, type, key, body, created_at) SELECT id, type, key, body, created_at"
    " FROM held WHERE id = :id"
)


def run(servers: Servers) -> Ratio:
    """Rounds in turn at the same pace, which is found by measuring P1 once."""
    ratio = Ratio("P11", "p99 of request → scheduled ÷ p99 of one hop", 20, "ms", at_most=True)
    pace = SHARE * decided_rate(servers)
    for _ in range(ROUNDS):
        ratio.bare.append(_p99(_hops(servers, pace)))
        ratio.real.append(_p99(_answers(servers, pace)))
    ratio.remarks.append(f"at {pace:.0f} visits a second")
    return ratio


def _hops(servers: Servers, pace: float) -> list[float]:
    """How long each of so many messages took from publish to take, in milliseconds."""
    bus = RabbitBus(servers.vhost())
    bus.declare("bench", [_HOP])
    sent: dict[UUID, float] = {}
    listener = _Listener(bus, _HOP)
    publisher = bus.publisher()
    for wait in _beats(pace):
        wait()
        message_id = new_id()
        sent[message_id] = time.perf_counter()
        publisher.publish([Parcel(message_id, _HOP, str(message_id), b"{}")])
    arrived = listener.stop(len(sent))
    publisher.close()
    bus.close()
    return _milliseconds(sent, arrived, pace)


def _answers(servers: Servers, pace: float) -> list[float]:
    """How long each of so many requests waited until its visit was scheduled, in milliseconds."""
    with tempfile.TemporaryDirectory() as directory:
        url = servers.vhost()
        keys = Keys.make(Path(directory))
        house = ProcessHouse(Path(directory), servers.databases, url, keys)
        house.migrate()
        engine = make_engine(house.database_urls["cases"])
        bus = RabbitBus(url)
        try:
            with requests_held_back(engine), working(house, WORKERS):
                return _paced(engine, bus, pace)
        finally:
            bus.close()
            engine.dispose()


def _paced(engine: Engine, bus: RabbitBus, pace: float) -> list[float]:
    with engine.connect() as connection:
        held = connection.execute(
            text("SELECT id, body::json->'data'->>'visit_id' AS visit_id FROM held ORDER BY id")
        ).all()
    listener = _Listener(bus, _SCHEDULED)
    sent: dict[UUID, float] = {}
    for row, wait in zip(held, _beats(pace), strict=False):
        wait()
        with engine.begin() as connection:
            connection.execute(_RELEASE, {"id": row.id})
        sent[UUID(row.visit_id)] = time.perf_counter()
    arrived = listener.stop(len(sent))
    return _milliseconds(sent, arrived, pace)


class _Listener:
    """Notes when each message arrived: by the visit it is about, else by its own id."""

    def __init__(self, bus: RabbitBus, type_: str) -> None:
        self._subscription = bus.subscribe(f"bench-{new_id()}", [type_])
        self._arrived: dict[UUID, float] = {}
        self._wanted: int | None = None
        self._deadline = time.perf_counter() + 120
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def stop(self, wanted: int) -> dict[UUID, float]:
        """All ``wanted`` arrivals, once they are there. Raises AssertionError if some never are."""
        self._wanted = wanted
        self._thread.join()
        assert len(self._arrived) >= wanted, f"{len(self._arrived)} of {wanted} arrived"
        return self._arrived

    def _listen(self) -> None:
        while time.perf_counter() < self._deadline:
            deliveries = self._subscription.take(100, 0.2)
            now = time.perf_counter()
            for delivery in deliveries:
                self._arrived.setdefault(_about(delivery.parcel), now)
            if deliveries:
                self._subscription.ack(deliveries)
            if self._wanted is not None and len(self._arrived) >= self._wanted:
                break
        self._subscription.close()


def _about(parcel: Parcel) -> UUID:
    if parcel.type != _SCHEDULED:
        return parcel.id
    return UUID(Message.from_json(parcel.body).data["visit_id"])


def _milliseconds(sent: dict[UUID, float], arrived: dict[UUID, float], pace: float) -> list[float]:
    """How long each took, but for the first ones."""
    took = [1000 * (arrived[each] - at) for each, at in sent.items()]
    return took[int(pace * WARM_UP) :]


def _beats(pace: float) -> "list[_Beat]":
    """One wait for each of so many messages, evenly spread over some seconds."""
    begun = time.perf_counter() + 0.5
    return [_Beat(begun + number / pace) for number in range(int(pace * (WARM_UP + SECONDS)))]


class _Beat:
    def __init__(self, at: float) -> None:
        self._at = at

    def __call__(self) -> None:
        time.sleep(max(0.0, self._at - time.perf_counter()))


def _p99(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[98]
