"""`event_count`: consents that take contacts out of the count, past ones and the asked one."""

from datetime import timedelta

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Form,
    Outcome,
    Pack,
    Result,
    windows,
)
from door_questions import only, pack_of, past, reserved, result, visit, when


def _cap(item: str, window: str = "{rolling_days: 30}", most: int = 1, **more: str) -> Pack:
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return pack_of(
        f"kind: cap\nparams: {{match: {{channel: [visit]}}, max: {most}, window: {window},"
        f" exclude: [{item}]{extra}}}"
    )


AGREED = _cap("{consent: {scope: [visit_frequency]}}")
IN_WRITING = _cap("{consent: {scope: [visit_frequency], form: [written]}}")
SEVEN_DAYS = _cap("{consent: {scope: [visit_frequency]}, days: 7}")
UNTIL_WE_TALK = _cap(
    "{consent: {scope: [visit_frequency]}, days: 7, ends_with: {outcome: [conversation]}}"
)


def _given(at: str = "2026-04-08 09:00", until: str | None = None, **changes: object) -> Consent:
    scope = changes.pop("scope", ConsentScope.VISIT_FREQUENCY)
    return Consent(scope, when(at), until=None if until is None else when(until), **changes)


def test_what_was_agreed_to_is_not_counted() -> None:
    history = (past("2026-04-01 10:00", Outcome.DEBTOR_MET),)
    asked = visit("2026-04-08 10:00", history=history, consents=(_given(),))
    found = only(asked, AGREED)
    assert (found.result, found.measured) == (Result.PASS, 1)  # the other, and not this one
    assert result(visit("2026-04-08 08:59:59", history=history), AGREED) is Result.FAIL


def test_visits_agreed_to_leave_room_for_one_that_is_not() -> None:
    agreed = _given("2026-04-01 09:00", until="2026-04-01 12:00")
    for at, expected in (
        ("2026-04-01 08:59:59", Result.FAIL),
        ("2026-04-01 09:00:00", Result.PASS),
        ("2026-04-01 12:00:00", Result.PASS),  # its start is what counts
        ("2026-04-01 12:00:01", Result.FAIL),
    ):
        history = (past(at, Outcome.DEBTOR_MET),)
        asked = visit("2026-04-08 10:00", history=history, consents=(agreed,))
        assert result(asked, AGREED) is expected


def test_one_that_was_agreed_to_may_follow_too_many_that_were_not() -> None:
    # It adds nothing; but two in thirty days are one too many already, and the rule says so.
    history = (past("2026-04-01 10:00"), past("2026-04-02 10:00"))
    asked = visit("2026-04-08 10:00", history=history, consents=(_given(),))
    assert (only(asked, AGREED).result, only(asked, AGREED).measured) == (Result.FAIL, 2)


def test_a_plan_that_was_agreed_to_does_not_stand_in_the_way() -> None:
    agreed = _given("2026-04-10 00:00")
    asked = visit("2026-04-08 10:00", history=(reserved("2026-04-12 10:00"),), consents=(agreed,))
    assert result(asked, AGREED) is Result.PASS
    assert result(visit("2026-04-08 10:00", history=asked.history), AGREED) is Result.FAIL


@pytest.mark.parametrize(
    ("form", "expected"),
    [(Form.WRITTEN, "pass"), (Form.ORAL, "fail"), (None, "fail")],
)
def test_a_form_that_is_asked_for_must_be_proven(form: Form | None, expected: str) -> None:
    history = (past("2026-04-01 10:00"),)
    asked = visit("2026-04-08 10:00", history=history, consents=(_given(form=form),))
    assert result(asked, IN_WRITING) == expected
    assert result(asked, AGREED) == "pass"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-04-08 22:00", "pass"),
        ("2026-04-14 23:59:59", "pass"),  # the day it was given is the first of seven
        ("2026-04-15 00:00:00", "fail"),
    ],
)
def test_it_is_good_for_so_many_local_days(at: str, expected: str) -> None:
    history = (past("2026-04-01 10:00"),)
    asked = visit(at, history=history, consents=(_given("2026-04-08 21:59"),))
    assert result(asked, SEVEN_DAYS) == expected
    assert result(asked, AGREED) == "pass"


def test_it_ends_when_they_have_talked() -> None:
    talked = past("2026-04-09 10:00", Outcome.CONVERSATION, channel=Channel.PHONE, party="hsu")
    for at, expected in (
        ("2026-04-09 10:00:00", Result.PASS),
        ("2026-04-09 10:00:01", Result.FAIL),  # of whatever group the talk was
    ):
        history = (past("2026-04-01 10:00"), talked)
        asked = visit(at, history=history, consents=(_given(),))
        assert result(asked, UNTIL_WE_TALK) is expected
        assert result(asked, SEVEN_DAYS) is Result.PASS


def test_a_talk_before_it_was_given_or_that_is_only_planned_ends_nothing() -> None:
    before = past("2026-04-08 09:00", Outcome.CONVERSATION, channel=Channel.PHONE)
    planned = reserved("2026-04-09 10:00", channel=Channel.PHONE)
    history = (past("2026-04-01 10:00"), before, planned)
    asked = visit("2026-04-10 10:00", history=history, consents=(_given(),))
    assert result(asked, UNTIL_WE_TALK) is Result.PASS


def test_a_talk_whose_outcome_nobody_knows_ends_it() -> None:
    perhaps = past("2026-04-09 10:00", channel=Channel.PHONE)
    history = (past("2026-04-01 10:00"), perhaps)
    asked = visit("2026-04-10 10:00", history=history, consents=(_given(),))
    assert result(asked, UNTIL_WE_TALK) is Result.FAIL


