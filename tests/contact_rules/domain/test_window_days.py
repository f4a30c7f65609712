"""`window`: made-up days, ends that do not belong to it, midnights, and days that never were."""

from datetime import UTC, date, datetime, time

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Fact,
    FactKind,
    Pack,
    Result,
    Slot,
    Weekday,
    check,
    windows,
)
from door_questions import only, pack_of, result, visit, when

CHINA = {"zone": "Asia/Shanghai", "country": "CN"}
MADE_UP = pack_of(
    """
kind: window
params:
  hours: {mon-fri: ["08:00-22:00"], sat: ["09:00-12:00"], sun: closed, holiday: closed,
          makeup: ["08:00-20:00"]}
"""
)
NOT_SAID = pack_of(
    """
kind: window
params:
  hours: {mon-fri: ["08:00-22:00"], sat: ["09:00-12:00"], sun: closed, holiday: closed}
"""
)


@pytest.mark.parametrize(
    ("at", "made_up", "not_said"),
    [
        ("2026-02-14 19:30", "pass", "fail"),  # Saturday before the Spring Festival
        ("2026-02-14 19:30:01", "fail", "fail"),
        ("2026-02-14 08:00", "pass", "fail"),
        ("2026-02-14 10:00", "pass", "pass"),
        ("2026-02-28 15:00", "pass", "fail"),  # Saturday after it
        ("2026-02-07 15:00", "fail", "fail"),  # a Saturday as any
        ("2026-02-07 10:00", "pass", "pass"),
        ("2026-02-08 10:00", "fail", "fail"),  # a Sunday as any
        ("2026-01-04 10:00", "pass", "fail"),  # a Sunday made up for New Year
        ("2026-02-17 10:00", "fail", "fail"),  # the festival itself
        ("2026-02-13 21:00", "pass", "pass"),  # the Friday before
    ],
)
def test_weekends_on_which_people_work(at: str, made_up: str, not_said: str) -> None:
    assert result(visit(at, **CHINA), MADE_UP) == made_up
    assert result(visit(at, **CHINA), NOT_SAID) == not_said


def test_the_trace_shows_the_hours_of_a_made_up_day() -> None:
    found = only(visit("2026-02-14 19:00", **CHINA), MADE_UP)
    assert (found.measured, found.limit) == ("19:00-19:30", "08:00-20:00")
    assert only(visit("2026-02-07 19:00", **CHINA), MADE_UP).limit == "09:00-12:00"


def test_where_nobody_knows_the_calendar_only_some_hours_are_sure() -> None:
    nowhere = {"country": "ZZ"}
    for at, expected in (
        ("2026-02-14 10:00", Result.UNKNOWN),  # it may be a holiday
        ("2026-02-14 21:00", Result.FAIL),
        ("2026-02-15 10:00", Result.UNKNOWN),  # it may be made up
        ("2026-02-16 10:00", Result.UNKNOWN),
        ("2026-02-16 22:00", Result.FAIL),
    ):
        assert result(visit(at, **nowhere), MADE_UP) is expected
    without_holidays = pack_of(
        'kind: window\nparams: {hours: {every_day: ["08:00-20:00"], makeup: ["08:00-22:00"]}}'
    )
    assert result(visit("2026-02-16 10:00", **nowhere), without_holidays) is Result.PASS
    assert result(visit("2026-02-16 20:30", **nowhere), without_holidays) is Result.FAIL
    saturday = visit("2026-02-14 20:30", **nowhere)
    assert result(saturday, without_holidays) is Result.UNKNOWN
    certain = visit("2026-02-14 10:00", **nowhere)
    assert check(certain, [without_holidays]).must_end_by == when("2026-02-14 20:00")


def test_made_up_days_are_of_the_country_a_rule_names() -> None:
    pack = pack_of(
        'kind: window\nparams: {hours: {mon-fri: ["08:00-20:00"], sat-sun: closed,'
        ' makeup: ["08:00-20:00"]}, holidays: CN}'
    )
    assert result(visit("2026-02-14 10:00", country="TW"), pack) is Result.PASS
    assert result(visit("2026-02-07 10:00", country="TW"), pack) is Result.FAIL


def test_a_calendar_without_days_to_look_up_is_refused() -> None:
    with pytest.raises(BrokenPack):
        pack_of('kind: window\nparams: {hours: {every_day: ["08:00-20:00"]}, holidays: CN}')


# --- ends that do not belong to it ---------------------------------------------------------------


def _open(hours: str, **more: str) -> Pack:
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return pack_of(f"kind: window\nparams: {{hours: {hours}, bounds: open{extra}}}")


