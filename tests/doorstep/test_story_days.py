"""The story can be told on any day: its days are found by the calendar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from doorstep.story import days
from doorstep.story.names import masked

_BEGIN = datetime(2026, 1, 1, 3, tzinfo=UTC)
_ALL_YEAR_ROUND = [_BEGIN + timedelta(days=17 * step) for step in range(120)]
_TAIPEI = ZoneInfo("Asia/Taipei")


@pytest.mark.parametrize("country", ["TW", "CN", "US"])
def test_there_is_always_a_working_day_soon(country: str) -> None:
    for now in _ALL_YEAR_ROUND:
        day = next(days.working_days(country, _TAIPEI, now))
        ahead = (day - now.astimezone(_TAIPEI).date()).days
        assert 2 <= ahead <= 20
        assert day.weekday() < 5
        assert day not in holidays.country_holidays(country, years=day.year)


def test_there_are_always_four_working_days_in_one_week() -> None:
    for now in _ALL_YEAR_ROUND:
        week = days.working_week("TW", _TAIPEI, now, 4)
        assert [(day - week[0]).days for day in week] == [0, 1, 2, 3]


def test_there_is_always_a_holiday_near_enough_where_the_default_policy_holds() -> None:
    zones = {"IT": "Europe/Rome", "VN": "Asia/Ho_Chi_Minh", "JP": "Asia/Tokyo"}
    for now in _ALL_YEAR_ROUND:
        found = [days.holiday(country, ZoneInfo(zone), now) for country, zone in zones.items()]
        near = [each for each in found if each is not None]
        assert near
        for day, name in near:
            assert name
            assert day.weekday() != 6
            assert timedelta(0) < days.at(day, "10:00", _TAIPEI) - now < timedelta(days=90)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("林素珍", "林○○"),
        ("Agnolo Grifeo", "A… G…"),
        ("Đào Thị Hoa", "Đ… T… H…"),
        ("歐陽 明", "歐… 明…"),
    ],
)
def test_a_shown_name_keeps_the_first_sign_of_each_part(name: str, shown: str) -> None:
    assert masked(name) == shown
