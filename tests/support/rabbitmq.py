"""A real RabbitMQ for the tests, and a virtual host of its own for each test that asks."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import backing
import children
import containers
import httpx
from backing import Backing, NoBacking

VARIABLE = "DOORSTEP_TEST_RABBITMQ_URL"
MANAGEMENT_VARIABLE = "DOORSTEP_TEST_RABBITMQ_MANAGEMENT_URL"
IMAGE = "rabbitmq:4-management"
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
EPMD = Path("/usr/bin/epmd")


def choose() -> Backing:
    """Where RabbitMQ comes from. Raises NoBacking."""
    return backing.choose(
        name="RabbitMQ", variable=VARIABLE, image=IMAGE, missing=_missing_for_embedded
    )


def _missing_for_embedded() -> str | None:
    if not SERVER.exists():
        return f"{SERVER} does not exist (tests/support/setup installs it on Debian)"
    if os.geteuid() != 0 and not os.access(SERVER, os.R_OK | os.X_OK):
        return f"{SERVER} may not be run by this user"
    return None


def _unique_prefix() -> str:
    return f"doorstep-test-{os.getpid()}-{secrets.token_hex(3)}"


@dataclass(slots=True)
class RabbitServer:
    """A running broker. `url` leads its administrator to it, `management` is its HTTP API."""

    url: str
    management: str
    backing: Backing
    prefix: str = field(default_factory=_unique_prefix)
    _hosts: list[str] = field(default_factory=list)
    _made: int = 0

    def create_vhost(self) -> str:
        """A new, empty virtual host; returns the AMQP URL that leads there."""
        self._made += 1
        name = f"{self.prefix}-{self._made}"
        self.ask("PUT", f"/vhosts/{name}", json={})
        self._hosts.append(name)
        user = quote(urlsplit(self.url).username or "guest", safe="")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.ask("PUT", f"/permissions/{name}/{user}", json=everything)
        return f"{self.url.rpartition('/')[0]}/{name}"

    def drop_vhost(self, url: str) -> None:
        """Drops a virtual host with its queues; connections to it are closed by the broker."""
        name = vhost_of(url)
        self.ask("DELETE", f"/vhosts/{name}")
        self._hosts.remove(name)

    def drop_all(self) -> None:
        """Drops every virtual host that this object made and that is still there."""
        for name in list(self._hosts):
            with suppress(httpx.HTTPError):
                self.ask("DELETE", f"/vhosts/{name}")
        self._hosts.clear()

    def queues(self, url: str) -> list[dict[str, Any]]:
        """The queues of a virtual host as the broker describes them."""
        answer: list[dict[str, Any]] = self.ask("GET", f"/queues/{vhost_of(url)}").json()
        return answer

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One call of the management API. Raises httpx.HTTPStatusError on a refusal."""
        parts = urlsplit(self.url)
        answer = httpx.request(
            method,
            f"{self.management}/api{path}",
            auth=(parts.username or "guest", parts.password or "guest"),
            timeout=30,
            trust_env=False,
            **options,
        )
        return answer.raise_for_status()


def vhost_of(url: str) -> str:
    """The virtual host of an AMQP URL, still percent-encoded."""
    return urlsplit(url).path.removeprefix("/")


@contextmanager
def running() -> Iterator[RabbitServer]:
    """The broker of this test run, in the way that `choose` says; it ends with the block."""
    chosen = choose()
    with _RUN[chosen]() as (url, management):
        server = RabbitServer(url, management, chosen)
        try:
            yield server
        finally:
            if chosen is Backing.ENV:
                server.drop_all()


@contextmanager
def _named_in_the_environment() -> Iterator[tuple[str, str]]:
    url = os.environ[VARIABLE].rstrip("/")
    parts = urlsplit(url)
    if not parts.path:
        url += "/%2f"
    management = os.environ.get(MANAGEMENT_VARIABLE) or f"http://{parts.hostname}:15672"
    try:
        RabbitServer(url, management.rstrip("/"), Backing.ENV).ask("GET", "/overview")
    except httpx.HTTPError as error:
        raise NoBacking(
            f"each test has a virtual host of its own, made over the broker's management API; at"
            f" {management} it does not answer ({error}). {MANAGEMENT_VARIABLE} names another."
        ) from error
    yield url, management.rstrip("/")


