"""Fixtures of the plans tests: the service on a database of its own, and a debt it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from credentials import Keys, TokenMint
from plans.service import build
from plans.settings import PlansSettings
from plans_house import Debt, House
from settable_clock import SettableClock
from shared.bus import LocalBus


@pytest.fixture
def house(
    make_database: Callable[[str], str], keys: Keys, token: TokenMint, clock: SettableClock
) -> Iterator[House]:
    """Plans on a database of its own, nothing known yet."""
    settings = PlansSettings(
        database_url=make_database("plans"), token_keys=str(keys.token_jwks), database_pool=20
    )
    service = build(settings, LocalBus(), clock)
    try:
        yield House(service, token, clock)
    finally:
        service.close()


@pytest.fixture
def edge(keys: Keys, token: TokenMint, clock: SettableClock) -> Iterator[House]:
    """Plans with its database away: enough for what stores nothing."""
    settings = PlansSettings(
        database_url="postgresql://nobody:nothing@127.0.0.1:1/nowhere",
        token_keys=str(keys.token_jwks),
    )
    service = build(settings, LocalBus(), clock)
    try:
        yield House(service, token, clock)
    finally:
        service.close()


@pytest.fixture
def debt(house: House) -> Debt:
    """A debt of 10000.00 CNY that northbank stated on 20 November, its case open."""
    return house.know(Debt())
