"""`window`: whole intervals, edges to the second, weeks, holidays, consents, slots and clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import (
    Channel,
    Consent,
    ConsentScope,
    Fact,
    FactKind,
    Pack,
    Result,
    Slot,
    Verdict,
    Weekday,
    check,
    windows,
)
from door_questions import only, pack_of, result, visit, when
from hypothesis import given, settings
from hypothesis import strategies as st

DAYTIME = pack_of('kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}}')
OPEN = pack_of('kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, bounds: open}')
STARTS = pack_of('kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, test: start}')
NIGHT_OWL = pack_of('kind: window\nparams: {hours: {every_day: ["00:00-02:00", "20:00-24:00"]}}')
LUNCH = pack_of('kind: window\nparams: {hours: {every_day: ["09:00-12:00", "13:00-17:00"]}}')
TOUCHING = pack_of('kind: window\nparams: {hours: {every_day: ["09:00-12:00", "12:00-17:00"]}}')
HOLIDAYS = pack_of(
    """
kind: window
params:
  hours: {mon-sat: ["09:00-19:00"], sun: closed, holiday: ["10:00-11:00"]}
"""
)


@pytest.mark.parametrize(
    ("pack", "at", "expected"),
    [
        (DAYTIME, "2026-04-08 07:59:59", "fail"),
        (DAYTIME, "2026-04-08 08:00:00", "pass"),
        (DAYTIME, "2026-04-08 20:30:00", "pass"),
        (DAYTIME, "2026-04-08 20:30:01", "fail"),
        (OPEN, "2026-04-08 08:00:00", "fail"),
        (OPEN, "2026-04-08 08:00:01", "pass"),
        (OPEN, "2026-04-08 20:29:59", "pass"),
        (OPEN, "2026-04-08 20:30:00", "fail"),
        (STARTS, "2026-04-08 20:59:00", "pass"),
        (STARTS, "2026-04-08 21:00:00", "pass"),
        (STARTS, "2026-04-08 21:00:01", "fail"),
        (LUNCH, "2026-04-08 11:30:00", "pass"),
        (LUNCH, "2026-04-08 11:30:01", "fail"),
        (LUNCH, "2026-04-08 13:00:00", "pass"),
        (TOUCHING, "2026-04-08 11:45:00", "pass"),
        (NIGHT_OWL, "2026-04-08 23:30:00", "pass"),
        (NIGHT_OWL, "2026-04-08 23:50:00", "pass"),
        (NIGHT_OWL, "2026-04-09 01:30:00", "pass"),
        (NIGHT_OWL, "2026-04-09 01:30:01", "fail"),
        (HOLIDAYS, "2026-04-12 10:15:00", "fail"),  # a Sunday
        (HOLIDAYS, "2026-05-01 10:15:00", "pass"),  # Labour Day, a Friday
        (HOLIDAYS, "2026-05-01 14:00:00", "fail"),
        (HOLIDAYS, "2026-04-30 14:00:00", "pass"),
    ],
)
def test_hours_to_the_second(pack: Pack, at: str, expected: str) -> None:
    assert result(visit(at), pack) == expected


def test_the_last_second_of_a_day_that_ends_at_24_belongs_to_it() -> None:
    late = pack_of('kind: window\nparams: {hours: {every_day: ["20:00-24:00"]}}')
    assert result(visit("2026-04-08 23:30:00"), late) is Result.PASS
    assert result(visit("2026-04-08 23:30:01"), late) is Result.FAIL
    assert result(visit("2026-04-09 00:00:00", minutes=0), late) is Result.PASS
    assert result(visit("2026-04-09 00:00:01", minutes=0), late) is Result.FAIL


def test_what_must_end_is_told_for_a_start_inside() -> None:
    assert check(visit("2026-04-08 20:00"), [DAYTIME]).must_end_by == when("2026-04-08 21:00")
    too_long = check(visit("2026-04-08 20:00", minutes=90), [DAYTIME])
    assert too_long.verdict is Verdict.DENY
    assert too_long.must_end_by == when("2026-04-08 21:00")
    assert check(visit("2026-04-08 22:00"), [DAYTIME]).must_end_by is None
    assert check(visit("2026-04-08 20:00"), [STARTS]).must_end_by is None


def test_the_earliest_of_several_ends_counts() -> None:
    both = pack_of(
        'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}}',
        'kind: window\nparams: {hours: {every_day: ["09:00-18:00"]}}',
    )
    assert check(visit("2026-04-08 10:00"), [both]).must_end_by == when("2026-04-08 18:00")
    assert check(visit("2026-04-08 08:30"), [both]).must_end_by is None


def test_hours_without_end_set_no_end() -> None:
    always = pack_of('kind: window\nparams: {hours: {every_day: ["00:00-24:00"]}}')
    decision = check(visit("2026-04-08 23:50"), [always])
    assert (decision.verdict, decision.must_end_by) == (Verdict.ALLOW, None)


def test_the_trace_tells_the_plan_and_the_hours() -> None:
    found = only(visit("2026-04-08 11:45"), LUNCH)
    assert (found.measured, found.limit) == ("11:45-12:15", "09:00-12:00, 13:00-17:00")
    assert found.window == (when("2026-04-08 09:00"), when("2026-04-08 12:00"))
    closed = only(visit("2026-04-12 10:00:30"), HOLIDAYS)
    assert (closed.measured, closed.limit) == ("10:00:30-10:30:30", "closed")
    assert closed.window is None


def test_consent_opens_what_it_covers_and_no_more() -> None:
    pack = pack_of(
        'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, '
        "override_by: {consent: [hours]}}"
    )
    consent = Consent(ConsentScope.HOURS, when("2026-04-08 21:15"), until=when("2026-04-08 22:00"))
    for at, minutes, expected in (
        ("2026-04-08 21:14:59", 30, Result.FAIL),
        ("2026-04-08 21:15", 30, Result.PASS),
        ("2026-04-08 21:30", 30, Result.PASS),
        ("2026-04-08 21:30:01", 30, Result.FAIL),
    ):
        assert result(visit(at, minutes=minutes, consents=(consent,)), pack) is expected
    other = Consent(ConsentScope.ENTRY, when("2026-04-08 21:15"))
    assert result(visit("2026-04-08 21:20", consents=(other,)), pack) is Result.FAIL


def test_hours_and_consent_that_touch_are_one_stretch() -> None:
    pack = pack_of(
        'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, '
        "override_by: {consent: [hours]}}"
    )
    consent = Consent(ConsentScope.HOURS, when("2026-04-08 21:00"), until=when("2026-04-08 23:00"))
    found = check(visit("2026-04-08 20:45", consents=(consent,)), [pack])
    assert (found.verdict, found.must_end_by) == (Verdict.ALLOW, when("2026-04-08 23:00"))


def test_a_consent_without_end_lasts() -> None:
    pack = pack_of(
        "kind: window\nparams: {hours: {every_day: closed}, override_by: {consent: [hours]}}"
    )
    consent = Consent(ConsentScope.HOURS, when("2026-04-01 09:00"))
    found = check(visit("2040-04-08 20:45", consents=(consent,)), [pack])
    assert (found.verdict, found.must_end_by) == (Verdict.ALLOW, None)


def _slots(kind: FactKind, *slots: tuple[str, str, str], **changes: object) -> Fact:
    return Fact(
        kind,
        slots=tuple(
            Slot(
                frozenset(map(Weekday, days.split())),
                time.fromisoformat(from_),
                time.fromisoformat(to),
            )
            for days, from_, to in slots
        ),
        **changes,
    )


KNOWN_HOURS = pack_of(
    'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, '
    "override_by: {state: [waking_hours, preferred_slot]}, closed_by: [excluded_slot]}"
)


def test_hours_the_debtor_gave_take_the_place_of_the_others() -> None:
    wakes = _slots(FactKind.WAKING_HOURS, ("wed thu", "14:00", "23:00"))
    assert result(visit("2026-04-08 10:00", facts=(wakes,)), KNOWN_HOURS) is Result.FAIL
    assert result(visit("2026-04-08 22:30", facts=(wakes,)), KNOWN_HOURS) is Result.PASS
    assert result(visit("2026-04-10 15:00", facts=(wakes,)), KNOWN_HOURS) is Result.FAIL


def test_waking_hours_may_run_past_midnight() -> None:
    wakes = _slots(FactKind.WAKING_HOURS, ("wed", "20:00", "04:00"))
    assert result(visit("2026-04-08 23:45", facts=(wakes,)), KNOWN_HOURS) is Result.PASS
    assert result(visit("2026-04-09 03:30", facts=(wakes,)), KNOWN_HOURS) is Result.PASS
    assert result(visit("2026-04-09 03:30:01", facts=(wakes,)), KNOWN_HOURS) is Result.FAIL
    assert result(visit("2026-04-08 03:00", facts=(wakes,)), KNOWN_HOURS) is Result.FAIL


def test_excluded_slots_are_cut_out() -> None:
    no = _slots(FactKind.EXCLUDED_SLOT, ("wed", "12:00", "14:00"), ("wed", "13:00", "15:00"))
    for at, expected in (
        ("2026-04-08 11:30", Result.PASS),
        ("2026-04-08 11:30:01", Result.FAIL),
        ("2026-04-08 14:30", Result.FAIL),
        ("2026-04-08 15:00", Result.PASS),
        ("2026-04-09 13:00", Result.PASS),
    ):
        assert result(visit(at, facts=(no,)), KNOWN_HOURS) is expected
    assert result(visit("2026-04-08 12:00", minutes=0, facts=(no,)), KNOWN_HOURS) is Result.PASS


def test_a_whole_day_may_be_excluded() -> None:
    no = _slots(FactKind.EXCLUDED_SLOT, ("wed", "00:00", "00:00"))
    open_ = windows(
        visit(facts=(no,), minutes=0),
        [pack_of(_ALL_DAY_BUT_EXCLUDED)],
        when("2026-04-07 12:00"),
        when("2026-04-09 12:00"),
    )
    assert [(w.from_, w.to) for w in open_] == [
        (when("2026-04-07 12:00"), when("2026-04-08 00:00")),
        (when("2026-04-09 00:00"), when("2026-04-09 12:00")),
    ]


_ALL_DAY_BUT_EXCLUDED = (
    'kind: window\nparams: {hours: {every_day: ["00:00-24:00"]}, closed_by: [excluded_slot]}'
)


def test_slots_hold_on_their_days_for_their_person_and_channel() -> None:
    dated = _slots(
        FactKind.EXCLUDED_SLOT,
        ("wed", "09:00", "20:00"),
        since=date(2026, 4, 8),
        until=date(2026, 4, 8),
    )
    assert result(visit("2026-04-08 10:00", facts=(dated,)), KNOWN_HOURS) is Result.FAIL
    assert result(visit("2026-04-15 10:00", facts=(dated,)), KNOWN_HOURS) is Result.PASS
    other = _slots(FactKind.EXCLUDED_SLOT, ("wed", "09:00", "20:00"), party="somebody else")
    assert result(visit("2026-04-08 10:00", facts=(other,)), KNOWN_HOURS) is Result.PASS
    calls = _slots(FactKind.EXCLUDED_SLOT, ("wed", "09:00", "20:00"), channel=Channel.PHONE)
    assert result(visit("2026-04-08 10:00", facts=(calls,)), KNOWN_HOURS) is Result.PASS


NEW_YORK = {"zone": "America/New_York", "country": "US"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Sunday 8 March 2026: 02:00-03:00 does not exist. Its hours end as the clocks jump.
        ("2026-03-08T06:15:00+00:00", "pass"),  # 01:15-01:45
        ("2026-03-08T06:30:00+00:00", "pass"),  # its last second reads 01:59:59
        ("2026-03-08T06:30:01+00:00", "fail"),  # its last second reads 03:00
        ("2026-03-08T07:00:00+00:00", "fail"),  # 03:00
        # Sunday 1 November 2026: 01:00-02:00 is read twice.
        ("2026-11-01T05:15:00+00:00", "pass"),  # 01:15 the first time
        ("2026-11-01T06:00:00+00:00", "pass"),  # 01:00 the second time
        ("2026-11-01T05:45:00+00:00", "pass"),  # over the change, all the while inside
        ("2026-11-01T07:00:00+00:00", "pass"),  # 02:00
        ("2026-11-01T07:00:01+00:00", "fail"),  # would end after 02:30
    ],
)
def test_the_clock_on_the_wall_decides_when_it_changes(at: str, expected: str) -> None:
    small_hours = pack_of('kind: window\nparams: {hours: {every_day: ["01:00-02:30"]}}')
    assert result(visit(datetime.fromisoformat(at), **NEW_YORK), small_hours) == expected


def test_hours_read_twice_are_apart_when_the_reading_leaves_them_between() -> None:
    half = pack_of('kind: window\nparams: {hours: {every_day: ["01:00-01:30"]}}')
    for at, expected in (
        ("2026-11-01T05:00:00+00:00", Result.PASS),  # 01:00-01:30
        ("2026-11-01T05:00:01+00:00", Result.FAIL),
        ("2026-11-01T06:00:00+00:00", Result.PASS),  # 01:00-01:30 again
        ("2026-11-01T05:30:00+00:00", Result.FAIL),
    ):
        assert result(visit(datetime.fromisoformat(at), **NEW_YORK), half) is expected


def test_a_day_of_23_hours_shortens_an_interval_over_the_change() -> None:
    night = pack_of('kind: window\nparams: {hours: {every_day: ["00:00-06:00"]}}')
    five_hours = visit(
        datetime(2026, 3, 8, 5, 0, tzinfo=UTC), minutes=300, **NEW_YORK
    )  # midnight to what the clock calls 6
    assert result(five_hours, night) is Result.PASS
    assert result(visit(five_hours.starts_at, minutes=301, **NEW_YORK), night) is Result.FAIL


def test_without_a_zone_nothing_is_known() -> None:
    for zone in (None, "Nowhere/Nothing"):
        contact = visit(when("2026-04-08 10:00"), zone=zone)
        assert result(contact, DAYTIME) is Result.UNKNOWN
        assert check(contact, [DAYTIME]).verdict is Verdict.NEEDS_REVIEW


def test_holidays_are_not_known_only_where_they_matter() -> None:
    unknown = {"country": "ZZ"}
    assert result(visit("2026-04-08 10:15", **unknown), HOLIDAYS) is Result.PASS  # open both ways
    assert result(visit("2026-04-08 12:00", **unknown), HOLIDAYS) is Result.UNKNOWN
    assert result(visit("2026-04-08 22:00", **unknown), HOLIDAYS) is Result.FAIL
    must_end = check(visit("2026-04-08 10:15", **unknown), [HOLIDAYS]).must_end_by
    assert must_end == when("2026-04-08 11:00")  # the safe one of both


def test_special_days_are_closed() -> None:
    pack = pack_of(
        'kind: window\nparams: {hours: {every_day: ["00:00-24:00"]}, '
        'closed_on: {country: TW, names: ["Chinese New Year"]}}'
    )
    for day, expected in (
        ("2026-02-16", Result.PASS),
        ("2026-02-17", Result.FAIL),
        ("2026-02-19", Result.FAIL),
        ("2026-02-20", Result.PASS),
    ):
        assert result(visit(f"{day} 10:00"), pack) is expected
    assert check(visit("2026-02-16 23:00"), [pack]).must_end_by == when("2026-02-17 00:00")
    assert result(visit("2026-02-16 23:30:01"), pack) is Result.FAIL


WEEK = pack_of(
    """
