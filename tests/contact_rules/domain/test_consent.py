"""`consent`: the right one, in the right form, for the whole contact, and not taken back."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Direction,
    Fact,
    FactKind,
    Form,
    Outcome,
    Result,
    Verdict,
    check,
    earliest_allowed_at,
    windows,
)
from door_questions import only, pack_of, past, reserved, result, visit, when

AT_WORK = pack_of("kind: consent\nparams: {scope: [workplace]}")
IN_WRITING = pack_of(
    "kind: consent\nparams: {scope: [workplace], form: [written, separate_instrument]}"
)
THREE_DAYS = pack_of("kind: consent\nparams: {scope: [workplace], days: 3}")
TWICE = pack_of("kind: consent\nparams: {scope: [workplace], uses: 2}")
REVOCABLE = pack_of(
    "kind: consent\nparams: {scope: [workplace], withdrawn_by: [no_home_visits, cease]}"
)


def _given(
    at: str = "2026-04-08 09:00",
    until: str | None = None,
    scope: ConsentScope = ConsentScope.WORKPLACE,
    **changes: object,
) -> Consent:
    return Consent(scope, when(at), until=None if until is None else when(until), **changes)


@pytest.mark.parametrize(
    ("at", "minutes", "expected"),
    [
        ("2026-04-08 08:59:59", 30, "fail"),
        ("2026-04-08 09:00:00", 30, "pass"),
        ("2026-04-08 16:30:00", 30, "pass"),
        ("2026-04-08 16:30:01", 30, "fail"),
        ("2026-04-08 17:00:00", 0, "pass"),
        ("2026-04-08 17:00:01", 0, "fail"),
    ],
)
def test_it_covers_the_contact_from_start_to_end(at: str, minutes: int, expected: str) -> None:
    consents = (_given(until="2026-04-08 17:00"),)
    assert result(visit(at, minutes=minutes, consents=consents), AT_WORK) == expected


def test_without_any_the_answer_is_no() -> None:
    other = _given(scope=ConsentScope.ENTRY)
    for consents in ((), (other,)):
        found = only(visit("2026-04-08 10:00", consents=consents), AT_WORK)
        assert (found.result, found.measured, found.limit) == (Result.FAIL, "none", "workplace")


def test_two_halves_are_not_a_whole() -> None:
    halves = (_given(until="2026-04-08 12:00"), _given("2026-04-08 12:00"))
    assert result(visit("2026-04-08 11:45", consents=halves), AT_WORK) is Result.FAIL
    assert result(visit("2026-04-08 11:30", consents=halves), AT_WORK) is Result.PASS
    assert result(visit("2026-04-08 12:00", consents=halves), AT_WORK) is Result.PASS


def test_a_consent_that_ends_before_it_is_given_is_none() -> None:
    backwards = _given("2026-04-08 12:00", until="2026-04-08 09:00")
    for at in ("2026-04-08 09:00", "2026-04-08 10:00", "2026-04-08 12:00"):
        assert result(visit(at, minutes=0, consents=(backwards,)), AT_WORK) is Result.FAIL
    both = (backwards, _given())
    assert result(visit("2026-04-08 10:00", consents=both), AT_WORK) is Result.PASS


def test_the_trace_tells_until_when() -> None:
    pack = pack_of(
        "kind: consent\nparams: {scope: [workplace], form: [written]}\n"
        'message: {en: "{scope}, {form}: {until}.", zh: "{scope}，{form}：{until}。"}'
    )
    written = {"form": Form.WRITTEN}
    endless = only(visit("2026-04-08 10:00", consents=(_given(**written),)), pack)
    assert endless.message.en == "contact at the place of work, in writing: without end."
    assert (endless.measured, endless.limit) == ("given", "workplace")
    ends = _given(until="2026-04-08 17:00", **written)
    assert "2026-04-08 17:00" in only(visit("2026-04-08 10:00", consents=(ends,)), pack).message.zh
    assert only(visit("2026-04-08 10:00"), pack).message.en.endswith("not given.")


def test_its_end_is_the_end_of_the_contact() -> None:
    consents = (_given(until="2026-04-08 17:00"), _given(until="2026-04-08 19:00"))
    decision = check(visit("2026-04-08 10:00", consents=consents), [AT_WORK])
    assert (decision.verdict, decision.must_end_by) == (Verdict.ALLOW, when("2026-04-08 19:00"))
    endless = visit("2026-04-08 10:00", consents=(*consents, _given()))
    assert check(endless, [AT_WORK]).must_end_by is None
    for_ever = visit("2026-04-08 10:00", consents=(_given(until="9999-12-31 23:59:59"),))
    assert check(for_ever, [AT_WORK]).must_end_by is None


def test_a_form_nobody_knows_is_a_doubt_and_another_form_is_none() -> None:
    for form, expected in (
        (Form.WRITTEN, Result.PASS),
        (Form.SEPARATE_INSTRUMENT, Result.PASS),
        (Form.ORAL, Result.FAIL),
        (None, Result.UNKNOWN),
    ):
        contact = visit("2026-04-08 10:00", consents=(_given(form=form),))
        assert result(contact, IN_WRITING) is expected
    proven = (_given(form=None), _given(form=Form.WRITTEN))
    assert result(visit("2026-04-08 10:00", consents=proven), IN_WRITING) is Result.PASS
    over = (_given(until="2026-04-08 09:30"),)  # the form would not help
    assert result(visit("2026-04-08 10:00", consents=over), IN_WRITING) is Result.FAIL


def test_a_consent_to_a_channel_is_to_that_channel() -> None:
    by_channel = pack_of("kind: consent\nparams: {scope: [channel]}")
    for channel, expected in (
        (Channel.VISIT, Result.PASS),
        (Channel.PHONE, Result.FAIL),
        (None, Result.UNKNOWN),
    ):
        given = _given(scope=ConsentScope.CHANNEL, channel=channel)
        assert result(visit("2026-04-08 10:00", consents=(given,)), by_channel) is expected
    of_calls = _given(channel=Channel.PHONE)  # another scope may name a channel as well
    assert result(visit("2026-04-08 10:00", consents=(of_calls,)), AT_WORK) is Result.FAIL


@pytest.mark.parametrize(
    ("at", "minutes", "expected"),
    [
        ("2026-04-08 23:00", 30, "pass"),
        ("2026-04-10 23:29:59", 30, "pass"),  # the day it was given is the first of three
        ("2026-04-10 23:30:00", 30, "fail"),  # it would end on the fourth
        ("2026-04-11 00:00", 0, "fail"),
    ],
)
def test_it_is_good_for_so_many_days(at: str, minutes: int, expected: str) -> None:
    contact = visit(at, minutes=minutes, consents=(_given("2026-04-08 22:59"),))
    assert result(contact, THREE_DAYS) == expected
    if expected == "pass":
        assert check(contact, [THREE_DAYS]).must_end_by == when("2026-04-10 23:59:59")


def test_its_own_end_comes_first_if_it_is_earlier() -> None:
    short = (_given(until="2026-04-09 12:00"),)
    assert result(visit("2026-04-09 11:30", consents=short), THREE_DAYS) is Result.PASS
    assert result(visit("2026-04-09 11:31", consents=short), THREE_DAYS) is Result.FAIL


def test_days_are_those_of_the_place() -> None:
    new_york = ZoneInfo("America/New_York")
    given = Consent(ConsentScope.WORKPLACE, when("2026-03-07 23:30", "America/New_York"))
    last = when("2026-03-09 23:59:59", "America/New_York")  # over the change of clocks
    for at, expected in ((last, Result.PASS), (last.astimezone(new_york), Result.PASS)):
        contact = visit(at, zone="America/New_York", minutes=0, consents=(given,))
        assert result(contact, THREE_DAYS) is expected
    after = visit("2026-03-10 00:00", zone="America/New_York", minutes=0, consents=(given,))
    assert result(after, THREE_DAYS) is Result.FAIL


def test_it_is_good_for_so_many_contacts() -> None:
    consents = (_given(until="2026-04-12 17:00"),)
    one = past("2026-04-09 10:00", Outcome.DEBTOR_MET)
    planned = reserved("2026-04-12 10:00")
    for history, expected in (
        ((one,), Result.PASS),
        ((one, planned), Result.FAIL),
        ((one, past("2026-04-08 08:59:59")), Result.PASS),  # before it was given
        ((one, past("2026-04-12 17:00:01")), Result.PASS),  # after it had ended
        ((one, past("2026-04-12 17:00:00")), Result.FAIL),
        ((one, past("2026-04-10 10:00", channel=Channel.PHONE)), Result.PASS),
        ((one, past("2026-04-10 10:00", direction=Direction.INBOUND)), Result.PASS),
        ((one, past("2026-04-10 10:00", party="hsu", debts=())), Result.FAIL),
    ):
        contact = visit("2026-04-11 10:00", consents=consents, history=history)
        assert result(contact, TWICE) is expected, history


def test_uses_are_counted_on_its_days_alone() -> None:
    once = pack_of("kind: consent\nparams: {scope: [workplace], uses: 1, days: 2}")
    history = (past("2026-04-10 00:00"),)
    assert result(visit("2026-04-09 10:00", consents=(_given(),), history=history), once) == "pass"
    history = (past("2026-04-09 23:59:59"),)
    assert result(visit("2026-04-09 10:00", consents=(_given(),), history=history), once) == "fail"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"since": date(2026, 4, 9)}, "fail"),
        ({"since": date(2026, 4, 7)}, "pass"),  # she thought better of it since
        ({"since": date(2026, 4, 8)}, "unknown"),  # on the same day: which came first?
        ({"since": None}, "unknown"),
        ({"since": date(2026, 4, 11)}, "pass"),  # not yet
        ({"since": date(2026, 4, 9), "until": date(2026, 4, 9)}, "pass"),  # no more
        ({"since": None, "until": date(2026, 4, 9)}, "pass"),
        ({"since": date(2026, 4, 9), "until": date(2026, 4, 10)}, "fail"),
        ({"since": date(2026, 4, 9), "party": "lin"}, "fail"),
        ({"since": date(2026, 4, 9), "party": "hsu"}, "pass"),
        ({"since": date(2026, 4, 9), "channel": Channel.VISIT}, "fail"),
        ({"since": date(2026, 4, 9), "channel": Channel.PHONE}, "pass"),
    ],
)
def test_what_takes_it_back(changes: dict[str, object], expected: str) -> None:
    fact = Fact(FactKind.CEASE, **changes)
    contact = visit("2026-04-10 10:00", consents=(_given(),), facts=(fact,))
    assert result(contact, REVOCABLE) == expected
    assert result(contact, AT_WORK) == "pass"  # to which no fact is a withdrawal


def test_a_consent_given_anew_counts_whatever_became_of_the_old_one() -> None:
    taken_back = Fact(FactKind.NO_HOME_VISITS, since=date(2026, 4, 9))
    anew = (_given(), _given("2026-04-10 08:00"))
    contact = visit("2026-04-10 10:00", consents=anew, facts=(taken_back,))
    assert result(contact, REVOCABLE) is Result.PASS
    same_day = (_given(), _given("2026-04-09 08:00"))
    contact = visit("2026-04-10 10:00", consents=same_day, facts=(taken_back,))
    assert result(contact, REVOCABLE) is Result.UNKNOWN


def test_the_calendar_opens_and_closes_with_it() -> None:
    taken_back = Fact(FactKind.CEASE, since=date(2026, 4, 10), until=date(2026, 4, 10))
    contact = visit("2026-04-08 07:00", consents=(_given(),), facts=(taken_back,))
    open_ = windows(contact, [REVOCABLE], when("2026-04-08 07:00"), when("2026-04-12 07:00"))
    assert [(w.from_, w.to) for w in open_] == [
        (when("2026-04-08 09:00"), when("2026-04-09 23:59:59")),
        (when("2026-04-11 00:00"), when("2026-04-12 07:00")),
    ]
    assert earliest_allowed_at(contact, [REVOCABLE]) == when("2026-04-08 09:00")
    assert earliest_allowed_at(visit(), [AT_WORK]) is None


@pytest.mark.parametrize(
    "params",
    [
        "{form: [written]}",
        "{scope: []}",
        "{scope: [workplaces]}",
        "{scope: [workplace], form: [carved]}",
        "{scope: [workplace], days: 0}",
        "{scope: [workplace], uses: 0}",
        "{scope: [workplace], withdrawn_by: [hardship]}",
        "{scope: [workplace], valid: 3}",
    ],
)
def test_what_makes_no_sense_is_refused(params: str) -> None:
    with pytest.raises(BrokenPack):
        pack_of(f"kind: consent\nparams: {params}")


def test_a_consent_given_within_a_second_begins_with_the_next_one() -> None:
    given = when("2026-04-08 10:00").replace(microsecond=500_000)
    consent = Consent(ConsentScope.HOURS, given)
    asked = pack_of("kind: consent\nparams: {scope: [hours]}")
    by_hours = pack_of(
        "kind: window\nparams:\n  hours: {every_day: closed}\n  override_by: {consent: [hours]}"
    )
    for pack in (asked, by_hours):
        assert result(visit("2026-04-08 10:00", consents=(consent,)), pack) is Result.FAIL
        assert result(visit("2026-04-08 10:00:01", consents=(consent,)), pack) is Result.PASS
