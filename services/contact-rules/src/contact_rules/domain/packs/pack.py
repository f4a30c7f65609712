"""A pack: the rules of one jurisdiction, industry, lender or house, as one dated piece of data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from operator import attrgetter
from typing import Final

from contact_rules.domain.contact import CollectorClass, Place, Product, Residence
from contact_rules.domain.decision import SourceQuality, Text
from contact_rules.domain.rule import Rule
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import day_number

REGION: Final = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)
"""The part of ISO 3166-2 behind the country."""
CITY: Final = re.compile(r"[A-Z0-9]{3}", re.ASCII)
"""The part of UN/LOCODE behind the country."""


class Applies(StrEnum):
    """When a pack is asked, if the packs are not named."""

    JURISDICTION = "jurisdiction"  # where it covers the place or the residence
    FALLBACK = "fallback"  # where no jurisdiction pack covers the place
    ALWAYS = "always"
    NAMED = "named"  # never by itself, but another pack may bring it (`extends`)
    OVERLAY = "overlay"  # beside all others, for the contacts of one lender


@dataclass(frozen=True, slots=True)
class Covers:
    """Whose law it is: a country, a region of it or a city there; for all collectors and products,
    or some."""

    country: str
    region: str | None
    city: str | None
    collectors: frozenset[str] | None
    products: frozenset[str] | None

    def __str__(self) -> str:
        area = "-".join(part for part in (self.country, self.region) if part)
        return f"{area} {self.city}" if self.city else area

    def place(self, where: Place | Residence | None) -> bool | None:
        """Does it lie here? A country covers its regions, and they their cities.

        None: perhaps. The country is right, and which part of it is not known.
        """
        if where is None or (where.country or "").upper() != self.country:
            return False
        region = (where.region or "").upper().removeprefix(f"{self.country}-")
        city = (where.city or "").upper()
        answer: bool | None = True
        for said, wanted, code in ((region, self.region, REGION), (city, self.city, CITY)):
            if wanted is None or said == wanted:
                continue
            if code.fullmatch(said):
                return False
            answer = None
        return answer

    def business(self, collector: CollectorClass, products: Collection[Product | None]) -> bool:
        """Is it about this kind of collector, and any of these products? What is not known is."""
        return (self.collectors is None or collector in self.collectors) and (
            self.products is None
            or not products
            or any(product is None or product in self.products for product in products)
        )

    def contains(self, other: Covers) -> bool:
        """Does it cover all that the other does?"""
        return (
            self.country == other.country
            and self.region in (None, other.region)
            and self.city in (None, other.city)
            and _all_of(other.collectors, self.collectors)
            and _all_of(other.products, self.products)
        )


def _all_of(some: frozenset[str] | None, all_: frozenset[str] | None) -> bool:
    return all_ is None or (some is not None and some <= all_)


@dataclass(frozen=True, slots=True)
class Tightening:
    """The claim of an overlay's rule to be at least as strict as `base`, a rule of another pack."""

    rule: Rule
    base: str
    source: Node


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pack:
    """`extends`: ids of the packs it brings along. `in_doubt`: it is asked although it is not known
    whether the contact is where it holds. `content`: its file as it was read, `digest`: SHA-256 of
    that."""

    id: str
    version: str
    name: str  # with the version: "tw@2026-01-01"
    title: Text
    applies: Applies
    covers: Covers | None
    lender: str | None  # whose overlay it is
    extends: tuple[str, ...]
    effective_from: date | None
    effective_to: date | None
    verify: tuple[str, ...]  # what nobody has read or settled yet
    rules: tuple[Rule, ...]
    tightens: tuple[Tightening, ...]
    examples: Node | None
    source: Node
    file: str
    content: bytes
    digest: str
    in_doubt: bool = False

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

    def meets(self, other: Pack) -> bool:
        """Are both in force on some day?"""
        return (self.effective_from or date.min) <= (other.effective_to or date.max) and (
            other.effective_from or date.min
        ) <= (self.effective_to or date.max)

    def limited(self, from_: date | None, to: date | None) -> Pack:
        """The same pack, in force within these days only; None limits nothing.

        Raises ValueError if it would be in force on no day.
        """
        first = max(from_ or date.min, self.effective_from or date.min)
        last = min(to or date.max, self.effective_to or date.max)
        if (first, last) == (self.effective_from or date.min, self.effective_to or date.max):
            return self
        if last < first:
            raise ValueError(f"{self.name} would end before it begins")
        rules = {
            id(rule): _limited(rule, day_number(first), day_number(last)) for rule in self.rules
        }
        return replace(
            self,
            effective_from=None if first == date.min else first,
            effective_to=None if last == date.max else last,
            rules=tuple(rules.values()),
            tightens=tuple(replace(each, rule=rules[id(each.rule)]) for each in self.tightens),
        )

    def doubted(self, reason: Text) -> Pack:
        """The same pack where nobody knows whether it is the law: none of its rules says no."""
        rules = tuple(rule.doubted(reason) for rule in self.rules)
        return replace(self, rules=rules, in_doubt=True)


def _limited(rule: Rule, first: int, last: int) -> Rule:
    return replace(
        rule,
        effective_from=max(rule.effective_from, first),
        effective_to=min(rule.effective_to, last),
    )


def in_order(packs: Iterable[Pack]) -> list[Pack]:
    """Each of them once, in the order of their ids."""
    return sorted({pack.name: pack for pack in packs}.values(), key=attrgetter("id", "version"))