def test_what_perhaps_ends_it_leaves_a_doubt() -> None:
    at_home = _cap("{consent: {scope: [visit_frequency]}, ends_with: {place: [home]}}")
    somewhere = past("2026-04-09 10:00", Outcome.ANSWERED, channel=Channel.PHONE, place=None)
    history = (past("2026-04-01 10:00"), somewhere)
    asked = visit("2026-04-10 10:00", history=history, consents=(_given(),))
    assert result(asked, at_home) is Result.UNKNOWN
    assert result(asked.at(when("2026-04-09 10:00")), at_home) is Result.PASS


def test_a_consent_to_a_channel_takes_out_what_came_by_it() -> None:
    pack = pack_of(
        "kind: cap\nparams: {max: 1, window: {rolling_days: 30},"
        " exclude: [{consent: {scope: [channel]}}]}"
    )
    call = past("2026-04-01 10:00", Outcome.ANSWERED, channel=Channel.PHONE)
    for channel, expected in (
        (Channel.PHONE, Result.PASS),
        (Channel.VISIT, Result.FAIL),
        (None, Result.UNKNOWN),
    ):
        given = _given(
            "2026-04-01 09:00", "2026-04-02 09:00", scope=ConsentScope.CHANNEL, channel=channel
        )
        asked = visit("2026-04-08 10:00", history=(call,), consents=(given,))
        assert result(asked, pack) is expected


def test_a_consent_stands_beside_other_things_not_counted() -> None:
    pack = _cap("{consent: {scope: [visit_frequency]}}, {outcome: [failed]}")
    in_vain = past("2026-04-02 10:00", Outcome.NOBODY_MET)
    met = past("2026-04-03 10:00", Outcome.DEBTOR_MET)
    consents = (_given("2026-04-03 09:00", until="2026-04-03 11:00"),)
    assert result(visit("2026-04-08 10:00", history=(in_vain,)), pack) is Result.PASS
    assert result(visit("2026-04-08 10:00", history=(met,)), pack) is Result.FAIL
    agreed = visit("2026-04-08 10:00", history=(in_vain, met), consents=consents)
    assert result(agreed, pack) is Result.PASS


def test_the_calendar_opens_while_it_is_good() -> None:
    talked = past("2026-04-12 10:00", Outcome.CONVERSATION, channel=Channel.PHONE)
    history = (past("2026-04-01 10:00"), talked)
    asked = visit("2026-04-08 10:00", history=history, consents=(_given(),))
    begin, end = when("2026-04-07 00:00"), when("2026-05-02 00:00")
    later = when("2026-05-01 00:00")  # thirty days after the first visit
    for pack, closes in (
        (AGREED, end),
        (SEVEN_DAYS, when("2026-04-14 23:59:59")),
        (UNTIL_WE_TALK, when("2026-04-12 10:00")),
    ):
        found = [(w.from_, w.to) for w in windows(asked, [pack], begin, end)]
        opened = [(when("2026-04-08 09:00"), closes)]
        assert found == (opened if closes == end else [*opened, (later, end)])


def test_a_ladder_does_not_climb_on_calls_that_were_agreed_to() -> None:
    ladder = pack_of(
        "kind: ladder\nparams: {match: {channel: [phone], outcome: [failed]}, in_a_row: 2,"
        " exclude: [{consent: {scope: [call_frequency]}}]}"
    )
    calls = tuple(
        past(f"2026-04-0{day} 10:00", Outcome.NO_ANSWER, channel=Channel.PHONE) for day in (1, 2, 3)
    )
    asked = visit("2026-04-08 10:00", history=calls)
    assert (only(asked, ladder).result, only(asked, ladder).measured) == (Result.PASS, 2)
    agreed = Consent(ConsentScope.CALL_FREQUENCY, when("2026-04-02 00:00"))
    asked = visit("2026-04-08 10:00", history=calls, consents=(agreed,))
    assert (only(asked, ladder).result, only(asked, ladder).measured) == (Result.FAIL, 1)


def test_days_of_a_consent_are_counted_where_the_contact_is() -> None:
    # Given at 23:30 in Taipei, which is 16:30 in Lisbon: its second day ends at another time.
    for zone, still in (("Asia/Taipei", "2026-04-09 15:59:59"), ("Europe/Lisbon", None)):
        pack = _cap("{consent: {scope: [visit_frequency]}, days: 2}", "ever")
        given = _given("2026-04-08 23:30")
        start = when(still or "2026-04-09 22:59:59", "UTC")
        history = (past("2026-04-01 10:00"),)
        asked = visit(start, zone=zone, history=history, consents=(given,))
        assert result(asked, pack) is Result.PASS
        assert result(asked.at(start + timedelta(seconds=1)), pack) is Result.FAIL


@pytest.mark.parametrize(
    "item",
    [
        "{}",
        "{purpose: ~}",
        "{consent: [visit_frequency]}",
        "{consent: {form: [written]}}",
        "{consent: {scope: [visits]}}",
        "{consent: {scope: [visit]}, days: 0}",
        "{consent: {scope: [visit]}, ends_with: {}}",
        "{consent: {scope: [visit]}, channel: [visit]}",
        "{state: [cease]}",
    ],
)
def test_what_would_take_out_everything_or_makes_no_sense_is_refused(item: str) -> None:
    with pytest.raises(BrokenPack):
        _cap(item)
