"""The only place that asks the time: everything else is given a clock or the time itself."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present as an aware time in UTC."""


def utc_now() -> datetime:
    """The present, in UTC, to the microsecond."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never run backwards: for measuring how long something took, nothing else."""
    return time.monotonic()
