"""The time zone a door is judged in: known, or honestly unknown."""

from typing import Any

import pytest
from cases.domain.place import (
    Address,
    PlaceKind,
    TimeZoneElsewhere,
    UnknownCountry,
    UnknownTimeZone,
    check_country,
    time_zone,
)


def zone(
    country: str | None = None, at: tuple[float, float] | None = None, given: str | None = None
) -> str | None:
    latitude, longitude = at or (None, None)
    return time_zone(given=given, country=country, latitude=latitude, longitude=longitude)


BOSTON = (42.36, -71.06)
TAIPEI = (25.026, 121.543)
URUMQI = (43.8, 87.6)


def test_what_the_lender_gave_counts() -> None:
    assert zone("US", BOSTON, "America/Chicago") == "America/Chicago"
    assert zone(None, None, "Asia/Taipei") == "Asia/Taipei"


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("TW", "Asia/Taipei"),
        ("JP", "Asia/Tokyo"),
        ("IN", "Asia/Kolkata"),
        # Two zones on paper, one clock on the wall.
        ("DE", "Europe/Berlin"),
        ("MY", "Asia/Kuala_Lumpur"),
        ("AR", "America/Argentina/Buenos_Aires"),
    ],
)
def test_a_country_with_one_clock_settles_it(country: str, expected: str) -> None:
    assert zone(country) == expected


@pytest.mark.parametrize("country", ["US", "AU", "BR", "RU", "ID", "MX", "NZ", "PT", "ES", "UA"])
def test_a_country_with_several_clocks_settles_nothing(country: str) -> None:
    assert zone(country) is None


def test_coordinates_settle_it_within_their_country() -> None:
    assert zone("US", BOSTON) == "America/New_York"
    assert zone(None, TAIPEI) == "Asia/Taipei"


def test_swapped_coordinates_settle_nothing() -> None:
    assert zone("US", (-71.06, 42.36)) is None
    assert zone("AU", (-33.9, 18.4)) is None  # Cape Town, not Sydney


def test_the_sea_has_no_door() -> None:
    assert zone(None, (0.0, 0.0)) is None
    assert zone("US", (35.0, -50.0)) is None


def test_nothing_known_is_not_guessed() -> None:
    assert zone() is None


@pytest.mark.parametrize("given", [None, "Asia/Urumqi", "Asia/Shanghai", "America/New_York"])
def test_china_has_one_legal_zone(given: str | None) -> None:
    assert zone("CN", URUMQI, given) == "Asia/Shanghai"
    assert zone(None, URUMQI) == "Asia/Shanghai"


@pytest.mark.parametrize(
    "name",
    ["", "Taipei", "asia/taipei", "Asia/Taipeh", "GMT+8", "Etc/GMT-8", "UTC", "EST", "+08:00",
     "../etc/passwd", "Asia/Taipei\x00"],
)  # fmt: skip
def test_zones_that_are_no_places_are_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        zone("TW", TAIPEI, name)


def test_a_zone_of_another_country_is_refused() -> None:
    with pytest.raises(TimeZoneElsewhere):
        zone("US", BOSTON, "Asia/Taipei")
    with pytest.raises(TimeZoneElsewhere):
        zone("TW", None, "Asia/Tokyo")


@pytest.mark.parametrize(
    ("country", "given"),
    [("FR", "America/Martinique"), ("US", "America/Puerto_Rico"), ("IN", "Asia/Calcutta"),
     ("DE", "Europe/Zurich")],
)  # fmt: skip
def test_aliases_and_territories_are_not_elsewhere(country: str, given: str) -> None:
    assert zone(country, None, given) == given


@pytest.mark.parametrize("code", ["", "tw", "TWN", "XX", "EU", "UK", "#c"])
def test_countries_that_do_not_exist_are_refused(code: str) -> None:
    with pytest.raises(UnknownCountry):
        check_country(code)


def test_an_address_is_the_same_however_spaced_or_folded() -> None:
    def fingerprint(text: str, **changes: Any) -> bytes:
        facts: dict[str, Any] = {
            "country": "TW",
            "region": None,
            "latitude": None,
            "longitude": None,
            "timezone": None,
        }
        return Address(kind=PlaceKind.HOME, text=text, **facts | changes).fingerprint

    assert fingerprint("7 Lost Bills Lane") == fingerprint(" 7  LOST bills lane ")
    assert fingerprint("忘帳路７號") == fingerprint("忘帳路7號", timezone="Asia/Taipei")
    assert fingerprint("7 Lost Bills Lane") != fingerprint("8 Lost Bills Lane")
