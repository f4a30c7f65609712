"""`event_count`: every window that contains the contact, every way of counting, to the day."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import (
    Channel,
    Debt,
    Direction,
    Outcome,
    Pack,
    PastContact,
    PlaceKind,
    Purpose,
    Result,
    Role,
    Verdict,
    check,
    earliest_allowed_at,
    windows,
)
from door_questions import only, pack_of, past, reserved, result, visit, when
from hypothesis import given
from hypothesis import strategies as st

TWO_IN_7 = pack_of(
    "kind: cap\nparams: {match: {channel: [visit]}, max: 2, window: {rolling_days: 7}}"
)


def _cap(window: str, most: int = 1, **more: str) -> Pack:
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return pack_of(
        f"kind: cap\nparams: {{match: {{channel: [visit]}}, max: {most}, window: {window}{extra}}}"
    )


def _days(*days: str) -> tuple[PastContact, ...]:
    return tuple(past(f"{day} 12:00", Outcome.DEBTOR_MET) for day in days)


@pytest.mark.parametrize(
    ("window", "before", "at", "expected"),
    [
        # seven days, the first included: 1 to 7 April
        ("{rolling_days: 7}", "2026-04-01", "2026-04-07", "fail"),
        ("{rolling_days: 7}", "2026-04-01", "2026-04-08", "pass"),
        ("{rolling_days: 7, day_one: exclusive}", "2026-04-01", "2026-04-08", "fail"),
        ("{rolling_days: 7, day_one: exclusive}", "2026-04-01", "2026-04-09", "pass"),
        ("{rolling_days: 30}", "2026-02-10", "2026-03-11", "fail"),  # February has 28
        ("{rolling_days: 30}", "2026-02-10", "2026-03-12", "pass"),
        ("{rolling_days: 30}", "2028-02-10", "2028-03-10", "fail"),  # or 29
        ("{rolling_days: 30}", "2028-02-10", "2028-03-11", "pass"),
        ("calendar_day", "2026-04-01", "2026-04-01", "fail"),
        ("calendar_day", "2026-04-01", "2026-04-02", "pass"),
        ("{calendar_week: mon}", "2026-04-06", "2026-04-12", "fail"),
        ("{calendar_week: mon}", "2026-04-12", "2026-04-13", "pass"),
        ("{calendar_week: sun}", "2026-04-12", "2026-04-13", "fail"),
        ("{calendar_week: sun}", "2026-04-11", "2026-04-12", "pass"),
        ("calendar_month", "2026-04-01", "2026-04-30", "fail"),
        ("calendar_month", "2026-03-31", "2026-04-01", "pass"),
        ("calendar_month", "2026-02-28", "2026-02-01", "fail"),
        ("calendar_month", "2026-12-01", "2026-12-31", "fail"),
        ("calendar_month", "2026-12-31", "2027-01-01", "pass"),
        ("ever", "1999-12-31", "2026-04-01", "fail"),
    ],
)
def test_one_event_and_a_second_contact(window: str, before: str, at: str, expected: str) -> None:
    earlier = visit(f"{at} 10:00", history=_days(before))
    assert result(earlier, _cap(window)) == expected
    swapped = visit(f"{before} 10:00", history=(reserved(f"{at} 12:00"),))
    assert result(swapped, _cap(window)) == expected  # planned the other way round


def test_the_trace_shows_the_window_that_is_full() -> None:
    found = only(visit("2026-04-08 14:00", history=_days("2026-03-20")), _cap("{rolling_days: 30}"))
    assert (found.kind, found.result, found.measured, found.limit) == (
        "event_count",
        Result.FAIL,
        2,
        1,
    )
    assert found.window == (date(2026, 3, 20), date(2026, 4, 18))


def test_the_trace_of_an_empty_history_begins_with_the_contact() -> None:
    found = only(visit("2026-04-08 14:00"), TWO_IN_7)
    assert (found.measured, found.window) == (1, (date(2026, 4, 8), date(2026, 4, 14)))


def test_a_later_window_full_of_reserved_visits_denies_an_earlier_visit() -> None:
    later = (reserved("2026-04-10 10:00"), reserved("2026-04-12 10:00"))
    found = only(visit("2026-04-08 10:00", history=later), TWO_IN_7)
    assert (found.result, found.measured) == (Result.FAIL, 3)
    assert found.window == (date(2026, 4, 8), date(2026, 4, 14))
    assert result(visit("2026-04-05 10:00", history=later), TWO_IN_7) is Result.PASS


def test_a_window_over_past_and_reserved_visits_counts_both() -> None:
    history = (*_days("2026-04-05"), reserved("2026-04-11 10:00"))
    assert result(visit("2026-04-08 10:00", history=history), TWO_IN_7) is Result.FAIL
    apart = (*_days("2026-04-04"), reserved("2026-04-11 10:00"))
    assert result(visit("2026-04-08 10:00", history=apart), TWO_IN_7) is Result.PASS


def test_dates_are_those_of_the_door() -> None:
    utc = datetime(2026, 4, 8, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Taipei
    history = (past(utc, Outcome.DEBTOR_MET),)
    same_day = visit(datetime(2026, 4, 7, 16, 0, tzinfo=UTC), history=history)
    assert result(same_day, _cap("calendar_day")) is Result.FAIL
    next_day = visit(datetime(2026, 4, 8, 16, 0, tzinfo=UTC), history=history)
    assert result(next_day, _cap("calendar_day")) is Result.PASS


def test_days_of_23_and_25_hours_are_days() -> None:
    for first, second in (("2026-03-07", "2026-03-09"), ("2026-10-31", "2026-11-02")):
        new_york = {"zone": "America/New_York"}
        history = (past(f"{first} 23:59:59", Outcome.DEBTOR_MET, **new_york),)
        third_day = visit(f"{second} 00:00", history=history, **new_york)
        assert result(third_day, _cap("{rolling_days: 3}")) is Result.FAIL
        assert result(third_day, _cap("{rolling_days: 2}")) is Result.PASS


def test_minutes_are_counted_in_seconds() -> None:
    five = _cap("{rolling_minutes: 5}")
    history = (past("2026-04-08 10:00", Outcome.DEBTOR_MET),)
    for at, expected in (
        ("2026-04-08 10:04:59", Result.FAIL),
        ("2026-04-08 10:05:00", Result.PASS),
        ("2026-04-08 09:55:01", Result.FAIL),
        ("2026-04-08 09:55:00", Result.PASS),
    ):
        assert result(visit(at, history=history), five) is expected
    found = only(visit("2026-04-08 10:02", history=history), five)
    assert found.window == (when("2026-04-08 10:00"), when("2026-04-08 10:04:59"))
    nowhere = visit(when("2026-04-08 10:02"), history=history, zone=None)
    assert result(nowhere, five) is Result.FAIL  # minutes need no zone


def test_an_outcome_not_known_yet_is_the_one_that_counts() -> None:
    met = pack_of(
        "kind: cap\nparams: {match: {channel: [visit], outcome: [reached]}, max: 1, "
        "window: {rolling_days: 7}}"
    )
    for outcome, expected in (
        (None, Result.FAIL),
        (Outcome.DEBTOR_MET, Result.FAIL),
        (Outcome.REFUSED, Result.FAIL),
        (Outcome.NOBODY_MET, Result.PASS),
    ):
        history = (past("2026-04-07 10:00", outcome),)
        assert result(visit("2026-04-08 10:00", history=history), met) is expected


def test_what_a_minimum_asks_for_must_have_happened() -> None:
    noticed = pack_of(
        "kind: event_count\nparams: {match: {channel: [letter]}, bound: {min: 1}, window: ever}"
    )
    sent = past("2026-04-01 10:00", Outcome.SENT, channel=Channel.LETTER)
    assert result(visit(history=(sent,)), noticed) is Result.PASS
    planned = past("2026-04-01 10:00", channel=Channel.LETTER, reserved=True)
    assert result(visit(history=(planned,)), noticed) is Result.FAIL
    later = past("2026-04-08 10:00", Outcome.SENT, channel=Channel.LETTER)
    assert result(visit("2026-04-08 10:00", history=(later,)), noticed) is Result.FAIL
    assert result(visit("2026-04-08 10:00:01", history=(later,)), noticed) is Result.PASS


def test_one_visit_over_several_debts_counts_once_in_each() -> None:
    per_debt = _cap("{rolling_days: 7}", group_by="[debt]")
    both = past("2026-04-07 10:00", Outcome.DEBTOR_MET, debts=("card", "car"))
    for debts, expected in (
        (("card",), Result.FAIL),
        (("car",), Result.FAIL),
        (("boat",), Result.PASS),
        (("boat", "car"), Result.FAIL),
    ):
        contact = visit(history=(both,), debts=tuple(map(Debt, debts)))
        assert result(contact, per_debt) is expected
    assert only(visit(history=(both,)), per_debt).measured == 2


@pytest.mark.parametrize(
    ("group", "same", "other"),
    [
        ("person", {}, {"party": "hsu"}),
        ("creditor", {}, {"lender": "hill-bank"}),
        ("collector", {}, {"collector": "slow-agency"}),
        ("contact_point", {}, {"point": "+886999999999"}),
        ("debt", {}, {"debts": ("car",)}),
    ],
)
def test_what_is_counted_together(
    group: str, same: dict[str, object], other: dict[str, object]
) -> None:
    pack = _cap("{rolling_days: 7}", group_by=f"[{group}]")
    for changes, expected in ((same, Result.FAIL), (other, Result.PASS)):
        history = (past("2026-04-07 10:00", Outcome.DEBTOR_MET, **changes),)
        assert result(visit(history=history), pack) is expected


@pytest.mark.parametrize(
    ("group", "nothing"),
    [
        ("person", {"party": None}),
        ("creditor", {"lender": None}),
        ("collector", {"collector": None}),
        ("contact_point", {"point": None}),
        ("debt", {"debts": ()}),
    ],
)
def test_a_past_that_leaves_out_what_it_was_about_is_no_yes(
    group: str, nothing: dict[str, object]
) -> None:
    pack = _cap("{rolling_days: 7}", group_by=f"[{group}]")
    history = (past("2026-04-07 10:00", Outcome.DEBTOR_MET, **nothing),)
    decision = check(visit(history=history), [pack])
    assert decision.checks[0].result is Result.UNKNOWN
    assert decision.verdict is Verdict.NEEDS_REVIEW
    enough = (*history, past("2026-04-07 11:00", Outcome.DEBTOR_MET))
    assert result(visit(history=enough), pack) is Result.FAIL  # whatever the other was
    roomy = _cap("{rolling_days: 7}", most=2, group_by=f"[{group}]")
    assert result(visit(history=history), roomy) is Result.PASS


def test_grouped_by_what_the_contact_leaves_out_everything_may_belong() -> None:
    pack = _cap("{rolling_days: 7}", group_by="[contact_point]")
    history = (past("2026-04-07 10:00", Outcome.DEBTOR_MET),)
    assert result(visit(point=None, history=history), pack) is Result.UNKNOWN
    by_debt = _cap("{rolling_days: 7}", group_by="[debt]")
    assert result(visit(debts=(), history=history), by_debt) is Result.UNKNOWN
    assert result(visit(debts=()), by_debt) is Result.PASS


def test_match_and_exclude_look_at_every_property() -> None:
    pack = pack_of(
        """
