"""The composition root of contact-rules: here, and only here, its real parts are chosen."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
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
from sqlalchemy import Engine

from contact_rules import api
from contact_rules.api.served import ContactRulesService
from contact_rules.consumers import QUEUE, accounts, handlers, lock_batch
from contact_rules.domain import BrokenPack, shipped
from contact_rules.handlers.activate_packs import RulesTurn
from contact_rules.handlers.decide_visits import Desk
from contact_rules.handlers.expire_approvals import ApprovalExpiry
from contact_rules.handlers.lapse_reviews import ReviewLapses
from contact_rules.handlers.start_simulations import Simulations
from contact_rules.settings import ContactRulesSettings
from contact_rules.store.packs_kept import kept_first
from contact_rules.store.published_keys import PublishedKeys
from contact_rules.store.shelf import Shelf, ShelfWatch

NAME: Final = "contact-rules"


def build(settings: ContactRulesSettings, bus: Bus, clock: Clock = utc_now) -> ContactRulesService:
    """Contact-rules on the database and bus given. Touches neither yet.

    Reads the packs and the signing key: raises `BadSettings`, `BadKeys`.
    """
    signer = Signer(settings.approval_key)
    published = PublishedKeys(signer, settings.approval_older_keys)
    engine = make_engine(
        settings.database_url, pool_size=settings.database_pool, application_name=NAME
    )
    shelf = _shelf(settings, engine)

    def desk() -> Desk:
        library = shelf.library
        return Desk(
            library,
            signer,
            settings.approval_issuer,
            library_digest=kept_first(engine, library, clock()),
            review_length=timedelta(hours=settings.review_hours),
        )

    consumer = Consumer(engine, bus, QUEUE, handlers(desk), clock, lock=lock_batch)
    of_accounts = Consumer(
        engine,
        bus,
        accounts.QUEUE,
        accounts.of_accounts(desk),
        clock,
        lock=accounts.lock_batch,
    )
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
            of_accounts,
            Housekeeping(engine, clock, service=NAME),
            ApprovalExpiry(engine, clock, service=NAME),
            ReviewLapses(engine, clock, desk, service=NAME),
            watch,
            RulesTurn(engine, clock, shelf, desk, service=NAME),
            Simulations(
                engine,
                clock,
                service=NAME,
                database_url=settings.database_url,
                packs=settings.packs or shipped(),
            ),
        ],
        clock=clock,
        migrations="contact_rules",
        shelf=shelf,
        desk=desk,
        approval_keys=published,
    )
    _watch_in_api(service, watch)
    return service


def _shelf(settings: ContactRulesSettings, engine: Engine) -> Shelf:
    try:
        return Shelf(settings.packs or shipped(), NAME, engine)
    except BrokenPack as error:
        raise BadSettings(f"the packs can't be used: {error}") from error
    except OSError as error:
        raise BadSettings(
            f"the packs can't be read: {error.strerror} ({error.filename})"
        ) from error


def _watch_in_api(service: ContactRulesService, watch: ShelfWatch) -> None:
    """An API process runs no loops but this one: it answers checks, by the rules in use."""

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
