"""The PostgreSQL and RabbitMQ that the benchmarks run on: real, and the same for bare and real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pika
import postgres
import rabbitmq
from databases import Databases
from postgres import PostgresServer
from rabbitmq import RabbitServer


@dataclass
class Servers:
    """Running servers; what is made on them goes away with them."""

    postgres: PostgresServer
    rabbit: RabbitServer
    databases: Databases

    def vhost(self) -> str:
        """The AMQP URL of a new, empty virtual host."""
        return self.rabbit.create_vhost()

    def purge(self, url: str, queue: str) -> None:
        """Empty a queue, so that one round leaves nothing to the next."""
        connection = pika.BlockingConnection(pika.URLParameters(url))
        connection.channel().queue_purge(queue)
        connection.close()


@contextmanager
def running() -> Iterator[Servers]:
    """Start what is needed, as the tests do, and end it."""
    with postgres.running(durable=True) as pg, rabbitmq.running() as rabbit:
        databases = Databases(pg)
        try:
            yield Servers(pg, rabbit, databases)
        finally:
            databases.close()