kind: cap
params:
  match:
    channel: [visit, phone]
    direction: [outbound]
    not_place: [branch]
    party: [liable]
    not_outcome: [failed]
  exclude: [{purpose: [legal_notice]}]
  max: 1
  window: ever
"""
    )
    counted = past("2026-04-01 10:00", Outcome.DEBTOR_MET, purpose=Purpose.COLLECT)
    assert result(visit(history=(counted,)), pack) is Result.FAIL
    for changes in (
        {"channel": Channel.SMS},
        {"direction": Direction.INBOUND},
        {"place": PlaceKind.BRANCH},
        {"role": Role.NEIGHBOUR},
        {"outcome": Outcome.NOBODY_MET},
        {"purpose": Purpose.LEGAL_NOTICE},
    ):
        facts = {"at": "2026-04-01 10:00", "outcome": Outcome.DEBTOR_MET, **changes}
        assert result(visit(history=(past(**facts),)), pack) is Result.PASS, changes
    for nothing in ({"place": None}, {"party": "somebody"}):
        history = (past("2026-04-01 10:00", Outcome.DEBTOR_MET, **nothing),)
        assert result(visit(history=history), pack) is Result.UNKNOWN, nothing


def test_a_rule_about_others_counts_only_what_came_before() -> None:
    calls = pack_of(
        "kind: cap\napplies_when: {channel: [visit]}\n"
        "params: {match: {channel: [phone]}, max: 1, window: {rolling_days: 7}}"
    )
    call = {"channel": Channel.PHONE}
    one = past("2026-04-07 10:00", Outcome.ANSWERED, **call)
    two = past("2026-04-07 11:00", Outcome.ANSWERED, **call)
    assert only(visit(history=(one,)), calls).measured == 1
    assert result(visit(history=(one, two)), calls) is Result.FAIL
    tomorrow = past("2026-04-09 11:00", Outcome.ANSWERED, **call)
    assert result(visit(history=(one, tomorrow)), calls) is Result.PASS


def test_cooldown_spacing_and_their_days() -> None:
    cooldown = pack_of(
        "kind: cooldown\nparams: {after: {channel: [phone], outcome: [conversation]}, days: 7}"
    )
    talked = past("2026-04-01 10:00", Outcome.CONVERSATION, channel=Channel.PHONE)
    assert result(visit("2026-04-07 10:00", history=(talked,)), cooldown) is Result.FAIL
    assert result(visit("2026-04-08 10:00", history=(talked,)), cooldown) is Result.PASS
    assert result(visit("2026-03-31 10:00", history=(talked,)), cooldown) is Result.PASS
    spacing = pack_of("kind: spacing\nparams: {match: {channel: [visit]}, days: 2}")
    for day, expected in (
        ("2026-03-29", Result.PASS),
        ("2026-03-30", Result.FAIL),
        ("2026-04-03", Result.FAIL),
        ("2026-04-04", Result.PASS),
    ):
        contact = visit(f"{day} 10:00", history=_days("2026-04-01"))
        assert result(contact, spacing) is expected
    assert only(visit("2026-04-03 10:00", history=_days("2026-04-01")), spacing).limit == 0


def test_a_rule_armed_by_a_first_event_counts_only_after_it() -> None:
    ontario = pack_of(
        """
