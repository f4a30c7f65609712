"""A service runs, tells how it is, and stops without leaving anything half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from credentials import Keys
from fastapi.testclient import TestClient
from settable_clock import SettableClock
from shared.auth import Role, mint
from shared.bus import LocalBus
from shared.db import transaction
from shared.messages import Event
from shared.service import LoopWatch, Service, bound_socket, run_loops
from sqlalchemy import Engine
from toy_service import NOWHERE, ToySettings, toy_app, toy_service

from shared import metrics, outbox

SUPPORT = Path(__file__).parents[1] / "support"


class Counting:
    """A loop that counts its rounds and does what it is told to in each."""

    idle_seconds = 0.01

    def __init__(self, name: str, each: Callable[[int], bool] = lambda _round: False) -> None:
        self.name = name
        self.rounds = 0
        self.closed = 0
        self.closed_in: str | None = None
        self._each = each

    def run_once(self) -> bool:
        self.rounds += 1
        return self._each(self.rounds)

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        stopping.wait(seconds)

    def close(self) -> None:
        self.closed += 1
        self.closed_in = threading.current_thread().name


def _until(true: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


def test_each_loop_runs_in_its_own_thread_and_is_closed_there() -> None:
    stopping, watch = threading.Event(), LoopWatch("toy")
    loops = [Counting("a"), Counting("b")]
    threads = run_loops(loops, stopping, watch)
    _until(lambda: all(loop.rounds >= 3 for loop in loops))
    stopping.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert [loop.closed_in for loop in loops] == ["a", "b"]


def test_a_loop_with_work_goes_on_without_rest() -> None:
    stopping = threading.Event()

    class Restless(Counting):
        def wait(self, stopping: threading.Event, seconds: float) -> None:
            raise AssertionError("it rested")

    loop = Restless("busy", lambda round_: round_ < 100 or bool(stopping.set()) or True)
    for thread in run_loops([loop], stopping, LoopWatch("toy")):
        thread.join(5)
    assert loop.rounds == 100


def test_a_round_in_flight_is_finished_before_the_loop_stops() -> None:
    stopping, at_work, finished = threading.Event(), threading.Event(), []

    def work(_round: int) -> bool:
        at_work.set()
        time.sleep(0.2)
        finished.append(True)
        return True

    threads = run_loops([Counting("slow", work)], stopping, LoopWatch("toy"))
    at_work.wait(5)
    stopping.set()
    threads[0].join(5)
    assert finished == [True]


def test_a_loop_that_raises_is_tried_again_with_growing_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.service.looping._FIRST_PAUSE", 0.01)
    stopping, watch = threading.Event(), LoopWatch("toy")

    def fail_twice(round_: int) -> bool:
        if round_ <= 2:
            raise ValueError("no")
        return False

    loop = Counting("shaky", fail_twice)
    before = metrics.render("toy").decode().count("shaky")
    threads = run_loops([loop], stopping, watch)
    _until(lambda: loop.rounds >= 5)
    stopping.set()
    threads[0].join(5)
    assert before == 0
    assert 'doorstep_loop_failures_total{loop="shaky",service="toy"} 2.0' in (
        metrics.render("toy").decode()
    )


def test_a_failing_loop_is_seen_as_stuck_and_a_stopped_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = 100.0
    monkeypatch.setattr("shared.service.looping.monotonic", lambda: present)
    watch = LoopWatch("toy")
    watch.went_well("a")
    watch.went_well("b")
    present += 61
    watch.went_well("b")
    assert watch.failed("a") == 1
    assert watch.stuck(60) == {"a": "no good round for 61 s, 1 failed"}
    watch.ended("a")
    assert watch.stuck(60) == {}


def test_a_stop_ends_a_pause_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.service.looping._FIRST_PAUSE", 30.0)
    stopping = threading.Event()

    def fail(_round: int) -> bool:
        raise ValueError("no")

    loop = Counting("broken", fail)
    threads = run_loops([loop], stopping, LoopWatch("toy"))
    _until(lambda: loop.rounds == 1)
    stopping.set()
    threads[0].join(2)
    assert not threads[0].is_alive()
    assert loop.closed == 1


def test_closing_twice_closes_once_and_a_bad_close_stops_nothing(
    keys: Keys, clock: SettableClock
) -> None:
    service = toy_service(keys, clock)

    class Stubborn(Counting):
        def close(self) -> None:
            super().close()
            raise ValueError("no")

    stubborn, meek = Stubborn("stubborn"), Counting("meek")
    service.loops += [stubborn, meek]
    service.close()
    service.close()
    assert (stubborn.closed, meek.closed) == (1, 1)
    assert not service.bus.ready()


class Poured(Event):
    TYPE = "toy.cup-poured.v1"

    cup: int


def _service(
    keys: Keys, clock: SettableClock, engine: Engine, *, migrations: str | None = None
) -> Service:
    return Service(
        name="toy",
        settings=ToySettings(database_url=NOWHERE, token_keys=str(keys.token_jwks)),
        app=toy_app(),
        engine=engine,
        bus=LocalBus(),
        clock=clock,
        migrations=migrations,
    )


def test_a_service_is_ready_when_its_database_is_there(
    keys: Keys, clock: SettableClock, plumbing_engine: Engine
) -> None:
    service = _service(keys, clock, plumbing_engine)
    with TestClient(service.app) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
    service.close()


def test_an_api_goes_on_without_its_broker_a_worker_does_not(
    keys: Keys, clock: SettableClock, plumbing_engine: Engine
) -> None:
    service = _service(keys, clock, plumbing_engine)
    service.bus.close()
    with TestClient(service.app) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["degraded"] == {"bus": "can't be reached"}
    failing, _ = service.worker_readiness().failing()
    assert failing == {"bus": "can't be reached"}
    service.close()


def test_events_that_wait_long_are_shown(
    keys: Keys, clock: SettableClock, plumbing_engine: Engine
) -> None:
    service = _service(keys, clock, plumbing_engine)
    with transaction(plumbing_engine) as session:
        outbox.add(session, Poured(cup=1), key="someone", now=clock())
    clock.advance(seconds=301)
    failing, _ = service.worker_readiness().failing()
    assert failing == {"relay": "1 events wait to be published, the oldest for 301 s"}
    with TestClient(service.app) as client:
        shown = client.get("/metrics").text
    assert 'doorstep_outbox_waiting{service="toy"} 1.0' in shown
    assert 'doorstep_outbox_lag_seconds{service="toy"} 301.0' in shown
    service.close()


def test_a_service_without_its_migrations_is_not_ready(
    keys: Keys, clock: SettableClock, plumbing_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = False
    monkeypatch.setattr("shared.migrate.is_current", lambda _engine, _package: current)
    service = _service(keys, clock, plumbing_engine, migrations="toy")
    failing, _ = service.worker_readiness().failing()
    assert failing == {"migrations": "the database has an older schema: run migrate"}
    current = True
    assert service.worker_readiness().failing() == ({}, {})
    service.close()


def test_readiness_is_asked_of_the_database_once_a_second_at_most(
    keys: Keys, clock: SettableClock, plumbing_engine: Engine
) -> None:
    service = _service(keys, clock, plumbing_engine)
    asked = []

    def check() -> str | None:
        asked.append(True)
        return None

    service.checks["own"] = check
    readiness = service.worker_readiness()
    for _ in range(5):
        readiness.failing()
    assert len(asked) == 1
    service.close()


def test_a_taken_port_is_an_error_before_anything_starts() -> None:
    with bound_socket("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        bound_socket(*taken.getsockname()[:2])


Started = Callable[..., "Running"]


class Running:
    """A process of the toy service."""

    def __init__(self, process: subprocess.Popen[str], marks: Path, port: int) -> None:
        self.process = process
        self.marks = marks
        self.port = port

    def get(self, path: str, token: str | None = None) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def marked(self, name: str) -> bool:
        return (self.marks / name).exists()

    def ended(self, seconds: float = 15) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, errors


@pytest.fixture
def start(keys: Keys, tmp_path: Path) -> Iterator[Started]:
    """`start("api")` → a process of the toy service; more environment by name."""
    started: list[subprocess.Popen[str]] = []

    def begin(command: str, **environment: str) -> Running:
        with bound_socket("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, str(SUPPORT / "toy_process.py"), command],
            env={
                "PATH": os.environ["PATH"],
                "TOY_DATABASE_URL": NOWHERE,
                "TOY_BUS_URL": "amqp://127.0.0.1:1/",
                "TOY_TOKEN_KEYS": str(keys.token_jwks),
                "TOY_PORT": str(port),
                "TOY_WORKER_PORT": str(port),
                "MARKS": str(tmp_path),
                "TOY_LOG_FORMAT": "json",
                **environment,
            },
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return Running(process, tmp_path, port)

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_an_api_that_is_told_to_stop_finishes_its_requests(start: Started, keys: Keys) -> None:
    api = start("api")
    _until(api.is_up)
    token = mint(
        keys.tokens, subject="x", role=Role.OPS, now=datetime.now(UTC), lifetime=timedelta(hours=1)
    )
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(api.get, "/v1/slow", token)
        _until(lambda: api.marked("began-1"))
        api.process.send_signal(signal.SIGTERM)
        assert slow.result(10) == (200, '"done"')
    status, errors = api.ended()
    assert status == 0, errors
    events = [json.loads(line)["event"] for line in errors.splitlines()]
    assert events[0] == "api_started"
    assert events[-1] == "api_stopped"


def test_a_worker_that_is_told_to_stop_finishes_its_round(start: Started) -> None:
    worker = start("worker")
    _until(worker.is_up)
    _until(lambda: worker.marked("began-2"))
    worker.process.send_signal(signal.SIGTERM)
    status, errors = worker.ended()
    assert status == 0, errors
    began = len(list(worker.marks.glob("began-*")))
    assert began == len(list(worker.marks.glob("ended-*")))
    assert worker.marked("closed")
    assert '"worker_stopped"' in errors


def test_a_worker_tries_a_failing_loop_again_and_tells_no_secret(start: Started) -> None:
    worker = start("worker")
    _until(lambda: worker.marked("tried-3"))
    _until(worker.is_up)
    assert 'doorstep_loop_failures_total{loop="failing"' in worker.get("/metrics")[1]
    assert worker.get("/readyz")[0] == 503
    assert worker.get("/v1/teas")[0] == 404
    worker.process.send_signal(signal.SIGINT)
    status, errors = worker.ended()
    assert status == 0, errors
    assert '"loop_failed"' in errors
    assert "A123456789" not in errors


def test_a_second_signal_ends_a_worker_at_once(start: Started) -> None:
    worker = start("worker", ROUND="60")
    _until(lambda: worker.marked("began-1"))
    worker.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert worker.process.poll() is None
    worker.process.send_signal(signal.SIGTERM)
    status, _ = worker.ended(5)
    assert status == -signal.SIGTERM


def test_a_taken_port_is_said_in_a_sentence(start: Started) -> None:
    with bound_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        status, errors = start("worker", TOY_WORKER_PORT=str(port)).ended()
    assert status == 1
    assert errors == f"toy: 127.0.0.1:{port}: Address already in use\n"
