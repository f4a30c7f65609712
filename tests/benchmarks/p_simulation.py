"""SIM: visits decided while a simulation works through many decisions, beside without one.

Real decisions are copied inside the database until there are enough. The simulation runs as in
production: a process of its own, nice, resting as much as it works. There are 200,000, or as many
as the environment's DECISIONS says.
"""

import os
import signal
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import load, shipped
from contact_rules.domain.pack_version import PackVersion, VersionState
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.handlers import simulation_process
from contact_rules.handlers.decide_visits import VisitRequest, decide_visits
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.simulate import ask_for_simulation
from contact_rules.handlers.simulation_process import Told
from contact_rules.store import pack_versions, simulations
from credentials import Keys
from measure import Ratio, alternate
from rules_house import TUESDAY, Debtor
from servers import Servers
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import Engine, text

DECISIONS = int(os.environ.get("DECISIONS", "200000"))
_REAL = 500
_SLICE = 300
_SLICES = 10
_BATCH = 50
_BEGUN = datetime(2026, 6, 1, tzinfo=UTC)

# Each copy is somebody else's, some seconds later; the person's ledger is copied with it.
_COPY = """
CREATE TEMPORARY TABLE copies AS
    SELECT d.id AS of, d.person_id AS of_person, gen_random_uuid() AS id,
        gen_random_uuid() AS person_id, gen_random_uuid() AS visit_id,
        d.decided_at + n * interval '1 second' AS decided_at
    FROM decision d, generate_series(1, :times) AS n;
INSERT INTO person (id) SELECT person_id FROM copies;
INSERT INTO decision (id, visit_id, case_id, person_id, lender, verdict, engine, packs, facts,
    ledger_seq, checks, obligations, must_end_by, next_lawful, decided_at)
    SELECT c.id, c.visit_id, d.case_id, c.person_id, d.lender, d.verdict, d.engine, d.packs,
        d.facts, 9000000000, d.checks, d.obligations, d.must_end_by, d.next_lawful, c.decided_at
    FROM copies c JOIN decision d ON d.id = c.of;
INSERT INTO ledger (id, contact_id, person_id, kind, lender, channel, direction, starts_at,
    ends_at, purpose, place, party_id, party_role, debts, collector, point, outcome, occurred_at,
    recorded_at)
    SELECT gen_random_uuid(), gen_random_uuid(), c.person_id, 'attempted', l.lender, l.channel,
        l.direction, l.starts_at - interval '40 days', l.ends_at - interval '40 days', l.purpose,
        l.place, l.party_id, l.party_role, l.debts, l.collector, l.point, 'nobody_met',
        l.occurred_at, l.recorded_at
    FROM copies c JOIN ledger l ON l.person_id = c.of_person;
DROP TABLE copies;
"""


