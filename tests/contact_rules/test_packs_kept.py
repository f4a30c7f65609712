"""The packs of a decision are kept before it, once, and are the same when they are read again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from threading import Barrier, Thread

import pytest
from contact_rules.domain import Library, Pack, load
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.store import packs_kept
from contact_rules.store.packs_kept import (
    NotKept,
    SpoiltText,
    keep,
    kept_first,
    kept_texts,
    library_of,
    load_library,
)
from rules_house import RULEBOOK, Debtor, House
from shared.db import transaction
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

Counting = Callable[[Engine], AbstractContextManager[list[str]]]


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process: nothing was read before."""
    packs_kept._read.clear()


def of(library: Library) -> list[tuple[str, str, date | None, date | None]]:
    return [(p.name, p.digest, p.effective_from, p.effective_to) for p in library]


def test_a_library_is_read_as_it_was_kept(house: House) -> None:
    packs = {pack.id: pack for pack in load(RULEBOOK)}
    packs["gotham"] = packs["gotham"].limited(date(2026, 2, 3), date(2027, 4, 5))
    library = Library(packs.values())
    with transaction(house.engine) as session:
        digest = keep(session, library, house.clock())
    with transaction(house.engine) as session:
        again = load_library(session, digest)
    assert again is not library
    assert of(again) == of(library)
    assert again.digest == digest
    for one, other in zip(library, again, strict=True):
        for before, after in zip(one.rules, other.rules, strict=True):
            assert (before.id, before.effective_from, before.effective_to) == (
                after.id,
                after.effective_from,
                after.effective_to,
            )


def test_other_days_or_texts_are_another_library() -> None:
    packs = list(load(RULEBOOK))
    digests = {Library(packs).digest, Library(_without(packs, "everyone")).digest}
    for from_, to in ((date(2026, 1, 1), None), (None, date(2026, 1, 1))):
        digests.add(Library([packs[0].limited(from_, to), *packs[1:]]).digest)
    changed = parse_pack(packs[0].file, packs[0].content + b"# a remark\n")
    digests.add(Library([changed, *packs[1:]]).digest)
    assert len(digests) == 5
    assert Library(reversed(packs)).digest in digests


def _without(packs: list[Pack], id_: str) -> list[Pack]:
    return [pack for pack in packs if pack.id != id_]


def test_days_are_only_ever_taken_away() -> None:
    gotham = next(pack for pack in load(RULEBOOK) if pack.id == "gotham")
    assert gotham.limited(None, None) is gotham
    limited = gotham.limited(date(2026, 2, 3), None)
    assert limited.limited(date(2026, 1, 1), None) is limited
    assert limited.limited(None, date(2026, 3, 1)).effective_from == date(2026, 2, 3)
    with pytest.raises(ValueError, match="would end before it begins"):
        limited.limited(None, date(2026, 2, 2))


def test_what_is_kept_costs_nothing_any_more(house: House, count_statements: Counting) -> None:
    library = load(RULEBOOK)
    with count_statements(house.engine) as seen:
        for _ in range(3):
            kept_first(house.engine, library, house.clock())
        kept = len(seen)
        kept_first(house.engine, load(RULEBOOK), house.clock())
        with transaction(house.engine) as session:
            keep(session, library, house.clock())
    assert len(seen) == kept


def test_what_was_rolled_back_is_not_thought_to_be_kept(house: House) -> None:
    library = Library(pack for pack in load(RULEBOOK) if pack.id == "person-protection")

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction(house.engine) as session:
        keep(session, library, house.clock())
        keep(session, library, house.clock())
        raise Undone
    assert library.digest not in [row.digest for row in house.rows("library")]
    kept_first(house.engine, library, house.clock())
    assert library.digest in [row.digest for row in house.rows("library")]


def test_many_keep_the_same_at_once_and_nobody_fails(house: House) -> None:
    library = load(RULEBOOK)
    start, failed = Barrier(8), []

    def keeping() -> None:
        try:
            with transaction(house.engine) as session:
                start.wait()
                keep(session, library, house.clock())
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=keeping) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(house.rows("pack_text")) == len(library)
    assert [row.digest for row in house.rows("library")] == [library.digest]


def test_no_decision_is_made_by_packs_that_can_not_be_kept(house: House) -> None:
    with transaction(house.engine) as session:
        session.execute(text("ALTER TABLE pack_text RENAME TO gone"))
    with pytest.raises(DBAPIError):
        house.service.desk()
    with transaction(house.engine) as session:
        session.execute(text("ALTER TABLE gone RENAME TO pack_text"))
    desk = house.service.desk()
    assert desk.library_digest == desk.library.digest


def test_a_decision_names_packs_that_are_there(house: House) -> None:
    house.ask(Debtor().visit())
    (row,) = house.rows("decision")
    with transaction(house.engine) as session:
        assert of(load_library(session, row.library)) == of(house.desk.library)


def test_what_nobody_kept_is_not_there(house: House) -> None:
    with transaction(house.engine) as session:
        for read in (load_library, kept_texts):
            with pytest.raises(NotKept):
                read(session, "0" * 64)


@pytest.mark.parametrize(
    ("change", "raises"),
    [
        ("UPDATE pack_text SET text = replace(text, 'max: 1', 'max: 9')", SpoiltText),
        ("""UPDATE library SET packs = '[]'""", SpoiltText),
        ("DELETE FROM pack_text", NotKept),
    ],
)
def test_what_was_changed_behind_our_back_is_not_taken_for_law(
    house: House, change: str, raises: type[Exception]
) -> None:
    digest = kept_first(house.engine, load(RULEBOOK), house.clock())
    with pytest.raises(DBAPIError), transaction(house.engine) as session:
        session.execute(text(change))
    with transaction(house.engine) as session:
        for table in ("pack_text", "library"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        session.execute(text(change))
    with transaction(house.engine) as session, pytest.raises(raises):
        load_library(session, digest)


def test_only_the_last_few_libraries_are_remembered(house: House) -> None:
    packs = {pack.id: pack for pack in load(RULEBOOK)}
    everyone = packs.pop("everyone")
    libraries = [
        Library([*packs.values(), everyone.limited(date(2026, 1, day), None)])
        for day in range(1, 12)
    ]
    for library in libraries:
        kept_first(house.engine, library, house.clock())
    with transaction(house.engine) as session:
        first = load_library(session, libraries[0].digest)
        assert load_library(session, libraries[0].digest) is first
        for library in libraries[1:]:
            load_library(session, library.digest)
        assert load_library(session, libraries[0].digest) is not first
        assert len(packs_kept._read) == packs_kept._LIBRARIES_REMEMBERED


def test_a_text_that_is_not_its_digests_is_refused(house: House) -> None:
    digest = kept_first(house.engine, load(RULEBOOK), house.clock())
    with transaction(house.engine) as session:
        texts = kept_texts(session, digest)
    assert of(library_of(texts)) == of(load(RULEBOOK))
    first, *rest = texts
    with pytest.raises(SpoiltText):
        library_of([replace(first, text=first.text + "\n"), *rest])
