"""Alembic runs this; see `shared.migration_env`."""

from shared.migration_env import run

run()
