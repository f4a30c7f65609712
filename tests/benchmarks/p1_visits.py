"""P1 and P2: visits decided end to end through RabbitMQ, beside bare reservations in PostgreSQL.

Real: `visit-requested` rows in the outbox of cases → relay → RabbitMQ → contact-rules (inbox, all
rules of the packs that apply, decision, ledger, signed approval, outbox) → relay → RabbitMQ →
cases (inbox, signature verified, visit scheduled). Two worker processes, as in production.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import bare
from cases.api.account_body import AccountBody, account_of
from cases.domain.account import Role
from cases.domain.agent import Credential
from cases.domain.person import Identities
from cases.domain.visit import Party, Purpose
from cases.handlers.accounts import receive_accounts
from cases.handlers.agents import register_agent
from cases.handlers.request_visit import Asked, request_visit
from credentials import Keys
from measure import ROUNDS, Ratio, rate
from process_house import ProcessHouse
from servers import Servers
from shared.db import make_engine, transaction
from sqlalchemy import Engine, text
from sqlmodel import Session

VISITS = 4000
LENDER = "bench-bank"
WORKERS = ("cases worker", "contact_rules worker")
GIVE_UP_SECONDS = 300


def run(servers: Servers) -> list[Ratio]:
    """Bare and real in turn, on the same servers; each round has new databases and persons."""
    p1 = Ratio(
        "P1", "visits decided end to end ÷ bare reserve, 100 a transaction", 0.45, "visits/s"
    )
    p2 = Ratio("P2", "visits decided end to end ÷ bare reserve, one a transaction", 1.5, "visits/s")
    for _ in range(ROUNDS):
        url = servers.databases.url("empty")
        ids = bare.prepare(url, 3 * VISITS)
        p1.bare.append(bare.reserve_rate(url, ids, clients=4, batch=100))
        p2.bare.append(bare.reserve_rate(url, ids, clients=4, batch=1))
        real = decided_rate(servers)
        p1.real.append(real)
        p2.real.append(real)
    return [p1, p2]


def decided_rate(servers: Servers) -> float:
    """Visits a second from the commit of their requests until the last one is scheduled."""
    with tempfile.TemporaryDirectory() as directory:
        keys = Keys.make(Path(directory))
        house = ProcessHouse(Path(directory), servers.databases, servers.vhost(), keys)
        house.migrate()
        engine = make_engine(house.database_urls["cases"])
        try:
            with requests_held_back(engine), working(house, WORKERS):
                return rate(VISITS, lambda: _release_and_wait(engine, house))
        finally:
            engine.dispose()


@contextmanager
def working(house: ProcessHouse, names: Sequence[str]) -> Iterator[None]:
    """These processes of the house run, and are ready."""
    try:
        for name in names:
            house.start(name)
        for name in names:
            house.wait_until_ready(name)
        yield
    finally:
        house.stop_all()


@contextmanager
def requests_held_back(engine: Engine) -> Iterator[None]:
    """Persons, cases and visits that were asked for; their events wait in a table of their own."""
    now = datetime.now(UTC)
    starts_at = _lawful_start(now)
    identities = Identities(b"only for tests: " + b"7" * 32)
    with transaction(engine) as session:
        team = [_agent(session, name, now) for name in ("Chen", "Lin")]
    for first in range(0, VISITS, 500):
        with transaction(engine) as session:
            accounts = [
                (f"bench-{n}", account_of(AccountBody.model_validate(_account(n)), now))
                for n in range(first, min(first + 500, VISITS))
            ]
            receive_accounts(session, LENDER, accounts, now, identities=identities, by="bench")
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT DISTINCT ON (case_id) case_id, address_ids[1] AS home FROM account")
        ).all()
    for first in range(0, len(rows), 200):
        with transaction(engine) as session:
            for row in rows[first : first + 200]:
                asked = Asked(
                    row.home, starts_at, timedelta(minutes=30), Party(Role.DEBTOR, None),
                    Purpose.COLLECT, team,
                )  # fmt: skip
                request_visit(session, row.case_id, asked, now, scope=LENDER, by="bench")
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE held AS SELECT id, type, key, body, created_at FROM outbox"
                " WHERE type = 'cases.visit-requested.v1' ORDER BY seq"
            )
        )
        connection.execute(text("TRUNCATE outbox"))
    yield


def _release_and_wait(engine: Engine, house: ProcessHouse) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (id, type, key, body, created_at)"
                " SELECT id, type, key, body, created_at FROM held"
            )
        )
    deadline = time.monotonic() + GIVE_UP_SECONDS
    left = text("SELECT count(*) FROM visit WHERE status = 'requested'")
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            waiting = connection.execute(left).scalar_one()
        if waiting == 0:
            break
        time.sleep(0.02)
    with engine.connect() as connection:
        states = connection.execute(text("SELECT status, count(*) FROM visit GROUP BY 1")).all()
    found = {row.status: row.count for row in states}
    if found != {"scheduled": VISITS}:
        logs = "\n".join(house.said(name) for name in WORKERS)
        raise AssertionError(f"not every visit was scheduled: {found}\n{logs}")


def _agent(session: Session, name: str, now: datetime) -> UUID:
    papers = [Credential(kind, None) for kind in ("work_id", "authorisation_letter")]
    agent = register_agent(
        session,
        lender=LENDER,
        name=name,
        employer=None,
        credentials=papers,
        by="bench",
        now=now,
    )
    return agent.id


def _lawful_start(now: datetime) -> datetime:
    """Ten in the morning in Taipei on the first Wednesday at least three days ahead."""
    day = now + timedelta(days=3)
    while day.weekday() != 2:
        day += timedelta(days=1)
    return day.replace(hour=2, minute=0, second=0, microsecond=0)


def _account(n: int) -> dict[str, object]:
    return {
        "as_of": "2026-11-20T00:00:00+08:00",
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000", "interest": "1830", "fees": "600"},
        "overdue": "9300",
        "due_since": "2026-08-15",
        "annual_rate": "0.15",
        "debtor": {"name": f"測試 {n}", "born_on": "1988-05-04", "language": "zh-TW"},
        "addresses": [
            {"kind": "home", "text": f"臺北市大安區 {n} 號", "country": "TW", "region": "TPE"}
        ],
    }