kind: cap
params:
  match: {channel: [phone, visit]}
  max: 1
  window: {rolling_days: 7}
  armed_after: {outcome: [conversation]}
"""
    )
    call = {"channel": Channel.PHONE}
    tried = past("2026-04-05 10:00", Outcome.NO_ANSWER, **call)
    talked = past("2026-04-06 10:00", Outcome.CONVERSATION, **call)
    again = past("2026-04-07 10:00", Outcome.NO_ANSWER, **call)
    assert result(visit(history=(tried, tried)), ontario) is Result.NOT_APPLICABLE
    assert result(visit(history=(tried, talked)), ontario) is Result.PASS
    assert result(visit(history=(tried, talked, again)), ontario) is Result.FAIL
    assert result(visit("2026-04-06 10:00", history=(talked,)), ontario) is Result.NOT_APPLICABLE
    not_known = past("2026-04-06 10:00", **call)
    assert result(visit(history=(not_known, again)), ontario) is Result.FAIL


def test_counting_since_an_event_begins_anew_with_it() -> None:
    pack = _cap("{since: {outcome: [conversation]}}", most=2)
    talked = past("2026-04-05 10:00", Outcome.CONVERSATION, channel=Channel.PHONE)
    assert result(visit(history=_days("2026-04-01", "2026-04-03")), pack) is Result.FAIL
    assert result(visit(history=(*_days("2026-04-01", "2026-04-03"), talked)), pack) is Result.PASS
    after = (*_days("2026-04-06", "2026-04-07"), talked)
    assert result(visit(history=after), pack) is Result.FAIL
    not_known = past("2026-04-05 10:00", channel=Channel.PHONE)
    unsure = (*_days("2026-04-01", "2026-04-03"), not_known)
    assert result(visit(history=unsure), pack) is Result.FAIL


def test_one_channel_a_week() -> None:
    pack = pack_of("kind: one_channel_per_week\nparams: {match: {direction: [outbound]}}")
    call = past("2026-04-06 10:00", Outcome.NO_ANSWER, channel=Channel.PHONE)
    assert result(visit("2026-04-12 10:00", history=(call,)), pack) is Result.FAIL
    assert result(visit("2026-04-13 10:00", history=(call,)), pack) is Result.PASS
    assert result(visit("2026-04-08 10:00", history=_days("2026-04-07")), pack) is Result.PASS


def test_when_it_is_free_again() -> None:
    history = _days("2026-04-01", "2026-04-04")
    contact = visit("2026-04-05 10:00", history=history)
    assert earliest_allowed_at(contact, [TWO_IN_7]) == when("2026-04-08 00:00")
    never = pack_of("kind: cap\nparams: {match: {channel: [visit]}, max: 1, window: ever}")
    assert earliest_allowed_at(contact, [never]) is None


@given(
    st.lists(st.integers(0, 60), max_size=12),
    st.integers(10, 50),
    st.integers(1, 4),
    st.integers(1, 31),
    st.sampled_from(["Asia/Taipei", "America/New_York"]),
)
def test_rolling_days_are_every_stretch_of_days(
    days: list[int], day: int, most: int, length: int, zone: str
) -> None:
    """The obvious way: take every stretch of days that holds the contact, and count."""
    first = datetime(2026, 2, 20, 12, tzinfo=ZoneInfo(zone))
    history = tuple(past(first + timedelta(days=d), Outcome.DEBTOR_MET, zone=zone) for d in days)
    contact = visit(first + timedelta(days=day), zone=zone, history=history)
    fullest = 1 + max(
        sum(begin <= d < begin + length for d in days) for begin in range(day - length + 1, day + 1)
    )
    found = only(contact, _cap(f"{{rolling_days: {length}}}", most))
    assert found.measured == fullest
    assert found.result is (Result.PASS if fullest <= most else Result.FAIL)
    if found.result is Result.FAIL:
        allowed = windows(
            contact, [_cap(f"{{rolling_days: {length}}}", most)], first, first + timedelta(days=60)
        )
        assert all(not w.from_ <= contact.starts_at <= w.to for w in allowed)
    assert found.window.to - found.window.from_ == timedelta(days=length - 1)
    assert found.window.from_ <= contact.starts_at.date() <= found.window.to


@given(st.lists(st.dates(date(2026, 1, 20), date(2026, 4, 10)), max_size=15), st.integers(1, 4))
def test_calendar_months_and_weeks_are_counted_as_on_paper(days: list[date], most: int) -> None:
    at = date(2026, 2, 28)
    contact = visit(f"{at} 10:00", history=_days(*(d.isoformat() for d in days)))
    months = Counter((d.year, d.month) for d in days)
    assert only(contact, _cap("calendar_month", most)).measured == 1 + months[2026, 2]
    weeks = Counter(d.isocalendar()[:2] for d in days)
    assert (
        only(contact, _cap("{calendar_week: mon}", most)).measured
        == 1 + weeks[at.isocalendar()[:2]]
    )
