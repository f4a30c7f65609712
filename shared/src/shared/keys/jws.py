"""The parts of a detached signature (JWS, RFC 7515), and what a bad one raises."""

import base64
import json
from functools import lru_cache
from typing import Final

ALGORITHM: Final = "EdDSA"


class BadToken(Exception):
    """A token that proves nothing. The text is for our logs; callers need not be told more."""


@lru_cache(maxsize=64)
def protected_header(kid: str, kind: str) -> str:
    """The protected header of an Ed25519 JWS, base64url: ``alg``, ``kid`` and ``typ``."""
    header = {"alg": ALGORITHM, "kid": kid, "typ": kind}
    return base64url(json.dumps(header, separators=(",", ":")).encode())


def decoded(segment: str) -> bytes:
    """What base64url without padding stands for, if this is the one text that does.

    Raises `BadToken`.
    """
    try:
        raw = base64.urlsafe_b64decode(segment + "==")
    except ValueError:
        raise BadToken("malformed") from None
    # Several texts stand for the same bytes; only one is what was signed.
    if base64url(raw) != segment:
        raise BadToken("malformed")
    return raw


def base64url(raw: bytes) -> str:
    """As segments are written: base64url without padding."""
    return base64url_bytes(raw).decode("ascii")


def base64url_bytes(raw: bytes) -> bytes:
    """The same, to be signed."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
