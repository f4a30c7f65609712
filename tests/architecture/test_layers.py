"""The import contracts in pyproject.toml hold, and each of them catches what it is for."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import house_rules
import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
LAYERS = ("service", "api", "consumers", "handlers", "clients", "store", "events", "domain")


def lint(*options: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs import-linter as a person would; with `path`, over the packages that lie there."""
    program = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    env = dict(os.environ)
    if path is not None:
        env["PYTHONPATH"] = str(path)
    return subprocess.run(
        [
            *(sys.executable, "-c", program, "--no-logo", "--no-cache"),
            *("--config", str(ROOT / "pyproject.toml")),
            *options,
        ],
        env=env,
        cwd=path or ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_contracts_are_kept() -> None:
    done = lint()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """The packages of the house with nothing in them but their layers."""
    for package in house_rules.PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        if package in house_rules.SERVICES:
            for layer in LAYERS:
                (tmp_path / package / f"{layer}.py").touch()
    (tmp_path / "shared" / "rabbit.py").write_text("import pika\n")
    (tmp_path / "shared" / "bus.py").touch()
    return tmp_path


def test_an_empty_house_keeps_all_contracts(small_house: Path) -> None:
    done = lint(path=small_house)
    assert done.returncode == 0, done.stdout + done.stderr


BREACHES = [
    ("layers", "cases/domain.py", "import cases.store"),
    ("layers", "plans/store.py", "from plans import handlers"),
    ("layers", "contact_rules/api.py", "import contact_rules.consumers"),
    ("layers", "cases/events.py", "import cases.store"),
    ("layers", "cases/helpers.py", "pass"),  # a name that the other services do not have
    ("independent", "cases/clients.py", "import plans.events"),
    ("independent", "console/__init__.py", "from cases import api"),
    ("shared-below", "shared/bus.py", "import cases"),
    ("command-above", "plans/service.py", "import doorstep"),
    ("pika", "cases/service.py", "import pika"),
    ("pika", "shared/bus.py", "from pika import BlockingConnection"),
    ("plain-domain", "cases/domain.py", "from pydantic import BaseModel"),
    ("plain-domain", "plans/domain.py", "import shared.bus"),
    ("plain-domain", "contact_rules/domain.py", "import sqlalchemy"),
]


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_a_breach_is_caught(small_house: Path, contract: str, file: str, line: str) -> None:
    (small_house / file).write_text(f"{line}\n")
    done = lint("--contract", contract, path=small_house)
    assert done.returncode == 1, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert f"{CONTRACTS[contract]} BROKEN" in said


def test_every_contract_has_a_breach_that_it_catches() -> None:
    assert {contract for contract, _, _ in BREACHES} == set(CONTRACTS)
