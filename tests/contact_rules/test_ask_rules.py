"""The packs of a contact change with the day; the calendar and the check go along."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Contact,
    Debt,
    Direction,
    Library,
    Party,
    Place,
    PlaceKind,
    Purpose,
    Role,
    Verdict,
    load,
)
from contact_rules.handlers.ask_rules import Asked

TAIPEI = ZoneInfo("Asia/Taipei")

HOURS = """
id: {id}
version: 2026-01-01
title: {{en: Hours, zh: 时间}}
applies: jurisdiction
covers: {{country: TW}}
effective_from: {from_}
effective_to: {to}
rules:
  - id: {id}.hours
    kind: window
    severity: prohibition
    params: {{hours: {{every_day: ["{hours}"]}}}}
    citation: made up
    source_quality: text
    message: {{en: Hours., zh: 时间。}}
"""

CONTACT = Contact(
    starts_at=datetime(2026, 12, 10, 10, tzinfo=TAIPEI),
    duration=timedelta(minutes=30),
    channel=Channel.VISIT,
    direction=Direction.OUTBOUND,
    purpose=Purpose.COLLECT,
    place=Place(PlaceKind.HOME, "Asia/Taipei", "TW", "TPE"),
    party=Party("p1", Role.DEBTOR, 40),
    debts=(Debt("d1"),),
    collector=Collector("c1", CollectorClass.CREDITOR),
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Until 12 December mornings, on the 13th nothing of its own, from the 14th afternoons."""
    for id_, from_, to, hours in (
        ("mornings", "2026-01-01", "2026-12-12", "08:00-12:00"),
        ("afternoons", "2026-12-14", "2027-12-31", "13:00-17:00"),
    ):
        text = HOURS.format(id=id_, from_=from_, to=to, hours=hours)
        (tmp_path / f"{id_}.yaml").write_text(text)
    nowhere = HOURS.format(id="nowhere", from_="2020-01-01", to="2040-01-01", hours="00:00-24:00")
    fallback = nowhere.replace("applies: jurisdiction", "applies: fallback")
    fallback = fallback.replace("covers: {country: TW}\n", "")
    (tmp_path / "nowhere.yaml").write_text(fallback)
    return load(tmp_path)


def test_a_calendar_over_a_change_of_packs_says_what_a_check_says(library: Library) -> None:
    asked = Asked(CONTACT, library)
    first = datetime(2026, 12, 11, 6, tzinfo=TAIPEI)
    last = first + timedelta(days=5)
    found = asked.windows(first, last)
    moment = first
    while moment <= last:
        inside = any(window.from_ <= moment <= window.to for window in found)
        for aside in (timedelta(0), timedelta(seconds=1), timedelta(seconds=-1)):
            at = moment + aside
            if not first <= at <= last:
                continue
            inside = any(window.from_ <= at <= window.to for window in found)
            allowed = replace(asked, contact=CONTACT.at(at)).check().verdict is Verdict.ALLOW
            assert inside is allowed, at
        moment += timedelta(minutes=15)


def test_windows_that_touch_are_one(library: Library) -> None:
    asked = Asked(replace(CONTACT, duration=timedelta(0)), library)
    of_the_13th = asked.windows(
        datetime(2026, 12, 12, 13, tzinfo=TAIPEI), datetime(2026, 12, 14, 12, tzinfo=TAIPEI)
    )
    assert [(w.from_.isoformat(), w.to.isoformat()) for w in of_the_13th] == [
        ("2026-12-13T00:00:00+08:00", "2026-12-13T23:59:59+08:00")
    ]


def test_named_packs_are_asked_whatever_the_day(library: Library) -> None:
    asked = Asked(CONTACT, library, named=library.named(["nowhere"]))
    later = datetime(2026, 12, 11, tzinfo=TAIPEI)
    (window,) = asked.windows(later, later + timedelta(days=3))
    assert (window.from_, window.to) == (later, later + timedelta(days=3))


def test_the_first_lawful_windows_are_whole_and_no_more_than_asked_for(library: Library) -> None:
    asked = Asked(CONTACT, library)
    found = asked.next_lawful(CONTACT.starts_at, most=3)
    assert [window.from_.isoformat() for window in found] == [
        "2026-12-10T10:00:00+08:00",
        "2026-12-11T08:00:00+08:00",
        "2026-12-12T08:00:00+08:00",
    ]
    assert asked.earliest() == CONTACT.starts_at
    assert len(asked.next_lawful(CONTACT.starts_at, most=1000)) > 80


def test_never_means_none(tmp_path: Path) -> None:
    always = HOURS.format(id="always", from_="2020-01-01", to="2040-01-01", hours="08:00-12:00")
    (tmp_path / "always.yaml").write_text(always)
    five_hours = replace(CONTACT, duration=timedelta(hours=5))
    asked = Asked(five_hours, load(tmp_path))
    assert asked.next_lawful(CONTACT.starts_at, most=5) == []
    assert asked.earliest() is None


def test_where_no_zone_is_known_days_are_those_of_utc(library: Library) -> None:
    nowhere = Place(PlaceKind.HOME, None, "TW")
    asked = Asked(replace(CONTACT, place=nowhere), library)
    assert [pack.id for pack in asked.packs()] == ["mornings"]
    assert asked.check().verdict is Verdict.NEEDS_REVIEW
    assert asked.earliest() is None
    made_up = Place(PlaceKind.HOME, "Asia/Atlantis", "TW")
    assert Asked(replace(CONTACT, place=made_up), library).earliest() is None


def test_a_calendar_knows_the_overlay_of_the_lender_and_what_is_in_doubt(
    library: Library, tmp_path: Path
) -> None:
    overlay = HOURS.format(id="river", from_="2020-01-01", to="2026-12-11", hours="09:00-10:00")
    overlay = overlay.replace("jurisdiction", "overlay\nlender: river-bank")
    (tmp_path / "river.yaml").write_text(overlay.replace("covers: {country: TW}\n", ""))
    capital = HOURS.format(id="capital", from_="2020-01-01", to="2040-01-01", hours="09:30-18:00")
    capital = capital.replace("{country: TW}", "{country: TW, region: TPE}")
    (tmp_path / "capital.yaml").write_text(capital)
    asked = Asked(replace(CONTACT, lender="river-bank", duration=timedelta(0)), load(tmp_path))

    def lawful(asked: Asked) -> list[str]:
        first = datetime(2026, 12, 11, tzinfo=TAIPEI)
        found = asked.windows(first, first + timedelta(days=2))
        return [f"{window.from_:%d %H:%M}-{window.to:%H:%M}" for window in found]

    assert lawful(asked) == ["11 09:30-10:00", "12 09:30-12:00"]
    another = replace(asked, contact=replace(asked.contact, lender="hill-bank"))
    assert lawful(another) == ["11 09:30-12:00", "12 09:30-12:00"]
    # Not in the capital, and then perhaps: what it would forbid is no yes either.
    for region, hours in (("KHH", "08:00-12:00"), (None, "09:30-12:00")):
        place = Place(PlaceKind.HOME, "Asia/Taipei", "TW", region)
        there = replace(another, contact=replace(another.contact, place=place))
        assert lawful(there)[:2] == [f"11 {hours}", f"12 {hours}"]
    early = replace(CONTACT, place=place, starts_at=datetime(2026, 12, 11, 9, tzinfo=TAIPEI))
    decision = Asked(early, asked.library).check()
    assert decision.verdict is Verdict.NEEDS_REVIEW
