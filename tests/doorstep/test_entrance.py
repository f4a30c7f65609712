"""The one entrance: each request reaches its service as it would behind the gateway."""

import asyncio
from typing import Any

import pytest
from doorstep.entrance import Entrance


def reached(path: str, raw: bytes | None = None) -> tuple[str, str, bytes]:
    """Which service a request reaches, with the path and raw path it sees there."""
    seen: list[tuple[str, str, bytes]] = []

    def service(name: str) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append((name, scope["path"], scope["raw_path"]))

        return app

    entrance = Entrance({"/cases": service("cases"), "": service("console")})
    raw_path = path.encode() if raw is None else raw
    scope = {"type": "http", "path": path, "raw_path": raw_path}

    async def never(*_: Any) -> Any:
        raise AssertionError("the entrance reads and answers nothing itself")

    asyncio.run(entrance(scope, never, never))
    return seen[0]


@pytest.mark.parametrize(
    ("path", "service", "inside"),
    [
        ("/cases/v1/cases", "cases", "/v1/cases"),
        ("/cases/", "cases", "/"),
        ("/cases", "cases", "/"),
        ("/cases//v1", "cases", "//v1"),
        ("/", "console", "/"),
        ("/casesx/v1", "console", "/casesx/v1"),
        ("/Cases/v1", "console", "/Cases/v1"),
        ("/visits/cases/v1", "console", "/visits/cases/v1"),
    ],
)
def test_the_prefix_decides_and_is_taken_off(path: str, service: str, inside: str) -> None:
    assert reached(path) == (service, inside, inside.encode())


def test_what_is_encoded_behind_the_prefix_stays_as_it_was_sent() -> None:
    assert reached("/cases/v1/a b", b"/cases/v1/a%20b") == ("cases", "/v1/a b", b"/v1/a%20b")


def test_a_prefix_written_with_percent_signs_is_that_prefix() -> None:
    assert reached("/cases/v1/a b", b"/%63ases/v1/a%20b") == ("cases", "/v1/a b", b"/v1/a%20b")
