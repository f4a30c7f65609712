"""What a planned visit rests on changes while it stands: contact-rules looks at it again."""

from typing import Any, ClassVar

from cases.events.visits import VisitRequested


class VisitAmended(VisitRequested):
    """What a live visit rests on changed: all of it, as it is now.

    ``why``: ``team``, its agents' papers or employer. Contact-rules revokes the approval if the
    visit is allowed no longer; else it stands.
    """

    TYPE: ClassVar[str] = "cases.visit-amended.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = VisitRequested.EXAMPLE | {
        "why": "team",
        "requested_at": "2026-11-25T07:00:00Z",
    }

    why: str
