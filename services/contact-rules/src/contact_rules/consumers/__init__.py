"""What contact-rules listens to: its own copies of what others announce, and what it does then."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from shared.inbox import Handler
from shared.messages import Message
from sqlmodel import Session

from contact_rules.consumers.facts import of_facts
from contact_rules.consumers.visit_events import VisitRequested, request_of
from contact_rules.consumers.visits import of_visits
from contact_rules.handlers.decide_visits import Desk
from contact_rules.store import persons

__all__ = ["QUEUE", "VisitRequested", "handlers", "lock_batch", "request_of"]

QUEUE: Final = "contact-rules"


def handlers(desk: Callable[[], Desk]) -> list[Handler[Any]]:
    """What contact-rules does about each type.

    ``desk`` gives the rules and the key there are now: a batch is decided at one desk, from its
    beginning to its end.
    """
    return [*of_visits(desk), *of_facts(desk)]


def lock_batch(session: Session, messages: Sequence[Message]) -> None:
    """Lock all persons of a batch, before anything about them is read."""
    persons.lock(session, {UUID(message.data["person_id"]) for message in messages})
