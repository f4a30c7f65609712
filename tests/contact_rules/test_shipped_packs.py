"""The packs that ship, through the real handler: what visits to doors around the world come to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import load, shipped
from contact_rules.handlers.decide_visits import Desk
from rules_house import TUESDAY, Debtor, House

NIGHT = datetime.fromisoformat("2026-12-01T22:30:00+08:00")
SHANGHAI = {"country": "CN", "region": "SH", "timezone": "Asia/Shanghai"}
LISBON = {"country": "PT", "region": None, "timezone": "Europe/Lisbon"}
SANTIAGO = {"country": "CL", "region": "RM", "timezone": "America/Santiago"}
SUKAMAJU = {"country": "ID", "region": None, "timezone": None}


class Door(NamedTuple):
    """A home, the pack that speaks there, and what two of a lender's own hear when they ask to
    come for the first time, on a Wednesday at ten."""

    pack: str
    country: str
    region: str | None
    city: str | None
    zone: str
    answer: str
    because: str | None = None
    """The kind of the rules that are in the way."""


NOT_TRIED = "event_count"
"""What was to go before the visit, other channels or a notice, has not been seen."""

DOORS = [
    Door("au", "AU", "NSW", None, "Australia/Sydney", "denied", NOT_TRIED),
    Door("ca-on", "CA", "ON", None, "America/Toronto", "approved"),
    Door("ca-qc", "CA", "QC", None, "America/Toronto", "approved"),
    Door("cl", "CL", "RM", None, "America/Santiago", "approved"),
    Door("cn", "CN", "SH", None, "Asia/Shanghai", "approved"),
    Door("co", "CO", "DC", None, "America/Bogota", "denied", "place"),
    Door("de", "DE", "BE", None, "Europe/Berlin", "approved"),
    Door("default-policy", "IT", "MI", None, "Europe/Rome", "denied", NOT_TRIED),
    Door("default-policy", "US", "IL", None, "America/Chicago", "denied", NOT_TRIED),
    Door("hk", "HK", None, None, "Asia/Hong_Kong", "approved"),
    Door("id", "ID", "JK", None, "Asia/Jakarta", "approved"),
    Door("ie", "IE", "D", None, "Europe/Dublin", "denied", NOT_TRIED),
    Door("in", "IN", "MH", None, "Asia/Kolkata", "approved"),
    Door("jp", "JP", "13", None, "Asia/Tokyo", "approved"),
    Door("kr", "KR", "11", None, "Asia/Seoul", "denied", NOT_TRIED),
    Door("kz", "KZ", "75", None, "Asia/Almaty", "approved"),
    Door("mx", "MX", "CMX", None, "America/Mexico_City", "approved"),
    Door("pe", "PE", "LMA", None, "America/Lima", "approved"),
    Door("ph", "PH", "00", None, "Asia/Manila", "approved"),
    Door("ru", "RU", "MOW", None, "Europe/Moscow", "approved"),
    Door("sg", "SG", None, None, "Asia/Singapore", "needs-review", "staffing"),
    Door("th", "TH", "10", None, "Asia/Bangkok", "approved"),
    Door("tw", "TW", "TPE", None, "Asia/Taipei", "approved"),
    Door("uk", "GB", "LND", None, "Europe/London", "denied", NOT_TRIED),
    Door("us-dc", "US", "DC", None, "America/New_York", "denied", "gate"),
    Door("us-ma", "US", "MA", None, "America/New_York", "approved"),
    Door("us-nyc", "US", "NY", "NYC", "America/New_York", "approved"),
    # Somewhere in the state of New York: the city's law is asked in doubt, and that of no place.
    Door("default-policy", "US", "NY", None, "America/New_York", "denied", NOT_TRIED),
    Door("vn", "VN", "SG", None, "Asia/Ho_Chi_Minh", "approved"),
    Door("za", "ZA", "GP", None, "Africa/Johannesburg", "approved"),
]


@pytest.fixture
def real(house: House) -> House:
    """The service with the packs that ship."""
    house.desk = Desk(load(shipped()), house.keys.approvals)
    return house


def reasons(answer: dict[str, Any]) -> set[str]:
    return {check["rule"].partition(".")[0] for check in broken(answer)}


def broken(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for check in answer["checks"] if check["result"] in ("fail", "unknown")]


@pytest.mark.parametrize("where", [None, SHANGHAI], ids=["taipei", "shanghai"])
def test_by_day_a_debtor_at_home_may_be_visited_by_two(
    real: House, where: dict[str, Any] | None
) -> None:
    (answer,) = real.ask(Debtor().visit(where=where))
    assert answer["type"] == "approved", answer
    assert "show_identification" in {each["what"] for each in answer["approval"]["obligations"]}


@pytest.mark.parametrize(
    ("where", "pack"), [(None, "tw"), (SHANGHAI, "cn")], ids=["taipei", "shanghai"]
)
def test_by_night_nobody_may(real: House, where: dict[str, Any] | None, pack: str) -> None:
    (answer,) = real.ask(Debtor().visit(NIGHT, where=where))
    assert answer["type"] == "denied"
    assert pack in reasons(answer)
    assert len(answer["next_lawful"]) == 5
    for check in answer["checks"]:
        assert check["citation"]
        assert check["message"]["en"]
        assert check["message"]["zh"]


def test_nobody_is_visited_twice_in_a_day_whoever_the_lenders_are(real: House) -> None:
    debtor = Debtor()
    another = Debtor(lender="southbank", person_id=debtor.person_id)
    first, second = real.ask(debtor.visit(), another.visit(TUESDAY + timedelta(hours=4)))
    assert first["type"] == "approved"
    assert second["type"] == "denied"
    assert "person-protection" in reasons(second)
    # The next lawful times are not on that day.
    assert all(window["from"] >= "2026-12-01T16:00:00Z" for window in second["next_lawful"])


def test_a_first_visit_by_day_is_answered_by_the_law_at_each_door(real: House) -> None:
    visits = [
        Debtor().visit(
            datetime(2026, 12, 2, 10, tzinfo=ZoneInfo(door.zone)),
            where={
                "country": door.country,
                "region": door.region,
                "city": door.city,
                "timezone": door.zone,
            },
        )
        for door in DOORS
    ]
    for door, answer in zip(DOORS, real.ask(*visits), strict=True):
        assert answer["type"] == door.answer, (door, broken(answer))
        assert {check["kind"] for check in broken(answer)} == {door.because} - {None}, door
        assert {check["pack"].partition("@")[0] for check in answer["checks"]} >= {
            door.pack,
            "person-protection",
        }
        if door.because == NOT_TRIED:
            # Nothing has gone before, and no waiting makes up for that.
            assert answer["next_lawful"] == [], door


def test_every_pack_for_lenders_themselves_has_its_door_here() -> None:
    for_agencies_alone = {"us-regf"}
    shown = {door.pack for door in DOORS} | for_agencies_alone | {"person-protection"}
    assert shown == {pack.id for pack in load(shipped())}


def test_where_no_pack_covers_the_place_the_default_policy_is_asked(real: House) -> None:
    by_day = datetime.fromisoformat("2026-12-02T10:00:00+00:00")
    night, day = real.ask(  # the first is two at night in Lisbon
        Debtor().visit(TUESDAY, where=LISBON), Debtor().visit(by_day, where=LISBON)
    )
    assert {check["rule"] for check in broken(night)} == {
        "default-policy.hours",
        "default-policy.other-channels-first",
        "default-policy.notice",
    }
    assert {check["rule"] for check in broken(day)} == {
        "default-policy.other-channels-first",
        "default-policy.notice",
    }
    for answer in (night, day):
        assert answer["type"] == "denied"
        assert answer["next_lawful"] == []


def test_on_a_public_holiday_the_next_lawful_day_is_named(real: House) -> None:
    feast = datetime.fromisoformat("2026-12-08T10:00:00-03:00")  # the Immaculate Conception
    (answer,) = real.ask(Debtor().visit(feast, where=SANTIAGO))
    assert answer["type"] == "denied"
    assert [check["rule"] for check in broken(answer)] == ["cl.hours"]
    assert answer["next_lawful"][0]["from"] == "2026-12-09T11:00:00Z"


def test_where_the_time_zone_is_not_known_no_hour_is_good_enough(real: House) -> None:
    noon = datetime.fromisoformat("2026-12-02T12:00:00+08:00")  # eleven to one, all over Indonesia
    (answer,) = real.ask(Debtor().visit(noon, where=SUKAMAJU))
    assert answer["type"] == "needs-review"
    assert {check["result"] for check in broken(answer)} == {"unknown"}
    assert "id.hours" in {check["rule"] for check in broken(answer)}


def test_an_agency_goes_to_no_door_in_taiwan_that_was_not_told_of_it_in_writing(
    real: House,
) -> None:
    (answer,) = real.ask(Debtor().visit(collector={"id": "house", "class": "agency"}))
    assert answer["type"] == "denied"
    assert [check["rule"] for check in broken(answer)] == ["tw.notice"]
    assert answer["next_lawful"] == []


def test_a_colleague_is_not_told_of_debts(real: House) -> None:
    (answer,) = real.ask(Debtor().visit(role="colleague"))
    assert answer["type"] == "denied"
