"""All packs there are, and which of them a contact must be checked against."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Final

from contact_rules.domain.contact import CollectorClass, Place, Product, Residence
from contact_rules.domain.packs.loading import read_pack
from contact_rules.domain.packs.pack import Applies, Pack, in_order
from contact_rules.domain.yaml_nodes import BrokenPack

_HERE: Final = Path(__file__).resolve()


class UnknownPack(Exception):
    """A pack was named that there is not."""

    code: ClassVar[str] = "unknown_pack"

    def __init__(self, id_: str, known: Collection[str]) -> None:
        self.id = id_
        near = get_close_matches(id_, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "there are: " + ", ".join(sorted(known))
        super().__init__(f"There is no pack '{id_}'; {hint}")


class Library:
    """Packs by id. Never changes; load another one to take up new packs."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._packs = {pack.id: pack for pack in in_order(packs)}

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._packs.values())

    def __len__(self) -> int:
        return len(self._packs)

    def named(self, ids: Iterable[str]) -> tuple[Pack, ...]:
        """Exactly these, by id or by id and version ("tw@2026-01-01"). Raises UnknownPack."""
        found = []
        for id_ in ids:
            pack = self._packs.get(id_.partition("@")[0])
            if pack is None or id_ not in (pack.id, pack.name):
                raise UnknownPack(id_, self._packs)
            found.append(pack)
        return tuple(in_order(found))

    def resolve(
        self,
        place: Place | None,
        residence: Residence | None,
        collector_class: CollectorClass,
        products: Collection[Product | None],
        on: date,
    ) -> tuple[Pack, ...]:
        """The packs in force on that day for a contact there.

        Those of the jurisdictions of the place and of the residence; the fallback where none
        covers the place (the residence, if there is no place), so that the law of a debtor's home
        never stands in for the missing law of the door; and those that always apply.
        """
        in_force = [pack for pack in self if pack.in_force(on)]
        jurisdictions = [
            (pack, pack.covers)
            for pack in in_force
            if pack.covers and pack.covers.business(collector_class, products)
        ]
        at_place = [pack for pack, covers in jurisdictions if covers.place(place)]
        at_home = [pack for pack, covers in jurisdictions if covers.place(residence)]
        found = at_place + at_home
        if not (at_home if place is None else at_place):
            found += [pack for pack in in_force if pack.applies is Applies.FALLBACK]
        found += [pack for pack in in_force if pack.applies is Applies.ALWAYS]
        return tuple(in_order(found))


def load(directory: Path) -> Library:
    """The packs of a directory, one a file. Raises BrokenPack for the first that can't be used."""
    files = sorted(directory.glob("*.yaml"))
    if not files:
        raise BrokenPack(str(directory), 0, "there are no packs in this directory")
    return Library(read_pack(file) for file in files)


def shipped() -> Path:
    """The directory of the packs that come with this service, installed or in its source tree."""
    installed, in_source = _HERE.parents[2] / "packs", _HERE.parents[4] / "packs"
    return installed if installed.is_dir() else in_source
