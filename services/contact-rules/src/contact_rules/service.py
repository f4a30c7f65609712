"""The composition root of contact-rules: here, and only here, its real parts are chosen."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from anyio import to_thread
from fastapi import FastAPI
from shared.bus import Bus
from shared.clock import Clock, utc_now
from shared.db import make_engine
from shared.housekeeping import Housekeeping
from shared.inbox import Consumer
from shared.keys import Signer
from shared.outbox import Relay
from shared.service import run_loops
from shared.settings import BadSettings

from contact_rules import api
from contact_rules.api.served import ContactRulesService
from contact_rules.consumers import QUEUE, handlers, lock_batch
from contact_rules.domain import BrokenPack, shipped
from contact_rules.handlers.decide_visits import Desk
from contact_rules.settings import ContactRulesSettings
from contact_rules.store.shelf import Shelf, ShelfWatch

NAME: Final = "contact-rules"


def build(settings: ContactRulesSettings, bus: Bus, clock: Clock = utc_now) -> ContactRulesService:
    """Contact-rules on the database and bus given. Touches neither yet.

    Reads the packs and the signing key: raises `BadSettings`, `BadKeys`.
    """
    shelf = _shelf(settings)
    signer = Signer(settings.approval_key)
    engine = make_engine(
        settings.database_url, pool_size=settings.database_pool, application_name=NAME
    )

    def desk() -> Desk:
        return Desk(shelf.library, signer, settings.approval_issuer)

    consumer = Consumer(engine, bus, QUEUE, handlers(desk), clock, lock=lock_batch)
    watch = ShelfWatch(shelf, service=NAME)
    service = ContactRulesService(
        name=NAME,
        settings=settings,
        app=api.make(),
        engine=engine,
        bus=bus,
        loops=[
            Relay(engine, bus, clock, service=NAME),
            consumer,
            Housekeeping(engine, clock, service=NAME),
            watch,
        ],
        clock=clock,
        migrations="contact_rules",
        shelf=shelf,
        approval_keys=signer.public_jwks(),
    )
    _watch_in_api(service, watch)
    return service


def _shelf(settings: ContactRulesSettings) -> Shelf:
    try:
        return Shelf(settings.packs or shipped(), NAME)
    except BrokenPack as error:
        raise BadSettings(f"the packs can't be used: {error}") from error
    except OSError as error:
        raise BadSettings(
            f"the packs can't be read: {error.strerror} ({error.filename})"
        ) from error


def _watch_in_api(service: ContactRulesService, watch: ShelfWatch) -> None:
    """An API process runs no loops but this one: it answers checks, by the packs on disk."""

    @asynccontextmanager
    async def watching(_app: FastAPI) -> AsyncIterator[None]:
        stopping = threading.Event()
        threads = run_loops([watch], stopping, service.watch)
        try:
            yield
        finally:
            stopping.set()
            watch.wake()
            for thread in threads:
                await to_thread.run_sync(thread.join)

    service.app.router.lifespan_context = watching
