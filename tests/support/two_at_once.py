"""Two who read before either writes: what a lock must keep them from, made to happen."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

LONGEST_WAIT: Final = 0.5
"""Seconds that each waits for the other when it has read: with the lock the other can't come."""


def admit(session: Session, ids: Iterable[UUID]) -> None:
    """What `persons.lock` does, but for the lock."""
    known = text("INSERT INTO person (id) VALUES (:id) ON CONFLICT DO NOTHING")
    for id_ in ids:
        session.execute(known, {"id": id_})


def waits(read: Callable[..., Any], meeting: threading.Barrier) -> Callable[..., Any]:
    """Reads, and then waits for the other to have read."""

    def reads(*args: Any, **kwargs: Any) -> Any:
        found = read(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(LONGEST_WAIT)
        return found

    return reads
