"""P5: sixteen clients ask for visits to one person, beside one client; only the cap is approved.

Every decision takes the person's lock, so sixteen can't be faster than one; they must not be much
slower either, and the ledger must hold exactly what the caps allow.
"""

import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import load, shipped
from contact_rules.handlers.decide_visits import Desk, VisitRequest, decide_visits
from credentials import Keys
from measure import Ratio, compare
from rules_house import TUESDAY, Debtor
from servers import Servers
from shared.db import transaction
from sqlalchemy import Engine, text

REQUESTS = 480
CLIENTS = 16
# Every day of four weeks is asked for; person-protection and the pack of Taiwan let through what
# one client alone gets: the same number must come out when sixteen race.
DAYS = 28


def run(servers: Servers) -> Ratio:
    """The same requests by one client and by sixteen, each on a person of their own."""
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(load(shipped()), Keys.make(Path(directory)).approvals)
        engine = servers.databases.engine("contact_rules", pool_size=CLIENTS)
        approved: dict[int, set[int]] = {1: set(), CLIENTS: set()}

        def measured(clients: int) -> float:
            debtor = Debtor()
            requests = [_request(debtor, n) for n in range(REQUESTS)]
            speed = _decide(engine, desk, requests, clients)
            approved[clients].add(_reserved(engine, debtor))
            return speed

        ratio = compare(
            Ratio("P5", "one hot person: 16 clients ÷ 1 client", 0.9, "decisions/s"),
            bare=lambda: measured(1),
            real=lambda: measured(CLIENTS),
        )
    cap = approved[1] | approved[CLIENTS]
    if len(cap) != 1:
        raise AssertionError(f"the number approved differs: {approved}")
    ratio.remarks.append(f"approved in every run: exactly {cap.pop()} of {REQUESTS}, the cap")
    return ratio


def _request(debtor: Debtor, n: int) -> VisitRequest:
    starts_at = TUESDAY + timedelta(days=n % DAYS, minutes=n // DAYS)
    event = debtor.visit(starts_at, minutes=10).model_dump(mode="json")
    return request_of(VisitRequested.model_validate(event))


def _decide(engine: Engine, desk: Desk, requests: list[VisitRequest], clients: int) -> float:
    """Decisions a second; each client has its share and decides one a transaction."""
    ready = threading.Barrier(clients + 1)
    failures: list[BaseException] = []

    def run_share(share: list[VisitRequest]) -> None:
        ready.wait()
        try:
            for request in share:
                with transaction(engine) as session:
                    decide_visits(session, [request], TUESDAY - timedelta(days=8), desk=desk)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=run_share, args=(requests[n::clients],)) for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    if failures:
        raise failures[0]
    return len(requests) / elapsed


def _reserved(engine: Engine, debtor: Debtor) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM ledger WHERE person_id = :id AND kind = 'reserved'"),
                {"id": debtor.person_id},
            ).scalar_one()
        )
