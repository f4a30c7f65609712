"""What cases listens to: its own copies of others' events, and what it does about each."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from shared.inbox import Handler
from shared.keys import KeySet
from shared.messages import Message
from sqlmodel import Session

from cases.consumers.contact_rules import fetch_missing_keys, of_contact_rules
from cases.consumers.plans import of_plans
from cases.store import persons

__all__ = ["QUEUE", "fetch_missing_keys", "handlers", "lock"]

QUEUE: Final = "cases"


def handlers(keys: KeySet) -> list[Handler[Any]]:
    """What cases does about each type; approvals are proven by ``keys``."""
    return [*of_contact_rules(keys), *of_plans()]


def lock(session: Session, messages: Sequence[Message]) -> None:
    """Lock every person the messages are about: the key of each is their id."""
    persons.lock(session, {UUID(message.subject) for message in messages})
