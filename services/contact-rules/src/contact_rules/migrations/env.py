"""Runs the migrations of contact-rules."""

from shared import migration_env

migration_env.run()
