"""Brings a service's database to the schema of its code; safe to run by many at once."""

from importlib import import_module
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('doorstep migrate'))")


def upgrade(engine: Engine, package: str) -> None:
    """Run the Alembic migrations in ``<package>.migrations`` that the database lacks.

    All of them in one transaction, under an advisory lock: a second process waits and then finds
    nothing to do; a failure leaves the schema as it was.
    """
    config = _config(package)
    with engine.begin() as connection:
        connection.execute(_LOCK)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine, package: str) -> bool:
    """Whether the database has the newest migration of ``package`` (a newer one counts as well).

    During a rolling upgrade an old process meets a schema that is ahead of it; migrations stay
    compatible with the release before, so that is fine.
    """
    script = ScriptDirectory.from_config(_config(package))
    with engine.connect() as connection:
        heads = set(MigrationContext.configure(connection).get_current_heads())
    known = {revision.revision for revision in script.walk_revisions()}
    return bool(heads) and (set(script.get_heads()) <= heads or not heads <= known)


def _config(package: str) -> Config:
    module = import_module(f"{package}.migrations")
    if module.__file__ is None:
        msg = f"{package}.migrations is no package"
        raise ImportError(msg)
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
