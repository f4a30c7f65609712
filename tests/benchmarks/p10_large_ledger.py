"""P10: deciding with a million lines in the ledger, beside a hundred thousand.

The same handler, the same visits, the same ten past contacts of each person asked about; only how
many other people's lines lie around them differs. Real is the large ledger, bare the small one.
"""

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import load, shipped
from contact_rules.handlers.decide_visits import Desk, VisitRequest, decide_visits
from credentials import Keys
from measure import Ratio, alternate
from rules_house import TUESDAY, Debtor
from servers import Servers
from shared.db import transaction
from sqlalchemy import Engine, text

EACH = 10
"""Past contacts of each person."""
BATCH = 100
SLICES = 20

_PEOPLE = text(
    "INSERT INTO person (id) SELECT uuidv7() FROM generate_series(1, :people) RETURNING id"
)
_LINES = text(
    "INSERT INTO ledger (id, contact_id, person_id, kind, lender, channel, direction, starts_at,"
    " ends_at, purpose, place, party_id, party_role, debts, collector, point, outcome, reason,"
    " occurred_at, recorded_at)"
    " SELECT gen_random_uuid(), gen_random_uuid(), person.id, 'attempted', 'northbank', 'phone',"
    "  'outbound', at, at + interval '1 minute', 'collect', 'home', person.id::text, 'debtor',"
    "  ARRAY[person.id::text], 'northbank', '+886900000000', 'no_answer', NULL, at, at"
    " FROM person, generate_series(1, :each) AS n,"
    "  LATERAL (SELECT CAST(:until AS timestamptz) - n * interval '13 days') AS past (at)"
)


def run(servers: Servers) -> Ratio:
    """Both ledgers stay filled; visits to people of each are decided, a batch in turn."""
    ratio = Ratio("P10", "decisions at 1,000,000 ledger rows ÷ at 100,000", 0.95, "visits/s")
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(load(shipped()), Keys.make(Path(directory)).approvals)
        small, large = (_Visits(_filled(servers, rows), desk) for rows in (100_000, 1_000_000))
        for _ in range(SLICES):
            small.decided()
            large.decided()
        return alternate(ratio, bare=small.decided, real=large.decided, size=BATCH, slices=SLICES)


def _filled(servers: Servers, rows: int) -> Engine:
    engine = servers.databases.engine("contact_rules", pool_size=1)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(_PEOPLE, {"people": rows // EACH})
        connection.execute(_LINES, {"each": EACH, "until": TUESDAY - timedelta(days=20)})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    return engine


class _Visits:
    """Visits to the people of one ledger, each to a person of its own."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self._engine, self._desk = engine, desk
        with engine.connect() as connection:
            people = connection.execute(text("SELECT id FROM person ORDER BY id LIMIT 10000"))
            self._people = iter(people.scalars().all())

    def decided(self) -> float:
        """The seconds that the next batch takes."""
        batch = [_visit(next(self._people), number) for number in range(BATCH)]
        begun = time.perf_counter()
        with transaction(self._engine) as session:
            decide_visits(session, batch, TUESDAY - timedelta(days=8), desk=self._desk)
        return time.perf_counter() - begun


def _visit(person: UUID, number: int) -> VisitRequest:
    debtor = Debtor(person_id=person)
    event = debtor.visit(TUESDAY + timedelta(minutes=number % 240), minutes=20)
    return request_of(VisitRequested.model_validate(event.model_dump(mode="json")))
