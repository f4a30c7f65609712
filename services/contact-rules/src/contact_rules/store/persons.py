"""The person's lock: held before anything is read that a decision about that person rests on."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session

_IDS: Final = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))
_ADMIT: Final = text(
    "INSERT INTO person (id) SELECT unnest(:ids) ON CONFLICT DO NOTHING"
).bindparams(_IDS)
_LOCK: Final = text("SELECT id FROM person WHERE id = ANY(:ids) ORDER BY id FOR UPDATE").bindparams(
    _IDS
)

_HELD: Final = "contact_rules.persons_held"


def lock(session: Session, persons: Iterable[UUID]) -> None:
    """Hold these persons until the transaction ends; persons not known yet become known.

    Many are locked in sorted order, so lock all a transaction needs in one call: two calls in
    two transactions can wait for each other. Asking again for what is held costs nothing.

    It has statements of its own because a statement's snapshot is older than the lock it waits
    for: of what is read in the *same* statement, another's reservation would still be missing.
    """
    asked = set(persons)
    held = _held(session)
    if held.issuperset(asked):
        return
    wanted = sorted(asked, key=attrgetter("int"))
    # Both in the same order, so that no two batches can wait for each other in a circle.
    session.execute(_ADMIT, {"ids": wanted})
    session.execute(_LOCK, {"ids": wanted})
    if session.get_nested_transaction() is None:
        # A lock taken inside a savepoint is gone when that is rolled back: not remembered.
        session.info[_HELD] = (session.get_transaction(), held.union(wanted))


def _held(session: Session) -> frozenset[UUID]:
    """The persons this very transaction holds; a session may have had others before."""
    remembered: tuple[SessionTransaction | None, frozenset[UUID]] | None = session.info.get(_HELD)
    if remembered is None or remembered[0] is not session.get_transaction():
        return frozenset()
    return remembered[1]
