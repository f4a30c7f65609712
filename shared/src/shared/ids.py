"""Ids of rows and messages: UUIDv7, so that they sort by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7. Later ids of one process sort after earlier ones."""
    return uuid7()
