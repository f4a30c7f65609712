"""What somebody tells of a person, as it is kept: a fact or a consent, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from contact_rules.domain.contact import Consent, Fact

_EARLIEST_DATES: Final = timezone(timedelta(hours=14))
_LATEST_DATES: Final = timezone(timedelta(hours=-12))
"""Where every date begins last: until there it is still yesterday, a fact of today may not wait."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact or a consent, who told it and when.

    ``lender`` None: it holds whoever collects. ``debts`` (their ids) empty: all debts to it.
    ``told_for``: the lender that told it; None: the house did. ``occurred_at``: when it was told
    or became so; ``recorded_at``: when we learned of it.

    ``reference`` is what it came from: nothing is taken twice. ``matter`` is what it is an episode
    of where others say when it ends (a hold, a plan): that end may arrive before it.
    """

    id: UUID
    person_id: UUID
    said: Fact | Consent
    lender: str | None
    told_by: str
    occurred_at: datetime
    recorded_at: datetime
    debts: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    reference: str | None = None
    matter: str | None = None
    told_for: str | None = None

    @property
    def kind(self) -> str:
        """The kind of fact, or ``consent``."""
        return self.said.kind if isinstance(self.said, Fact) else "consent"

    def since(self, day: date) -> Told:
        """The same, since ``day`` where a fact does not say since when; if it ended before that,
        on its last day alone."""
        if isinstance(self.said, Consent) or self.said.since is not None:
            return self
        until = self.said.until
        since = day if until is None else min(day, until)
        return replace(self, said=replace(self.said, since=since))

    def began_before(self, today: date) -> datetime | None:
        """An instant before it began, where it is a fact since an earlier day; else None."""
        since = None if isinstance(self.said, Consent) else self.said.since
        if since is None or since >= today:
            return None
        return datetime.combine(since, time.min, _EARLIEST_DATES)

    def tells_the_same(self, kept: Told) -> bool:
        """Is what was kept before what this one tells? Since when it is, this one may leave out."""
        said = self.said
        if isinstance(said, Fact) and said.since is None and isinstance(kept.said, Fact):
            said = replace(said, since=kept.said.since)
        return (
            (self.person_id, said, self.lender, self.told_for)
            == (kept.person_id, kept.said, kept.lender, kept.told_for)
            and set(self.debts) == set(kept.debts)
            and list(self.evidence) == list(kept.evidence)
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one fact or consent, or of a matter: of all that was told of it up to then.

    ``in_error``: it was told by mistake. It never was so, whenever that was found out.
    """

    id: UUID
    reason: str
    told_by: str
    occurred_at: datetime
    recorded_at: datetime
    fact_id: UUID | None = None
    matter: str | None = None
    in_error: bool = False


def not_so_since(told: Told, ended: Ended) -> datetime | None:
    """From when on contacts may have rested on what was not so, as is known only now; None: they
    can't have, it ended when its end was told."""
    if not ended.in_error:
        return ended.occurred_at if ended.occurred_at < ended.recorded_at else None
    said = told.said
    return said.given_at if isinstance(said, Consent) else told.began_before(date.max)


def local_day(at: datetime, zone: str | None) -> date:
    """The date on which it was ``at`` for somebody in ``zone``.

    Where no zone is known, the earliest date that it was anywhere: what begins on it holds at
    once, wherever that is.
    """
    if zone is not None:
        try:
            return at.astimezone(ZoneInfo(zone)).date()
        except (ValueError, OSError, LookupError):
            pass
    return at.astimezone(UTC).astimezone(_LATEST_DATES).date()
