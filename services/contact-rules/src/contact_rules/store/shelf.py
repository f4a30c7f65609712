"""The packs in use and the directory they come from: what changes on disk is taken up whole.

Whoever asks gets a library that never changes. Another takes its place once its files are at rest
and prove good; until then, and for all files that are broken, the old one stays.
"""

from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter, Gauge
from shared.log import frames
from shared.loops import Resting
from shared.metrics import REGISTRY

from contact_rules.domain import BrokenPack, Library
from contact_rules.domain.packs import guarded, load
from contact_rules.domain.packs.library import pack_files

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


class Shelf:
    """The library in use. `library` may be read by any thread, `look` belongs to one."""

    def __init__(self, directory: Path, service: str) -> None:
        """Reads the packs. Raises BrokenPack for packs that no service may run on, and OSError."""
        self._directory, self._service = directory, service
        self._judged = self._seen = _looks(directory)
        self.library: Library = guarded(load(directory))
        self.trouble: str | None = None
        """Why the packs on disk are not those in use; None if they are."""
        _REFUSED.labels(service).set(0)

    def look(self) -> bool:
        """Take up what changed on disk; True if another library is in use now.

        What changed between two looks is still being written: it is read when it looks the same
        twice. So a file of which only half has arrived is not taken for a shorter one, as long as
        its writer pauses for less than the time between two looks.
        """
        looks = _looks(self._directory)
        at_rest, self._seen = looks == self._seen, looks
        if looks == self._judged or not at_rest:
            return False
        try:
            library = guarded(load(self._directory))
        except (BrokenPack, OSError) as error:
            if _looks(self._directory) == looks:
                self._judged = looks
                self._refuse(error)
            return False
        if _looks(self._directory) != looks:
            return False  # it changed while it was read: what was read may be of no one time
        self._judged = looks
        return self._take_up(library)

    def _take_up(self, library: Library) -> bool:
        before = {pack.file: pack for pack in self.library}
        after = {pack.file: pack for pack in library}
        self._is_in_trouble(None)
        changed = {
            file
            for file in before.keys() & after.keys()
            if before[file].digest != after[file].digest
        }
        if not changed and before.keys() == after.keys():
            return False
        self.library = library
        _TAKEN_UP.labels(self._service).inc()
        _log.info(
            "packs_taken_up",
            changed=[after[file].name for file in sorted(changed)],
            added=[after[file].name for file in sorted(after.keys() - before.keys())],
            removed=[before[file].name for file in sorted(before.keys() - after.keys())],
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
    """Looks at the files of a shelf every second."""

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
