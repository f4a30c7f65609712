"""What a service says when it can't start, and with which status it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import log_lines
import pytest
import typer
from credentials import Keys
from fastapi.testclient import TestClient
from pydantic_settings import SettingsConfigDict
from shared.bus import BusUnavailable
from shared.cli import commands, run_site
from shared.http import make_app
from shared.service import Site
from shared.settings import SiteSettings
from sqlalchemy import Engine
from toy_process import build
from toy_service import NOWHERE, ToySettings
from typer.testing import CliRunner, Result


@pytest.fixture(autouse=True)
def environment(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TOY_DATABASE_URL", NOWHERE)
    monkeypatch.setenv("TOY_BUS_URL", "amqp://127.0.0.1:1/")
    monkeypatch.setenv("TOY_TOKEN_KEYS", str(keys.token_jwks))
    monkeypatch.setenv("TOY_LOG_FORMAT", "json")
    with log_lines.kept():
        yield


@pytest.fixture
def toy() -> typer.Typer:
    return commands("toy", ToySettings, build, "cases")


def _run(toy: typer.Typer, *words: str) -> Result:
    return CliRunner().invoke(toy, list(words))


BAD = {
    "no database": ("TOY_DATABASE_URL", "", "TOY_DATABASE_URL is missing"),
    "another database": ("TOY_DATABASE_URL", "mysql://a/b", "TOY_DATABASE_URL must be an address"),
    "bad address": ("TOY_DATABASE_URL", "postgresql://a:hunter2@b:x/c", "begins with postgresql"),
    "another bus": ("TOY_BUS_URL", "redis://a", "begins with amqp:// or amqps://"),
    "no bus": ("TOY_BUS_URL", "", "TOY_BUS_URL is missing (RabbitMQ, as amqp://"),
    "no keys": ("TOY_TOKEN_KEYS", "/nowhere/keys.json", "/nowhere/keys.json can't be read"),
    "no revoked": ("TOY_REVOKED_TOKENS", "/nowhere/ids", "revoked tokens /nowhere/ids can't"),
    "bad port": ("TOY_PORT", "many", "TOY_PORT must be a whole number"),
}


@pytest.mark.parametrize("command", ["api", "worker"])
@pytest.mark.parametrize(("variable", "value", "said"), BAD.values(), ids=BAD)
def test_a_bad_configuration_is_said_in_a_sentence(
    toy: typer.Typer,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(variable, value)
    ended = _run(toy, command)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("toy: ")
    assert said in ended.stderr
    assert "Traceback" not in ended.output
    assert "hunter2" not in ended.output


def test_an_unforeseen_end_tells_where_and_not_what(
    toy: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("A123456789")

    monkeypatch.setattr("shared.cli.run_api", fail)
    ended = _run(toy, "api")
    assert ended.exit_code == 1
    assert "toy: ended by ValueError; see the log" in ended.stderr
    assert '"unforeseen"' in ended.stderr
    assert "A123456789" not in ended.output


def test_a_broker_that_is_away_is_said_in_a_sentence(
    toy: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BusUnavailable("refused")

    monkeypatch.setattr("shared.cli.run_api", fail)
    ended = _run(toy, "api")
    assert ended.exit_code == 1
    assert ended.stderr == "toy: the broker can't be reached (refused)\n"


def test_a_page_without_a_database_has_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class PageSettings(SiteSettings):
        model_config = SettingsConfigDict(env_prefix="PAGE_")

    served: list[Site] = []

    def build(settings: PageSettings) -> Site:
        app = make_app(name="page", title="Page", version="1", description="", prefix="")
        return Site(name="page", settings=settings, app=app)

    monkeypatch.setattr("shared.cli.run_api", served.append)
    monkeypatch.setattr("sys.argv", ["page", "api"])
    with pytest.raises(SystemExit) as ended:
        run_site("page", PageSettings, build, "page")
    assert ended.value.code == 0
    [page] = served
    with TestClient(page.app) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.get("/metrics").status_code == 200
        assert client.get("/").status_code == 401


def test_a_file_that_is_no_jwks_is_said_to_be_none(
    toy: typer.Typer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keys.json").write_text("{}")
    monkeypatch.setenv("TOY_TOKEN_KEYS", str(tmp_path / "keys.json"))
    ended = _run(toy, "api")
    assert (ended.exit_code, "is not a JWKS" in ended.stderr) == (2, True)


def test_a_database_that_is_away_ends_a_migration_with_a_sentence(toy: typer.Typer) -> None:
    ended = _run(toy, "migrate")
    assert ended.exit_code == 1
    assert "toy: the database refused or can't be reached" in ended.stderr
    assert "Traceback" not in ended.output


def test_a_migration_runs_and_may_run_again(
    toy: typer.Typer, monkeypatch: pytest.MonkeyPatch, databases: object, plumbing_engine: Engine
) -> None:
    migrated: list[str] = []
    monkeypatch.setattr("shared.cli.upgrade", lambda _engine, package: migrated.append(package))
    url = plumbing_engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TOY_DATABASE_URL", url.replace("+psycopg", ""))
    for _ in range(2):
        assert _run(toy, "migrate").exit_code == 0
    assert migrated == ["cases", "cases"]


def test_a_misspelt_setting_is_warned_of(toy: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_PROT", "1")
    ended = _run(toy, "migrate")
    assert '"unknown_setting"' in ended.stderr
    assert "TOY_PROT" in ended.stderr


def test_without_a_command_there_is_help(toy: typer.Typer) -> None:
    shown = _run(toy)
    for command in ("api", "worker", "migrate"):
        assert command in shown.output
    assert "TOY_" in shown.output
