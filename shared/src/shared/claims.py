"""What a token claims, its signature being good: from whom, for whom, and until when."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

from shared.jws import BadToken

LEEWAY: Final = timedelta(seconds=10)
"""By how much clocks may differ."""


def check_parties(claims: Mapping[str, Any], *, audience: str, issuer: str) -> None:
    """Is it from whom it must be, for us, and are the names in it names? Raises `BadToken`."""
    for name in ("exp", "iss", "aud"):
        if claims.get(name) is None:
            raise BadToken(f"{name} is missing")
    if claims["iss"] != issuer:
        raise BadToken("from another issuer")
    said = claims["aud"]
    audiences = [said] if isinstance(said, str) else said
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise BadToken("aud is no name")
    if audience not in audiences:
        raise BadToken("for another audience")
    for name in ("sub", "jti"):
        if name in claims and not isinstance(claims[name], str):
            raise BadToken(f"{name} is no name")


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
