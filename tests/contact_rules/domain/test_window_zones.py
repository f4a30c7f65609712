"""Whose clock counts: at the door, everywhere a person may be, or the one a law fixes."""

from datetime import UTC, datetime

from contact_rules.domain import (
    Channel,
    Contact,
    Party,
    Place,
    PlaceKind,
    Result,
    Role,
    Verdict,
    check,
)
from door_questions import pack_of, result, visit, when

DAYTIME = pack_of('kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}}')
FIXED = pack_of('kind: window\nzone: Asia/Shanghai\nparams: {hours: {every_day: ["08:00-22:00"]}}')


def test_a_zone_fixed_by_law_counts_wherever_the_door_is() -> None:
    assert result(visit("2026-04-08 06:00", zone="Asia/Urumqi"), FIXED) is Result.PASS
    assert result(visit("2026-04-08 20:00", zone="Asia/Urumqi"), FIXED) is Result.FAIL
    assert result(visit(when("2026-04-08 10:00"), zone=None), FIXED) is Result.UNKNOWN


def _call(at: str, *timezones: str, place: Place | None = None) -> Contact:
    return visit(
        datetime.fromisoformat(at),
        channel=Channel.PHONE,
        place=place,
        party=Party("lin", Role.DEBTOR, timezones=timezones),
    )


def test_a_remote_contact_is_lawful_in_every_zone_the_person_may_be_in() -> None:
    east, west = "America/New_York", "America/Los_Angeles"
    for at, expected in (
        ("2026-04-08T14:59:59+00:00", Result.FAIL),  # 07:59:59 in Los Angeles
        ("2026-04-08T15:00:00+00:00", Result.PASS),
        ("2026-04-09T00:30:00+00:00", Result.PASS),  # ends 21:00 in New York
        ("2026-04-09T00:30:01+00:00", Result.FAIL),
    ):
        assert result(_call(at, east, west), DAYTIME) is expected
    home = Place(PlaceKind.HOME, west)
    assert result(_call("2026-04-08T13:00:00+00:00", east, place=home), DAYTIME) is Result.FAIL
    noon = check(_call("2026-04-08T17:00:00+00:00", east, west), [DAYTIME])
    assert noon.must_end_by == when("2026-04-08 21:00", east)


def test_a_remote_contact_to_nowhere_is_not_known() -> None:
    assert result(_call("2026-04-08T15:00:00+00:00"), DAYTIME) is Result.UNKNOWN
    bad = _call("2026-04-08T15:00:00+00:00", "America/New_York", "Nowhere/Nothing")
    assert result(bad, DAYTIME) is Result.UNKNOWN


def test_a_rule_may_judge_a_call_where_the_phone_rings() -> None:
    rings = pack_of('kind: window\nzone: place\nparams: {hours: {every_day: ["08:00-21:00"]}}')
    home = Place(PlaceKind.HOME, "America/Los_Angeles")
    call = _call("2026-04-09T03:30:00+00:00", "America/New_York", place=home)
    assert result(call, rings) is Result.PASS
    assert result(call, DAYTIME) is Result.FAIL


def test_a_day_a_country_skipped_is_not_out_of_sight() -> None:
    # Samoa had no 30 December 2011: after Thursday's 24:00 comes Saturday, closed until 13:00.
    pack = pack_of(
        "kind: window\nparams:\n"
        '  hours: {mon-fri: ["08:00-24:00"], sat: ["13:00-24:00"], sun: ["00:00-24:00"]}'
    )
    contact = visit("2011-12-29 23:29:59", zone="Pacific/Apia", country="WS")
    found = check(contact, (pack,))
    assert found.verdict is Verdict.ALLOW
    assert found.must_end_by == datetime(2011, 12, 30, 10, tzinfo=UTC)
