"""Decides where the tests' PostgreSQL and RabbitMQ come from, in the same order for both.

The address named in the environment; else a container, where an engine answers and holds the
image (nothing is ever pulled); else a private server on this machine. There is no fourth way:
a test never goes without. `DOORSTEP_TEST_BACKING=env|containers|embedded` forces one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum

import containers


class Backing(StrEnum):
    """Where a server comes from."""

    ENV = "env"
    CONTAINERS = "containers"
    EMBEDDED = "embedded"

    @property
    def phrase(self) -> str:
        """For the header of a test run."""
        return {
            Backing.ENV: "the one named in the environment",
            Backing.CONTAINERS: "a container",
            Backing.EMBEDDED: "a private one on this machine",
        }[self]


class NoBacking(Exception):
    """A server that the tests need is not to be had; the text says what would help."""


def choose(*, name: str, variable: str, image: str, missing: Callable[[], str | None]) -> Backing:
    """The backing for one server.

    `missing()` says what an embedded server lacks on this machine, None if nothing. Raises
    NoBacking if the server cannot be had, or not in the way that the environment forces.
    """
    forced = os.environ.get("DOORSTEP_TEST_BACKING", "")
    if forced and forced not in set(Backing):
        raise NoBacking(
            f"DOORSTEP_TEST_BACKING is {forced!r}: it may be env, containers or embedded"
        )
    if os.environ.get(variable) and forced in ("", Backing.ENV):
        return Backing.ENV
    if forced == Backing.ENV:
        raise NoBacking(f"DOORSTEP_TEST_BACKING is env, so {variable} must name a {name} server")
    if forced in ("", Backing.CONTAINERS) and containers.has_image(image):
        return Backing.CONTAINERS
    if forced == Backing.CONTAINERS:
        raise NoBacking(
            f"DOORSTEP_TEST_BACKING is containers, but no engine here holds {image}: pull it first"
        )
    if lacking := missing():
        raise NoBacking(
            f"the tests need a real {name} and found none: {variable} is not set, no container"
            f" engine here holds {image}, and {lacking}"
        )
    return Backing.EMBEDDED
