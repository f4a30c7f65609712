"""Migrations: from nothing to the newest, by many at once, and once."""

import threading
from collections.abc import Callable

import pytest
from shared.db import make_engine
from sqlalchemy import text

from shared import migrate

SERVICES = ("cases", "contact_rules", "plans")


@pytest.mark.parametrize("package", SERVICES)
def test_many_processes_may_migrate_at_once(
    make_database: Callable[[str], str], package: str
) -> None:
    url = make_database("empty")
    engines = [make_engine(url, pool_size=1) for _ in range(4)]
    assert not migrate.is_current(engines[0], package)
    failures: list[BaseException] = []

    def run(index: int) -> None:
        try:
            migrate.upgrade(engines[index], package)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert migrate.is_current(engines[0], package)
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("package", SERVICES)
def test_a_schema_that_is_ahead_of_the_code_counts_as_current(
    make_database: Callable[[str], str], package: str
) -> None:
    engine = make_engine(make_database(package), pool_size=1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_of_tomorrow'"))
    assert migrate.is_current(engine, package)
    engine.dispose()


@pytest.mark.parametrize("package", SERVICES)
def test_every_migration_waits_for_locks_a_bounded_time(package: str) -> None:
    from pathlib import Path

    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(migrate._config(package))
    revisions = list(script.walk_revisions())
    assert revisions
    for revision in revisions:
        text_of = Path(revision.path).read_text(encoding="utf-8")
        upgrade = text_of[text_of.index("def upgrade()") :]
        first = upgrade.split("op.execute(", 1)[1]
        assert first.lstrip().startswith(('"SET LOCAL lock_timeout', "'SET LOCAL lock_timeout"))
