"""Fixtures of the contact-rules tests: the service with rules of nowhere on its own database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from credentials import Keys, TokenMint
from rules_house import RULEBOOK, House
from settable_clock import SettableClock
from shared.bus import LocalBus
from sqlalchemy import Engine, event


@pytest.fixture
def house(
    make_database: Callable[[str], str], keys: Keys, token: TokenMint, clock: SettableClock
) -> Iterator[House]:
    """Contact-rules on a database of its own, nothing known yet."""
    settings = ContactRulesSettings(
        database_url=make_database("contact_rules"),
        token_keys=str(keys.token_jwks),
        approval_key=keys.approval_key,
        packs=RULEBOOK,
        database_pool=20,
    )
    service = build(settings, LocalBus(), clock)
    try:
        yield House(service, keys, token, clock)
    finally:
        service.close()


@pytest.fixture
def count_statements() -> Callable[[Engine], AbstractContextManager[list[str]]]:
    """`with count_statements(engine) as seen:` lists the SQL that was run."""

    @contextmanager
    def watch(engine: Engine) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return watch
