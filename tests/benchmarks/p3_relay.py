"""P3: the relay drains an outbox through RabbitMQ, beside raw publishing with 1000 in flight."""

from doorbells import NOW, BellRung
from measure import Ratio, compare, rate
from servers import Servers
from shared.bus import Parcel
from shared.db import transaction
from shared.outbox import Relay
from shared.rabbit import RabbitBus
from sqlalchemy import text

from shared import outbox

EVENTS = 20_000
IN_FLIGHT = 1000


def run(servers: Servers) -> Ratio:
    """Both publish the same messages to one quorum queue, confirmed."""
    engine = servers.databases.engine("plumbing")
    url = servers.vhost()
    bus = RabbitBus(url)
    bus.declare("bells", [BellRung.TYPE])
    with transaction(engine) as session:
        keyed = [(f"door {n % 997}", BellRung(knock=n)) for n in range(EVENTS)]
        outbox.add_many(session, keyed, now=NOW)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, type, key, body FROM outbox ORDER BY seq"))
        parcels = [Parcel(row.id, row.type, row.key, row.body.encode()) for row in rows]

    def bare() -> float:
        publisher = bus.publisher()
        publisher.publish(parcels[:1])

        def publish() -> None:
            for start in range(0, EVENTS, IN_FLIGHT):
                assert publisher.publish(parcels[start : start + IN_FLIGHT]) == IN_FLIGHT

        try:
            return rate(EVENTS, publish)
        finally:
            publisher.close()
            servers.purge(url, "bells")

    def real() -> float:
        with engine.begin() as connection:
            connection.execute(text("UPDATE outbox SET published_at = NULL"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE outbox"))
        relay = Relay(engine, bus, lambda: NOW, service="bells", batch=IN_FLIGHT)

        def drain() -> None:
            while relay.run_once():
                pass

        try:
            return rate(EVENTS, drain)
        finally:
            relay.close()
            servers.purge(url, "bells")

    return compare(
        Ratio("P3", "relay drain ÷ raw publish, 1000 in flight", 0.7, "messages/s"),
        bare=bare,
        real=real,
    )
