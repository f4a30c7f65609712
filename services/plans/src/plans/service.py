"""The composition root of plans: here, and only here, its real parts are chosen."""

from typing import Final

from shared.bus import Bus
from shared.clock import Clock, utc_now
from shared.db import make_engine
from shared.housekeeping import Housekeeping
from shared.inbox import Consumer
from shared.outbox import Relay

from plans import api
from plans.api.served import PlansService
from plans.consumers import HANDLERS, QUEUE, lock_batch
from plans.settings import PlansSettings

NAME: Final = "plans"


def build(settings: PlansSettings, bus: Bus, clock: Clock = utc_now) -> PlansService:
    """Plans on the database and bus given. Touches neither yet."""
    engine = make_engine(
        settings.database_url, pool_size=settings.database_pool, application_name=NAME
    )
    consumer = Consumer(engine, bus, QUEUE, HANDLERS, clock, lock=lock_batch)
    return PlansService(
        name=NAME,
        settings=settings,
        app=api.make(),
        engine=engine,
        bus=bus,
        loops=[
            Relay(engine, bus, clock, service=NAME),
            consumer,
            Housekeeping(engine, clock, service=NAME),
        ],
        clock=clock,
        migrations="plans",
    )
