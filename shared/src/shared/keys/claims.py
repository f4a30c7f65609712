"""When a token is valid, its signature being good."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

from shared.keys.jws import BadToken

LEEWAY: Final = timedelta(seconds=10)
"""By how much clocks may differ."""


def check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """Is it valid at ``now``, give or take `LEEWAY`? Raises `BadToken`."""
    # PyJWT asks the machine's clock; here the time is an argument, as everywhere.
    present, leeway = now.timestamp(), LEEWAY.total_seconds()
    if _seconds(claims, "exp") <= present - leeway:
        raise BadToken("expired")
    for name, words in (("nbf", "not valid yet"), ("iat", "issued in the future")):
        if name in claims and _seconds(claims, name) > present + leeway:
            raise BadToken(words)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"{name} is not a number")
    try:
        seconds = float(value)
    except OverflowError:
        raise BadToken(f"{name} is absurd") from None
    if not isfinite(seconds):
        raise BadToken(f"{name} is not finite")
    return seconds
