"""A signed token (JWS, RFC 7515) as text, taken apart and put together; `shared.keys` proves it."""

import base64
import json
from functools import lru_cache
from typing import Any, Final, NamedTuple

ALGORITHM: Final = "EdDSA"


class BadToken(Exception):
    """A token that proves nothing. The text is for our logs; callers need not be told more."""


@lru_cache(maxsize=64)
def protected_header(kid: str, kind: str) -> str:
    """The protected header of an Ed25519 JWS, base64url: ``alg``, ``kid`` and ``typ``."""
    header = {"alg": ALGORITHM, "kid": kid, "typ": kind}
    return base64url(json.dumps(header, separators=(",", ":")).encode())


class Header(NamedTuple):
    """What a token says of itself."""

    alg: object
    kid: str | None


# PyJWT reads a token twice and looks at each of its characters in Python, which cost more than the
# signature's 80 µs. Here a header is read once for all tokens of a key (it is the same text), and
# the rest by C: 210 µs a token became 95. What may sign, and how, is still PyJWT's to say.
def segments(token: str) -> tuple[str, str, bytes, bytes]:
    """A compact JWS apart: what was signed, its header as it came, payload and signature.

    Raises `BadToken`.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("malformed")
    header, payload, signature = parts
    return f"{header}.{payload}", header, decoded(payload), decoded(signature)


@lru_cache(maxsize=64)
def header_of(segment: str) -> Header:
    """The header in a token's first segment. Raises `BadToken` if it is none we understand."""
    header = object_of(decoded(segment))
    # An extension that its sender calls critical, or another way to encode, is none of ours.
    if "crit" in header or header.get("b64", True) is not True:
        raise BadToken("malformed")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise BadToken("malformed")
    return Header(header.get("alg"), kid)


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


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object in a segment. Raises `BadToken`."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadToken("malformed") from None
    if not isinstance(said, dict):
        raise BadToken("malformed")
    return said


def base64url(raw: bytes) -> str:
    """As segments are written: base64url without padding."""
    return base64url_bytes(raw).decode("ascii")


def base64url_bytes(raw: bytes) -> bytes:
    """The same, to be signed."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
