"""What each service's ``migrations/env.py`` runs: migrations on the connection given, no other."""

from alembic import context


def run() -> None:
    """Run the migrations on the connection `shared.migrate.upgrade` opened."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
