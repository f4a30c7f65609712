"""The token by which cases asks contact-rules in the house: short-lived, and made anew in time.

A token that lasts for years would be worth stealing for years; one that ends while the house runs
would keep every team at home. So it lasts for two days, and the house makes it anew every hour.
"""

import threading
from datetime import datetime, timedelta
from typing import Final

from shared.auth import Role, mint
from shared.clock import Clock, utc_now
from shared.keys import Signer

from doorstep import key_pairs
from doorstep.home import Home

LIFETIME: Final = timedelta(days=2)
FRESH_FOR: Final = timedelta(hours=1)


def renew(home: Home, now: datetime) -> None:
    """A new token in its file; who reads meanwhile sees the old one or the new one, whole."""
    token = mint(
        Signer(home.token_key), subject="cases", role=Role.SERVICE, now=now, lifetime=LIFETIME
    )
    key_pairs.put(home.service_token, lambda path: key_pairs.write(path, token + "\n"))


class TokenRenewal:
    """Keeps the token fresh while the house runs, also over a machine that slept (`Loop`)."""

    name: Final = "house token renewal"
    idle_seconds: Final = 30.0

    def __init__(self, home: Home, clock: Clock = utc_now) -> None:
        self._home = home
        self._clock = clock
        self._made: datetime | None = None

    def run_once(self) -> bool:
        """Make the token anew unless that was done within the hour, or the clock ran back."""
        now = self._clock()
        if self._made is None or not self._made <= now < self._made + FRESH_FOR:
            renew(self._home, now)
            self._made = now
        return False

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        """See `Loop.wait`."""
        stopping.wait(seconds)

    def close(self) -> None:
        """Nothing is held."""
