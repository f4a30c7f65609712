"""Imports survive what happens on the way: senders that leave, crashes, other workers, a flood."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import import_desk
import psycopg
import pytest
from cases.api import import_loop, import_upload
from cases.handlers import imports as handlers
from cases.handlers.accounts import ChangedMeanwhile
from doorstep import sample
from doorstep.sample.export import write_csv, write_ndjson
from import_desk import PATH, Desk, account, ndjson
from settable_clock import SettableClock
from shared.auth import Role
from shared.http import streaming
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits for something another thread does."""
    for _ in range(int(seconds * 50)):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


class Sender:
    """Sends a file over a bare socket, as slowly and incompletely as a test wants."""

    def __init__(self, desk: Desk) -> None:
        self.socket = socket.create_connection(desk.address)
        token = desk.tokens(Role.LENDER)
        self.socket.sendall(
            f"POST {PATH} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )

    def send(self, data: bytes) -> None:
        self.socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def finish(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def answer(self) -> bytes:
        self.socket.settimeout(20)
        return self.socket.recv(65536)

    def leave(self) -> None:
        self.socket.close()


@pytest.fixture
def sender(desk: Desk) -> Iterator[Sender]:
    made = Sender(desk)
    yield made
    made.leave()


def statuses(desk: Desk) -> list[str]:
    return [one["status"] for one in desk.get(PATH).json()["items"]]


class TestSenders:
    def test_one_who_leaves_in_the_middle_changes_nothing(self, desk: Desk, sender: Sender) -> None:
        sender.send(ndjson(*[account(number) for number in range(1300)]))
        until(lambda: desk.count("account_import_batch") == 2)
        desk.work_off()
        assert desk.count("account") == 0
        sender.leave()
        until(lambda: statuses(desk) == ["failed"])
        (failed,) = desk.get(PATH).json()["items"]
        assert failed["failure"]["code"] == "upload_broken"
        assert "nothing of it was taken" in failed["failure"]["message"]
        assert failed["processed"] == 0
        desk.work_off()
        assert desk.count("account") == desk.count("account_import_batch") == 0

    def test_one_who_falls_silent_is_given_up(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streaming, "_SILENCE_SECONDS", 0.3)
        silent = Sender(desk)
        silent.send(ndjson(account()))
        answer = silent.answer()
        silent.leave()
        assert b" 408 " in answer
        assert b"upload_too_slow" in answer
        assert statuses(desk) == ["failed"]

    def test_one_who_takes_for_ever_is_given_up(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streaming, "_LONGEST_SECONDS", 0.5)
        dripping = Sender(desk)
        with pytest.raises(OSError):
            for _ in range(100):
                dripping.send(b"\n")
                time.sleep(0.05)
                dripping.socket.settimeout(0.01)
                try:
                    if b" 408 " in dripping.socket.recv(65536):
                        raise OSError("it was told so")
                except TimeoutError:
                    dripping.socket.settimeout(20)
        dripping.leave()
        assert statuses(desk) == ["failed"]

    def test_one_whose_receiver_died_is_given_up_by_the_loop(
        self, desk: Desk, sender: Sender, clock: SettableClock
    ) -> None:
        sender.send(ndjson(*[account(number) for number in range(600)]))
        until(lambda: desk.count("account_import_batch") == 1)
        desk.work_off()
        clock.advance(minutes=4)
        desk.another_loop().run_once()
        assert statuses(desk) == ["receiving"]
        clock.advance(minutes=2)
        desk.another_loop().run_once()
        (failed,) = desk.get(PATH).json()["items"]
        assert failed["failure"]["code"] == "interrupted"
        assert desk.count("account_import_batch") == 0
        # It had not died after all: it learns that nobody waits for it any more.
        sender.send(ndjson(*[account(number) for number in range(600, 1200)]))
        sender.finish()
        assert b" 409 " in sender.answer()
        desk.work_off()
        assert desk.count("account") == desk.count("account_import_batch") == 0

    def test_a_slow_one_gives_signs_of_life(
        self,
        desk: Desk,
        sender: Sender,
        clock: SettableClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(import_upload, "_SIGN_OF_LIFE_SECONDS", 0.0)
        for number in range(4):
            clock.advance(minutes=4)
            sender.send(ndjson(account(number)))
            until(lambda: desk.value("SELECT max(touched_at) FROM account_import") == clock())
            desk.another_loop().run_once()
        sender.finish()
        assert b" 202 " in sender.answer()
        desk.work_off()
        assert desk.count("account") == 4

    def test_no_connection_is_held_while_one_is_waited_for(
        self, desk: Desk, sender: Sender
    ) -> None:
        sender.send(ndjson(*[account(number) for number in range(600)]))
        until(lambda: desk.count("account_import_batch") == 1)
        assert desk.engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    def test_slow_ones_leave_the_house_open_to_others(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streaming, "_PATIENCE_SECONDS", 0.3)
        slow = [Sender(desk) for _ in range(import_upload._slots.at_once)]
        until(lambda: desk.count("account_import") == len(slow))
        try:
            assert desk.get(PATH).status_code == 200
            refused = desk.push(ndjson(account()))
            assert (refused.status_code, refused.json()["code"]) == (503, "too_many_imports")
            assert refused.headers["Retry-After"]
            slow[0].leave()
            monkeypatch.setattr(streaming, "_PATIENCE_SECONDS", 20.0)
            assert desk.push(ndjson(account())).status_code == 202
        finally:
            for each in slow:
                each.leave()
        until(lambda: statuses(desk).count("failed") == len(slow))

    def test_a_refusal_reaches_one_who_is_still_sending(self, desk: Desk) -> None:
        def content() -> Iterator[bytes]:
            yield b"as_of\n"
            for _ in range(200):
                yield b"x" * 65536

        answer = desk.push(content(), import_desk.CSV)
        assert (answer.status_code, answer.json()["code"]) == (422, "broken_header")


class Crash(BaseException):
    """The process ends here."""


class TestCrashes:
    @pytest.mark.parametrize(
        "step", ["before the rows", "after the rows", "after the counts", "at the commit"]
    )
    def test_a_batch_has_its_effect_once_wherever_the_worker_dies(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        answer = desk.push(ndjson(*[account(number) for number in range(1100)], "broken"))
        assert desk.loop.run_once()
        place, name = {
            "before the rows": (import_loop, "receive_accounts"),
            "after the rows": (handlers, "note_batch"),
            "after the counts": (import_loop, "_tally"),
            "at the commit": (handlers, "note_batch"),
        }[step]
        real = getattr(place, name)

        def dies(*args: Any, **options: Any) -> Any:
            if step == "at the commit":
                real(*args, **options)
            raise Crash

        with monkeypatch.context() as patch:
            patch.setattr(place, name, dies)
            with pytest.raises(Crash):
                desk.another_loop().run_once()
        one = desk.get(f"{PATH}/{answer.json()['id']}").json()
        assert (one["status"], one["processed"], one["created"]) == ("running", 500, 500)
        assert desk.count("account") == 500
        events = desk.count("outbox")

        desk.work_off()
        one = desk.get(f"{PATH}/{answer.json()['id']}").json()
        assert (one["status"], one["created"], one["rejected"]) == ("done", 1100, 1)
        assert desk.count("account") == 1100
        assert desk.count("outbox") == events // 500 * 1100

    def test_a_worker_that_is_killed_leaves_nothing_half_done(self, desk: Desk) -> None:
        rows = [account(number) for number in range(2500)]
        answer = desk.push(ndjson(*rows, *rows[:300], "broken", *rows[:700]))
        program = (
            "import sys\n"
            "from cases.api.import_loop import ImportLoop\n"
            "from cases.domain.person import Identities\n"
            "from shared.clock import utc_now\n"
            "from shared.db import make_engine\n"
            "identities = Identities(b'an identity key that only tests may know')\n"
            "loop = ImportLoop(make_engine(sys.argv[1]), utc_now, identities)\n"
            "while loop.run_once():\n"
            "    print('a batch', flush=True)\n"
        )
        url = desk.service.settings.database_url
        for moment in (0.0, 0.11, 0.23, 0.31):
            worker = subprocess.Popen(
                [sys.executable, "-c", program, url],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert worker.stdout is not None
            worker.stdout.readline()
            time.sleep(moment)
            worker.kill()
            worker.wait()
            worker.stdout.close()
            # What the counter says is what is there, at every moment.
            assert desk.value(
                "SELECT (SELECT created FROM account_import) = (SELECT count(*) FROM account)"
            )
        desk.work_off()
        one = desk.get(f"{PATH}/{answer.json()['id']}").json()
        assert (one["status"], one["received"]) == ("done", 3501)
        assert (one["created"], one["unchanged"], one["rejected"]) == (2500, 1000, 1)
        assert desk.count("account") == 2500
        assert desk.count("outbox WHERE type = 'cases.account-received.v1'") == 2500

    @pytest.mark.parametrize(
        "passing",
        [OperationalError("SELECT", {}, psycopg.OperationalError("gone")), ChangedMeanwhile()],
        ids=["the database is away", "another push came between"],
    )
    def test_what_may_pass_is_tried_again_and_costs_no_row(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, passing: Exception
    ) -> None:
        desk.push(ndjson(*[account(number) for number in range(10)]))

        def fails(*_args: Any, **_options: Any) -> Any:
            raise passing

        with monkeypatch.context() as patch:
            patch.setattr(import_loop, "receive_accounts", fails)
            for _ in range(3):
                with pytest.raises(type(passing)):
                    desk.loop.run_once()
        desk.work_off()
        (done,) = desk.get(PATH).json()["items"]
        assert (done["status"], done["created"], done["rejected"]) == ("done", 10, 0)

    def test_a_judge_that_stumbles_costs_one_row(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = import_loop.judge

        def stumbles(row: Any, now: Any) -> Any:
            if b"CARD-0003" in row.content:
                raise RecursionError
            return real(row, now)

        monkeypatch.setattr(import_loop, "judge", stumbles)
        done = desk.import_all(ndjson(*[account(number) for number in range(5)]))
        assert (done["created"], done["rejected"]) == (4, 1)


class TestWorkers:
    def test_several_share_the_imports_and_each_row_counts_once(self, desk: Desk) -> None:
        files = [
            ndjson(*[account(number) for number in range(start, start + 800)])
            for start in range(0, 4800, 800)
        ]
        # The same accounts once more, racing the first ones.
        for content in [*files, *files[:2]]:
            assert desk.push(content).status_code == 202
        failures: list[BaseException] = []
        start = threading.Barrier(4)

        def work() -> None:
            loop = desk.another_loop()
            start.wait()
            idle = 0
            while idle < 3:
                try:
                    idle = 0 if loop.run_once() else idle + 1
                except ChangedMeanwhile:
                    continue
                except BaseException as error:
                    failures.append(error)
                    return

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        desk.work_off()
        listed = desk.get(PATH).json()["items"]
        assert {one["status"] for one in listed} == {"done"}
        assert sum(one["created"] for one in listed) == 4800
        assert sum(one["unchanged"] for one in listed) == 1600
        assert desk.count("account") == 4800
        assert desk.count("outbox WHERE type = 'cases.account-received.v1'") == 4800

    def test_a_small_file_does_not_wait_behind_a_large_one(
        self, desk: Desk, clock: SettableClock
    ) -> None:
        large = desk.push(ndjson(*[account(number) for number in range(3000)])).json()
        clock.advance(seconds=1)
        small = desk.push(ndjson(account(1)), lender="southbank").json()
        for _ in range(2):
            clock.advance(seconds=1)
            assert desk.loop.run_once()
        assert desk.get(f"{PATH}/{small['id']}", lender="southbank").json()["status"] == "done"
        assert desk.get(f"{PATH}/{large['id']}").json()["processed"] == 500

    def test_the_loop_is_woken_by_a_file(self, desk: Desk) -> None:
        woken = threading.Event()
        waiting = threading.Thread(
            target=lambda: (desk.loop.wait(threading.Event(), 1.0), woken.set())
        )
        desk.push("")
        waiting.start()
        assert woken.wait(0.9)
        waiting.join()

    def test_it_may_be_closed_without_having_run_and_twice(self, desk: Desk) -> None:
        loop = desk.another_loop()
        loop.close()
        loop.close()


class TestSchema:
    @pytest.mark.parametrize(
        "change",
        [
            "status = 'done', finished_at = created_at",
            "created = received + 1",
            "rejected = -1",
            "status = 'failed', finished_at = created_at",
            "failure = '{}'",
            "finished_at = created_at",
            "status = 'lost'",
        ],
    )
    def test_the_database_refuses_an_import_that_lost_rows(self, desk: Desk, change: str) -> None:
        desk.push(ndjson(account(), account(2)))
        with pytest.raises(IntegrityError), desk.engine.begin() as connection:
            connection.execute(text(f"UPDATE account_import SET {change}"))


def test_the_sample_goes_in(desk: Desk, tmp_path: Path) -> None:
    accounts = list(sample.accounts(date(2026, 11, 20), 120))
    write_ndjson(tmp_path / "sample.ndjson", accounts)
    write_csv(tmp_path / "sample.csv", accounts)
    done = desk.import_all((tmp_path / "sample.ndjson").read_bytes())
    assert (done["created"], done["rejected"]) == (120, 0), desk.errors(done["id"])
    done = desk.import_all((tmp_path / "sample.csv").read_bytes(), import_desk.CSV)
    assert (done["received"], done["rejected"]) == (120, 0), desk.errors(done["id"])
    assert desk.count("debt_case") > 100
