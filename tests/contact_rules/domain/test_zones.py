"""Local calendars are exact, also where clocks change, midnight repeats or a day is skipped."""

import struct
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tzdata
from contact_rules.domain.zones import DAY, Zone, date_of, day_number, seconds, weekday, zone
from hypothesis import given
from hypothesis import strategies as st

STRANGE = [
    "Asia/Taipei",
    "America/New_York",
    "Australia/Lord_Howe",  # changes by half an hour
    "Africa/Casablanca",  # changes for Ramadan
    "America/St_Johns",  # until 2011 at one past midnight, back into the day before
    "America/Santiago",  # midnight itself is skipped
    "Pacific/Apia",  # had no 30 December 2011
    "Asia/Kathmandu",
    "Europe/Dublin",
    "America/Sao_Paulo",
]


def _zone(name: str) -> Zone:
    found = zone(name)
    assert found is not None
    return found


@given(st.sampled_from(STRANGE), st.integers(0, 2_500_000_000))
def test_day_and_offset_are_those_of_the_standard_library(name: str, at: int) -> None:
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(name))
    assert _zone(name).offset(at) == local.utcoffset().total_seconds()
    assert date_of(_zone(name).day(at)) == local.date()
    assert _zone(name).local(at) == local
    assert weekday(_zone(name).day(at)) == local.weekday()


@given(st.sampled_from(STRANGE), st.dates(date(1971, 1, 1), date(2045, 12, 31)))
def test_pieces_are_exactly_the_seconds_of_a_day(name: str, day: date) -> None:
    number = day_number(day)
    for piece in _zone(name).pieces(number):
        for at in (piece.from_, piece.to - 1):
            assert _zone(name).day(at) == number
            assert _zone(name).offset(at) == piece.offset
    begin = (number - 1) * DAY
    for at in range(begin, begin + 3 * DAY, 300):
        inside = any(piece.from_ <= at < piece.to for piece in _zone(name).pieces(number))
        assert inside is (_zone(name).day(at) == number)


@given(st.sampled_from(STRANGE), st.dates(date(1971, 1, 1), date(2045, 12, 31)))
def test_turns_name_every_passing_into_a_day(name: str, day: date) -> None:
    number, here = day_number(day), _zone(name)
    turns = here.turns(number)
    begin = number * DAY - 2 * DAY
    before = here.day(begin)
    for at in range(begin, begin + 5 * DAY, 60):
        after = here.day(at)
        if (before < number) is not (after < number):
            assert any(at - 60 < turn <= at for turn in turns)
        before = after


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Taipei", date(2026, 3, 8), 24),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_has_as_many_hours_as_it_has(name: str, day: date, hours: float) -> None:
    pieces = _zone(name).pieces(day_number(day))
    assert sum(piece.to - piece.from_ for piece in pieces) == hours * 3600


def test_where_midnight_repeats_both_days_come_in_two_pieces() -> None:
    # On 7 November 2010, at 00:01, Newfoundland went back to 23:01 of the 6th.
    newfoundland = _zone("America/St_Johns")
    before, after = day_number(date(2010, 11, 6)), day_number(date(2010, 11, 7))
    assert [piece.to - piece.from_ for piece in newfoundland.pieces(before)] == [DAY, 3540]
    assert [piece.to - piece.from_ for piece in newfoundland.pieces(after)] == [60, DAY]
    assert len(newfoundland.turns(after)) == 4


def test_a_skipped_day_is_left_as_it_is_entered() -> None:
    apia = _zone("Pacific/Apia")
    skipped = day_number(date(2011, 12, 30))
    assert apia.turns(skipped)[-1] == apia.pieces(skipped + 1)[0].from_


@pytest.mark.parametrize("name", ["", "Nowhere/Nothing", "../../etc/passwd", "/etc/localtime"])
def test_what_is_no_zone_is_not_known(name: str) -> None:
    assert zone(name) is None


def test_fractions_of_a_second_are_dropped_also_before_1970() -> None:
    assert seconds(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) == -1
    assert seconds(datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC)) == 1_767_225_600


def test_no_zone_changes_its_clocks_twice_in_a_day_since_1970() -> None:
    """What lets `Zone` look only once a day for changes: read from the whole database."""
    root = Path(tzdata.__file__).parent / "zoneinfo"
    shortest = timedelta.max
    files = [file for file in root.rglob("*") if file.is_file()]
    for file in files:
        content = file.read_bytes()
        if content[:4] == b"TZif":
            changes = [at for at in _offset_changes(content) if at >= 0]
            for one, other in pairwise(changes):
                shortest = min(shortest, timedelta(seconds=other - one))
    assert shortest > timedelta(days=2)


def _offset_changes(content: bytes) -> list[int]:
    """The instants at which the offset changes, of the 64-bit block of a TZif file."""
    first = struct.unpack(">6l", content[20:44])
    skip = 44 + first[3] * 5 + first[4] * 6 + first[5] + first[2] * 8 + first[1] + first[0]
    times, types = struct.unpack(">6l", content[skip + 20 : skip + 44])[3:5]
    begin = skip + 44
    at = struct.unpack(f">{times}q", content[begin : begin + 8 * times])
    kinds = content[begin + 8 * times : begin + 9 * times]
    table = begin + 9 * times
    offsets = [
        struct.unpack(">l", content[table + 6 * kind : table + 6 * kind + 4])[0]
        for kind in range(types)
    ]
    changes, current = [], None
    for moment, kind in zip(at, kinds, strict=True):
        if offsets[kind] != current:
            changes.append(moment)
            current = offsets[kind]
    return changes
