"""All packs there are, and which of them a contact must be checked against."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.contact import CollectorClass, Place, Product, Residence
from contact_rules.domain.decision import Text
from contact_rules.domain.packs.loading import read_pack
from contact_rules.domain.packs.pack import Applies, Pack, in_order
from contact_rules.domain.packs.together import refuse_contradictions
from contact_rules.domain.yaml_nodes import BrokenPack, Complaint, Complaints, nearest

_HERE: Final = Path(__file__).resolve()
_REMEMBERED: Final = 20_000
_IN_DOUBT: Final = Text(
    "Not known: whether the contact is in {where}.", "无法判断：不清楚本次联系是否在 {where}。"
)


class UnknownPack(Exception):
    """A pack was named that there is not."""

    code: ClassVar[str] = "unknown_pack"

    def __init__(self, id_: str, known: Collection[str]) -> None:
        self.id = id_
        super().__init__(f"There is no pack '{id_}'; {nearest(id_, known)}")


class _Asked(NamedTuple):
    """What the choice of packs depends on."""

    place: Place | Residence | None
    residence: Residence | None
    collector: CollectorClass
    products: frozenset[Product | None]
    lender: str | None


class Library:
    """Packs by id and version. Never changes; load another one to take up new packs."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        """Raises BrokenPack where packs contradict each other: see `refuse_contradictions`."""
        self._packs = tuple(in_order(refuse_contradictions(list(packs))))
        self._by_name = {pack.name: (pack,) for pack in self._packs}
        self._by_id: dict[str, tuple[Pack, ...]] = {}
        for pack in self._packs:
            self._by_id[pack.id] = (*self._by_id.get(pack.id, ()), pack)
        self._doubted: dict[tuple[str, str], Pack] = {}
        self._lenders = {pack.lender for pack in self._packs}
        self._turns = sorted({day for pack in self._packs for day in _turns(pack)})
        self._resolved: dict[Hashable, tuple[Pack, ...]] = {}

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._packs)

    def __len__(self) -> int:
        return len(self._packs)

    @cached_property
    def contents(self) -> list[dict[str, str | None]]:
        """Which texts it is made of, and from when to when each is in force."""
        return [
            {
                "digest": pack.digest,
                "effective_from": _text(pack.effective_from),
                "effective_to": _text(pack.effective_to),
            }
            for pack in self._packs
        ]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its `contents`: two libraries of one digest answer every question alike."""
        return digest_of(self.contents)

    def named(self, names: Iterable[str]) -> tuple[Pack, ...]:
        """Exactly these: by id with all its versions, of which those speak that are in force, or
        by id and version ("tw@2026-01-01"). Raises UnknownPack."""
        found: list[Pack] = []
        for name in names:
            packs = self._by_name.get(name) or self._by_id.get(name)
            if packs is None:
                raise UnknownPack(name, [*self._by_id, *self._by_name])
            found += packs
        return tuple(in_order(found))

    def resolve(
        self,
        place: Place | None,
        residence: Residence | None,
        collector_class: CollectorClass,
        products: Collection[Product | None],
        lender: str | None,
        on: date,
    ) -> tuple[Pack, ...]:
        """The packs in force on that day for a contact there; the same tuple for the same answer.

        - Those of the jurisdictions of the place and of the residence, with what they extend. Where
          it is not known in which region or city that is, the packs of its parts are asked in
          doubt: then they can't say no, and only a person can say yes.
        - The fallback where no jurisdiction surely covers the place (the residence, if there is
          no place), so that the law of a debtor's home never stands in for the missing law of the
          door.
        - The overlays of the lender.
        - Those that always apply.
        """
        asked = _Asked(
            place,
            residence,
            collector_class,
            frozenset(products),
            lender if lender in self._lenders else None,
        )
        key = (asked, bisect_right(self._turns, on))
        found = self._resolved.get(key)
        if found is None:
            if len(self._resolved) >= _REMEMBERED:
                self._resolved.clear()
            found = self._resolved[key] = self._resolve(asked, on)
        return found

    def _resolve(self, asked: _Asked, on: date) -> tuple[Pack, ...]:
        in_force = [pack for pack in self._packs if pack.in_force(on)]
        surely: list[Pack] = [pack for pack in in_force if pack.applies is Applies.ALWAYS]
        perhaps: list[Pack] = []
        covered = False
        for pack in in_force:
            if not _is_about(pack, asked):
                continue
            here = pack.covers is None or pack.covers.place(asked.place)
            home = pack.covers is None or pack.covers.place(asked.residence)
            if pack.applies is Applies.JURISDICTION:
                covered |= (home if asked.place is None else here) is True
            if here or home:
                surely.append(pack)
            elif here is None or home is None:
                perhaps += (self._in_doubt(pack, each) for each in self._brought(pack, asked, on))
        if not covered:
            surely += (pack for pack in in_force if pack.applies is Applies.FALLBACK)
        surely += [each for pack in surely for each in self._brought(pack, asked, on)]
        # What is asked for sure need not be asked in doubt.
        return tuple(in_order([*perhaps, *surely]))

    def _brought(self, pack: Pack, asked: _Asked, on: date) -> list[Pack]:
        """A pack and those that stand beside it, as far as they are about such a business."""
        found = {pack.name: pack}
        left = [pack]
        while left:
            for id_ in left.pop().extends:
                for each in self._by_id[id_]:
                    if each.in_force(on) and _business(each, asked) and each.name not in found:
                        found[each.name] = each
                        left.append(each)
        return list(found.values())

    def _in_doubt(self, pack: Pack, brought: Pack) -> Pack:
        """What a pack brings where it is not known whether the contact is there; made once."""
        where = str(pack.covers)
        reason = Text(_IN_DOUBT.en.format(where=where), _IN_DOUBT.zh.format(where=where))
        key = (pack.name, brought.name)
        return self._doubted.get(key) or self._doubted.setdefault(key, brought.doubted(reason))


