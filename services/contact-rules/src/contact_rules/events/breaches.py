"""A contact that took place turned out to be unlawful."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.messages import Event

from contact_rules.domain.breaches import Cause
from contact_rules.events.parts import CHECK_EXAMPLE, CheckData


class BreachFound(Event):
    """A rule that a contact broke, found out after it took place.

    The decision and the ledger stay as they were. ``cause`` is what was learned: of the contact
    itself, of another that was told late, that something told was wrong, or a fact.
    """

    TYPE: ClassVar[str] = "contact-rules.breach-found.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "breach_id": "019ae3a0-0000-7000-8000-000000000008",
        "contact_id": "019ae3a0-0000-7000-8000-000000000001",
        "person_id": "019ae3a0-0000-7000-8000-000000000003",
        "lender": "yushan-bank",
        "channel": "visit",
        "starts_at": "2026-12-01T10:00:00Z",
        "cause": "late_contact",
        "check": CHECK_EXAMPLE,
        "found_at": "2026-12-03T08:00:00Z",
    }

    breach_id: UUID
    contact_id: UUID
    person_id: UUID
    lender: str
    channel: str
    starts_at: datetime
    cause: Cause
    check: CheckData
    found_at: datetime
