"""The bus over RabbitMQ. The only module that imports pika, which is pinned below 2.

pika 2 drops ``BlockingConnection``; then this file changes and nothing else.
"""

import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel

from shared.bus import BusUnavailable, Delivery, Parcel

# pika logs each failed connection several times; the caller logs it once.
logging.getLogger("pika").setLevel(logging.CRITICAL)

_HEARTBEAT_SECONDS: Final = 30
_CONFIRM_SECONDS: Final = 30.0
# Give the socket a turn after this many publishes, so that the broker works while we encode.
_FLUSH_EVERY: Final = 100
# A message goes round this often (each time its consumer died with it) before the broker moves it
# to the dead-letter queue. Handlers' failures never get there: they are parked by the inbox.
_DELIVERY_LIMIT: Final = 100


class RabbitBus:
    """`Bus` on a topic exchange with one durable quorum queue a consumer.

    Everything is declared explicitly, so that RabbitMQ 3.10 and 4.x behave alike: quorum type,
    delivery limit, at-least-once dead-lettering (needs reject-publish overflow), single active
    consumer (order per key).
    """

    def __init__(
        self,
        url: str,
        *,
        exchange: str = "doorstep",
        prefetch: int = 400,
        connection_name: str = "doorstep",
    ) -> None:
        self._parameters = pika.URLParameters(url)
        self._parameters.heartbeat = _HEARTBEAT_SECONDS
        self._parameters.blocked_connection_timeout = _CONFIRM_SECONDS
        self._parameters.socket_timeout = 5.0
        self._parameters.stack_timeout = 10.0
        self._parameters.connection_attempts = 1
        self._parameters.client_properties = {"connection_name": connection_name}
        self._exchange = exchange
        self._prefetch = prefetch

    def publisher(self) -> "RabbitPublisher":
        return RabbitPublisher(self._connect, self._exchange)

    def subscribe(self, queue: str, types: Sequence[str]) -> "RabbitSubscription":
        def open_channel() -> tuple[pika.BlockingConnection, BlockingChannel]:
            connection = self._connect()
            try:
                channel = connection.channel()
                self._declare(channel, queue, types)
                channel.basic_qos(prefetch_count=self._prefetch)
            except BaseException:
                _close(connection)
                raise
            return connection, channel

        subscription = RabbitSubscription(open_channel, queue)
        subscription.open()
        return subscription

    def declare(self, queue: str, types: Sequence[str]) -> None:
        with _unavailable():
            connection = self._connect()
            try:
                self._declare(connection.channel(), queue, types)
            finally:
                _close(connection)

    def ready(self) -> bool:
        try:
            with _unavailable():
                _close(self._connect())
        except BusUnavailable:
            return False
        return True

    def close(self) -> None:
        """Nothing: each publisher and subscription closes its own connection."""

    def _connect(self) -> pika.BlockingConnection:
        return pika.BlockingConnection(self._parameters)

    def _declare(self, channel: BlockingChannel, queue: str, types: Sequence[str]) -> None:
        dead = f"{self._exchange}.dead"
        channel.exchange_declare(self._exchange, "topic", durable=True)
        channel.exchange_declare(dead, "fanout", durable=True)
        channel.queue_declare(dead, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(dead, dead)
        channel.queue_declare(
            queue,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": _DELIVERY_LIMIT,
                "x-dead-letter-exchange": dead,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
                "x-single-active-consumer": True,
            },
        )
        for each in types:
            channel.queue_bind(queue, self._exchange, routing_key=each)


class RabbitPublisher:
    """`Publisher` with pipelined confirms: many messages under way at once.

    ``BlockingChannel`` waits for each confirm by itself (about 800 messages/s), so this listens to
    the confirms of the channel beneath it. That takes pika's private ``_impl`` and
    ``_flush_output``; the pin below 2 and the conformance tests guard it.
    """

    def __init__(self, connect: Callable[[], pika.BlockingConnection], exchange: str) -> None:
        self._connect = connect
        self._exchange = exchange
        self._connection: pika.BlockingConnection | None = None
        self._channel: Any = None
        self._published = 0
        self._answers: dict[int, bool] = {}
        self._answered_to = 0
        self._refused: set[int] = set()

    def publish(self, parcels: Sequence[Parcel]) -> int:
        if not parcels:
            return 0
        with self._guarded():
            connection = self._opened()
            first = self._published + 1
            for count, parcel in enumerate(parcels, start=1):
                self._channel.basic_publish(
                    exchange=self._exchange,
                    routing_key=parcel.type,
                    body=parcel.body,
                    properties=pika.BasicProperties(
                        message_id=str(parcel.id),
                        type=parcel.type,
                        content_type="application/cloudevents+json",
                        delivery_mode=pika.DeliveryMode.Persistent.value,
                        headers={"key": parcel.key},
                    ),
                )
                self._published += 1
                if count % _FLUSH_EVERY == 0:
                    connection.process_data_events(0)
            last = self._published
            deadline = time.monotonic() + _CONFIRM_SECONDS
            self._run_until(
                connection,
                lambda: self._answered_to >= last or time.monotonic() >= deadline,
            )
        confirmed = 0
        while first + confirmed <= min(self._answered_to, last) and (
            first + confirmed not in self._refused
        ):
            confirmed += 1
        if confirmed < len(parcels):
            # Late answers to what is still open must not be taken for answers to the next batch.
            self.close()
        return confirmed

    def keep_alive(self) -> None:
        if self._connection is not None:
            with self._guarded():
                self._connection.process_data_events(0)

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            _close(connection)

    def _opened(self) -> pika.BlockingConnection:
        if self._connection is None:
            connection = self._connect()
            try:
                blocking = connection.channel()
                blocking.exchange_declare(self._exchange, "topic", durable=True)
                confirming: list[object] = []
                blocking._impl.confirm_delivery(
                    ack_nack_callback=self._on_answer, callback=confirming.append
                )
                self._run_until(connection, lambda: bool(confirming))
            except BaseException:
                _close(connection)
                raise
            self._connection, self._channel = connection, blocking._impl
            self._published = self._answered_to = 0
            self._answers = {}
            self._refused = set()
        return self._connection

    @staticmethod
    def _run_until(connection: pika.BlockingConnection, done: Callable[[], bool]) -> None:
        # process_data_events would sit out its whole time: confirms are no events to it.
        connection._flush_output(done)

    def _on_answer(self, frame: Any) -> None:
        tag, refused = frame.method.delivery_tag, isinstance(frame.method, pika.spec.Basic.Nack)
        tags = range(self._answered_to + 1, tag + 1) if frame.method.multiple else (tag,)
        for each in tags:
            self._answers[each] = True
            if refused:
                self._refused.add(each)
        while self._answers.pop(self._answered_to + 1, False):
            self._answered_to += 1

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with _unavailable():
                yield
        except BusUnavailable:
            self.close()
            raise