NIGHTS = _open('{every_day: ["00:00-02:00", "20:00-24:00"]}')


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-04-08 20:00:00", "fail"),
        ("2026-04-08 20:00:01", "pass"),
        ("2026-04-08 23:45:00", "pass"),  # over midnight, which ends nothing
        ("2026-04-09 00:00:00", "pass"),
        ("2026-04-09 01:29:59", "pass"),
        ("2026-04-09 01:30:00", "fail"),
    ],
)
def test_midnight_is_no_end_of_hours_that_go_on(at: str, expected: str) -> None:
    assert result(visit(at), NIGHTS) == expected


def test_midnight_is_the_end_of_hours_that_do_not_go_on() -> None:
    evenings = _open('{every_day: ["20:00-24:00"]}')
    assert result(visit("2026-04-08 23:29:59"), evenings) is Result.PASS
    assert result(visit("2026-04-08 23:30:00"), evenings) is Result.FAIL
    assert result(visit("2026-04-09 00:00:00", minutes=0), evenings) is Result.FAIL


def test_hours_that_touch_are_one_stretch() -> None:
    touching = _open('{every_day: ["09:00-12:00", "12:00-17:00"]}')
    assert result(visit("2026-04-08 11:45"), touching) is Result.PASS
    assert result(visit("2026-04-08 12:00"), touching) is Result.PASS
    assert check(visit("2026-04-08 11:45"), [touching]).must_end_by == when("2026-04-08 16:59:59")


def test_where_an_excluded_slot_begins_a_contact_may_end() -> None:
    pack = _open('{every_day: ["08:00-21:00"]}', closed_by="[excluded_slot]")
    lunch = _slots(FactKind.EXCLUDED_SLOT, ("wed", "12:00", "14:00"))
    evening = _slots(FactKind.EXCLUDED_SLOT, ("wed", "21:00", "22:00"))
    for at, expected in (
        ("2026-04-08 08:00:00", Result.FAIL),
        ("2026-04-08 11:30:00", Result.PASS),
        ("2026-04-08 11:30:01", Result.FAIL),
        ("2026-04-08 13:59:59", Result.FAIL),
        ("2026-04-08 14:00:00", Result.PASS),
        ("2026-04-08 20:29:59", Result.PASS),
        ("2026-04-08 20:30:00", Result.FAIL),  # there the hours end, not only the slot begins
    ):
        assert result(visit(at, facts=(lunch, evening)), pack) is expected


def test_where_a_consent_begins_or_ends_a_contact_may_too() -> None:
    pack = _open('{every_day: ["08:00-21:00"]}', override_by="{consent: [hours]}")
    agreed = Consent(ConsentScope.HOURS, when("2026-04-08 21:00"), until=when("2026-04-08 22:00"))
    for at, expected in (
        ("2026-04-08 20:45", Result.PASS),
        ("2026-04-08 21:30", Result.PASS),
        ("2026-04-08 21:30:01", Result.FAIL),
    ):
        assert result(visit(at, consents=(agreed,)), pack) is expected
    to_the_end = Consent(
        ConsentScope.HOURS, when("2026-04-08 20:00"), until=when("2026-04-08 21:00")
    )
    assert result(visit("2026-04-08 20:30"), pack) is Result.FAIL
    assert result(visit("2026-04-08 20:30", consents=(to_the_end,)), pack) is Result.PASS


def test_an_instant_that_no_consent_covers_parts_two_of_them() -> None:
    closed = pack_of(
        "kind: window\nparams: {hours: {every_day: closed}, override_by: {consent: [hours]}}"
    )
    first = Consent(ConsentScope.HOURS, when("2026-04-08 10:00"), until=when("2026-04-08 11:00"))
    for begin, expected in (
        ("2026-04-08 10:59:59", Result.PASS),
        ("2026-04-08 11:00:00", Result.PASS),
        ("2026-04-08 11:00:01", Result.PASS),
        ("2026-04-08 11:00:02", Result.FAIL),
    ):
        second = Consent(ConsentScope.HOURS, when(begin), until=when("2026-04-08 12:00"))
        assert result(visit("2026-04-08 10:45", consents=(first, second)), closed) is expected


def test_a_consent_to_a_channel_nobody_knows_opens_nothing() -> None:
    closed = pack_of(
        "kind: window\nparams: {hours: {every_day: closed}, override_by: {consent: [channel]}}"
    )
    for channel, expected in (
        (Channel.VISIT, Result.PASS),
        (Channel.PHONE, Result.FAIL),
        (None, Result.FAIL),
    ):
        agreed = Consent(ConsentScope.CHANNEL, when("2026-04-08 09:00"), channel=channel)
        assert result(visit("2026-04-08 10:00", consents=(agreed,)), closed) is expected


