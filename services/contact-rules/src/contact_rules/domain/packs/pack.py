"""A pack: the rules of one jurisdiction, industry or house, as one dated piece of data."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import attrgetter

from contact_rules.domain.contact import CollectorClass, Place, Product, Residence
from contact_rules.domain.decision import SourceQuality, Text
from contact_rules.domain.rule import Rule
from contact_rules.domain.yaml_nodes import Node


class Applies(StrEnum):
    """When a pack is asked, if the packs are not named."""

    JURISDICTION = "jurisdiction"  # where it covers the place or the residence
    FALLBACK = "fallback"  # where no jurisdiction pack covers the place
    ALWAYS = "always"
    NAMED = "named"  # never by itself


@dataclass(frozen=True, slots=True)
class Covers:
    """Whose law it is: a country or one region of it; for all collectors and products, or some."""

    country: str
    region: str | None
    collectors: frozenset[str] | None
    products: frozenset[str] | None

    def place(self, where: Place | Residence | None) -> bool:
        """Does it lie here? A country covers its regions."""
        if where is None or (where.country or "").upper() != self.country:
            return False
        region = (where.region or "").upper().removeprefix(f"{self.country}-")
        return self.region is None or self.region == region

    def business(self, collector: CollectorClass, products: Collection[Product | None]) -> bool:
        """Is it about this kind of collector, and any of these products? What is not known is."""
        return (self.collectors is None or collector in self.collectors) and (
            self.products is None
            or not products
            or any(product is None or product in self.products for product in products)
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pack:
    id: str
    version: str
    name: str  # with the version: "tw@2026-01-01"
    title: Text
    applies: Applies
    covers: Covers | None
    effective_from: date | None
    effective_to: date | None
    verify: tuple[str, ...]  # what nobody has read or settled yet
    rules: tuple[Rule, ...]
    examples: Node | None
    file: str

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self.rules)} rules>"

    @property
    def source_quality(self) -> SourceQuality:
        """As well known as its worst known rule."""
        order = list(SourceQuality)
        return max((rule.source_quality for rule in self.rules), key=order.index)

    def in_force(self, on: date) -> bool:
        return (self.effective_from is None or self.effective_from <= on) and (
            self.effective_to is None or on <= self.effective_to
        )


def in_order(packs: Iterable[Pack]) -> list[Pack]:
    """Each of them once, in the order of their ids."""
    return sorted({pack.name: pack for pack in packs}.values(), key=attrgetter("id", "version"))
