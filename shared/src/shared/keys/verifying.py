"""Whether a signature is good: of a token, or of something that travelled by another way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import jwt
from cryptography.exceptions import InvalidSignature

from shared.keys.claims import check_times
from shared.keys.jws import ALGORITHM, BadToken, base64url_bytes, decoded, protected_header
from shared.keys.key_set import KeySet

_LONGEST_TOKEN: Final = 16 * 1024


class UnknownKey(BadToken):
    """Signed with a key that is not in the set (yet): refreshing the set may help."""


def verify_detached(payload: bytes, signature: str, *, kid: str, kind: str, keys: KeySet) -> None:
    """Whether the key ``kid`` of ``keys`` signed ``payload`` as this kind (`Signer.sign_detached`).

    Never touches the network. Raises `UnknownKey` if the set lacks the key, else `BadToken`.
    """
    key = keys.get(kid)
    if key is None:
        raise UnknownKey("signed with an unknown key")
    if key.algorithm_name != ALGORITHM:
        raise BadToken("another algorithm than its key's")
    raw = decoded(signature)
    signed = f"{protected_header(kid, kind)}.".encode() + base64url_bytes(payload)
    try:
        key.key.verify(raw, signed)
    except InvalidSignature:
        raise BadToken("not valid: InvalidSignature") from None


@dataclass(frozen=True, slots=True)
class Verified:
    """A token whose signature was verified, kept so that it need not be verified each time."""

    claims: dict[str, Any]
    kid: str
    key: jwt.PyJWK

    def still_holds(self, keys: KeySet, now: datetime) -> bool:
        """Whether its key is in force now. Raises `BadToken` if its time is over."""
        if keys.get(self.kid) is not self.key:
            return False
        check_times(self.claims, now)
        return True


def verify(
    token: str, keys: KeySet, *, audience: str, issuer: str, now: datetime
) -> dict[str, Any]:
    """The claims of a token signed by one of ``keys``, from ``issuer``, for us, and valid now.

    ``exp`` is required, ``nbf`` and ``iat`` are honoured, each with 10 s of leeway for clocks that
    differ. Never touches the network. Raises `UnknownKey` if the set lacks the key, else
    `BadToken`.
    """
    return verified(token, keys, audience=audience, issuer=issuer, now=now).claims


def verified(token: str, keys: KeySet, *, audience: str, issuer: str, now: datetime) -> Verified:
    """As `verify`, for a caller that meets the same token again and again."""
    if len(token) > _LONGEST_TOKEN:
        raise BadToken("too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise BadToken("malformed") from None
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise BadToken("no key named")
    key = keys.get(kid)
    if key is None:
        raise UnknownKey("signed with an unknown key")
    if header.get("alg") != key.algorithm_name:
        raise BadToken("another algorithm than its key's")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=audience,
            issuer=issuer,
            options={
                "require": ["exp", "iss", "aud"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise BadToken(f"not valid: {type(error).__name__}") from None
    check_times(claims, now)
    return Verified(claims, kid, key)


def key_name(token: str) -> str | None:
    """The ``kid`` a token names, before anything about it is believed; None: it names none."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        return None
    return kid if isinstance(kid, str) else None
