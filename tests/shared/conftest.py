"""The toy service and a client of it, without a database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from credentials import Keys, TokenMint
from fastapi.testclient import TestClient
from settable_clock import SettableClock
from shared.service import Service
from toy_service import toy_service


@pytest.fixture
def toy(keys: Keys, clock: SettableClock) -> Iterator[Service]:
    """The toy service; its database is away."""
    service = toy_service(keys, clock)
    yield service
    service.close()


@pytest.fixture
def anonymous(toy: Service) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(toy.app, base_url="http://house") as client:
        yield client


@pytest.fixture
def client(anonymous: TestClient, token: TokenMint) -> TestClient:
    """A client with the token of an ops person."""
    anonymous.headers.update(token.header("ops"))
    return anonymous
