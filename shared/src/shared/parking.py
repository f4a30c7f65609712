"""Parked messages: what kept failing waits as a row, with all later ones of its key behind it.

So order per key survives a poison message, and nothing is lost: an operator looks at it, and
requeues the key once the cause is gone or drops the message with a reason.

A service with several queues has them park in one table. Each sees only the types it handles: its
order has nothing to do with that of the others, and it could not work off what is theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Session

from shared.bus import Parcel

BEHIND: Final = "waits behind an earlier message of its key"


class NotParked(LookupError):
    """No such message is parked (any more)."""

    code = "not_parked"


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """One parked message. ``attempts`` counts tries of its handler; 0 = it waits behind another."""

    seq: int
    message_id: UUID
    key: str
    type: str
    body: str
    error: str
    attempts: int
    parked_at: datetime
    requeued_at: datetime | None

    @property
    def parcel(self) -> Parcel:
        """The message as it came from the bus."""
        return Parcel(self.message_id, self.type, self.key, self.body.encode())


_COLUMNS: Final = "seq, message_id, key, type, body, error, attempts, parked_at, requeued_at"
_LIVE: Final = "handled_at IS NULL AND dropped_at IS NULL"
_TYPES: Final = bindparam("types", type_=ARRAY(TEXT))

_PARK: Final = text(
    "INSERT INTO parked (message_id, key, type, body, error, attempts, parked_at, requeued_at)"
    " VALUES (:id, :key, :type, :body, :error, :attempts, :now,"
    # Behind a key that is being worked off again, a newcomer is worked off too.
    " (SELECT max(requeued_at) FROM parked"
    f" WHERE key = :key AND type = ANY(:types) AND {_LIVE}))"
    " ON CONFLICT (message_id) DO NOTHING"
).bindparams(_TYPES)
_KEYS: Final = text(
    f"SELECT DISTINCT key FROM parked WHERE key = ANY(:keys) AND type = ANY(:types) AND {_LIVE}"
).bindparams(bindparam("keys", type_=ARRAY(TEXT)), _TYPES)
_LIST: Final = text(
    f"SELECT {_COLUMNS} FROM parked WHERE {_LIVE} AND seq > :after ORDER BY seq LIMIT :limit"
)
_SHOW: Final = text(f"SELECT {_COLUMNS} FROM parked WHERE message_id = :id AND {_LIVE}")
_REQUEUE: Final = text(
    f"UPDATE parked SET requeued_at = :now WHERE key = :key AND {_LIVE} RETURNING seq"
)
_DROP: Final = text(
    "UPDATE parked SET dropped_at = :now, dropped_by = :by, drop_reason = :reason"
    f" WHERE message_id = :id AND {_LIVE} RETURNING key"
)
_NEXT: Final = text(
    f"SELECT {_COLUMNS} FROM parked AS p WHERE {_LIVE} AND requeued_at IS NOT NULL"
    " AND type = ANY(:types)"
    f" AND seq = (SELECT min(seq) FROM parked AS q WHERE q.key = p.key AND q.type = ANY(:types)"
    "            AND q.handled_at IS NULL AND q.dropped_at IS NULL)"
    " ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED"
).bindparams(_TYPES)
_HANDLED: Final = text("UPDATE parked SET handled_at = :now WHERE seq = :seq")
_FAILED: Final = text("UPDATE parked SET error = :error, attempts = attempts + 1 WHERE seq = :seq")
_HALT_KEY: Final = text(
    f"UPDATE parked SET requeued_at = NULL WHERE key = :key AND type = ANY(:types) AND {_LIVE}"
).bindparams(_TYPES)
_COUNT: Final = text(f"SELECT count(*) FROM parked WHERE {_LIVE}")


def park(
    session: Session,
    parcel: Parcel,
    *,
    error: str,
    attempts: int,
    now: datetime,
    types: Sequence[str] = (),
) -> None:
    """Park one message of a queue of ``types`` (default: its own); twice changes nothing."""
    session.execute(
        _PARK,
        {
            "id": parcel.id,
            "key": parcel.key,
            "type": parcel.type,
            # No UTF-8, or NULs: it can't be a message; keep what can be shown of it.
            "body": parcel.body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00"),
            "error": error[:4000].replace("\x00", "\\x00"),
            "attempts": attempts,
            "now": now,
            "types": list(types) or [parcel.type],
        },
    )


def parked_keys(session: Session, keys: Sequence[str], types: Sequence[str]) -> set[str]:
    """Those of ``keys`` with parked messages of these types: later ones must wait behind them."""
    return set(session.execute(_KEYS, {"keys": list(keys), "types": list(types)}).scalars())


def list_parked(session: Session, *, after: int = 0, limit: int = 50) -> list[ParkedMessage]:
    """Parked messages, oldest first, behind ``after`` (a `ParkedMessage.seq`)."""
    return [_parked(row) for row in session.execute(_LIST, {"after": after, "limit": limit})]


def show(session: Session, message_id: UUID) -> ParkedMessage:
    """One parked message; raises `NotParked`."""
    row = session.execute(_SHOW, {"id": message_id}).one_or_none()
    if row is None:
        raise NotParked(f"no message {message_id} is parked")
    return _parked(row)


def requeue(session: Session, message_id: UUID, *, now: datetime) -> int:
    """Have the worker work off the whole key of this message again, in order.

    Returns how many messages that are. If the first fails again the key halts as before.
    """
    key = show(session, message_id).key
    return len(session.execute(_REQUEUE, {"key": key, "now": now}).all())


def drop(session: Session, message_id: UUID, *, by: str, reason: str, now: datetime) -> None:
    """Give a message up: it stays on record with who and why; those behind it are worked off."""
    row = session.execute(
        _DROP, {"id": message_id, "by": by, "reason": reason, "now": now}
    ).one_or_none()
    if row is None:
        raise NotParked(f"no message {message_id} is parked")
    session.execute(_REQUEUE, {"key": row.key, "now": now})


def next_requeued(session: Session, types: Sequence[str]) -> ParkedMessage | None:
    """The next message of these types to work off again, locked: always the first of its key."""
    row = session.execute(_NEXT, {"types": list(types)}).one_or_none()
    return None if row is None else _parked(row)


def mark_handled(session: Session, parked: ParkedMessage, *, now: datetime) -> None:
    """The message had its effect in this transaction."""
    session.execute(_HANDLED, {"seq": parked.seq, "now": now})


def mark_failed(
    session: Session, parked: ParkedMessage, *, error: str, types: Sequence[str]
) -> None:
    """The message failed again: its key halts until the next requeue, for messages of ``types``."""
    session.execute(_FAILED, {"seq": parked.seq, "error": error[:4000]})
    session.execute(_HALT_KEY, {"key": parked.key, "types": list(types)})


def count(session: Session) -> int:
    """How many messages are parked now."""
    return int(session.execute(_COUNT).scalar_one())


def _parked(row: Row[tuple[object, ...]]) -> ParkedMessage:
    return ParkedMessage(**row._asdict())
