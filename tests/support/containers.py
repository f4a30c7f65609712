"""Containers for the tests: only from images that are already here, and always removed."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from children import alive

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

LABEL = "doorstep.tests.owner"

# The reaper is one more image that would have to be pulled; this module does its work. The
# override keeps testcontainers from guessing an address: ports are published on the loopback.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")


@cache
def has_image(image: str) -> bool:
    """Whether a container engine answers and holds `image`. Never pulls."""
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]

    if not _somebody_listens():
        return False
    try:
        client = docker.from_env(timeout=10)
    except DockerException:
        return False
    try:
        client.images.get(image)
    except DockerException:
        return False
    finally:
        client.close()
    return True


def _somebody_listens() -> bool:
    """Whether anything is behind the engine's socket. A killed engine leaves the file, and a client
    that fails to reach it leaves its own socket open, which is an error in tests."""
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(5)
        try:
            trial.connect(address.removeprefix("unix://"))
        except OSError:
            return False
    return True


@contextmanager
def container(
    image: str,
    *,
    ports: Sequence[int],
    env: dict[str, str],
    command: Sequence[str] | None = None,
    tmpfs: Sequence[str] = (),
) -> Iterator[DockerContainer]:
    """A running container, its `ports` published on 127.0.0.1; removed with its volumes."""
    from testcontainers.core.container import DockerContainer

    remove_leftovers()
    made = DockerContainer(image).with_envs(**env)
    for port in ports:
        made.ports[str(port)] = ("127.0.0.1", None)  # type: ignore[assignment]
    for path in tmpfs:
        made.with_tmpfs_mount(path)
    if command is not None:
        made.with_command(list(command))
    made.with_kwargs(labels={LABEL: str(os.getpid())})
    try:
        made.start()
        yield made
    finally:
        made.stop(force=True, delete_volume=True)
        made.get_docker_client().client.close()


def remove_leftovers() -> None:
    """Removes the containers of test runs whose process no longer exists."""
    import docker

    client = docker.from_env(timeout=30)
    try:
        for left in client.containers.list(all=True, filters={"label": LABEL}):
            owner = left.labels[LABEL]
            if owner.isdecimal() and not alive(int(owner)):
                left.remove(force=True, v=True)
    finally:
        client.close()
