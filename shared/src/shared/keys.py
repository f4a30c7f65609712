"""Signing keys: making them, signing tokens with them, and the public keys that verify tokens.

Ours are Ed25519. A key set may also hold the RSA or P-256 keys of an OIDC issuer; which algorithm
a key is for is decided by the key and never by the token, so no token can choose a weaker one.
"""

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.claims import LEEWAY, check_times
from shared.clock import monotonic
from shared.jws import (
    ALGORITHM,
    BadToken,
    base64url,
    base64url_bytes,
    decoded,
    protected_header,
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

_log = structlog.get_logger(__name__)


_ACCEPTED_ALGORITHMS: Final = frozenset({"EdDSA", "ES256", "RS256"})
_PUBLIC_MEMBERS: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})
_FETCH_SECONDS: Final = 2.0
_LARGEST_KEY_SET: Final = 256 * 1024
_LONGEST_TOKEN: Final = 16 * 1024
_REFRESH_EVERY: Final = 30.0
_OLD_AFTER: Final = 300.0


class BadKeys(Exception):
    """Keys that can't be read or used; the sentence says which and why, never their content."""


class UnknownKey(BadToken):
    """Signed with a key that is not in the set (yet): refreshing the set may help."""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path

    def fetch(self) -> bytes:
        return self.path.read_bytes()

    def version(self) -> object:
        found = self.path.stat()
        return (found.st_mtime_ns, found.st_size, found.st_ino)


class KeySet:
    """Public keys by their ``kid``, from a JWKS in a file or behind an http(s) address.

    A file is read at once and again whenever it changes. An address is fetched by `refresh` only.
    Safe to share between threads.
    """

    def __init__(self, source: str | Path) -> None:
        """Raises `BadKeys` if a file is missing or holds no usable key. No network."""
        self._lock = threading.Lock()
        self._fetching = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._tried: float | None = None
        self._loaded: float | None = None
        self._version: object = None
        self._url: str | None = None
        self._file: _File | None = None
        if str(source).startswith(("http://", "https://")):
            self._url = str(source)
        else:
            self._file = _File(Path(source))
            self._read_file()

    @classmethod
    def of(cls, jwks: Mapping[str, Any]) -> "KeySet":
        """A fixed set: nothing is read or fetched."""
        fixed = cls.__new__(cls)
        fixed._lock = threading.Lock()
        fixed._fetching = threading.Lock()
        fixed._keys = _usable(jwks, "the given key set")
        fixed._tried = fixed._loaded = fixed._version = None
        fixed._url = None
        fixed._file = None
        return fixed

    def get(self, kid: str) -> jwt.PyJWK | None:
        """The key named ``kid``, None if the set has none. Never touches the network."""
        if self._file is not None:
            self._reread_if_changed()
        return self._keys.get(kid)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def wants_refresh(self) -> bool:
        """Whether what was fetched is old enough that a withdrawn key might still be in it."""
        if self._url is None:
            return False
        return self.may_refresh and (
            self._loaded is None or monotonic() - self._loaded > _OLD_AFTER
        )

    @property
    def may_refresh(self) -> bool:
        """False within 30 s of the last try, so that made-up key names can't flood the issuer."""
        if self._url is None:
            return False
        return self._tried is None or monotonic() - self._tried >= _REFRESH_EVERY

    def refresh(self) -> None:
        """Fetch the set anew (network, at most 2 s a step): never inside a transaction.

        Raises `BadKeys` when that fails; the keys known before stay in force then. While another
        thread is fetching, waits for it and fetches nothing.
        """
        if self._url is None:
            if self._file is not None:
                self._read_file()
            return
        waited = not self._fetching.acquire(blocking=False)
        if waited:
            with self._fetching:
                return
        try:
            self._tried = monotonic()
            keys = _usable(_parsed(_fetch(self._url), self._url), self._url)
            with self._lock:
                self._keys = keys
                self._loaded = monotonic()
        finally:
            self._fetching.release()

    def _reread_if_changed(self) -> None:
        assert self._file is not None
        try:
            changed = self._file.version() != self._version
            if changed:
                self._read_file()
        except (OSError, BadKeys):
            # A half-written file: the keys known before stay in force until it can be read.
            _log.warning("key_file_unreadable", path=str(self._file.path))

    def _read_file(self) -> None:
        assert self._file is not None
        name = f"the key set {self._file.path}"
        try:
            version = self._file.version()
            content = self._file.fetch()
        except OSError as error:
            raise BadKeys(f"{name} can't be read: {error.strerror}") from None
        keys = _usable(_parsed(content, name), name)
        with self._lock:
            self._keys = keys
            self._version = version


def _fetch(url: str) -> bytes:
    try:
        with (
            httpx.Client(timeout=_FETCH_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise BadKeys(f"{url} answered {answer.status_code}")
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _LARGEST_KEY_SET:
                    raise BadKeys(f"{url} answered more than {_LARGEST_KEY_SET} bytes")
    except httpx.HTTPError as error:
        raise BadKeys(f"{url} can't be reached: {type(error).__name__}") from None
    return bytes(content)


def _parsed(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise BadKeys(f"{name} is not JSON") from None
    if not isinstance(document, dict):
        raise BadKeys(f"{name} is not a JWKS: an object with `keys`")
    return document


def _usable(jwks: Mapping[str, Any], name: str) -> dict[str, jwt.PyJWK]:
    """The keys that may verify signatures. Others are left out; none at all is an error."""
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        raise BadKeys(f"{name} is not a JWKS: an object with `keys`")
    usable: dict[str, jwt.PyJWK] = {}
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
            if kid in usable:
                raise BadKeys(f"{name} names two keys {kid}")
            usable[kid] = key
    if not usable:
        raise BadKeys(f"{name} holds no usable key ({', '.join(sorted(_ACCEPTED_ALGORITHMS))})")
    return usable


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
                public = {name: value for name, value in key.items() if name in _PUBLIC_MEMBERS}
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
