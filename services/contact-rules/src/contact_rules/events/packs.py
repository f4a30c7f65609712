"""Rules came into force."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.messages import Event


class PackActivated(Event):
    """A version of a pack came into force; planned visits it forbids were revoked."""

    TYPE: ClassVar[str] = "contact-rules.pack-activated.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "version_id": "019ae3a0-0000-7000-8000-000000000009",
        "pack": "tw@2027-01-01",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "effective_from": "2027-01-01",
        "activated_at": "2026-12-31T16:00:00Z",
    }

    version_id: UUID
    pack: str
    digest: str
    effective_from: date
    activated_at: datetime
