"""The second half of ``POST /v1/imports``: the loop that works off the rows that wait."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from shared.clock import Clock, monotonic
from shared.db import is_transient, transaction
from shared.log import frames
from shared.loops import Resting
from sqlalchemy import Engine
from sqlmodel import Session

from cases.api.import_row import GoodRow, judge
from cases.domain.account_import import AccountImport, RefusedRow, Tally
from cases.domain.import_file import Row
from cases.domain.person import Identities
from cases.domain.refusal import Fault
from cases.handlers import imports
from cases.handlers.accounts import ChangedMeanwhile, Result, receive_accounts
from cases.store import imports as store

_log = structlog.get_logger(__name__)

_LOOK_FOR_ABANDONED_EVERY: Final = 60.0  # seconds

_NOT_STORED: Final = Fault(
    "",
    "not_stored",
    "The row could not be stored, through no fault of yours. The operators see why.",
    "由于系统原因，该行未能保存，运维人员可查看原因。",
)


class ImportLoop(Resting):
    """Works off imports, one batch of rows a transaction, the import longest without a turn first.

    A batch leaves the table in the transaction of its effects and of the import's counters, so
    whenever the process dies each row has had its effect once or still waits. Any number of these
    loops may run on one database. A batch that fails is done again row by row, and only the guilty
    rows are refused; when the database is away it is tried again later.
    """

    def __init__(self, engine: Engine, clock: Clock, identities: Identities) -> None:
        super().__init__()
        self.name = "cases imports"
        self.idle_seconds = 0.25
        self._engine = engine
        self._clock = clock
        self._identities = identities
        self._looked_for_abandoned: float | None = None

    def run_once(self) -> bool:
        """Work off one batch. False if none waits that no other worker has."""
        self._give_up_abandoned()
        now = self._clock()
        with transaction(self._engine) as session:
            running = store.claim(session)
            if running is None:
                return False
            rows = [self._judge(running, row, now) for row in store.take_batch(session, running.id)]
            good = [row for row in rows if isinstance(row, GoodRow)]
            refused = [row for row in rows if isinstance(row, RefusedRow)]
            results, failed = self._receive(session, running, good, now)
            noted = imports.note_batch(session, running, _tally(results), [*refused, *failed], now)
        if noted.ended:
            _log.info(
                "import_done",
                import_id=str(noted.id),
                received=noted.received,
                rejected=noted.tally.rejected,
                dry_run=noted.dry_run,
            )
        return True

    def close(self) -> None:
        """Holds nothing between two calls of `run_once`."""

    def _judge(self, running: AccountImport, row: Row, now: datetime) -> GoodRow | RefusedRow:
        """As `judge`; whatever else it raises is this row's trouble and not the import's."""
        try:
            return judge(row, now)
        except Exception as error:
            _log.error(
                "import_row_failed",
                import_id=str(running.id),
                line=row.line,
                raised=frames(error),
            )
            return RefusedRow(row.line, None, (_NOT_STORED,))

    def _receive(
        self, session: Session, running: AccountImport, rows: Sequence[GoodRow], now: datetime
    ) -> tuple[list[Result], list[RefusedRow]]:
        """What became of each row that could be stored, and those that could not."""
        try:
            return self._receive_together(session, running, rows, now), []
        except Exception as error:
            if _may_pass(error):
                raise
            _log.warning("import_batch_failed", import_id=str(running.id), raised=frames(error))
        results: list[Result] = []
        failed: list[RefusedRow] = []
        for row in rows:
            try:
                results += self._receive_together(session, running, [row], now)
            except Exception as error:
                if _may_pass(error):
                    raise
                _log.error(
                    "import_row_failed",
                    import_id=str(running.id),
                    line=row.line,
                    raised=frames(error),
                )
                failed.append(RefusedRow(row.line, row.external_id, (_NOT_STORED,)))
        return results, failed

    def _receive_together(
        self, session: Session, running: AccountImport, rows: Sequence[GoodRow], now: datetime
    ) -> list[Result]:
        """All of ``rows`` or, raising, none of them. Of a dry run only the answer stays."""
        with session.begin_nested() as savepoint:
            received = receive_accounts(
                session,
                running.lender,
                [(row.external_id, row.account) for row in rows],
                now,
                identities=self._identities,
                by=running.sent_by,
            )
            if running.dry_run:
                savepoint.rollback()
        return [each.outcome for each in received]

    def _give_up_abandoned(self) -> None:
        """Now and then: imports whose receiving process died."""
        now = monotonic()
        last = self._looked_for_abandoned
        if last is not None and now - last < _LOOK_FOR_ABANDONED_EVERY:
            return
        with transaction(self._engine) as session:
            count = imports.fail_interrupted(session, self._clock())
        self._looked_for_abandoned = now
        if count:
            _log.warning("imports_interrupted", count=count)


def _may_pass(error: Exception) -> bool:
    """Whether the same batch may go through a moment later."""
    return isinstance(error, ChangedMeanwhile) or is_transient(error)


def _tally(results: Sequence[Result]) -> Tally:
    counted = Counter(results)
    return Tally(
        created=counted[Result.CREATED],
        updated=counted[Result.UPDATED],
        unchanged=counted[Result.UNCHANGED],
        stale=counted[Result.STALE],
    )
