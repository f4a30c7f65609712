"""The packs decisions rested on, kept by their digests: what was law then can be asked again."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final
from weakref import WeakKeyDictionary

from shared.db import transaction
from sqlalchemy import Engine, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session

from contact_rules.domain import Library, Pack
from contact_rules.domain.packs.library import digest_of
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.store.tables import LIBRARY, PACK_TEXT

_LIBRARIES_REMEMBERED: Final = 8
"""Reading one that ships takes a second of processor time; one is a few megabytes."""
_WROTE: Final = "contact_rules.library_written"

_HAS: Final = select(LIBRARY.c.digest).where(LIBRARY.c.digest == bindparam("digest"))
_PACKS: Final = select(LIBRARY.c.packs).where(LIBRARY.c.digest == bindparam("digest"))
_TEXTS: Final = select(PACK_TEXT).where(
    PACK_TEXT.c.digest.in_(bindparam("digests", expanding=True))
)

_kept: Final[WeakKeyDictionary[Engine, set[str]]] = WeakKeyDictionary()
_read: Final[OrderedDict[str, Library]] = OrderedDict()
_reading: Final = threading.Lock()
_keeping: Final = threading.Lock()


class NotKept(Exception):
    """There is no library of this digest here."""


class SpoiltText(Exception):
    """What is kept is not what its digest says: it was changed behind our back."""


@dataclass(frozen=True, slots=True)
class KeptText:
    """The text of a pack, and on which days it was in force in one library."""

    name: str
    file: str
    digest: str
    effective_from: date | None
    effective_to: date | None
    text: str


def keep(session: Session, library: Library, now: datetime) -> str:
    """See that the library's texts are kept; its digest.

    Costs nothing once this process has seen them committed, and one statement before. It waits for
    another transaction that is keeping the same texts.
    """
    digest = library.digest
    known = _kept.setdefault(session.get_bind().engine, set())
    if digest in known:
        return digest
    if session.execute(_HAS, {"digest": digest}).one_or_none() is not None:
        # What this very transaction has written is not there yet: it may be rolled back.
        if session.info.get(_WROTE) is not _transaction(session):
            known.add(digest)
        return digest
    # In one order, so that no two transactions wait for each other in a circle.
    texts = sorted(library, key=lambda pack: pack.digest)
    session.execute(
        insert(PACK_TEXT).on_conflict_do_nothing(), [_text(pack, now) for pack in texts]
    )
    session.execute(
        insert(LIBRARY).on_conflict_do_nothing(),
        {"digest": digest, "packs": library.contents, "stored_at": now},
    )
    session.info[_WROTE] = _transaction(session)
    return digest


def kept_first(engine: Engine, library: Library, now: datetime) -> str:
    """Keep the library in a transaction of its own, before any decision rests on it; its digest.

    Whoever holds a transaction may call this: it waits for nothing that transaction holds. Costs
    nothing once it is known to be kept. Raises what the database raises: then nothing may be
    decided.
    """
    if library.digest not in _kept.get(engine, ()):
        with _keeping:  # so that of many threads one asks for another connection
            if library.digest not in _kept.get(engine, ()):
                with transaction(engine) as session:
                    keep(session, library, now)
                _kept.setdefault(engine, set()).add(library.digest)
    return library.digest


def kept_texts(session: Session, digest: str) -> list[KeptText]:
    """What is kept under this digest, whatever it is worth, in the library's own order.

    Raises NotKept.
    """
    contents = session.execute(_PACKS, {"digest": digest}).scalar_one_or_none()
    if contents is None:
        raise NotKept(digest)
    return _texts(session, contents)


def library_of(texts: Iterable[KeptText]) -> Library:
    """The library of these texts. Raises SpoiltText, and BrokenPack as `Library` does."""
    return Library(_pack(text) for text in texts)


def load_library(session: Session, digest: str) -> Library:
    """The library that was kept under this digest, its packs in force on the same days.

    The last few are remembered. Raises NotKept, SpoiltText, and BrokenPack for texts that this
    version of the engine can't read.
    """
    with _reading:
        found = _read.get(digest)
        if found is not None:
            _read.move_to_end(digest)
            return found
    contents = session.execute(_PACKS, {"digest": digest}).scalar_one_or_none()
    if contents is None:
        raise NotKept(digest)
    if digest_of(contents) != digest:
        raise SpoiltText(digest)
    library = library_of(_texts(session, contents))
    with _reading:
        _read[digest] = library
        while len(_read) > _LIBRARIES_REMEMBERED:
            _read.popitem(last=False)
    return library


def _text(pack: Pack, now: datetime) -> dict[str, object]:
    return {
        "digest": pack.digest,
        "pack_id": pack.id,
        "version": pack.version,
        "file": pack.file,
        "text": pack.content.decode(),
        "stored_at": now,
    }


def _texts(session: Session, contents: Iterable[Mapping[str, str | None]]) -> list[KeptText]:
    named = list(contents)
    rows = session.execute(_TEXTS, {"digests": [each["digest"] for each in named]})
    found = {row.digest: row for row in rows}
    texts = []
    for each in named:
        row = found.get(each["digest"])
        if row is None:
            raise NotKept(each["digest"])
        texts.append(
            KeptText(
                name=f"{row.pack_id}@{row.version}",
                file=row.file,
                digest=row.digest,
                effective_from=_day(each["effective_from"]),
                effective_to=_day(each["effective_to"]),
                text=row.text,
            )
        )
    return texts


def _pack(text: KeptText) -> Pack:
    content = text.text.encode()
    if sha256(content).hexdigest() != text.digest:
        raise SpoiltText(text.digest)
    return parse_pack(text.file, content).limited(text.effective_from, text.effective_to)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _transaction(session: Session) -> SessionTransaction | None:
    return session.get_transaction()
