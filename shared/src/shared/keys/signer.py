"""Our private key: making it, and signing with it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.keys.jwks import PUBLIC_MEMBERS, BadKeys, thumbprint
from shared.keys.jws import ALGORITHM, base64url, base64url_bytes, protected_header


class Signer:
    """Signs with one Ed25519 key."""

    def __init__(self, private_key_path: str | Path) -> None:
        """Reads an unencrypted PEM (PKCS 8). Raises `BadKeys` if it is missing or another kind."""
        path = Path(private_key_path)
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise BadKeys(f"the key {path} can't be read: {error.strerror}") from None
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            raise BadKeys(f"{path} is not an unencrypted private key in PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKeys(f"{path} is not an Ed25519 key")
        self._key: Final = key
        public = key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        members = {"kty": "OKP", "crv": "Ed25519", "x": base64url(public)}
        self.kid: Final = thumbprint(members)
        self._jwk: Final = members | {"kid": self.kid, "alg": ALGORITHM, "use": "sig"}

    def sign(self, claims: Mapping[str, Any], *, kind: str = "JWT") -> str:
        """A compact JWT over ``claims``; ``kind`` becomes the header's ``typ``."""
        return jwt.encode(
            dict(claims), self._key, algorithm=ALGORITHM, headers={"kid": self.kid, "typ": kind}
        )

    def sign_detached(self, payload: bytes, *, kind: str) -> str:
        """The signature of a JWS (RFC 7515) whose payload travels by another way.

        Its protected header is `protected_header` of our key and ``kind``.
        """
        signed = f"{protected_header(self.kid, kind)}.".encode() + base64url_bytes(payload)
        return base64url(self._key.sign(signed))

    def public_jwks(self, *older: Mapping[str, Any]) -> dict[str, Any]:
        """The JWKS to publish: this key first, then those of ``older`` sets, each once.

        While keys rotate, tokens signed with the key before must still verify: publish its set
        along until the last of them has expired. A key without a name gets its thumbprint for
        one; nothing secret is taken over.
        """
        keys = {self.kid: dict(self._jwk)}
        for jwks in older:
            for key in jwks.get("keys", []):
                kid = key.get("kid") or thumbprint(key)
                public = {name: value for name, value in key.items() if name in PUBLIC_MEMBERS}
                keys.setdefault(kid, public | {"kid": kid})
        return {"keys": list(keys.values())}


def make_key(path: str | Path) -> None:
    """Write a new Ed25519 private key in PEM, readable by its owner only (0600).

    Raises FileExistsError rather than replace a key: what it signed could not be verified again.
    """
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