@contextmanager
def _in_a_container() -> Iterator[tuple[str, str]]:
    password = secrets.token_hex(8)
    with containers.container(
        IMAGE,
        ports=[5672, 15672],
        env={"RABBITMQ_DEFAULT_USER": "doorstep", "RABBITMQ_DEFAULT_PASS": password},
    ) as made:
        check = ["rabbitmq-diagnostics", "-q", "check_port_connectivity"]
        children.wait_until(
            lambda: made.exec(check).exit_code == 0, seconds=120, what=f"{IMAGE} to be ready"
        )
        url = f"amqp://doorstep:{password}@127.0.0.1:{made.get_exposed_port(5672)}/%2f"
        management = f"http://127.0.0.1:{made.get_exposed_port(15672)}"
        _wait_for_management(url, management)
        yield url, management


@contextmanager
def _on_this_machine() -> Iterator[tuple[str, str]]:
    with children.own_directory("rabbitmq") as home:
        for attempt in (1, 2, 3):
            broker = PrivateBroker(home / str(attempt))
            try:
                broker.start()
            except BrokerDied:
                broker.stop()
                if attempt == 3:
                    raise
                continue
            except BaseException:
                broker.stop()
                raise
            try:
                yield broker.url, broker.management
            finally:
                broker.stop()
            return


class BrokerDied(NoBacking):
    """RabbitMQ ended while it was starting: a port was taken meanwhile, or it is broken."""


class PrivateBroker:
    """One node of Debian's RabbitMQ on ports of its own, with its own epmd, all on loopback."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.password = secrets.token_hex(8)
        self.port, self._http, self._dist, self._epmd_port = (
            children.free_port() for _ in range(4)
        )
        self.url = f"amqp://doorstep:{self.password}@127.0.0.1:{self.port}/%2f"
        self.management = f"http://127.0.0.1:{self._http}"
        self.log = home / "log"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the node and returns when it takes connections. Raises BrokerDied."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        env = self._environment()
        if self._epmd is None or self._epmd.poll() is not None:
            self._epmd = children.start([str(EPMD)], log=self.log, env=env)
        self._node = children.start([str(SERVER)], log=self.log, env=env)
        node = self._node

        def ready() -> bool:
            if node.poll() is not None:
                raise BrokerDied(f"RabbitMQ did not start:\n{children.tail(self.log)}")
            return _amqp_answers(self.port)

        try:
            children.wait_until(ready, seconds=120, what="RabbitMQ to listen", pause=0.2)
        except TimeoutError as error:
            raise NoBacking(f"{error}:\n{children.tail(self.log)}") from error
        _wait_for_management(self.url, self.management)

    def stop(self) -> None:
        """Ends the node and its epmd. Safe to call twice, or without having started.

        At once, by force: its data goes with it, and a polite stop takes six seconds.
        """
        for process in (self._node, self._epmd):
            if process is not None:
                children.stop(process, with_signal=signal.SIGKILL)

    def _write_configuration(self) -> None:
        (self.home / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self._http}\n"
            "default_user = doorstep\n"
            f"default_pass = {self.password}\n"
            "disk_free_limit.absolute = 50MB\n"
            "log.console = true\n"
            "log.console.level = warning\n"
            "log.file = false\n"
        )
        (self.home / "enabled_plugins").write_text("[rabbitmq_management].\n")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.home),  # the Erlang cookie is made there
            "RABBITMQ_NODENAME": f"doorstep-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "no-such-file"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "logs"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1}"
                " +sbwt none +sbwtdcpu none +sbwtdio none"  # no busy waiting: the cores are shared
            ),
            # one process in place of a shell that waits for it: so a kill reaches the node
            "RUNNING_UNDER_SYSTEMD": "true",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_CRASH_DUMP_SECONDS": "0",
        }


def _amqp_answers(port: int) -> bool:
    """Whether a broker greets: it answers a header it does not speak with the one it does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x00\x00")
            return connection.recv(4) == b"AMQP"
    except OSError:
        return False


def _wait_for_management(url: str, management: str) -> None:
    server = RabbitServer(url, management, Backing.EMBEDDED)

    def answers() -> bool:
        try:
            server.ask("GET", "/overview")
        except httpx.HTTPError:
            return False
        return True

    children.wait_until(answers, seconds=60, what="RabbitMQ's management API", pause=0.1)


_RUN = {
    Backing.ENV: _named_in_the_environment,
    Backing.CONTAINERS: _in_a_container,
    Backing.EMBEDDED: _on_this_machine,
}
