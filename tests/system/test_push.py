"""`doorstep push` sends a file to a running house and tells what became of each row."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import doorstep.push
import httpx
import pytest
import typer
from credentials import Keys, TokenMint
from doorstep import house_imports, sample
from doorstep.entrance import Entrance
from doorstep.house_imports import HouseImports
from doorstep.push import push_file
from doorstep.sample.export import write_csv, write_ndjson
from doorstep.trouble import Trouble
from import_desk import Desk, account, ndjson, open_desk
from settable_clock import SettableClock
from shared.auth import Role
from shared.service import run_loops
from toy_service import served
from typer.testing import CliRunner, Result

LENDER = "northbank"

app = typer.Typer()
app.command()(doorstep.push.push)


@dataclass
class Running:
    """A house with the imports of cases in it, its loop running."""

    url: str
    desk: Desk
    token: str

    def push(self, file: Path, *options: str, token: str | None = None) -> Result:
        """What a person types."""
        given = ["--token", token or self.token, "--url", self.url, "--lender", LENDER]
        return CliRunner().invoke(app, [str(file), *given, *options])


@pytest.fixture
def running(
    make_database: Callable[[str], str], keys: Keys, token: TokenMint, clock: SettableClock
) -> Iterator[Running]:
    stopping = threading.Event()
    with open_desk(make_database("cases"), keys, clock) as desk:
        threads = run_loops([desk.loop], stopping, desk.service.watch)
        try:
            # As in the house: the services behind one entrance.
            with served(Entrance({"/cases": desk.service.app})) as (host, port):  # type: ignore[arg-type]
                yield Running(f"http://{host}:{port}", desk, token(Role.LENDER, lender=LENDER))
        finally:
            stopping.set()
            for thread in threads:
                thread.join()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_imports, "_LOOK_EVERY", 0.02)


def told(result: Result) -> dict[str, int]:
    """The counts in the table that are not zero."""
    found = re.findall(r"^  ([a-z]+) +([0-9,]+) *$", result.output, re.MULTILINE)
    assert len(found) == 6, result.output
    return {name: int(count) for name, count in found if count != "0"}


def trouble(result: Result) -> str:
    """What a trouble says; the command ends with 2 then."""
    assert isinstance(result.exception, Trouble), result.output
    assert result.exception.exit_code == 2
    return f"{result.exception.sentence} {result.exception.advice or ''}"


def test_every_kind_of_file_goes_in(running: Running, tmp_path: Path) -> None:
    accounts = list(sample.accounts(date(2026, 11, 20), 40))
    write_csv(tmp_path / "all.csv", accounts)
    write_ndjson(tmp_path / "all.ndjson", accounts)
    (tmp_path / "all.json").write_text(json.dumps(accounts))
    for name in ("all.csv", "all.ndjson", "all.json"):
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        for file in (tmp_path / name, packed):
            result = running.push(file)
            assert result.exit_code == 0, result.output
            assert told(result)["received"] == 40
    assert told(result) == {"received": 40, "unchanged": 40}
    assert running.desk.count("account") == 40
    assert list(tmp_path.glob("*.rejected.ndjson")) == []


def test_refused_rows_are_written_beside_the_file(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "november.ndjson"
    bad = account(2, overdue="-1", debtor={"name": "呂逾期"})
    file.write_bytes(ndjson(account(1), bad, "", "no json", account(3)))
    result = running.push(file)
    assert result.exit_code == 1, result.output
    assert told(result) == {"received": 4, "created": 2, "rejected": 2}
    refused = tmp_path / "november.ndjson.rejected.ndjson"
    assert f"  {refused}\n" in result.output
    rows = [json.loads(line) for line in refused.read_text(encoding="utf-8").splitlines()]
    assert [(row["line"], row["external_id"]) for row in rows] == [(2, "CARD-0002"), (4, None)]
    assert rows[0]["errors"][0]["pointer"] == "/overdue"
    assert json.loads(rows[0]["row"]) == bad
    assert rows[1]["row"] == "no json"
    assert running.desk.count("account") == 2

    # Mended and pushed again, nothing is left to mend.
    file.write_bytes(ndjson(account(1), account(2), account(3)))
    assert running.push(file).exit_code == 0
    assert not refused.exists()


def test_many_refused_rows_find_their_lines(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.csv.gz"
    lines = ["external_id,as_of", *(f"B-{number},never" for number in range(450))]
    file.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    assert running.push(file).exit_code == 1
    refused = (tmp_path / "all.csv.gz.rejected.ndjson").read_text().splitlines()
    rows = [json.loads(line) for line in refused]
    assert len(rows) == 450
    for row in rows:
        assert row["row"] == lines[row["line"] - 1]
        assert row["row"].startswith(row["external_id"] + ",")


def test_elements_of_an_array_have_no_lines(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text('[{"external_id": "B-1"}, x]')
    assert running.push(file).exit_code == 1
    rows = (tmp_path / "all.json.rejected.ndjson").read_text().splitlines()
    assert [("row" in json.loads(row), json.loads(row)["line"]) for row in rows] == [
        (False, 1),
        (False, 2),
    ]


def test_a_dry_run_says_so(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.ndjson"
    file.write_bytes(ndjson(account()))
    result = running.push(file, "--dry-run")
    assert result.exit_code == 0
    assert told(result) == {"received": 1, "created": 1}
    assert "nothing was changed" in result.output
    assert running.desk.count("account") == 0


def test_an_empty_file_is_no_trouble(running: Running, tmp_path: Path) -> None:
    (tmp_path / "none.ndjson").touch()
    result = running.push(tmp_path / "none.ndjson")
    assert result.exit_code == 0
    assert told(result) == {}


class TestTroubles:
    @pytest.mark.parametrize("name", ["all.xlsx", "all", "all.gz", "all.csv.zip"])
    def test_files_of_no_known_kind(self, running: Running, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        assert ".csv" in trouble(running.push(tmp_path / name))

    def test_files_that_are_not_there(self, running: Running, tmp_path: Path) -> None:
        assert "is no file" in trouble(running.push(tmp_path / "none.csv"))
        (tmp_path / "folder.csv").mkdir()
        assert "is no file" in trouble(running.push(tmp_path / "folder.csv"))

    def test_files_the_house_refuses(self, running: Running, tmp_path: Path) -> None:
        file = tmp_path / "all.csv"
        file.write_text("id;name\n")
        assert "no column external_id" in trouble(running.push(file))
        file.write_bytes("external_id\n".encode("utf-16"))
        assert "UTF-16" in trouble(running.push(file))
        packed = tmp_path / "all.csv.gz"
        packed.write_bytes(b"external_id\n")
        assert "gzip" in trouble(running.push(packed))

    def test_tokens_the_house_refuses(self, running: Running, tmp_path: Path) -> None:
        file = tmp_path / "all.ndjson"
        file.write_bytes(ndjson(account()))
        assert "doorstep token" in trouble(running.push(file, token="nonsense"))
        other = running.desk.tokens(Role.LENDER, lender="southbank")
        assert "no such lender" in trouble(running.push(file, token=other))
        agent = running.desk.tokens(Role.AGENT)
        assert trouble(running.push(file, token=agent))
        assert running.desk.count("account") == 0

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:9", "http://127.0.0.1:notaport", "nonsense", "http://"]
    )
    def test_addresses_where_no_house_is(self, tmp_path: Path, url: str) -> None:
        file = tmp_path / "all.ndjson"
        file.write_bytes(ndjson(account()))
        result = CliRunner().invoke(
            app, [str(file), "--lender", LENDER, "--token", "x", "--url", url]
        )
        assert "No house answers" in trouble(result)

    def test_something_else_answers(self, running: Running, tmp_path: Path) -> None:
        file = tmp_path / "all.ndjson"
        file.write_bytes(ndjson(account()))
        url = f"{running.url}/elsewhere"
        with pytest.raises(Trouble, match="no house does"):
            push_file(file, lender=LENDER, url=url, token=running.token)

    def test_without_a_token_there_must_be_a_home(self, running: Running, tmp_path: Path) -> None:
        file = tmp_path / "all.ndjson"
        file.write_bytes(ndjson(account()))
        given = [str(file), "--lender", LENDER, "--url", running.url, "--home", str(tmp_path)]
        assert "There is no house" in trouble(CliRunner().invoke(app, given))
        # With one, its key signs.
        home_keys = tmp_path / "keys"
        home_keys.mkdir()
        (home_keys / "token.pem").write_bytes(running.desk.tokens.keys.token_key.read_bytes())
        running.desk.service.clock.set(doorstep.push.utc_now())  # type: ignore[attr-defined]
        assert CliRunner().invoke(app, given).exit_code == 0


class TestUnreliableHouses:
    """With a transport of the test's own in place of the network."""

    @pytest.fixture(autouse=True)
    def _no_pauses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)

    @staticmethod
    def imports(handle: Callable[[httpx.Request], httpx.Response]) -> HouseImports:
        client = httpx.Client(transport=httpx.MockTransport(handle))
        return HouseImports(client, "http://house/cases/v1/imports")

    def test_a_file_is_sent_again_whole_and_under_the_same_key(self) -> None:
        seen: list[tuple[str, bytes]] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append((request.headers["Idempotency-Key"], request.read()))
            if len(seen) == 1:
                raise httpx.ReadError("broken")
            if len(seen) == 2:
                return httpx.Response(503, json={"detail": "busy"})
            return httpx.Response(202, json={"id": "1", "status": "done"})

        house = self.imports(handle)
        answer = house.send(lambda: iter([b"a", b"b"]), {}, lender=LENDER, dry_run=False)
        assert answer["id"] == "1"
        assert len({key for key, _ in seen}) == 1
        assert [body for _, body in seen] == [b"ab"] * 3

    def test_one_that_stays_away_is_a_trouble(self) -> None:
        def broken(_request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("gone")

        def busy(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(503, json={"detail": "Not now."})

        for handle, words in ((broken, "nothing of the"), (busy, "Not now")):
            with pytest.raises(Trouble, match=words):
                self.imports(handle).send(lambda: iter([b""]), {}, lender=LENDER, dry_run=False)

    def test_one_that_is_away_for_a_moment_is_waited_for(self) -> None:
        states: list[Any] = [
            httpx.ReadTimeout("slow"),
            httpx.Response(502, text="<html>"),
            httpx.Response(200, json={"id": "1", "status": "running"}),
            httpx.Response(200, json={"id": "1", "status": "done"}),
        ]
        watched: list[str] = []

        def handle(_request: httpx.Request) -> httpx.Response:
            state = states.pop(0)
            if isinstance(state, Exception):
                raise state
            assert isinstance(state, httpx.Response)
            return state

        done = self.imports(handle).wait(
            {"id": "1", "status": "running"}, lambda answer: watched.append(answer["status"])
        )
        assert done["status"] == "done"
        assert watched == ["running", "running", "done"]

    def test_an_import_that_fails_says_why(self) -> None:
        failed = {"id": "1", "status": "failed", "failure": {"message": "It broke off."}}
        house = self.imports(lambda _request: httpx.Response(200, json=failed))
        with pytest.raises(Trouble, match="It broke off"):
            house.wait({"id": "1", "status": "running"}, lambda _answer: None)
