"""The story can be told on any day: the calendar finds its days, and the packs say of them what it
tells."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import holidays
import pytest
from cases.domain.place import time_zone
from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Contact,
    Debt,
    Direction,
    Library,
    Member,
    Party,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Result,
    Role,
    Verdict,
    load,
    shipped,
)
from contact_rules.handlers.ask_rules import Asked
from doorstep.sample.places import CHILE, INDONESIA, ITALY
from doorstep.story import days
from doorstep.story.names import masked
from doorstep.story.telling import coming_holidays

_BEGIN = datetime(2026, 1, 1, 3, tzinfo=UTC)
_ALL_YEAR_ROUND = [_BEGIN + timedelta(days=17 * step) for step in range(120)]
_TAIPEI = ZoneInfo("Asia/Taipei")


@pytest.fixture(scope="module")
def packs() -> Library:
    return load(shipped())


@pytest.mark.parametrize("country", ["TW", "CN", "ID", "IT"])
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


def test_a_holiday_is_never_farther_off_than_two_months_or_so() -> None:
    for step in range(366 * 10):
        now = _BEGIN + timedelta(days=step)
        country, day, name = coming_holidays(now)[0]
        here = ZoneInfo(country.timezone)
        assert country in (INDONESIA, CHILE)
        assert name
        assert day.weekday() != 6
        assert timedelta(days=1) < days.at(day, "10:00", here) - now < timedelta(days=65)


def test_on_that_holiday_the_law_denies_the_visit_and_names_the_days_after(packs: Library) -> None:
    for now in _ALL_YEAR_ROUND:
        for country, day, name in coming_holidays(now):
            starts_at = days.at(day, "10:00", ZoneInfo(country.timezone))
            region = country.districts[0].region
            asked = _asked(packs, starts_at, country.code, country.timezone, region)
            assert asked.check().verdict is Verdict.DENY, name
            assert _reasons(asked) == {(country.code.lower(), "window", Result.FAIL)}, name
            first = asked.next_lawful(starts_at, most=1)[0].from_.astimezone(starts_at.tzinfo)
            assert day < first.date() <= day + timedelta(days=7), name


def test_the_week_before_it_the_same_visit_may_be(packs: Library) -> None:
    country, day, _ = coming_holidays(datetime(2026, 12, 1, tzinfo=UTC))[0]
    assert (country, day) == (CHILE, date(2026, 12, 8))
    starts_at = days.at(day - timedelta(days=7), "10:00", ZoneInfo(country.timezone))
    asked = _asked(packs, starts_at, country.code, country.timezone, "RM")
    assert asked.check().verdict is Verdict.ALLOW


def test_without_a_pack_no_time_makes_up_for_attempts_and_a_notice(packs: Library) -> None:
    rome = ZoneInfo(ITALY.timezone)
    for now in _ALL_YEAR_ROUND[::10]:
        starts_at = days.at(next(days.working_days(ITALY.code, rome, now)), "10:00", rome)
        asked = _asked(packs, starts_at, ITALY.code, ITALY.timezone, ITALY.districts[0].region)
        assert asked.check().verdict is Verdict.DENY
        assert _reasons(asked) == {("default-policy", "event_count", Result.FAIL)}
        assert asked.next_lawful(starts_at, most=1) == []


def test_it_is_only_the_unknown_time_zone_that_needs_review(packs: Library) -> None:
    assert time_zone(given=None, country="ID", latitude=None, longitude=None) is None
    for now in _ALL_YEAR_ROUND:
        day = next(days.working_days("ID", ZoneInfo("UTC"), now))
        starts_at = days.at(day, "04:00", ZoneInfo("UTC"))
        asked = _asked(packs, starts_at, "ID", None, None)
        assert asked.check().verdict is Verdict.NEEDS_REVIEW
        reasons = _reasons(asked)
        assert ("id", "window", Result.UNKNOWN) in reasons
        assert {result for _, _, result in reasons} == {Result.UNKNOWN}
        for zone in ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"):
            assert _asked(packs, starts_at, "ID", zone, None).check().verdict is Verdict.ALLOW


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


def _asked(
    packs: Library, starts_at: datetime, country: str, zone: str | None, region: str | None
) -> Asked:
    """A first visit as the story asks for it: by two of the lender's own, at home, by day."""
    papers = frozenset({"work_id", "authorisation_letter", "agent_certificate"})
    contact = Contact(
        starts_at=starts_at,
        duration=timedelta(minutes=30),
        channel=Channel.VISIT,
        direction=Direction.OUTBOUND,
        purpose=Purpose.COLLECT,
        party=Party("somebody", Role.DEBTOR, age=30),
        debts=(Debt("card", Product.CREDIT_CARD, 63, Decimal("0.15")),),
        collector=Collector("sample-bank", CollectorClass.CREDITOR),
        place=Place(PlaceKind.HOME, zone, country, region),
        team=(Member("chen", papers), Member("lin", papers)),
        lender="sample-bank",
    )
    return Asked(contact, packs)


def _reasons(asked: Asked) -> set[tuple[str, str, Result]]:
    return {
        (check.pack.partition("@")[0], check.kind, check.result)
        for check in asked.check().checks
        if check.result in (Result.FAIL, Result.UNKNOWN)
    }
