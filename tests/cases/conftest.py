"""Fixtures of the cases tests: the service on a database of its own, and a debt it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cases.service import build
from cases.settings import CasesSettings
from cases_house import Debt, House
from credentials import Keys, TokenMint
from import_desk import Desk, open_desk
from rules_stand_in import RulesStandIn, rules_stand_in
from settable_clock import SettableClock
from shared.bus import LocalBus


@pytest.fixture
def rules() -> Iterator[RulesStandIn]:
    """Contact-rules as a team about to go asks it; it says yes until told otherwise."""
    with rules_stand_in() as standing:
        yield standing


@pytest.fixture
def house(
    make_database: Callable[[str], str],
    keys: Keys,
    token: TokenMint,
    clock: SettableClock,
    rules: RulesStandIn,
) -> Iterator[House]:
    """Cases on a database of its own, nothing known yet."""
    settings = CasesSettings(
        database_url=make_database("cases"),
        token_keys=str(keys.token_jwks),
        approval_keys=str(keys.approval_jwks),
        identity_key="an identity key that only tests may know",
        contact_rules_url=rules.url,
        service_token_file=keys.service_token,
        database_pool=20,
    )
    service = build(settings, LocalBus(), clock)
    try:
        yield House(service, keys, token, clock)
    finally:
        service.close()


@pytest.fixture
def desk(make_database: Callable[[str], str], keys: Keys, clock: SettableClock) -> Iterator[Desk]:
    """Imports of a house that knows nothing yet."""
    with open_desk(make_database("cases"), keys, clock) as opened:
        yield opened


@pytest.fixture
def debt(house: House) -> Debt:
    """A credit card debt of 44,430 TWD in Taipei, pushed by northbank, its case open."""
    return house.debt()
