"""Settings come from the environment or from files, and what is missing is said by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared.settings import BadSettings, load, unknown_variables
from toy_service import ToySettings

URL = "postgresql://tea:hunter2@db/tea"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_DATABASE_URL", URL)
    monkeypatch.setenv("TOY_TOKEN_KEYS", "/keys.json")


def test_the_environment_is_enough() -> None:
    settings = load(ToySettings)
    assert settings.database_url == URL
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.bus_url is None
    assert settings.token_issuer == "doorstep"


def test_all_that_is_missing_is_said_at_once_with_what_it_is_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TOY_DATABASE_URL")
    monkeypatch.delenv("TOY_TOKEN_KEYS")
    with pytest.raises(BadSettings) as raised:
        load(ToySettings)
    first, second = str(raised.value).splitlines()
    assert first.startswith("TOY_DATABASE_URL is missing (the service's own database")
    assert second.startswith("TOY_TOKEN_KEYS is missing")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOY_PORT", "http"),
        ("TOY_PORT", "65536"),
        ("TOY_PORT", "-1"),
        ("TOY_LOG_FORMAT", "xml"),
        ("TOY_LOG_LEVEL", "loud"),
        ("TOY_DATABASE_POOL", "0"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings, match=f"^{variable} must|^{variable} does") as raised:
        load(ToySettings)
    assert raised.value.__cause__ is None
    assert "hunter2" not in str(raised.value)


def test_an_empty_variable_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_DATABASE_URL", "")
    with pytest.raises(BadSettings, match="TOY_DATABASE_URL is missing"):
        load(ToySettings)


def test_a_secret_may_come_as_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"{URL}2\n")
    monkeypatch.delenv("TOY_DATABASE_URL")
    monkeypatch.setenv("TOY_DATABASE_URL_FILE", str(secret))
    assert load(ToySettings).database_url == f"{URL}2"


def test_a_secret_in_two_places_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOY_DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(BadSettings, match="TOY_DATABASE_URL_FILE are both set"):
        load(ToySettings)


def test_a_secret_file_that_can_not_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TOY_DATABASE_URL")
    monkeypatch.setenv("TOY_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(BadSettings, match=r"_FILE names .*none, which can't be read"):
        load(ToySettings)
    (tmp_path / "none").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSettings, match="not UTF-8"):
        load(ToySettings)


def test_secrets_are_not_in_the_representation() -> None:
    assert "hunter2" not in repr(load(ToySettings))
    assert "hunter2" not in str(load(ToySettings))


def test_a_misspelt_variable_is_found() -> None:
    given = {"TOY_DATABASE_URL": "", "TOY_PORT_FILE": "", "TOY_PROT": "", "CASES_X": "", "PATH": ""}
    assert unknown_variables(ToySettings, given) == ["TOY_PROT"]