class RabbitSubscription:
    """`Subscription` to a quorum queue, with prefetch and one acknowledgement a batch."""

    def __init__(
        self,
        open_channel: Callable[[], tuple[pika.BlockingConnection, BlockingChannel]],
        queue: str,
    ) -> None:
        self._open_channel = open_channel
        self._queue = queue
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._arrived: deque[Delivery] = deque()
        self._unacknowledged: deque[int] = deque()
        # Tags of a connection that is gone must never be taken for tags of the next one.
        self._tag_base = 0

    def open(self) -> None:
        """Connect and declare now. Raises `BusUnavailable`."""
        with self._guarded():
            self._opened()

    def take(self, limit: int, wait_seconds: float) -> list[Delivery]:
        with self._guarded():
            connection = self._opened()
            deadline = time.monotonic() + wait_seconds
            while not self._arrived and (left := deadline - time.monotonic()) > 0:
                connection.process_data_events(left)
            before = 0
            while before < len(self._arrived) < limit:
                before = len(self._arrived)
                connection.process_data_events(0)
            if self._channel is not None and not self._channel.consumer_tags:
                raise BusUnavailable(f"the broker cancelled the consumer of {self._queue}")
        taken = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        self._unacknowledged.extend(each.tag for each in taken)
        return taken

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        tags = {each.tag for each in deliveries if each.tag > self._tag_base}
        if not tags or self._channel is None:
            return
        with self._guarded():
            last = max(tags)
            through = [tag for tag in self._unacknowledged if tag <= last]
            if tags.issuperset(through):
                self._channel.basic_ack(last - self._tag_base, multiple=True)
            else:
                for tag in sorted(tags):
                    self._channel.basic_ack(tag - self._tag_base)
        self._unacknowledged = deque(tag for tag in self._unacknowledged if tag not in tags)

    def keep_alive(self) -> None:
        if self._connection is not None:
            with self._guarded():
                self._connection.process_data_events(0)

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._arrived.clear()
        self._unacknowledged.clear()
        if connection is not None:
            _hang_up(connection)

    def _opened(self) -> pika.BlockingConnection:
        if self._connection is None:
            self._tag_base += 1 << 40
            self._connection, self._channel = self._open_channel()
            self._channel.basic_consume(self._queue, self._on_message)
        return self._connection

    def _on_message(
        self,
        _channel: BlockingChannel,
        method: pika.spec.Basic.Deliver,
        properties: pika.BasicProperties,
        body: bytes,
    ) -> None:
        headers = properties.headers or {}
        try:
            message_id = UUID(properties.message_id or "")
        except ValueError:
            # Not from one of our relays: the inbox parks it, under an id made of what it says.
            message_id = UUID(bytes=sha256(body).digest()[:16])
        parcel = Parcel(
            message_id,
            properties.type or method.routing_key or "",
            str(headers.get("key", "")),
            body,
        )
        self._arrived.append(Delivery(parcel, self._tag_base + int(method.delivery_tag)))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with _unavailable():
                yield
        except BusUnavailable:
            self.close()
            raise


@contextmanager
def _unavailable() -> Iterator[None]:
    """Any failure of the connection is `BusUnavailable`."""
    try:
        yield
    except (pika.exceptions.AMQPError, OSError) as error:
        raise BusUnavailable(f"RabbitMQ: {type(error).__name__}") from error


def _close(connection: pika.BlockingConnection) -> None:
    with suppress(pika.exceptions.AMQPError, OSError, ValueError):
        connection.close()


def _hang_up(connection: pika.BlockingConnection) -> None:
    """End a consumer's connection so that the broker gives back all at once, and in order.

    pika's own close cancels the consumer first and rejects what it holds one by one: those return
    before what was handed out earlier, and a standby consumer begins in between. Acknowledgements
    were flushed when they were made.
    """
    with suppress(pika.exceptions.AMQPError, OSError, AttributeError):
        connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)
        connection._flush_output(lambda: False)
    _close(connection)
