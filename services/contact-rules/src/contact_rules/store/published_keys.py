"""The public keys this service publishes: its own, and those before it that still count."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from shared.keys import BadKeys, KeySet, Signer

_log = structlog.get_logger(__name__)

_LARGEST: Final = 256 * 1024
_SECRET: Final = ("d", "k")

Looks = tuple[tuple[str, int, int, int], ...]


class PublishedKeys:
    """The signer's key first, then older ones out of a file or a directory, read again when it
    changes. Safe to share between threads.

    What can't be read leaves the keys known before in force: a file half written must not make
    what was signed unverifiable.
    """

    def __init__(self, signer: Signer, older: Path | None = None) -> None:
        """``older``: a JWKS, a public key in PEM, or a directory of such files.

        Raises BadKeys if it is missing, holds what is no key, or holds a secret one.
        """
        self._signer, self._older = signer, older
        self._lock = threading.Lock()
        self._looks: Looks | None = None
        self._jwks: dict[str, Any] = {}
        self._keys: KeySet
        self._read(self._look())

    def jwks(self) -> dict[str, Any]:
        """The JWKS to publish."""
        self._read_again_if_changed()
        return self._jwks

    def keys(self) -> KeySet:
        """The same keys, to verify with."""
        self._read_again_if_changed()
        return self._keys

    def _read_again_if_changed(self) -> None:
        if self._older is None:
            return
        with self._lock:
            try:
                looks = self._look()
                if looks != self._looks:
                    self._read(looks)
            except BadKeys as error:
                _log.warning("older_keys_unreadable", why=str(error))

    def _look(self) -> Looks:
        """Name, size, time and number of each file: what tells that one changed."""
        try:
            stats = [(file.name, file.stat()) for file in self._files()]
        except OSError as error:
            raise BadKeys(f"{self._older} can't be read: {error.strerror}") from None
        return tuple((name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in stats)

    def _files(self) -> list[Path]:
        if self._older is None:
            return []
        if self._older.is_dir():
            # Hidden are what editors and mounted secrets leave beside them.
            files = self._older.iterdir()
            return sorted(file for file in files if not file.name.startswith("."))
        return [self._older]

    def _read(self, looks: Looks) -> None:
        jwks = self._signer.public_jwks(*map(_keys_in, self._files()))
        self._keys, self._jwks, self._looks = KeySet.of(jwks), jwks, looks


def _keys_in(file: Path) -> dict[str, Any]:
    """The Ed25519 keys of a JWKS or a PEM. Raises BadKeys, which never tells what is inside."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise BadKeys(f"{file} can't be read: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise BadKeys(f"{file} is larger than {_LARGEST} bytes")
    if content.lstrip().startswith(b"-----BEGIN"):
        return {"keys": [_of_pem(file, content)]}
    try:
        listed = json.loads(content)["keys"]
    except (ValueError, RecursionError, KeyError, TypeError):
        listed = None
    if not isinstance(listed, list):
        raise BadKeys(f"{file} is neither a JWKS nor a public key in PEM")
    return {"keys": [_checked(file, key) for key in listed]}


def _of_pem(file: Path, content: bytes) -> dict[str, Any]:
    if b"PRIVATE KEY" in content:
        raise BadKeys(f"{file} is a private key: publish its public half only")
    try:
        key = serialization.load_pem_public_key(content)
    except ValueError:
        raise BadKeys(f"{file} is not a public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKeys(f"{file} is not an Ed25519 key")
    return {**OKPAlgorithm.to_jwk(key, as_dict=True), "alg": "EdDSA", "use": "sig"}


def _checked(file: Path, key: Any) -> Mapping[str, Any]:
    if not isinstance(key, dict):
        raise BadKeys(f"{file} is not a JWKS: an object with `keys`")
    if any(name in key for name in _SECRET):
        raise BadKeys(f"{file} holds a secret key: publish public keys only")
    if key.get("crv") != "Ed25519" or not isinstance(key.get("kid", ""), str):
        raise BadKeys(f"{file} holds what is not an Ed25519 key")
    try:
        KeySet.of({"keys": [key]})
    except BadKeys:
        raise BadKeys(f"{file} holds no usable key where it should be an Ed25519 one") from None
    return key
