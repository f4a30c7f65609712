"""What a field may hold: times with offsets, days that exist, text that says something."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import BaseModel, ValidationError
from shared.http import AwareTime, Code, Day, Flag, Text, Whole

TAIPEI = timezone(timedelta(hours=8))


class Holder(BaseModel):
    at: AwareTime | None = None
    on: Day | None = None
    text: Text | None = None
    code: Code | None = None
    whole: Whole | None = None
    flag: Flag | None = None


def _code(**fields: object) -> str:
    with pytest.raises(ValidationError) as raised:
        Holder(**fields)
    return raised.value.errors()[0]["type"]


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-12-01T10:00:00+08:00", datetime(2026, 12, 1, 10, tzinfo=TAIPEI)),
        ("2026-12-01T02:00:00Z", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("2026-12-01t02:00:00z", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("2026-12-01T02:00:00.000Z", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("2026-12-01T02:00:00-00:00", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2200-12-31T23:59:59Z", datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2028-02-29T12:00:00+05:30", datetime(2028, 2, 29, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_time_with_an_offset_is_taken(given: str, moment: datetime) -> None:
    found = Holder(at=given).at
    assert found == moment
    assert found is not None
    assert found.tzinfo is not None


def test_a_time_keeps_the_offset_it_came_with() -> None:
    found = Holder(at="2026-12-01T10:00:00+08:00").at
    assert found is not None
    assert found.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("2026-12-01T10:00:00", "time_without_offset"),
        ("2026-12-01 10:00:00", "time_without_offset"),
        ("2026-12-01T10:00", "time_without_offset"),
        (datetime(2026, 12, 1), "time_without_offset"),
        ("2026-12-01T10:00:00.5+08:00", "time_fraction"),
        ("2026-12-01T10:00:00.000000001Z", "time_fraction"),
        (datetime(2026, 12, 1, microsecond=1, tzinfo=UTC), "time_fraction"),
        ("2026-02-29T10:00:00Z", "time_impossible"),
        ("2026-04-31T10:00:00Z", "time_impossible"),
        ("2026-13-01T10:00:00Z", "time_impossible"),
        ("2026-12-01T24:00:01Z", "time_impossible"),
        ("2026-12-01T10:60:00Z", "time_impossible"),
        ("2026-12-31T23:59:60Z", "time_impossible"),
        ("2026-12-01T10:00:00+24:00", "time_format"),
        ("2026-12-01T10:00:00+08:60", "time_format"),
        ("0000-01-01T00:00:00Z", "time_impossible"),
        ("1969-12-31T23:59:59Z", "time_out_of_range"),
        ("1970-01-01T00:00:00+14:00", "time_out_of_range"),
        ("2200-12-31T23:59:59-01:00", "time_out_of_range"),
        ("0001-01-01T00:00:00+14:00", "time_out_of_range"),
        ("9999-12-31T23:59:59-12:00", "time_out_of_range"),
        ("2026-12-01", "time_format"),
        ("2026-12-01T10:00:00 +08:00", "time_format"),
        ("2026-12-01T10:00:00+0800", "time_format"),
        ("2026-12-01T10:00:00Asia/Taipei", "time_format"),
        ("２０２６-12-01T10:00:00Z", "time_format"),
        ("2026-12-01T10:00:00Z\n", "time_format"),
        ("tomorrow", "time_format"),
        ("", "time_format"),
        (1_800_000_000, "time_format"),
        (True, "time_format"),
        ([], "time_format"),
    ],
)
def test_any_other_time_is_refused_by_name(given: object, code: str) -> None:
    assert _code(at=given) == code


@pytest.mark.parametrize("given", ["1900-01-01", "2028-02-29", "2200-12-31"])
def test_a_day_that_exists_is_taken(given: str) -> None:
    assert Holder(on=given).on == date.fromisoformat(given)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("2026-02-29", "date_impossible"),
        ("2026-11-31", "date_impossible"),
        ("2026-00-10", "date_impossible"),
        ("1899-12-31", "date_out_of_range"),
        ("2201-01-01", "date_out_of_range"),
        ("2026-12-01T00:00:00Z", "date_format"),
        ("20261201", "date_format"),
        ("2026-W49-1", "date_format"),
        ("2026/12/01", "date_format"),
        ("115-12-01", "date_format"),
        (20261201, "date_format"),
        (0, "date_format"),
        (datetime(2026, 12, 1, tzinfo=UTC), "date_format"),
    ],
)
def test_any_other_day_is_refused_by_name(given: object, code: str) -> None:
    assert _code(on=given) == code


def test_text_loses_the_spaces_around_it_and_nothing_inside() -> None:
    assert Holder(text="  陳 小姐\n二樓 ").text == "陳 小姐\n二樓"


@pytest.mark.parametrize("given", ["", " \t\n", "\u3000", "\u200b", "\u202e", "a\x00", "\x1b[2J"])
def test_text_that_shows_nothing_or_controls_a_screen_is_refused(given: str) -> None:
    assert _code(text=given) in {"string_too_short", "blank", "control_character"}


@pytest.mark.parametrize("given", ["a", "ops.7", "lender:north_bank-2", "A" * 64])
def test_a_code_is_short_and_plain(given: str) -> None:
    assert Holder(code=given).code == given


@pytest.mark.parametrize("given", ["", "-a", "a-", "a b", "a/b", "é", "a\n", "A" * 65])
def test_anything_else_is_no_code(given: str) -> None:
    assert _code(code=given) == "string_pattern_mismatch"


@pytest.mark.parametrize("given", ["3", 3.0, 3.5, True, None.__class__, "", "0x3"])
def test_a_whole_number_is_one_in_json_too(given: object) -> None:
    assert _code(whole=given) == "int_type"


@pytest.mark.parametrize("given", [0, 1, "true", "yes", 1.0])
def test_a_flag_is_true_or_false(given: object) -> None:
    assert _code(flag=given) == "bool_type"
