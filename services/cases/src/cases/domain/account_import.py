"""An import: a file of accounts on its way in, what became of its rows, and its states.

receiving → running → done
receiving → failed: the file broke off or was refused, and nothing of it counts
receiving → done:   there was nothing to work off
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from cases.domain.refusal import Fault, Refusal


class ImportStatus(StrEnum):
    """How far an import is."""

    RECEIVING = "receiving"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


NEXT: Final = {
    ImportStatus.RECEIVING: {ImportStatus.RUNNING, ImportStatus.DONE, ImportStatus.FAILED},
    ImportStatus.RUNNING: {ImportStatus.DONE},
    ImportStatus.DONE: set[ImportStatus](),
    ImportStatus.FAILED: set[ImportStatus](),
}


class ImportEnded(Refusal):
    """The import can't go that way any more: it was given up while its file was still coming."""

    code: ClassVar[str] = "import_ended"

    def __init__(self) -> None:
        super().__init__(
            "The import ended while its file was still coming; nothing of it was taken. Send the"
            " file again.",
            "文件仍在传输时导入已结束，未导入任何内容，请重新发送。",
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    rejected: int = 0

    @property
    def processed(self) -> int:
        """How many rows have come to something."""
        return self.created + self.updated + self.unchanged + self.stale + self.rejected


@dataclass(frozen=True, slots=True)
class AccountImport:
    """One import as it stands. ``received`` counts every row of the file, readable or not."""

    id: UUID
    lender: str
    sent_by: str
    status: ImportStatus
    dry_run: bool
    received: int
    tally: Tally
    failure: Fault | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        return not NEXT[self.status]

    def moved(
        self, status: ImportStatus, now: datetime, *, failure: Fault | None = None
    ) -> "AccountImport":
        """This import in another state. Raises `ImportEnded` where no way leads there."""
        if status not in NEXT[self.status]:
            raise ImportEnded
        ended = not NEXT[status]
        return replace(self, status=status, failure=failure, finished_at=now if ended else None)

    def all_received(self, now: datetime) -> "AccountImport":
        """The file is here, whole: it runs, or is done if no row of it waits."""
        waits = self.tally.processed < self.received
        return self.moved(ImportStatus.RUNNING if waits else ImportStatus.DONE, now)

    def all_done(self, now: datetime) -> "AccountImport":
        """The import after a batch: done if it was the last."""
        return self.moved(ImportStatus.DONE, now) if self.tally.processed == self.received else self


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken, and everything wrong with it."""

    line: int
    external_id: str | None
    faults: tuple[Fault, ...]
