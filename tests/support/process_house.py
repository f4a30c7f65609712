"""The house as separate processes, as production runs it: an API and a worker per service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import children
import httpx
from credentials import Keys
from databases import EMPTY, SERVICES, Databases
from prefix_proxy import proxy

PREFIXES = {
    "cases": "/cases",
    "contact_rules": "/contact-rules",
    "plans": "/plans",
    "console": "",
}


class ProcessHouse:
    """Starts, kills and stops the processes. `url` is the entrance before all of them."""

    def __init__(self, directory: Path, databases: Databases, bus_url: str, keys: Keys) -> None:
        self.directory = directory
        self.database_urls = {service: databases.url(EMPTY) for service in SERVICES}
        self.keys = keys
        self.url = ""
        self._bus_url = bus_url
        self._ports = {package: children.free_port() for package in PREFIXES}
        self._worker_ports = {package: children.free_port() for package in SERVICES}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {**_plain_environment(), **self._settings()}

    def migrate(self) -> None:
        """Brings all databases up to date, each by its service's own command, all at once."""
        started = {
            package: self._launch(f"{package} migrate", package, "migrate") for package in SERVICES
        }
        for package, process in started.items():
            code = process.wait(120)
            assert code == 0, f"{package} migrate: {self.said(f'{package} migrate')}"

    def start(self, name: str) -> None:
        """Starts a process; its name is `cases api`, `plans worker` and so on."""
        package, command = name.split()
        self._running[name] = self._launch(name, package, command)

    def start_all(self) -> None:
        """Starts every process and returns when all say that they are ready."""
        for name in self.names:
            self.start(name)
        for name in self.names:
            self.wait_until_ready(name)

    @property
    def names(self) -> list[str]:
        """All processes of the house."""
        return [f"{package} api" for package in PREFIXES] + [
            f"{package} worker" for package in SERVICES
        ]

    def wait_until_ready(self, name: str, *, seconds: float = 60) -> None:
        """Waits for `/readyz`. Fails at once, with what it said, if the process has ended."""
        package, command = name.split()
        ports = self._worker_ports if command == "worker" else self._ports
        address = f"http://127.0.0.1:{ports[package]}/readyz"

        def ready() -> bool:
            code = self._running[name].poll()
            assert code is None, f"{name} ended with {code}:\n{self.said(name)}"
            try:
                return httpx.get(address, timeout=10, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        try:
            children.wait_until(ready, seconds=seconds, what=f"{name} to be ready", pause=0.1)
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.said(name)}") from error

    def kill(self, name: str) -> None:
        """Kills a process as the machine's death would (kill -9)."""
        children.stop(self._running.pop(name), with_signal=signal.SIGKILL)

    def stop(self, name: str) -> int:
        """Asks a process to end (SIGTERM); returns its exit code."""
        return children.stop(self._running.pop(name), seconds=40)

    def stop_all(self) -> dict[str, int]:
        """Asks all to end, once and at the same time; returns their exit codes."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(40)
        return {name: children.stop(self._running.pop(name)) for name in list(self._running)}

    def tell_story(self) -> subprocess.Popen[bytes]:
        """Starts `doorstep story` against this house."""
        return children.start(
            [
                *(sys.executable, "-m", "doorstep", "story"),
                *("--url", self.url, "--key", str(self.keys.token_key)),
            ],
            log=self._log("story"),
            env=_plain_environment(),
        )

    def said(self, name: str) -> str:
        """The end of what a process wrote."""
        return children.tail(self._log(name), 60)

    def _launch(self, name: str, package: str, command: str) -> subprocess.Popen[bytes]:
        return children.start(
            [sys.executable, "-m", package, command], log=self._log(name), env=self._environment
        )

    def _log(self, name: str) -> Path:
        return self.directory / f"{name.replace(' ', '-')}.log"

    def _settings(self) -> dict[str, str]:
        settings: dict[str, str] = {}
        for package, prefix in PREFIXES.items():
            variable = package.upper()
            settings |= {
                f"{variable}_PORT": str(self._ports[package]),
                f"{variable}_TOKEN_KEYS": str(self.keys.token_jwks),
                f"{variable}_LOG_FORMAT": "json",
            }
            if prefix:
                settings |= {
                    f"{variable}_DATABASE_URL": self.database_urls[package],
                    f"{variable}_BUS_URL": self._bus_url,
                    f"{variable}_WORKER_PORT": str(self._worker_ports[package]),
                    f"CONSOLE_{variable}_URL": f"http://127.0.0.1:{self._ports[package]}",
                }
        return settings | {
            "CONTACT_RULES_APPROVAL_KEY": str(self.keys.approval_key),
            "CASES_APPROVAL_KEYS": str(self.keys.approval_jwks),
            "CASES_IDENTITY_KEY": "only for tests: " + "7" * 32,
            "CASES_CONTACT_RULES_URL": f"http://127.0.0.1:{self._ports['contact_rules']}",
            "CASES_SERVICE_TOKEN_FILE": str(self.keys.service_token),
        }

    @contextmanager
    def entrance(self) -> Iterator[str]:
        """The entrance before the APIs, while the block runs."""
        upstreams = {
            prefix: f"http://127.0.0.1:{self._ports[package]}"
            for package, prefix in PREFIXES.items()
        }
        with proxy(upstreams, port=children.free_port()) as url:
            self.url = url
            yield url


@contextmanager
def process_house(
    directory: Path, databases: Databases, bus_url: str, keys: Keys
) -> Iterator[ProcessHouse]:
    """A house of processes, migrated, started and ready; ended with the block, whatever happens."""
    house = ProcessHouse(directory, databases, bus_url, keys)
    with ExitStack() as stack:
        stack.callback(house.stop_all)
        house.migrate()
        stack.enter_context(house.entrance())
        house.start_all()
        yield house


def _plain_environment() -> Mapping[str, str]:
    """What a process gets of ours: no setting of a service, none of PostgreSQL's."""
    prefixes = ("CASES_", "CONTACT_RULES_", "PLANS_", "CONSOLE_", "DOORSTEP_", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
