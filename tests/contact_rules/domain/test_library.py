"""Which packs a contact is checked against, found by data or named."""

from datetime import date

import pytest
from contact_rules.domain import (
    CollectorClass,
    Library,
    Place,
    PlaceKind,
    Product,
    Residence,
    UnknownPack,
    load,
    shipped,
)
from door_questions import read_text

LIBRARY = load(shipped())
TODAY = date(2026, 11, 21)
TAIPEI = Place(PlaceKind.HOME, "Asia/Taipei", "TW", "TPE")
SHENZHEN = Place(PlaceKind.HOME, "Asia/Shanghai", "CN", "GD")
SPRINGFIELD = Place(PlaceKind.HOME, "America/Chicago", "US", "IL")


@pytest.mark.parametrize(
    ("place", "residence", "expected"),
    [
        (TAIPEI, None, ["person-protection", "tw"]),
        (TAIPEI, Residence("TW"), ["person-protection", "tw"]),
        (TAIPEI, Residence("CN"), ["cn", "person-protection", "tw"]),
        (SHENZHEN, Residence("US", "IL"), ["cn", "person-protection"]),
        (SPRINGFIELD, None, ["default-policy", "person-protection"]),
        # The law of his home does not stand in for the one missing at the door.
        (SPRINGFIELD, Residence("TW"), ["default-policy", "person-protection", "tw"]),
        (None, Residence("TW"), ["person-protection", "tw"]),
        (None, None, ["default-policy", "person-protection"]),
        (Place(PlaceKind.HOME), None, ["default-policy", "person-protection"]),
        (Place(PlaceKind.HOME, country="tw"), None, ["person-protection", "tw"]),
    ],
)
def test_which_packs_a_contact_is_checked_against(
    place: Place | None, residence: Residence | None, expected: list[str]
) -> None:
    found = LIBRARY.resolve(place, residence, CollectorClass.AGENCY, (), TODAY)
    assert [pack.id for pack in found] == expected


def test_a_pack_not_in_force_leaves_the_place_to_the_fallback() -> None:
    found = LIBRARY.resolve(SHENZHEN, None, CollectorClass.AGENCY, (), date(2025, 2, 27))
    assert [pack.id for pack in found] == ["default-policy", "person-protection"]
    found = LIBRARY.resolve(SHENZHEN, None, CollectorClass.AGENCY, (), date(2025, 2, 28))
    assert [pack.id for pack in found] == ["cn", "person-protection"]


def _covering(id_: str, covers: str) -> str:
    rule = (
        f"{{id: {id_}.team, kind: staffing, severity: policy, source_quality: text, citation: x,"
        " params: {min: 2}, message: {en: x, zh: x}}"
    )
    return (
        f"id: {id_}\nversion: 2026-01-01\ntitle: {{en: x, zh: x}}\napplies: jurisdiction\n"
        f"covers: {covers}\nrules: [{rule}]\n"
    )


def test_a_country_covers_its_regions_and_a_pack_may_cover_one_business() -> None:
    library = Library(
        read_text(_covering(id_, covers), f"{id_}.yaml")
        for id_, covers in (
            ("us", "{country: US}"),
            ("us-ma", "{country: US, region: MA}"),
            ("us-cards", "{country: US, products: [credit_card]}"),
            ("us-agencies", "{country: US, collectors: [agency]}"),
        )
    )

    def found(region: str, collector: CollectorClass, *products: Product | None) -> list[str]:
        place = Place(PlaceKind.HOME, country="US", region=region)
        return [p.id for p in library.resolve(place, None, collector, products, TODAY)]

    creditor = CollectorClass.CREDITOR
    assert found("MA", creditor, Product.AUTO) == ["us", "us-ma"]
    assert found("US-MA", creditor, Product.AUTO) == ["us", "us-ma"]
    assert found("NY", creditor, Product.AUTO) == ["us"]
    assert found("NY", creditor, Product.AUTO, Product.CREDIT_CARD) == ["us", "us-cards"]
    assert found("NY", creditor, None) == ["us", "us-cards"]  # it might be a card
    assert found("NY", CollectorClass.AGENCY, Product.AUTO) == ["us", "us-agencies"]


def test_packs_are_named_by_id_or_with_their_version() -> None:
    (tw,) = LIBRARY.named(["tw"])
    assert LIBRARY.named([tw.name, "tw"]) == (tw,)
    with pytest.raises(UnknownPack, match="did you mean 'tw'"):
        LIBRARY.named(["tww"])
    with pytest.raises(UnknownPack, match="no pack 'tw@1999-01-01'"):
        LIBRARY.named(["tw@1999-01-01"])
