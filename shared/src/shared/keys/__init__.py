"""Signing keys: making them, signing with them, and the public keys that verify what was signed."""

from shared.keys.claims import LEEWAY
from shared.keys.jwks import BadKeys, thumbprint
from shared.keys.jws import ALGORITHM, BadToken, protected_header
from shared.keys.key_set import KeySet
from shared.keys.signer import Signer, make_key
from shared.keys.verifying import (
    UnknownKey,
    Verified,
    key_name,
    verified,
    verify,
    verify_detached,
)

__all__ = [
    "ALGORITHM",
    "LEEWAY",
    "BadKeys",
    "BadToken",
    "KeySet",
    "Signer",
    "UnknownKey",
    "Verified",
    "key_name",
    "make_key",
    "protected_header",
    "thumbprint",
    "verified",
    "verify",
    "verify_detached",
]
