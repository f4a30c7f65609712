"""Alembic's entrance."""

from shared.migration_env import run

run()
