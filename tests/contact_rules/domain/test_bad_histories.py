"""Histories as ledgers send them: twice, in any order, ahead of time, and by the thousand."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from contact_rules.domain import (
    Channel,
    Consent,
    ConsentScope,
    Contact,
    Outcome,
    Pack,
    PastContact,
    Result,
    Verdict,
    check,
    earliest_allowed_at,
    windows,
)
from contact_rules.domain.zones import zone
from door_questions import only, pack_of, past, reserved, result, visit, when

TWO_IN_7 = pack_of(
    "kind: cap\nparams: {match: {channel: [visit]}, max: 2, window: {rolling_days: 7}}"
)
NOTICE = pack_of("kind: notice\nparams: {match: {outcome: [notice_given]}, days: 3}")
TWO_NOTICES = pack_of(
    "kind: event_count\n"
    "params: {match: {outcome: [notice_given]}, bound: {min: 2}, window: {age: {days: 3}}}"
)
LADDER = pack_of(
    "kind: ladder\nparams: {match: {channel: [phone], outcome: [failed]}, in_a_row: 2}"
)
FINAL = pack_of("kind: party\nparams: {refusal: final}")
TWICE = pack_of("kind: consent\nparams: {scope: [visit], uses: 2}")


# --- twice ---------------------------------------------------------------------------------------


def test_what_is_told_twice_happened_once() -> None:
    told = past("2026-04-07 10:00", Outcome.DEBTOR_MET, id="visit-1")
    assert only(visit("2026-04-08 10:00", history=(told, told)), TWO_IN_7).measured == 2
    again = past(told.starts_at.astimezone(UTC), Outcome.DEBTOR_MET, id="visit-1")
    assert only(visit("2026-04-08 10:00", history=(told, again)), TWO_IN_7).measured == 2
    notice = past("2026-04-01 10:00", Outcome.NOTICE_GIVEN, id="letter-1")
    assert result(visit("2026-04-08 10:00", history=(notice,) * 2), TWO_NOTICES) is Result.FAIL
    call = past("2026-04-01 10:00", Outcome.NO_ANSWER, channel=Channel.PHONE, id="call-1")
    assert only(visit(history=(call,) * 3), LADDER).measured == 1
    consents = (Consent(ConsentScope.VISIT, when("2026-04-01 09:00")),)
    assert result(visit(consents=consents, history=(told, told)), TWICE) is Result.PASS


def test_two_that_are_alike_and_have_no_name_are_two() -> None:
    alike = (past("2026-04-07 10:00", Outcome.DEBTOR_MET),) * 2
    assert only(visit("2026-04-08 10:00", history=alike), TWO_IN_7).measured == 3
    named = tuple(past("2026-04-07 10:00", Outcome.DEBTOR_MET, id=f"visit-{n}") for n in (1, 2))
    assert only(visit("2026-04-08 10:00", history=named), TWO_IN_7).measured == 3


def test_who_contradicts_himself_is_not_believed() -> None:
    met = past("2026-04-07 10:00", Outcome.DEBTOR_MET, id="visit-1")
    other = past("2026-04-06 10:00", Outcome.DEBTOR_MET, id="visit-2")
    never = past("2026-04-07 10:00", Outcome.DEBTOR_MET, id="visit-1", channel=Channel.PHONE)
    contact = visit("2026-04-08 10:00", history=(met, other, never))
    assert result(contact, TWO_IN_7) is Result.UNKNOWN
    assert result(visit("2026-04-08 10:00", history=(met, never)), TWO_IN_7) is Result.PASS
    given = past("2026-04-01 10:00", Outcome.NOTICE_GIVEN, id="letter-1")
    not_given = past("2026-04-01 10:00", Outcome.NOT_CONNECTED, id="letter-1")
    contact = visit("2026-04-08 10:00", history=(given, not_given))
    assert result(contact, NOTICE) is Result.UNKNOWN
    refused = past("2026-04-01 10:00", Outcome.REFUSED, id="visit-3")
    told_else = past("2026-04-01 10:00", Outcome.DEBTOR_MET, id="visit-3")
    assert result(visit(history=(refused, told_else)), FINAL) is Result.UNKNOWN
    assert result(visit(history=(refused, told_else, met)), FINAL) is Result.UNKNOWN
    consents = (Consent(ConsentScope.VISIT, when("2026-04-01 09:00")),)
    contact = visit("2026-04-08 10:00", consents=consents, history=(met, other, never))
    assert result(contact, TWICE) is Result.UNKNOWN
    by_another = past("2026-04-01 10:00", Outcome.REFUSED, id="visit-3", party="hsu")
    assert result(visit(history=(by_another, told_else)), FINAL) is Result.PASS


def test_however_often_somebody_contradicts_himself_it_is_one_doubt() -> None:
    stories = [
        past("2026-04-07 10:00", Outcome.DEBTOR_MET, id="visit-1", point=f"+{number}")
        for number in range(1_000)
    ]
    roomy = pack_of(
        "kind: cap\nparams: {match: {channel: [visit]}, max: 1001, window: {rolling_days: 7}}"
    )
    for history in (stories, stories[::-1], stories * 3, stories[:1] * 3 + stories[::-1]):
        assert only(visit("2026-04-08 10:00", history=tuple(history)), roomy).measured == 1_001
        contact = visit("2026-04-08 10:00", history=tuple(history))
        assert result(contact, TWO_IN_7) is Result.UNKNOWN


def test_a_plan_told_beside_its_outcome_is_a_doubt_and_no_second_visit_for_certain() -> None:
    planned = reserved("2026-04-07 10:00", id="visit-1")
    done = past("2026-04-07 10:00", Outcome.DEBTOR_MET, id="visit-1")
    one = past("2026-04-06 10:00", Outcome.DEBTOR_MET, id="visit-2")
    for history in ((planned, done, one), (one, done, planned)):
        assert result(visit("2026-04-08 10:00", history=history), TWO_IN_7) is Result.UNKNOWN


# --- ahead of time -------------------------------------------------------------------------------


def test_what_a_ledger_says_has_happened_tomorrow_counts_where_it_lies() -> None:
    tomorrow = past("2026-04-09 10:00", Outcome.DEBTOR_MET)
    after = past("2026-04-10 10:00", Outcome.DEBTOR_MET)
    contact = visit("2026-04-08 10:00", history=(tomorrow, after))
    assert only(contact, TWO_IN_7).measured == 3
    assert result(contact, TWO_IN_7) is Result.FAIL


def test_what_lies_ahead_is_no_notice_no_refusal_and_no_step() -> None:
    notice = past("2026-04-09 10:00", Outcome.NOTICE_GIVEN)
    assert result(visit("2026-04-08 10:00", history=(notice,)), NOTICE) is Result.FAIL
    refused = past("2026-04-09 10:00", Outcome.REFUSED)
    assert result(visit("2026-04-08 10:00", history=(refused,)), FINAL) is Result.PASS
    calls = tuple(
        past(f"2026-04-{day:02} 10:00", Outcome.NO_ANSWER, channel=Channel.PHONE) for day in (7, 9)
    )
    assert only(visit("2026-04-08 10:00", history=calls), LADDER).measured == 1


def test_a_plan_has_no_outcome_whatever_it_says() -> None:
    given = reserved("2026-04-01 10:00", outcome=Outcome.NOTICE_GIVEN)
    assert result(visit("2026-04-08 10:00", history=(given,)), NOTICE) is Result.FAIL
    refused = reserved("2026-04-01 10:00", outcome=Outcome.REFUSED)
    assert result(visit("2026-04-08 10:00", history=(refused,)), FINAL) is Result.PASS
    in_vain = pack_of(
        "kind: cap\nparams: {match: {outcome: [reached]}, max: 1, window: {rolling_days: 7}}"
    )
    planned = reserved("2026-04-07 10:00", outcome=Outcome.NOBODY_MET)
    assert result(visit("2026-04-08 10:00", history=(planned,)), in_vain) is Result.FAIL


def test_a_contact_at_the_very_second_of_another_is_another() -> None:
    same = past("2026-04-08 10:00", Outcome.DEBTOR_MET)
    assert only(visit("2026-04-08 10:00", history=(same,)), TWO_IN_7).measured == 2


@pytest.mark.parametrize("year", [1, 2, 1969, 9998, 9999])
def test_years_nobody_lives_in_break_nothing(year: int) -> None:
    odd = past(datetime(year, 6, 1, 12, tzinfo=UTC), Outcome.NOTICE_GIVEN)
    packs = (
        TWO_IN_7,
        _cap("calendar_month"),
        _cap("{calendar_week: mon}"),
        _cap("{rolling_minutes: 5}"),
        _cap("{rolling_business_days: 3}"),
        LADDER,
        FINAL,
    )
    contact = visit("2026-04-08 10:00", history=(odd,))
    assert check(contact, packs[:-2]).verdict is Verdict.ALLOW
    for pack in packs:
        windows(contact, [pack], when("2026-04-08 10:00"), when("2026-04-18 10:00"))
    assert result(contact, NOTICE) is (Result.PASS if year < 2026 else Result.FAIL)


# --- in any order --------------------------------------------------------------------------------


def _cap(window: str, most: int = 1) -> Pack:
    return pack_of(
        f"kind: cap\nparams: {{match: {{channel: [visit]}}, max: {most}, window: {window},"
        " holidays: TW}"
    )


WINDOWS = [
    "{rolling_days: 7}",
    "{rolling_minutes: 600}",
    "{rolling_business_days: 3}",
    "{calendar_week: mon}",
    "calendar_month",
    "{since: {outcome: [conversation]}}",
]
OUTCOMES = [None, Outcome.NOBODY_MET, Outcome.DEBTOR_MET, Outcome.CONVERSATION, Outcome.NO_ANSWER]


def _random_history(chance: random.Random, size: int, days: int) -> list[PastContact]:
    begin = when("2026-04-08 00:00")
    return [
        past(
            begin + timedelta(seconds=chance.randrange(-days * 86_400, days * 86_400)),
            chance.choice(OUTCOMES),
            channel=chance.choice([Channel.VISIT, Channel.PHONE]),
            party=chance.choice(["lin", "lin", None]),
            id=f"entry-{number}" if chance.random() < 0.5 else None,
        )
        for number in range(size)
    ]


@pytest.mark.parametrize("window", WINDOWS)
def test_the_order_of_a_history_changes_nothing(window: str) -> None:
    chance = random.Random(window)
    pack = _cap(window, 3)
    for _ in range(20):
        history = _random_history(chance, 12, 6)
        told_twice = [*history, *(entry for entry in history if entry.id)]
        expected = check(visit("2026-04-08 10:00", history=tuple(history)), [pack])
        for _ in range(3):
            chance.shuffle(told_twice)
            contact = visit("2026-04-08 10:00", history=tuple(told_twice))
            assert check(contact, [pack]) == expected


# --- by the thousand -----------------------------------------------------------------------------

THOUSANDS = 10_000


def _crowd(days: int) -> Contact:
    chance = random.Random(days)
    begin = when("2026-04-08 00:00")
    history = tuple(
        past(
            begin + timedelta(seconds=chance.randrange(days * 86_400)),
            chance.choice([Outcome.NOBODY_MET, Outcome.DEBTOR_MET]),
        )
        for _ in range(THOUSANDS)
    )
    return visit("2026-04-08 10:00", minutes=0, history=history)


@pytest.mark.parametrize("days", [1, 90])
def test_thousands_are_counted_as_a_handful_is(days: int) -> None:
    contact = _crowd(days)
    on = Counter(entry.starts_at.date() for entry in contact.history)
    for offset in (0, 1, 5, 45):
        day = date(2026, 4, 8) + timedelta(days=offset)
        asked = contact.at(when(f"{day} 10:00"))
        fullest = 1 + max(
            sum(on[day + timedelta(days=n)] for n in range(first, first + 7))
            for first in range(-6, 1)
        )
        assert only(asked, TWO_IN_7).measured == fullest
        assert only(asked, _cap("calendar_day")).measured == 1 + on[day]


@pytest.mark.parametrize("days", [1, 90])
@pytest.mark.parametrize("window", [*WINDOWS, "{rolling_minutes: 1440}"])
def test_a_calendar_of_thousands_is_a_check_of_each_moment(days: int, window: str) -> None:
    contact, pack = _crowd(days), _cap(window, 3)
    begin, end = when("2026-04-08 00:00"), when("2026-07-07 00:00")
    open_ = windows(contact, [pack], begin, end)
    chance = random.Random(days)
    moments = [chance.choice(contact.history).starts_at for _ in range(5)]
    moments += [begin + timedelta(days=chance.randrange(90), hours=10) for _ in range(5)]
    moments += [edge for window_ in open_[:3] for edge in (window_.from_, window_.to)]
    for moment in moments:
        for at in (moment - timedelta(seconds=1), moment, moment + timedelta(seconds=1)):
            if begin <= at <= end:
                inside = any(window_.from_ <= at <= window_.to for window_ in open_)
                assert inside is (check(contact.at(at), [pack]).verdict is Verdict.ALLOW)


class _Counting:
    """Counts how often the local day of an instant was looked up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        taipei = zone("Asia/Taipei")
        assert taipei is not None
        day = type(taipei).day

        def look(this: object, at: int) -> int:
            self.looks += 1
            return day(this, at)

        monkeypatch.setattr(type(taipei), "day", look)


def test_each_of_thousands_is_looked_at_once_and_not_once_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contact = _crowd(90)
    counted = _Counting(monkeypatch)
    windows(contact, [TWO_IN_7], when("2026-04-08 00:00"), when("2026-07-07 00:00"))
    assert counted.looks < THOUSANDS + 1_000
    earliest_allowed_at(contact, [TWO_IN_7])
    assert counted.looks < 2 * (THOUSANDS + 1_000)
