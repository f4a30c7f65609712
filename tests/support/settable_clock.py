"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# A Monday, ten in the morning in Taipei: an ordinary working hour of no holiday anywhere here.
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class SettableClock:
    """A `shared.clock.Clock`: `clock()` is the time, the same until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.set(now)

    def __call__(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Moves to any aware time, back too."""
        if now.tzinfo is None:
            raise ValueError("a naive time is no time")
        self._now = now.astimezone(UTC)

    def advance(self, **by: float) -> datetime:
        """Moves on, as in `clock.advance(days=1, minutes=5)`; returns the new time."""
        self._now += timedelta(**by)
        return self._now