def run(servers: Servers) -> Ratio:
    """The same handler on the same database, with the simulation running and held still.

    In turn every second or so, so that whatever else the machine does weighs on both alike.
    """
    ratio = Ratio("SIM", "visits decided beside a simulation ÷ alone", 0.9, "decisions/s")
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(load(shipped()), Keys.make(Path(directory)).approvals)
        engine = servers.databases.engine("contact_rules", pool_size=5)
        url = engine.url.render_as_string(hide_password=False)
        _decide(engine, desk, _requests(_REAL), _BEGUN)
        _multiply(engine, DECISIONS // _REAL - 1)
        version = _draft(engine)
        simulation, process = _simulating(engine, url, version)
        try:
            _wait_until_working(engine, simulation)
            first = _done(engine, simulation)
            pid = process.pid
            assert pid is not None

            def stopped() -> float:
                os.kill(pid, signal.SIGSTOP)
                return _decided_in(engine, desk)

            def beside() -> float:
                os.kill(pid, signal.SIGCONT)
                return _decided_in(engine, desk)

            alternate(ratio, bare=stopped, real=beside, size=_SLICE, slices=_SLICES)
            os.kill(pid, signal.SIGCONT)
            if not process.is_alive():
                raise AssertionError(f"the simulation ended early: {_row(engine, simulation)}")
            spent = sum(_SLICES * _SLICE / rate for rate in ratio.real)
            speed = (_done(engine, simulation) - first) / spent
        finally:
            simulation_process.end(process)
            with transaction(engine) as session:
                simulations.cancel(session, simulation, _BEGUN)
        ratio.remarks.append(f"beside them the simulation tried {speed:,.0f} decisions/s")
        ratio.remarks.append(_alone(engine, url, version))
    return ratio


def _wait_until_working(engine: Engine, simulation: UUID) -> None:
    deadline = time.monotonic() + 120
    while _done(engine, simulation) == 0:
        if time.monotonic() > deadline:
            raise AssertionError("the simulation did not begin")
        time.sleep(0.1)


def _alone(engine: Engine, url: str, version: UUID) -> str:
    """A whole simulation with nothing beside it: its speed, and what memory it took."""
    simulation, process = _simulating(engine, url, version)
    begun, most = time.monotonic(), []
    try:
        while process.is_alive():
            most.append(_resident(process.pid))
            time.sleep(0.5)
    finally:
        simulation_process.end(process)
    row = _row(engine, simulation)
    if row.state != "done":
        raise AssertionError(f"the simulation did not end well: {row}")
    took = time.monotonic() - begun
    half = len(most) // 2
    return (
        f"alone it tried {row.done:,} decisions in {took:.0f} s, {row.done / took:,.0f}/s; memory"
        f" {max(most[: half or 1]):.0f} MB in its first half, {max(most[half:]):.0f} MB in its last"
    )


def _decided_in(engine: Engine, desk: Desk) -> float:
    """The seconds that one slice of visits takes."""
    requests = _requests(_SLICE)
    begun = time.perf_counter()
    _decide(engine, desk, requests, _BEGUN + timedelta(days=90))
    return time.perf_counter() - begun


def _decide(engine: Engine, desk: Desk, requests: list[VisitRequest], now: datetime) -> None:
    for first in range(0, len(requests), _BATCH):
        with transaction(engine) as session:
            decide_visits(session, requests[first : first + _BATCH], now, desk=desk)


def _requests(count: int) -> list[VisitRequest]:
    return [
        request_of(
            VisitRequested.model_validate(
                Debtor().visit(TUESDAY + timedelta(minutes=n % 300)).model_dump(mode="json")
            )
        )
        for n in range(count)
    ]


def _multiply(engine: Engine, times: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _COPY.split(";\n"):
            if statement.strip():
                given = {"times": times} if ":times" in statement else {}
                connection.execute(text(statement), given)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _draft(engine: Engine) -> UUID:
    """A new version of the shipped pack of Taiwan: every decision is asked by both."""
    content = (shipped() / "tw.yaml").read_bytes()
    here = parse_pack("tw.yaml", content)
    changed = content.replace(here.version.encode(), b"2027-01-01", 1)
    pack = parse_pack("tw@2027-01-01.yaml", changed)
    version = PackVersion(
        new_id(), "tw", "2027-01-01", pack.digest, VersionState.DRAFT, "bench", _BEGUN, _BEGUN
    )
    with transaction(engine) as session:
        pack_versions.keep_text(session, pack, _BEGUN)
        pack_versions.add(session, version)
    return version.id


def _simulating(engine: Engine, url: str, version: UUID) -> tuple[UUID, Any]:
    runner = new_id()
    now = datetime.now(UTC)
    with transaction(engine) as session:
        asked = ask_for_simulation(
            session, version, _BEGUN, _BEGUN + timedelta(days=30), now, planned=False, by="bench"
        )
    with transaction(engine) as session:
        if simulations.claim(session, runner, now) != asked.id:
            raise AssertionError("somebody else is simulating")
    return asked.id, simulation_process.begin(Told(url, shipped(), asked.id, runner))


def _row(engine: Engine, simulation: UUID) -> Any:
    with transaction(engine) as session:
        return simulations.find(session, simulation)


def _done(engine: Engine, simulation: UUID) -> int:
    return int(_row(engine, simulation).done)


def _resident(pid: int | None) -> float:
    """Megabytes of memory that a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * 4096 / 1e6
