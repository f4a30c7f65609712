"""The home: the one directory where a house keeps its keys, its data and its logs.

    DIR/lock               held by the house that runs here; says its process and address
    DIR/keys/              token.pem, approval.pem (private), token-keys.json (public),
                           revoked-tokens, identity-secret, service-token
    DIR/postgres/          data, socket, passwords and log of the database
    DIR/logs/doorstep.log  what the services log
    DIR/story-told         that the story was told on this data

All of it is the owner's alone (0700 / 0600). Nothing outside the home is written.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.auth import Role, mint
from shared.keys import Signer

from doorstep import key_pairs
from doorstep.trouble import Trouble

DEFAULT: Final = Path(".doorstep")


@dataclass(frozen=True, slots=True)
class Running:
    """The house that holds a home's lock; `url` is None while it is starting."""

    pid: int
    url: str | None


@dataclass(frozen=True, slots=True)
class Home:
    """Paths and secrets of one home. `open_home` makes and finds them."""

    directory: Path

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def token_key(self) -> Path:
        return self.keys / "token.pem"

    @property
    def approval_key(self) -> Path:
        return self.keys / "approval.pem"

    @property
    def token_keys(self) -> Path:
        """The public half of the token key, and of those before it, as a JWKS."""
        return self.keys / "token-keys.json"

    @property
    def approval_keys(self) -> Path:
        """The public half of the approval key, and of those before it, as a JWKS."""
        return self.keys / "approval-keys.json"

    @property
    def revoked_tokens(self) -> Path:
        """The ids (`jti`) of tokens that count no more, one a line; read again when it changes."""
        return self.keys / "revoked-tokens"

    @property
    def service_token(self) -> Path:
        """What cases asks contact-rules with. It is the house's to keep fresh while it runs."""
        return self.keys / "service-token"

    @property
    def identity_secret(self) -> Path:
        """What identity numbers are hashed with: without it the same person is not found again."""
        return self.keys / "identity-secret"

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def log(self) -> Path:
        return self.directory / "logs" / "doorstep.log"

    @property
    def _story_marker(self) -> Path:
        return self.directory / "story-told"

    def story_was_told(self) -> bool:
        return self._story_marker.exists()

    def note_story_told(self, now: datetime) -> None:
        self._story_marker.write_text(f"{now.isoformat()}\n")

    def token(
        self,
        role: Role,
        *,
        now: datetime,
        lifetime: timedelta,
        lender: str | None = None,
        agent: UUID | None = None,
    ) -> str:
        """A bearer token signed with this home's key. ValueError as `shared.auth.mint`."""
        return mint(
            Signer(self.token_key),
            subject=f"doorstep-{role.value}",
            role=role,
            now=now,
            lifetime=lifetime,
            lender=lender,
            agent=agent,
        )

    @contextmanager
    def locked(self) -> Iterator["HomeLock"]:
        """Holds the home for this process; the kernel lets go of it however the process ends.

        Makes the keys and secrets that are missing. Raises HomeIsTaken, or Trouble.
        """
        with _told(self):
            lock = (self.directory / "lock").open("a+")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise HomeIsTaken(self, _read_running(lock.read())) from None
            held = HomeLock(lock.fileno())
            held.say(None)
            _complete(self)
            yield held


class HomeIsTaken(Trouble):
    """Another process holds the home."""

    def __init__(self, home: Home, by: Running | None) -> None:
        self.by = by
        holder = f"process {by.pid}" if by else "another process"
        where = f" It answers at {by.url}" if by and by.url else ""
        super().__init__(
            f"Doorstep already runs on the home {home.directory} ({holder}).{where}",
            "Stop it first (Ctrl-C there), or start another house: --home DIR --port N.",
        )


@dataclass(frozen=True, slots=True)
class HomeLock:
    """The lock while it is held."""

    descriptor: int

    def say(self, url: str | None) -> None:
        """Tells others where this house answers."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)


def open_home(directory: Path) -> Home:
    """The home in `directory`, made if there is none. Raises Trouble where that cannot be.

    Its keys are made by `HomeLock.complete`, by the one that holds it.
    """
    home = Home(Path(os.path.abspath(directory)))
    with _told(home):
        for path in (home.directory, home.keys, home.postgres, home.log.parent):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def existing_home(directory: Path) -> Home:
    """The home in `directory`. Raises Trouble rather than make one."""
    home = Home(Path(os.path.abspath(directory)))
    if not home.token_key.exists():
        raise Trouble(
            f"There is no house in {home.directory}.",
            "Start one there (`doorstep run --home DIR`), or name its home with --home.",
        )
    return home


def _complete(home: Home) -> None:
    if (home.postgres / "data").exists() and not home.identity_secret.exists():
        raise Trouble(
            f"{home.identity_secret} is gone, and without it the persons in the data of this home "
            "are not recognised any more.",
            "Put the file back, or start with another home.",
        )
    with _told(home):
        key_pairs.complete(home.token_key, home.token_keys)
        key_pairs.complete(home.approval_key, home.approval_keys)
        _once(home.identity_secret, secrets.token_urlsafe(32))
        _once(home.revoked_tokens, "")


def _once(path: Path, text: str) -> None:
    if not path.exists():
        key_pairs.put(path, lambda fresh: key_pairs.write(fresh, text))


def _read_running(text: str) -> Running | None:
    try:
        said = json.loads(text)
        return Running(int(said["pid"]), said["url"])
    except (ValueError, KeyError, TypeError):
        return None  # it is just being written


@contextmanager
def _told(home: Home) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Trouble(
            f"{home.directory} cannot be the home: {error.strerror} ({error.filename}).",
            "Choose another with --home DIR.",
        ) from error
