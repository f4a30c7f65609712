"""The rules in use: packs on disk and those put in force in the database, taken up as one whole.

Whoever asks gets a library that never changes. Another takes its place once its files are at rest
and prove good, together with what the database says; until then, and for all that is broken, the
old one stays.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge
from shared.db import transaction
from shared.log import frames
from shared.loops import Resting
from shared.metrics import REGISTRY
from sqlalchemy import Engine

from contact_rules.domain import BrokenPack, Library, Pack
from contact_rules.domain.packs import guarded, load
from contact_rules.domain.packs.library import pack_files
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.succession import guarded_library
from contact_rules.store import pack_versions
from contact_rules.store.pack_versions import LiveVersion, RulesInForce

_log = structlog.get_logger(__name__)

_REFUSED: Final = Gauge(
    "doorstep_packs_refused", "1 while the packs on disk can't be used and older ones are in use.",
    ["service"], registry=REGISTRY,
)  # fmt: skip
_TAKEN_UP: Final = Counter(
    "doorstep_packs_taken_up", "Times that changed packs were taken up.", ["service"],
    registry=REGISTRY,
)  # fmt: skip

Looks = frozenset[tuple[str, int, int, int, int]]
"""Name, size, times and number of each file: what an observer sees change."""

_NOTHING_IN_FORCE: Final = RulesInForce(0, ())


class RulesNotRead(TimeoutError):
    """What was put in force in the database can't be used together with the packs on disk.

    By the files alone nothing may be decided: there would be rules missing. It may pass.
    """

    code: ClassVar[str] = "rules_not_read"
    zh: ClassVar[str] = "施行中的规则暂时无法读取，请稍后重试。"

    def __init__(self) -> None:
        super().__init__("The rules in force can't be read now; ask again in a moment.")


@dataclass(frozen=True, slots=True)
class InUse:
    """What decisions are made by, all of one moment.

    ``files`` are the packs as they are on disk, ``live`` what the database adds to them, and
    ``versions`` the ids of the versions that came from there, by name.
    """

    library: Library
    files: Library
    live: RulesInForce
    versions: Mapping[str, UUID]

    @property
    def revision(self) -> int:
        return self.live.revision


class Shelf:
    """The rules in use: `library` and `look` are for any thread.

    With an ``engine`` its first reader waits until the database was asked what is in force there;
    without one there are files alone.
    """

    def __init__(self, directory: Path, service: str, engine: Engine | None = None) -> None:
        """Reads the files. Raises BrokenPack for packs that no service may run on, and OSError."""
        self._directory, self._service, self._engine = directory, service, engine
        self._looking = threading.RLock()
        self._judged = self._seen = _looks(directory)
        self._parsed: dict[str, Pack] = {}
        self._files = guarded(load(directory))
        self._refused_revision: int | None = None
        self._in_use: InUse | None = None
        if engine is None:
            self._in_use = InUse(self._files, self._files, _NOTHING_IN_FORCE, {})
        self.trouble: str | None = None
        """Why the packs on disk, and those in force, are not those in use; None if they are."""
        _REFUSED.labels(service).set(0)

    @property
    def in_use(self) -> InUse:
        """Everything there is now. Raises RulesNotRead, and what the database raises."""
        if self._in_use is None:
            with self._looking:
                if self._in_use is None:
                    self._look_at_database()
        if self._in_use is None:
            raise RulesNotRead
        return self._in_use

    @property
    def library(self) -> Library:
        """The packs in use now. Raises as `in_use`."""
        return self.in_use.library

    def look(self) -> bool:
        """Take up what changed, on disk or in the database; True if another library is in use.

        What changed on disk between two looks is still being written: it is read when it looks
        the same twice. So a file of which only half has arrived is not taken for a shorter one, as
        long as its writer pauses for less than the time between two looks.
        """
        with self._looking:
            changed = self._look_at_files()
            return self._look_at_database() or changed

    def look_at_database(self) -> bool:
        """Take up what changed there at once; True if another library is in use.

        Files are left to `look`: whether they are at rest is told by the time between two looks.
        """
        with self._looking:
            return self._look_at_database()

    def _look_at_files(self) -> bool:
        looks = _looks(self._directory)
        at_rest, self._seen = looks == self._seen, looks
        if looks == self._judged or not at_rest:
            return False
        try:
            files = guarded(load(self._directory))
            live = _NOTHING_IN_FORCE if self._in_use is None else self._in_use.live
            together = self._together(files, live)
        except (BrokenPack, OSError) as error:
            if _looks(self._directory) == looks:
                self._judged = looks
                self._refuse(error)
            return False
        if _looks(self._directory) != looks:
            return False  # it changed while it was read: what was read may be of no one time
        changed = self._in_use is not None and self._take_up(together)
        self._judged, self._files, self._refused_revision = looks, files, None
        return changed

    def _look_at_database(self) -> bool:
        """What is in force there: one cheap statement, most often."""
        if self._engine is None:
            return False
        with transaction(self._engine) as session:
            if self._in_use is not None:
                revision = pack_versions.revision(session)
                if revision in (self._in_use.revision, self._refused_revision):
                    return False
            live = pack_versions.in_force(session)
        try:
            together = self._together(self._files, live)
        except BrokenPack as error:
            if self._refused_revision != live.revision:
                self._refused_revision = live.revision
                self._refuse(error)
            return False
        return self._take_up(together)

    def _together(self, files: Library, live: RulesInForce) -> InUse:
        """Raises BrokenPack."""
        if not live.versions:
            return InUse(files, files, live, {})
        packs = {version.id: self._dated(version) for version in live.versions}
        return InUse(
            library=guarded_library(files, packs.values()),
            files=files,
            live=live,
            versions={pack.name: id_ for id_, pack in packs.items()},
        )

    def _dated(self, version: LiveVersion) -> Pack:
        pack = self._parsed.get(version.digest)
        if pack is None:
            pack = parse_pack(version.file, version.text.encode())
            self._parsed[version.digest] = pack
        return pack.limited(version.effective_from, version.effective_to)

    def _take_up(self, together: InUse) -> bool:
        """Raises what the database raises: the old ones stay in use, and the next look tries."""
        before = {} if self._in_use is None else _contents(self._in_use.library)
        after = _contents(together.library)
        if self._engine is not None and together.revision:
            # First of all: an approval is only taken by a library that is known to be the latest.
            with transaction(self._engine) as session:
                pack_versions.note_library(session, together.library.digest, together.revision)
        self._is_in_trouble(None)
        if self._in_use is not None and before == after:
            self._in_use = InUse(
                self._in_use.library, together.files, together.live, together.versions
            )
            return False
        began = self._in_use is None
        self._in_use = together
        if began:
            return True
        _TAKEN_UP.labels(self._service).inc()
        _log.info(
            "packs_taken_up",
            changed=sorted(
                after[file][0]
                for file in before.keys() & after.keys()
                if before[file] != after[file]
            ),
            added=[after[file][0] for file in sorted(after.keys() - before.keys())],
            removed=[before[file][0] for file in sorted(before.keys() - after.keys())],
        )
        return True

    def _refuse(self, error: BrokenPack | OSError) -> None:
        if isinstance(error, BrokenPack):
            complaints = [str(each) for each in error.complaints]
            _log.error("packs_refused", complaints=complaints)
            more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
            self._is_in_trouble(f"{complaints[0]}{more}")
        else:
            _log.error("packs_refused", raised=frames(error))
            self._is_in_trouble("the files can't be read")

    def _is_in_trouble(self, why: str | None) -> None:
        self.trouble = None if why is None else f"older packs are in use: {why}"
        _REFUSED.labels(self._service).set(0 if why is None else 1)


class ShelfWatch(Resting):
    """Looks at the files of a shelf, and at the database, every second."""

    def __init__(self, shelf: Shelf, *, service: str) -> None:
        super().__init__()
        self.name = f"{service} packs"
        self.idle_seconds = 1.0
        self._shelf = shelf

    def run_once(self) -> bool:
        """One look; what it finds needs no second one at once."""
        self._shelf.look()
        return False

    def close(self) -> None:
        """Nothing to let go of."""


def _contents(library: Library) -> dict[str, tuple[str, ...]]:
    """Name, text and days of each pack, by its file."""
    return {
        pack.file: (pack.name, pack.digest, str(pack.effective_from), str(pack.effective_to))
        for pack in library
    }


def _looks(directory: Path) -> Looks:
    found = set()
    for file in pack_files(directory):
        try:
            stat = file.stat()
        except FileNotFoundError:
            # Gone since the directory was listed, or a link to nowhere: no pack, but a change.
            found.add((file.name, -1, 0, 0, 0))
            continue
        found.add((file.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
    return frozenset(found)