def test_a_contact_of_no_length_may_be_where_something_opens_or_closes() -> None:
    day = pack_of('kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}}')
    for at, closed, bare in (
        ("2026-04-08 07:59:59", Result.FAIL, Result.FAIL),
        ("2026-04-08 08:00:00", Result.PASS, Result.FAIL),
        ("2026-04-08 08:00:01", Result.PASS, Result.PASS),
        ("2026-04-08 20:59:59", Result.PASS, Result.PASS),
        ("2026-04-08 21:00:00", Result.PASS, Result.FAIL),
        ("2026-04-08 21:00:01", Result.FAIL, Result.FAIL),
    ):
        assert result(visit(at, minutes=0), day) is closed
        assert result(visit(at, minutes=0), _open('{every_day: ["08:00-21:00"]}')) is bare


# --- slots over midnight -------------------------------------------------------------------------


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


KNOWN = pack_of(
    'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, '
    "override_by: {state: [waking_hours]}, closed_by: [excluded_slot]}"
)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-04-08 09:00", "fail"),  # on Wednesday only what was said of it
        ("2026-04-08 22:00", "pass"),
        ("2026-04-08 23:45", "pass"),
        ("2026-04-09 03:30", "pass"),  # Wednesday's slot reaches into Thursday
        ("2026-04-09 03:30:01", "fail"),
        ("2026-04-09 09:00", "pass"),  # and Thursday has hours of its own again
        ("2026-04-15 22:00", "fail"),  # a week later it is no more a fact
    ],
)
def test_a_slot_of_the_last_day_reaches_over_its_midnight(at: str, expected: str) -> None:
    day = date(2026, 4, 8)
    wakes = _slots(FactKind.WAKING_HOURS, ("wed", "22:00", "04:00"), since=day, until=day)
    assert result(visit(at, facts=(wakes,)), KNOWN) == expected


def test_an_excluded_night_is_cut_out_on_both_its_days() -> None:
    no = _slots(FactKind.EXCLUDED_SLOT, ("wed", "20:00", "09:00"))
    open_ = windows(
        visit(minutes=0, facts=(no,)), [KNOWN], when("2026-04-08 12:00"), when("2026-04-09 12:00")
    )
    assert [(w.from_, w.to) for w in open_] == [
        (when("2026-04-08 12:00"), when("2026-04-08 20:00")),
        (when("2026-04-09 09:00"), when("2026-04-09 12:00")),
    ]


def test_a_slot_that_ends_when_it_begins_is_a_day_long() -> None:
    no = _slots(FactKind.EXCLUDED_SLOT, ("wed", "10:00", "10:00"))
    for at, expected in (
        ("2026-04-08 09:30", Result.PASS),
        ("2026-04-08 09:30:01", Result.FAIL),
        ("2026-04-09 09:59:59", Result.FAIL),
        ("2026-04-09 10:00", Result.PASS),
    ):
        assert result(visit(at, facts=(no,)), KNOWN) is expected


def test_facts_that_contradict_each_other_close_and_do_not_open() -> None:
    wakes = _slots(FactKind.WAKING_HOURS, ("wed", "10:00", "12:00"))
    no = _slots(FactKind.EXCLUDED_SLOT, ("wed", "10:00", "12:00"))
    for at in ("2026-04-08 10:00", "2026-04-08 11:00", "2026-04-08 09:00"):
        assert result(visit(at, facts=(wakes, no)), KNOWN) is Result.FAIL


# --- days that never were ------------------------------------------------------------------------

SAMOA = {"zone": "Pacific/Apia", "country": "WS"}  # had no Friday, 30 December 2011
SKIP = datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_the_midnight_of_a_skipped_day_is_that_of_the_day_before() -> None:
    pack = pack_of(
        'kind: window\nparams: {hours: {mon-fri: ["00:00-24:00"], sat: ["03:00-24:00"],'
        " sun: closed}}"
    )
    assert result(visit(SKIP, minutes=0, **SAMOA), pack) is Result.PASS  # Thursday, 24:00
    assert result(visit(SKIP, minutes=1, **SAMOA), pack) is Result.FAIL  # Saturday, 00:00
    no_gap = pack_of('kind: window\nparams: {hours: {every_day: ["00:00-24:00"]}}')
    assert result(visit(SKIP, minutes=600, **SAMOA), no_gap) is Result.PASS
    assert check(visit(SKIP, minutes=1, **SAMOA), [no_gap]).must_end_by is None


def test_an_end_in_sight_is_told_and_one_far_away_is_not() -> None:
    working_week = pack_of(
        'kind: window\nparams: {hours: {mon-fri: ["00:00-24:00"], sat-sun: closed}}'
    )
    end = when("2026-04-11 00:00")
    for at, told in (("2026-04-08 20:00", None), ("2026-04-09 20:00", None)):
        assert check(visit(at), [working_week]).must_end_by == told
    assert check(visit("2026-04-09 23:45"), [working_week]).must_end_by == end
