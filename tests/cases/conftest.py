"""Fixtures of the cases tests: the service on a database of its own, and a debt it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cases.service import build
from cases.settings import CasesSettings
from cases_house import Debt, House
from credentials import Keys, TokenMint
from settable_clock import SettableClock
from shared.bus import LocalBus


@pytest.fixture
def house(
    make_database: Callable[[str], str], keys: Keys, token: TokenMint, clock: SettableClock
) -> Iterator[House]:
    """Cases on a database of its own, nothing known yet."""
    settings = CasesSettings(
        database_url=make_database("cases"),
        token_keys=str(keys.token_jwks),
        approval_keys=str(keys.approval_jwks),
        identity_key="an identity key that only tests may know",
        database_pool=20,
    )
    service = build(settings, LocalBus(), clock)
    try:
        yield House(service, keys, token, clock)
    finally:
        service.close()


@pytest.fixture
def debt(house: House) -> Debt:
    """A credit card debt of 44,430 TWD in Taipei, pushed by northbank, its case open."""
    return house.debt()
