"""Places: the addresses of a person, and the time zone a visit there is judged in.

A visit is judged where the door is, so a door without a time zone can't be approved. A zone that
is guessed wrong is worse than none: what nothing settles stays None, and contact-rules sends such
visits to review.
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, available_timezones

import tzfpy

from cases.domain.refusal import Refusal


class PlaceKind(StrEnum):
    """What an address is to the person."""

    HOME = "home"
    WORK = "work"
    AGREED = "agreed"
    PUBLIC = "public"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    BRANCH = "branch"
    OTHER = "other"


class UnknownTimeZone(Refusal):
    """The name is no time zone of a place."""

    code: ClassVar[str] = "unknown_timezone"

    def __init__(self) -> None:
        super().__init__(
            "The time zone is not in the tz database as Area/City, such as Asia/Taipei.",
            "时区不是 tz 数据库中的“地区/城市”名称（如 Asia/Taipei）。",
        )


class UnknownCountry(Refusal):
    """The code is no ISO 3166-1 alpha-2 country."""

    code: ClassVar[str] = "unknown_country"

    def __init__(self) -> None:
        super().__init__(
            "The country is not an ISO 3166-1 code of two capitals, such as TW.",
            "国家或地区不是 ISO 3166-1 两位大写代码（如 TW）。",
        )


class TimeZoneElsewhere(Refusal):
    """The zone keeps another clock than any part of the country named beside it."""

    code: ClassVar[str] = "timezone_elsewhere"

    def __init__(self, zone: str, country: str) -> None:
        super().__init__(
            f"No part of {country} keeps the time of {zone}.",
            f"{country} 境内没有地方使用 {zone} 的时间。",
        )


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person may be visited. ``region`` is the ISO 3166-2 part behind the country,
    ``city`` that of UN/LOCODE."""

    kind: PlaceKind
    text: str
    country: str | None
    region: str | None
    latitude: float | None
    longitude: float | None
    timezone: str | None
    # Left out of repr, by which statements are compared: those without a city stay as they were.
    city: str | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> bytes:
        """The same for the same kind and text however spaced, cased or folded."""
        plain = "".join(unicodedata.normalize("NFKC", self.text).casefold().split())
        return sha256(f"{self.kind.value}\n{plain}".encode()).digest()


# Countries whose law knows one time, whatever the map of used times says: Beijing time holds
# in Xinjiang too, where tzdata also lists Asia/Urumqi.
_LEGAL_ZONE: Final = {"CN": "Asia/Shanghai"}

# ISO 3166-2 lists these as parts of the country, ISO 3166-1 and zone.tab under codes of their own.
_TERRITORIES: Final = {
    "FR": ("BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "TF", "WF", "YT"),
    "NL": ("AW", "BQ", "CW", "SX"),
    "US": ("AS", "GU", "MP", "PR", "UM", "VI"),
}

# Zones of one country count as one when their clocks agree on every day of these years: Büsingen
# and Berlin, Kuching and Kuala Lumpur. The years are those visits may be planned in; 2037 is
# where zone files end their lists.
_SAME_FROM: Final = datetime(2025, 1, 1, 12, tzinfo=UTC)
_SAME_DAYS: Final = 365 * 13


@cache
def _countries() -> frozenset[str]:
    lines = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(
        line.split("\t")[0] for line in lines.splitlines() if line and not line.startswith("#")
    )


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    """tzdata's zone.tab: the zones of each country, the one most people live in first."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, list[str]] = {}
    for line in lines.splitlines():
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            zones.setdefault(country, []).append(zone)
    return {country: tuple(names) for country, names in zones.items()}


@cache
def zone_names() -> frozenset[str]:
    """Every zone an address may have."""
    return frozenset(
        name for name in available_timezones() if "/" in name and not name.startswith("Etc/")
    )


@lru_cache(maxsize=4096)
def _same_clock(zones: tuple[str, ...]) -> bool:
    clocks = [ZoneInfo(zone) for zone in zones]
    return all(
        len({moment.astimezone(clock).utcoffset() for clock in clocks}) == 1
        for moment in (_SAME_FROM + timedelta(days=day) for day in range(_SAME_DAYS))
    )


@cache
def _zone_of_country(country: str) -> str | None:
    if country in _LEGAL_ZONE:
        return _LEGAL_ZONE[country]
    zones = _zones_by_country().get(country, ())
    return zones[0] if zones and _same_clock(zones) else None


@lru_cache(maxsize=4096)
def _lies_in(zone: str, country: str) -> bool:
    own = [
        name
        for code in (country, *_TERRITORIES.get(country, ()))
        for name in _zones_by_country().get(code, ())
    ]
    return not own or zone in own or any(_same_clock((zone, name)) for name in own)


def check_country(code: str) -> str:
    """``code`` if it is a country; raises `UnknownCountry`."""
    if code not in _countries():
        raise UnknownCountry
    return code


def time_zone(
    *,
    given: str | None,
    country: str | None,
    latitude: float | None,
    longitude: float | None,
) -> str | None:
    """The IANA zone of a place, or None when nothing settles it. Raises `UnknownTimeZone`,
    or `TimeZoneElsewhere` when what was given contradicts the country.

    In this order: the one legal zone of the country (China); what the lender gave; the country,
    if all of it keeps one clock; the coordinates, unless they lie at sea, in another country than
    the one named (swapped or mistyped), or where maps disagree about the zone.
    """
    if given is not None and given not in zone_names():
        raise UnknownTimeZone
    if country in _LEGAL_ZONE:
        return _LEGAL_ZONE[country]
    if given is not None:
        if country is not None and not _lies_in(given, country):
            raise TimeZoneElsewhere(given, country)
        return given
    if country is not None and (zone := _zone_of_country(country)) is not None:
        return zone
    if latitude is None or longitude is None:
        return None
    return _zone_at(country, latitude, longitude)


@lru_cache(maxsize=65536)
def _zone_at(country: str | None, latitude: float, longitude: float) -> str | None:
    zones = tuple(
        sorted(
            zone for zone in set(tzfpy.get_tzs(longitude, latitude)) if not zone.startswith("Etc/")
        )
    )
    if country is not None:
        own = _zones_by_country().get(country, ())
        zones = tuple(zone for zone in zones if zone in own)
    else:
        zones = _legal(zones)
    if not zones or not _same_clock(zones):
        return None
    return zones[0] if zones[0] in zone_names() else None


def _legal(zones: tuple[str, ...]) -> tuple[str, ...]:
    legal = {
        zone: _LEGAL_ZONE[country]
        for country in _LEGAL_ZONE
        for zone in _zones_by_country()[country]
    }
    return tuple(sorted({legal.get(zone, zone) for zone in zones}))