def digest_of(contents: Iterable[Mapping[str, str | None]]) -> str:
    """The digest of a library with these `Library.contents`."""
    written = json.dumps(list(contents), separators=(",", ":"), sort_keys=True)
    return sha256(written.encode()).hexdigest()


def load(directory: Path) -> Library:
    """The packs of a directory, one a file.

    Raises BrokenPack with all that is wrong with any of them, and OSError.
    """
    files = pack_files(directory)
    if not files:
        raise BrokenPack(Complaint(str(directory), 0, "there are no packs in this directory"))
    complaints = Complaints()
    packs = [complaints.tried(partial(read_pack, file)) for file in files]
    complaints.settle()
    return Library(packs)


def pack_files(directory: Path) -> list[Path]:
    """The files that should be packs; hidden ones are what editors leave beside them."""
    return sorted(file for file in directory.glob("*.yaml") if not file.name.startswith("."))


def shipped() -> Path:
    """The directory of the packs that come with this service, installed or in its source tree."""
    installed, in_source = _HERE.parents[2] / "packs", _HERE.parents[4] / "packs"
    return installed if installed.is_dir() else in_source


def _is_about(pack: Pack, asked: _Asked) -> bool:
    """Is it asked by itself, for such a business of such a lender?"""
    if pack.applies is Applies.OVERLAY:
        return pack.lender == asked.lender and _business(pack, asked)
    return pack.applies is Applies.JURISDICTION and _business(pack, asked)


def _business(pack: Pack, asked: _Asked) -> bool:
    return pack.covers is None or pack.covers.business(asked.collector, asked.products)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _turns(pack: Pack) -> Iterator[date]:
    """The days on which it comes into force, and on which it no longer is."""
    if pack.effective_from is not None:
        yield pack.effective_from
    if pack.effective_to not in (None, date.max):
        yield pack.effective_to + timedelta(days=1)
