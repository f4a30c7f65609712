"""P7: how much of a decision is asking the rules, when visits are decided a hundred at a time.

Bare is the rules alone: the same contacts, the same packs, all reasons. Real is the handler that
decides: locks, ledger, rules, facts, signature, rows, outbox and commit. The share is how long the
first takes of the second.
"""

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import check, load, shipped
from contact_rules.handlers.ask_rules import Asked
from contact_rules.handlers.decide_visits import Desk, VisitRequest, decide_visits
from credentials import Keys
from measure import Ratio, alternate
from rules_house import TUESDAY, Debtor
from servers import Servers
from shared.db import transaction

BATCH = 100
SLICES = 20


def run(servers: Servers) -> Ratio:
    """Each visit to a person of its own, by day: nearly all are allowed, as in a usual morning."""
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(load(shipped()), Keys.make(Path(directory)).approvals)
        engine = servers.databases.engine("contact_rules", pool_size=1)

        def decided() -> float:
            requests = _requests()
            begun = time.perf_counter()
            with transaction(engine) as session:
                decide_visits(session, requests, TUESDAY - timedelta(days=8), desk=desk)
            return time.perf_counter() - begun

        def checked() -> float:
            requests = _requests()
            begun = time.perf_counter()
            for request in requests:
                asked = Asked(request.contact, desk.library, request.residence)
                check(asked.contact, asked.packs())
            return time.perf_counter() - begun

        for _ in range(SLICES):
            decided()
        return alternate(
            Ratio(
                "P7",
                f"share of the rules in a decision, {BATCH} a transaction",
                0.08,
                "visits/s",
                at_most=True,
            ),
            bare=checked,
            real=decided,
            size=BATCH,
            slices=SLICES,
        )


def _requests() -> list[VisitRequest]:
    found = []
    for number in range(BATCH):
        event = Debtor().visit(TUESDAY + timedelta(minutes=number % 240), minutes=20)
        found.append(request_of(VisitRequested.model_validate(event.model_dump(mode="json"))))
    return found
