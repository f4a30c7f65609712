"""Which packs a contact is checked against: found by data, in doubt where that is so, or named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from contact_rules.domain import (
    BrokenPack,
    Collector,
    CollectorClass,
    Library,
    Pack,
    Place,
    PlaceKind,
    Product,
    Residence,
    Result,
    UnknownPack,
    Verdict,
    check,
    load,
    shipped,
)
from contact_rules.domain.packs.loading import parse_pack
from door_questions import visit

TODAY = date(2026, 11, 21)
AGENCY, CREDITOR = CollectorClass.AGENCY, CollectorClass.CREDITOR


def made(name: str, applies: str, **said: str) -> Pack:
    return parse_pack(f"{name}.yaml", text_of(name, applies, **said).encode())


def text_of(name: str, applies: str, *, rule: str = "params: {min: 2}", **said: str) -> str:
    """A pack of one rule. `name` may have a version behind an @."""
    id_, _, version = name.partition("@")
    head = "".join(f"{key}: {value}\n" for key, value in said.items())
    return (
        f"id: {id_}\nversion: {version or '2026-01-01'}\ntitle: {{en: x, zh: x}}\n"
        f"applies: {applies}\n{head}rules:\n"
        f"  - {{id: {id_}.team, kind: staffing, severity: policy, source_quality: text,"
        f" citation: x, {rule}, message: {{en: x, zh: x}}}}\n"
    )


def here(country: str | None, region: str | None = None, city: str | None = None) -> Place:
    return Place(PlaceKind.HOME, country=country, region=region, city=city)


def found(
    library: Library,
    place: Place | None = None,
    residence: Residence | None = None,
    *,
    collector: CollectorClass = AGENCY,
    products: tuple[Product | None, ...] = (),
    lender: str | None = None,
    on: date = TODAY,
) -> list[str]:
    """The ids of the packs asked, with a question mark behind those asked in doubt."""
    packs = library.resolve(place, residence, collector, products, lender, on)
    return [f"{pack.id}?" if pack.in_doubt else pack.id for pack in packs]


WORLD = Library(
    [
        made("floor", "always"),
        made("nowhere", "fallback"),
        made("tw", "jurisdiction", covers="{country: TW}"),
        made("cn", "jurisdiction", covers="{country: CN}", effective_from="2025-02-28"),
        made("us", "jurisdiction", covers="{country: US, collectors: [agency]}"),
        made("us-ma", "jurisdiction", covers="{country: US, region: MA}"),
        made("us-ny", "jurisdiction", covers="{country: US, region: NY}"),
        made("us-nyc", "jurisdiction", covers="{country: US, region: NY, city: NYC}"),
        made("us-cards", "jurisdiction", covers="{country: US, products: [credit_card]}"),
        made("ca-on", "jurisdiction", covers="{country: CA, region: 'ON'}"),
        made("ca-qc", "jurisdiction", covers="{country: CA, region: QC}"),
    ]
)


@pytest.mark.parametrize(
    ("place", "residence", "expected"),
    [
        (here("TW", "TPE"), None, ["floor", "tw"]),
        (here("tw"), None, ["floor", "tw"]),
        (here("TW"), Residence("TW"), ["floor", "tw"]),
        (here("TW"), Residence("CN"), ["cn", "floor", "tw"]),
        # The law of his home does not stand in for the one missing at the door.
        (here("PT"), Residence("TW"), ["floor", "nowhere", "tw"]),
        (None, Residence("TW"), ["floor", "tw"]),
        (None, Residence("PT"), ["floor", "nowhere"]),
        (None, None, ["floor", "nowhere"]),
        (here(None), None, ["floor", "nowhere"]),
        # A country, a region of it, a city there.
        (here("US", "MA"), None, ["floor", "us", "us-cards", "us-ma"]),
        (here("US", "US-MA", "BOS"), None, ["floor", "us", "us-cards", "us-ma"]),
        (here("US", "NY", "NYC"), None, ["floor", "us", "us-cards", "us-ny", "us-nyc"]),
        (here("US", "NY", "nyc"), None, ["floor", "us", "us-cards", "us-ny", "us-nyc"]),
        (here("US", "NY", "BUF"), None, ["floor", "us", "us-cards", "us-ny"]),
        (here("US", "IL"), None, ["floor", "us", "us-cards"]),
    ],
)
def test_the_packs_of_a_place_and_a_residence(
    place: Place | None, residence: Residence | None, expected: list[str]
) -> None:
    assert found(WORLD, place, residence) == expected


@pytest.mark.parametrize(
    ("place", "residence", "expected"),
    [
        (here("US", "NY"), None, ["floor", "us", "us-cards", "us-ny", "us-nyc?"]),
        (here("US"), None, ["floor", "us", "us-cards", "us-ma?", "us-ny?", "us-nyc?"]),
        (here("US", ""), None, ["floor", "us", "us-cards", "us-ma?", "us-ny?", "us-nyc?"]),
        # What is no code of a region or a city says nothing.
        (here("US", "Mass."), None, ["floor", "us", "us-cards", "us-ma?", "us-ny?", "us-nyc?"]),
        (here("US", "NY", "New York"), None, ["floor", "us", "us-cards", "us-ny", "us-nyc?"]),
        # A city that is another one is no doubt, whatever the region.
        (here("US", None, "BOS"), None, ["floor", "us", "us-cards", "us-ma?", "us-ny?"]),
        # What is known of the one settles what is not known of the other.
        (here("US", None, "BOS"), Residence("US", "MA"),
         ["floor", "us", "us-cards", "us-ma", "us-ny?"]),
        (here("TW"), Residence("US", "NY"), ["floor", "tw", "us", "us-cards", "us-ny", "us-nyc?"]),
        (None, Residence("US", "NY"), ["floor", "us", "us-cards", "us-ny", "us-nyc?"]),
        # Perhaps no pack covers the place: then the fallback does.
        (here("CA"), None, ["ca-on?", "ca-qc?", "floor", "nowhere"]),
        (here("CA", "QC"), None, ["ca-qc", "floor"]),
        (here("CA", "AB"), None, ["floor", "nowhere"]),
        (here("CA", "AB"), Residence("CA"), ["ca-on?", "ca-qc?", "floor", "nowhere"]),
    ],
)  # fmt: skip
def test_where_the_region_or_city_is_not_known_packs_are_asked_in_doubt(
    place: Place | None, residence: Residence | None, expected: list[str]
) -> None:
    assert found(WORLD, place, residence) == expected


def test_in_doubt_a_pack_can_not_say_no_and_what_it_would_let_pass_passes() -> None:
    library = Library([made("us-ma", "jurisdiction", covers="{country: US, region: MA}")])
    (pack,) = library.resolve(here("US"), None, AGENCY, (), None, TODAY)
    alone = visit(team=visit().team[:1])
    sure = check(alone, library.named(["us-ma"]))
    doubted = check(alone, [pack])
    assert (sure.verdict, doubted.verdict) == (Verdict.DENY, Verdict.NEEDS_REVIEW)
    (found,) = doubted.checks
    assert (found.rule, found.pack, found.result) == (
        "us-ma.team",
        "us-ma@2026-01-01",
        Result.UNKNOWN,
    )
    assert found.message.en == "Not known: whether the contact is in US-MA."
    assert "US-MA" in found.message.zh
    assert check(visit(), [pack]).verdict is Verdict.ALLOW
    # Made once, so that a calendar sees the same packs from day to day.
    assert library.resolve(here("US"), None, CREDITOR, (), None, TODAY) == (pack,)


def test_a_pack_may_be_about_one_business() -> None:
    place = here("US", "IL")
    assert found(WORLD, place, collector=CREDITOR) == ["floor", "us-cards"]
    assert found(WORLD, place, collector=CREDITOR, products=(Product.AUTO,)) == ["floor", "nowhere"]
    both = (Product.AUTO, Product.CREDIT_CARD)
    assert found(WORLD, place, collector=CREDITOR, products=both) == ["floor", "us-cards"]
    # It might be a card.
    assert found(WORLD, place, collector=CREDITOR, products=(None,)) == ["floor", "us-cards"]


def test_a_pack_not_in_force_leaves_the_place_to_the_fallback() -> None:
    place = here("CN", "GD")
    assert found(WORLD, place, on=date(2025, 2, 27)) == ["floor", "nowhere"]
    assert found(WORLD, place, on=date(2025, 2, 28)) == ["cn", "floor"]


def test_versions_of_a_pack_follow_each_other() -> None:
    library = Library(
        [
            made("tw", "jurisdiction", covers="{country: TW}", effective_to="2026-12-31"),
            made(
                "tw@2027-01-01",
                "jurisdiction",
                rule="params: {min: 3}",
                covers="{country: TW}",
                effective_from="2027-01-01",
            ),
        ]
    )
    for on, name in (
        (date(2026, 12, 31), "tw@2026-01-01"),
        (date(2027, 1, 1), "tw@2027-01-01"),
    ):
        (pack,) = library.resolve(here("TW"), None, AGENCY, (), None, on)
        assert pack.name == name
    # Named without its version it is asked in both, and each speaks on its own days.
    packs = library.named(["tw"])
    assert [pack.name for pack in packs] == ["tw@2026-01-01", "tw@2027-01-01"]
    for at, version in (("2026-12-31 10:00", "2026-01-01"), ("2027-01-01 10:00", "2027-01-01")):
        (found,) = check(visit(at), packs).checks
        assert found.pack == f"tw@{version}"
    # Named with it, exactly that one: which has nothing to say on other days.
    assert check(visit("2027-01-01 10:00"), library.named(["tw@2026-01-01"])).checks == ()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {}),
        ({"effective_to": "2027-01-01"}, {"effective_from": "2027-01-01"}),
        ({}, {"effective_from": "2027-01-01"}),
    ],
)
def test_versions_that_are_in_force_together_are_refused_by_name(
    earlier: dict[str, str], later: dict[str, str]
) -> None:
    packs = [made("tw", "named", **earlier), made("tw@2027-01-01", "named", **later)]
    with pytest.raises(BrokenPack) as broken:
        Library(packs)
    said = str(broken.value)
    assert said.startswith("tw@2027-01-01.yaml:1: tw@2027-01-01 (tw@2027-01-01.yaml) and ")
    assert "tw@2026-01-01 (tw.yaml) are in force on the same days" in said


def test_the_same_version_twice_is_refused() -> None:
    packs = [made("tw", "named"), made("tw@2026-01-01", "named")]
    with pytest.raises(BrokenPack, match="in force on the same days"):
        Library(packs)


def test_packs_are_named_by_id_or_with_their_version() -> None:
    (tw,) = WORLD.named(["tw"])
    assert WORLD.named([tw.name, "tw"]) == (tw,)
    assert [pack.id for pack in WORLD.named(["us-nyc", "cn"])] == ["cn", "us-nyc"]
    for unknown, said in (
        ("tww", "did you mean 'tw'"),
        ("tw@1999-01-01", "no pack 'tw@1999-01-01'; did you mean 'tw@2026-01-01'"),
        ("", "one of: "),
    ):
        with pytest.raises(UnknownPack, match=said):
            WORLD.named([unknown])


def test_a_pack_brings_those_it_extends_and_those_they_extend() -> None:
    library = Library(
        [
            made("us-ma", "jurisdiction", covers="{country: US, region: MA}", extends="[banking]"),
            made("banking", "named", extends="[cards, agencies]"),
            made("cards", "jurisdiction", covers="{country: CH, products: [credit_card]}"),
            made("agencies", "named", effective_to="2026-11-20"),
            made("floor", "always", extends="[house]"),
            made("house", "named"),
        ]
    )
    place = here("US", "MA")
    assert found(library, place) == ["banking", "cards", "floor", "house", "us-ma"]
    assert found(library, place, products=(Product.AUTO,)) == [
        "banking",
        "floor",
        "house",
        "us-ma",
    ]
    assert "agencies" in found(library, place, on=date(2026, 11, 20))
    # In doubt about the one, in doubt about what it brings.
    assert found(library, here("US")) == ["banking?", "cards?", "floor", "house", "us-ma?"]
    assert found(library, here("DE")) == ["floor", "house"]
    # Whoever names a pack gets that pack.
    assert [pack.id for pack in library.named(["us-ma"])] == ["us-ma"]


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ({"a": "[zzz]"}, r"a\.yaml:5: there is no pack 'zzz' \(one of: a, bb\)"),
        ({"a": "[bbb]"}, r"did you mean 'bb'\?"),
        ({"a": "[a]"}, r"a\.yaml:5: packs extend each other in a circle: a → a$"),
        ({"a": "[bb]", "bb": "[a]"}, r"circle: a → bb → a\nbb\.yaml:5: .*circle: bb → a → bb$"),
        ({"a": "[]"}, None),
    ],
)
def test_extending_what_is_not_there_or_oneself_is_refused(
    extends: dict[str, str], said: str | None
) -> None:
    packs = [
        made(id_, "named", **({"extends": extends[id_]} if id_ in extends else {}))
        for id_ in ("a", "bb")
    ]
    if said is None:
        assert len(Library(packs)) == 2
        return
    with pytest.raises(BrokenPack, match=said):
        Library(packs)


def test_a_long_circle_is_told_from_each_of_its_packs() -> None:
    packs = [
        made("a", "named", extends="[b, d]"),
        made("b", "named", extends="[c]"),
        made("c", "named", extends="[a]"),
        made("d", "named", extends="[a]"),
    ]
    with pytest.raises(BrokenPack) as broken:
        Library(packs)
    assert [(c.file, c.what.rpartition(": ")[2]) for c in broken.value.complaints] == [
        ("a.yaml", "a → b → c → a"),
        ("a.yaml", "a → d → a"),
        ("b.yaml", "b → c → a → b"),
        ("c.yaml", "c → a → b → c"),
        ("d.yaml", "d → a → d"),
    ]


def test_an_overlay_is_asked_for_its_lender_alone() -> None:
    library = Library(
        [
            made("tw", "jurisdiction", covers="{country: TW}"),
            made("river", "overlay", lender="river-bank"),
            made("river-tw", "overlay", lender="river-bank", covers="{country: TW, region: TPE}"),
            made("hill", "overlay", lender="hill-bank", extends="[hill-extra]"),
            made("hill-extra", "overlay", lender="hill-bank"),
        ]
    )
    assert found(library, here("TW", "TPE"), lender="river-bank") == ["river", "river-tw", "tw"]
    assert found(library, here("TW"), lender="river-bank") == ["river", "river-tw?", "tw"]
    assert found(library, here("JP"), lender="river-bank") == ["river"]
    assert found(library, here("TW"), lender="hill-bank") == ["hill", "hill-extra", "tw"]
    for stranger in (None, "RIVER-BANK", "river"):
        assert found(library, here("TW"), lender=stranger) == ["tw"]


def test_an_overlay_is_nobody_elses_to_bring() -> None:
    packs = [
        made("tw", "jurisdiction", covers="{country: TW}", extends="[river]"),
        made("river", "overlay", lender="river-bank"),
        made("hill", "overlay", lender="hill-bank", extends="[river]"),
    ]
    with pytest.raises(BrokenPack) as broken:
        Library(packs)
    assert [(c.file, c.what) for c in broken.value.complaints] == [
        ("hill.yaml", "'river' is for the contacts of 'river-bank' alone"),
        ("tw.yaml", "'river' is for the contacts of 'river-bank' alone"),
    ]


def test_the_same_question_gets_the_same_tuple() -> None:
    for place in (here("US"), here("US", "NY"), here("CA"), None):
        first = WORLD.resolve(place, None, AGENCY, (), None, TODAY)
        assert WORLD.resolve(place, None, AGENCY, {None}, "x", TODAY) == first
        assert WORLD.resolve(place, None, AGENCY, (), None, date(2026, 11, 22)) is first


def test_a_directory_is_read_whole_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    for id_ in ("one", "two"):
        (tmp_path / f"{id_}.yaml").write_text(text_of(id_, "named"))
    (tmp_path / ".two.yaml").write_text("half an editor's copy")
    (tmp_path / ".#two.yaml").symlink_to("nobody@nowhere.1234")
    (tmp_path / "notes.txt").write_text("no pack")
    assert [pack.id for pack in load(tmp_path)] == ["one", "two"]
    (tmp_path / "one.yaml").write_text("id: one\nversion: never\n")
    (tmp_path / "two.yaml").write_text("id: three\n")
    with pytest.raises(BrokenPack) as broken:
        load(tmp_path)
    assert {c.file for c in broken.value.complaints} == {"one.yaml", "two.yaml"}


def test_of_the_shipped_packs_each_place_gets_its_own() -> None:
    library = load(shipped())
    assert found(library, here("TW", "TPE")) == ["person-protection", "tw"]
    assert found(library, here("CN", "SH"), Residence("TW")) == ["cn", "person-protection", "tw"]
    assert found(library, here("PT")) == ["default-policy", "person-protection"]
    ma = found(library, here("US", "MA"))
    assert {"us-ma", "us-regf", "person-protection"} <= set(ma)
    assert not {"us-nyc", "us-dc", "default-policy"} & set(ma)
    assert {"us-ma?", "us-dc?", "us-regf"} <= set(found(library, here("US")))
    creditor = Collector("c", CREDITOR).class_
    assert "us-regf" not in found(library, here("US", "IL"), collector=creditor)
