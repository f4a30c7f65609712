"""The public keys that verify, read from a file or fetched from their issuer, kept up to date."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import structlog

from shared.clock import monotonic
from shared.keys.jwks import BadKeys, parsed, usable

_log = structlog.get_logger(__name__)

_FETCH_SECONDS: Final = 2.0
_LARGEST_KEY_SET: Final = 256 * 1024
_REFRESH_EVERY: Final = 30.0
_OLD_AFTER: Final = 300.0


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
        fixed._keys = usable(jwks, "the given key set")
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
            keys = usable(parsed(_fetch(self._url), self._url), self._url)
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
        keys = usable(parsed(content, name), name)
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
