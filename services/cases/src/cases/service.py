"""The composition root of cases: here, and only here, its real parts are chosen."""

from typing import Final

from shared.bus import Bus
from shared.clock import Clock, utc_now
from shared.db import make_engine
from shared.housekeeping import Housekeeping
from shared.inbox import Consumer
from shared.keys import KeySet
from shared.outbox import Relay

from cases import api
from cases.api.import_loop import ImportLoop
from cases.api.served import CasesService
from cases.clients import ContactRules, TokenFile
from cases.consumers import QUEUE, fetch_missing_keys, handlers, lock
from cases.domain.person import Identities
from cases.settings import CasesSettings, buckets_of

NAME: Final = "cases"


def build(settings: CasesSettings, bus: Bus, clock: Clock = utc_now) -> CasesService:
    """Cases on the database and bus given. Touches neither yet.

    Raises `shared.keys.BadKeys` when a file of public keys, or the service token, can't be used.
    """
    rules = ContactRules(
        settings.contact_rules_url,
        TokenFile(settings.service_token_file),
        seconds=settings.contact_rules_seconds,
        planning_seconds=settings.contact_rules_planning_seconds,
    )
    engine = make_engine(
        settings.database_url, pool_size=settings.database_pool, application_name=NAME
    )
    identities = Identities(settings.identity_key.get_secret_value().encode())
    keys = KeySet(settings.approval_keys)
    consumer = Consumer(
        engine,
        bus,
        QUEUE,
        handlers(keys),
        clock,
        prepare=fetch_missing_keys(keys),
        lock=lock,
    )
    return CasesService(
        name=NAME,
        settings=settings,
        app=api.make(),
        engine=engine,
        bus=bus,
        loops=[
            Relay(engine, bus, clock, service=NAME),
            consumer,
            ImportLoop(engine, clock, identities),
            Housekeeping(engine, clock, service=NAME),
        ],
        clock=clock,
        migrations="cases",
        identities=identities,
        buckets=buckets_of(settings.buckets),
        rules=rules,
        check_in_within_m=settings.check_in_within_m,
    )
