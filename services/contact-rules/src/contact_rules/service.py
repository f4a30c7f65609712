"""The composition root of contact-rules: here, and only here, its real parts are chosen."""

from typing import Final

from shared.bus import Bus
from shared.clock import Clock, utc_now
from shared.db import make_engine
from shared.housekeeping import Housekeeping
from shared.inbox import Consumer
from shared.keys import Signer
from shared.outbox import Relay
from shared.settings import BadSettings

from contact_rules import api
from contact_rules.api.served import ContactRulesService
from contact_rules.consumers import QUEUE, handlers, lock_batch
from contact_rules.domain import BrokenPack, Library, load, shipped
from contact_rules.handlers.decide_visits import Desk
from contact_rules.settings import ContactRulesSettings

NAME: Final = "contact-rules"


def build(settings: ContactRulesSettings, bus: Bus, clock: Clock = utc_now) -> ContactRulesService:
    """Contact-rules on the database and bus given. Touches neither yet.

    Reads the packs and the signing key: raises `BadSettings`, `BadKeys`.
    """
    library = _packs(settings)
    signer = Signer(settings.approval_key)
    engine = make_engine(
        settings.database_url, pool_size=settings.database_pool, application_name=NAME
    )
    desk = Desk(library, signer, settings.approval_issuer)
    consumer = Consumer(engine, bus, QUEUE, handlers(desk), clock, lock=lock_batch)
    return ContactRulesService(
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
        migrations="contact_rules",
        library=library,
        approval_keys=signer.public_jwks(),
    )


def _packs(settings: ContactRulesSettings) -> Library:
    try:
        return load(settings.packs or shipped())
    except BrokenPack as error:
        raise BadSettings(f"the packs can't be used: {error}") from error
