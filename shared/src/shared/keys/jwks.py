"""A key set as it is published (JWKS, RFC 7517): which of its keys may verify signatures.

Ours are Ed25519. A set may also hold the RSA or P-256 keys of an OIDC issuer; which algorithm a
key is for is decided by the key and never by the token, so no token can choose a weaker one.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import jwt

from shared.keys.jws import base64url

PUBLIC_MEMBERS: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})
_ACCEPTED_ALGORITHMS: Final = frozenset({"EdDSA", "ES256", "RS256"})


class BadKeys(Exception):
    """Keys that can't be read or used; the sentence says which and why, never their content."""


def parsed(content: bytes, name: str) -> Mapping[str, Any]:
    """The document in ``content``, which `name` names for people. Raises `BadKeys`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise BadKeys(f"{name} is not JSON") from None
    if not isinstance(document, dict):
        raise BadKeys(f"{name} is not a JWKS: an object with `keys`")
    return document


def usable(jwks: Mapping[str, Any], name: str) -> dict[str, jwt.PyJWK]:
    """The keys that may verify signatures, by their ``kid``. Others are left out.

    Raises `BadKeys`, also if there is none at all.
    """
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        raise BadKeys(f"{name} is not a JWKS: an object with `keys`")
    found: dict[str, jwt.PyJWK] = {}
    for data in listed:
        if not isinstance(data, dict) or data.get("use", "sig") != "sig":
            continue
        if "d" in data or data.get("kty") == "oct":
            raise BadKeys(f"{name} holds a secret key: publish public keys only")
        try:
            key = jwt.PyJWK(data)
            kid = data.get("kid") or thumbprint(data)
        except (jwt.PyJWTError, KeyError):
            continue
        if key.algorithm_name in _ACCEPTED_ALGORITHMS and isinstance(kid, str):
            if kid in found:
                raise BadKeys(f"{name} names two keys {kid}")
            found[kid] = key
    if not found:
        raise BadKeys(f"{name} holds no usable key ({', '.join(sorted(_ACCEPTED_ALGORITHMS))})")
    return found


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The RFC 7638 thumbprint of a public key: our ``kid``. Raises KeyError if members miss."""
    required = {
        "OKP": ("crv", "kty", "x"),
        "EC": ("crv", "kty", "x", "y"),
        "RSA": ("e", "kty", "n"),
    }
    members = {name: jwk[name] for name in required[jwk["kty"]]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url(hashlib.sha256(canonical.encode()).digest())