kind: window
params:
  hours: {mon: ["00:00-01:30", "02:15-03:00"], tue-sat: ["08:00-21:00"], sun: ["01:15-24:00"]}
"""
)
_WEEK = {
    0: [(0, 90), (135, 180)],
    **{day: [(480, 1260)] for day in range(1, 6)},
    6: [(75, 1440)],
}


def _reads_open(second: datetime, zone: str) -> bool:
    """Slow and obvious: look at the clock on the wall when the second begins."""
    local = second.astimezone(ZoneInfo(zone))
    of_day = local.hour * 3600 + local.minute * 60 + local.second
    return any(from_ * 60 <= of_day < to * 60 for from_, to in _WEEK[local.weekday()])


@settings(max_examples=300)
@given(
    st.sampled_from(["Asia/Taipei", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from([0, 1, 15, 45, 90, 200]),
    st.booleans(),
)
def test_the_window_says_what_a_watch_says_all_the_while(
    zone: str, moment: datetime, minutes: int, near_a_change: bool
) -> None:
    start = moment.replace(microsecond=0, tzinfo=UTC)
    if near_a_change:
        changes = (datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6), datetime(2026, 10, 25, 1))
        change = changes[moment.month % 3].replace(tzinfo=UTC)
        start = change + timedelta(seconds=start.minute * 240 + start.second - 7200)
    end = start + timedelta(minutes=minutes)
    seconds = {start, end - timedelta(seconds=1)}
    minute = start.replace(second=0)
    while (minute := minute + timedelta(minutes=1)) < end:
        seconds |= {minute + timedelta(seconds=s) for s in (-1, 0, 1)}
    inside = all(_reads_open(second, zone) for second in seconds if start <= second < end)
    if not minutes:  # a visit of no length may be where something opens or closes
        inside = any(_reads_open(start - timedelta(seconds=s), zone) for s in (0, 1))
    found = result(visit(start, zone=zone, minutes=minutes), WEEK)
    assert (found is Result.PASS) is inside
