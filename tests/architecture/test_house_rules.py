"""The rules of the house hold in every module, and each rule catches what it is for."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import house_rules
import pytest
from house_rules import Rule, Source

ROOT = Path(__file__).parents[2]
SOURCES = house_rules.sources(ROOT)


def test_every_package_of_the_house_is_looked_at() -> None:
    assert {source.package for source in SOURCES} == set(house_rules.PACKAGES)
    folders = [path.parent for path in ROOT.glob("*/src/*/__init__.py")]
    folders += [path.parent for path in ROOT.glob("*/*/src/*/__init__.py")]
    assert {folder.name for folder in folders} == set(house_rules.PACKAGES)


@pytest.mark.parametrize("rule", house_rules.RULES, ids=lambda rule: rule.__name__)
def test_holds_everywhere(rule: Rule) -> None:
    offences = [str(offence) for source in SOURCES for offence in rule(source)]
    assert not offences, "\n".join([str(rule.__doc__), *offences])


BROKEN: list[tuple[Rule, str, str, str]] = [
    (
        house_rules.who_may_commit,
        "cases.handlers.sneaky",
        "with transaction(engine) as session: session.add(row)",
        "transaction() commits",
    ),
    (
        house_rules.who_may_commit,
        "plans.store.eager",
        "def save(session):\n    session.commit()",
        "session.commit() commits",
    ),
    (
        house_rules.who_may_commit,
        "cases.store.eager",
        "def save(engine):\n    with engine.begin() as connection: ...",
        "engine.begin() commits",
    ),
    (
        house_rules.who_may_commit,
        "contact_rules.consumers",
        "from shared import db\nwith db.transaction(engine) as session: ...",
        "db.transaction() commits",
    ),
    (
        house_rules.who_may_ask_the_time,
        "cases.handlers.hasty",
        "from datetime import UTC, datetime\nstarts = datetime.now(UTC)",
        "datetime.now asks the time",
    ),
    (
        house_rules.who_may_ask_the_time,
        "cases.domain.hasty",
        "import datetime as dt\nday = dt.date.today()",
        "dt.date.today asks the time",
    ),
    (
        house_rules.who_may_ask_the_time,
        "plans.domain.hasty",
        "field(default_factory=datetime.utcnow)",
        "datetime.utcnow asks the time",
    ),
    (
        house_rules.who_may_ask_the_time,
        "shared.loops",
        "import time\nstarted = time.time()",
        "time.time asks the time",
    ),
    (
        house_rules.who_may_ask_the_time,
        "shared.loops",
        "from time import time",
        "time.time asks the time",
    ),
    (
        house_rules.who_may_ask_the_time,
        "cases.store.rows",
        'session.execute(text("UPDATE visit SET changed_at = now()"))',
        "SQL asks the time: now()",
    ),
    (
        house_rules.who_may_ask_the_time,
        "plans.store",
        "Column(server_default=func.now())",
        "func.now asks the time",
    ),
    (
        house_rules.who_may_ask_the_time,
        "cases.migrations.versions.0001",
        'op.execute("CREATE TABLE a (at timestamptz DEFAULT CURRENT_TIMESTAMP)")',
        "SQL asks the time: CURRENT_TIMESTAMP",
    ),
    (
        house_rules.no_network_in_a_transaction,
        "cases.api.visits",
        """
        import httpx

        def ask(engine):
            with transaction(engine) as session:
                if session:
                    return httpx.get("http://contact-rules/v1/checks")
        """,
        "httpx.get() waits inside a transaction",
    ),
    (
        house_rules.no_network_in_a_transaction,
        "cases.api.visits",
        """
        from cases import clients

        with db.transaction(engine) as session, lock:
            clients.fetch_keys()
        """,
        "clients.fetch_keys() waits inside a transaction",
    ),
    (
        house_rules.no_network_in_a_transaction,
        "cases.handlers.schedule_visit",
        "from cases.clients.rules import fetch_keys\n\ndef schedule(session):\n    fetch_keys()",
        "fetch_keys() waits inside a transaction",
    ),
    (
        house_rules.no_network_in_a_transaction,
        "plans.store.rows",
        "import urllib.request\n\ndef load(session):\n    urllib.request.urlopen('x')",
        "urllib.request.urlopen() waits inside a transaction",
    ),
    (
        house_rules.no_network_in_a_transaction,
        "shared.inbox",
        "import time\nwith transaction(engine) as session:\n    time.sleep(1)",
        "time.sleep() waits inside a transaction",
    ),
    (house_rules.names_say_something, "cases.store.utils", "", "'utils' says nothing"),
    (house_rules.names_say_something, "plans.date_helpers", "", "'date_helpers' says nothing"),
    (house_rules.names_say_something, "shared.base", "", "'base' says nothing"),
    (
        house_rules.names_say_something,
        "cases.store",
        "class VisitManager: ...",
        "'VisitManager' says nothing",
    ),
    (
        house_rules.opens_with_a_sentence,
        "cases.store",
        "import json",
        "does not say what it is for",
    ),
    (house_rules.stays_short, "cases.api", "pass\n" * 451, "451 lines"),
    (
        house_rules.migrations_do_not_wait,
        "cases.migrations.versions.0002",
        'def upgrade():\n    op.execute("ALTER TABLE visit ADD COLUMN note text")',
        "upgrade does not open with SET LOCAL lock_timeout",
    ),
]


@pytest.mark.parametrize(("rule", "module", "text", "says"), BROKEN)
def test_catches(rule: Rule, module: str, text: str, says: str) -> None:
    found = [offence.says for offence in rule(Source.of(module, dedent(text)))]
    assert len(found) == 1
    assert says in found[0]


FINE: list[tuple[Rule, str, str]] = [
    (house_rules.who_may_commit, "cases.api.visits", "with transaction(engine) as session: ..."),
    (house_rules.who_may_commit, "shared.inbox", "with transaction(engine) as session: ..."),
    (house_rules.who_may_ask_the_time, "shared.clock", "datetime.now(UTC)"),
    (house_rules.who_may_ask_the_time, "shared.loops", "import time\ntime.monotonic()"),
    (house_rules.who_may_ask_the_time, "cases.store", '"""Never ask now() here."""'),
    (
        house_rules.no_network_in_a_transaction,
        "cases.api.visits",
        """
        import httpx

        facts = httpx.get("http://contact-rules/v1/facts")
        with transaction(engine) as session:
            save(session, facts)
        """,
    ),
    (house_rules.no_network_in_a_transaction, "cases.clients", "import httpx\nhttpx.get('x')"),
    (house_rules.opens_with_a_sentence, "cases.domain", ""),
    (
        house_rules.migrations_do_not_wait,
        "cases.migrations.versions.0001",
        """
        def upgrade():
            op.execute("SET LOCAL lock_timeout = '5s'")
            op.execute("CREATE TABLE visit ()")

        def downgrade():
            raise NotImplementedError("restore the dump")
        """,
    ),
]


@pytest.mark.parametrize(("rule", "module", "text"), FINE)
def test_lets_pass(rule: Rule, module: str, text: str) -> None:
    assert list(rule(Source.of(module, dedent(text)))) == []
