"""`gate`: a state, a rate or nothing at all shuts it; what lifts it, and who passes anyway."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Contact,
    Debt,
    Direction,
    Fact,
    FactKind,
    Form,
    Outcome,
    Pack,
    PastContact,
    Purpose,
    Result,
    Role,
    Span,
    Verdict,
    check,
    windows,
)
from door_questions import only, pack_of, past, result, visit, when

APRIL_1 = date(2026, 4, 1)
CEASE = Fact(FactKind.CEASE, APRIL_1)
SAID = 'message: {en: "{state} {since}/{until} {rate}/{limit}", zh: "{state} {since}/{until}"}'


def _gate(params: str, *more: str) -> Pack:
    return pack_of("\n".join([f"kind: gate\nparams: {{{params}}}", *more]))


def _open(contact: Contact, params: str, first: str, last: str) -> list[tuple[str, str]]:
    """Where the calendar is open, after asking the check at each of its edges."""
    pack = _gate(params)
    found = windows(contact, [pack], when(first), when(last))
    for window in found:
        for moment in (window.from_, window.to):
            assert check(contact.at(moment), [pack]).verdict is Verdict.ALLOW
    return [(f"{w.from_:%m-%d %H:%M:%S}", f"{w.to:%m-%d %H:%M:%S}") for w in found]


def test_always_is_always() -> None:
    pack = _gate("always: true", SAID)
    found = only(visit(), pack)
    assert (found.result, found.measured, found.limit, found.window) == (
        Result.FAIL,
        None,
        None,
        None,
    )
    assert found.message.en == "… …/… …/…"
    lawful = _gate("always: true", "exceptions: [{purpose: [legal_notice, service_of_process]}]")
    assert result(visit(purpose=Purpose.LEGAL_NOTICE), lawful) is Result.NOT_APPLICABLE
    assert result(visit(), lawful) is Result.FAIL


@pytest.mark.parametrize(
    ("since", "until", "at", "expected"),
    [
        (None, None, "2026-04-08 10:00", Result.FAIL),
        ("2026-04-08", None, "2026-04-07 23:59:59", Result.PASS),
        ("2026-04-08", None, "2026-04-08 00:00", Result.FAIL),
        ("2026-04-08", None, "2126-04-08 00:00", Result.FAIL),
        (None, "2026-04-08", "2026-04-08 23:59:59", Result.FAIL),
        (None, "2026-04-08", "2026-04-09 00:00", Result.PASS),
        ("2026-04-09", "2026-04-08", "2026-04-08 10:00", Result.PASS),
    ],
)
def test_a_state_blocks_on_its_days_at_the_door(
    since: str | None, until: str | None, at: str, expected: Result
) -> None:
    first, last = (date.fromisoformat(day) if day else None for day in (since, until))
    fact = Fact(FactKind.CEASE, first, last)
    assert result(visit(at, facts=(fact,)), _gate("state: [cease, dispute]")) is expected
    assert result(visit(at, facts=(fact,)), _gate("state: [dispute]")) is Result.PASS


def test_whose_state_it_is() -> None:
    party, anyone = _gate("state: [deceased]"), _gate("state: [deceased], whose: anyone")
    said = _gate("state: [deceased], whose: party")
    for who, hers in ((None, True), ("lin", True), ("hsu", False)):
        contact = visit(facts=(Fact(FactKind.DECEASED, party=who),))
        expected = Result.FAIL if hers else Result.PASS
        assert result(contact, party) is result(contact, said) is expected
        assert result(contact, anyone) is Result.FAIL


def test_a_state_of_one_channel_blocks_that_channel() -> None:
    facts = (Fact(FactKind.CHANNEL_OPT_OUT, channel=Channel.SMS),)
    pack = _gate("state: [channel_opt_out]")
    assert result(visit(facts=facts), pack) is Result.PASS
    assert result(visit(facts=facts, channel=Channel.SMS), pack) is Result.FAIL


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ((Form.WRITTEN,), Result.FAIL),
        ((Form.ORAL,), Result.PASS),
        ((None,), Result.UNKNOWN),
        ((None, Form.ORAL), Result.UNKNOWN),
        ((None, Form.WRITTEN), Result.FAIL),
    ],
)
def test_only_some_forms_shut_it(forms: tuple[Form | None, ...], expected: Result) -> None:
    pack = _gate("state: {kind: [cease], form: [written, separate_instrument]}")
    facts = tuple(replace(CEASE, form=form) for form in forms)
    found = only(visit(facts=facts), pack)
    assert found.result is expected
    if expected is Result.UNKNOWN:
        assert found.message.en.startswith("Not known: in which form")
    assert result(visit(facts=(CEASE,)), _gate("state: {kind: [cease]}")) is Result.FAIL


def test_days_count_from_the_day_it_was_known() -> None:
    fact = replace(CEASE, since=date(2026, 4, 8))
    contact = visit(facts=(fact,))
    assert _open(
        contact, "state: [cease], lifts: {after_days: 1}", "2026-04-07 20:00", "2026-04-09 08:00"
    ) == [
        ("04-07 20:00:00", "04-07 23:59:59"),
        ("04-09 00:00:00", "04-09 08:00:00"),
    ]
    assert _open(
        contact, "state: [cease], lifts: {after_days: 7}", "2026-04-08 00:00", "2026-04-16 00:00"
    ) == [("04-15 00:00:00", "04-16 00:00:00")]


@pytest.mark.parametrize(
    ("since", "months", "last", "free"),
    [
        ("2026-01-15", 1, "2026-02-14", "2026-02-15"),
        ("2026-01-31", 1, "2026-02-27", "2026-02-28"),
        ("2028-01-31", 1, "2028-02-28", "2028-02-29"),
        ("2026-02-28", 1, "2026-03-27", "2026-03-28"),
        ("2026-01-01", 3, "2026-03-31", "2026-04-01"),
        ("2025-11-30", 3, "2026-02-27", "2026-02-28"),
        ("2026-01-31", 12, "2027-01-30", "2027-01-31"),
        ("2028-02-29", 12, "2029-02-27", "2029-02-28"),
    ],
)
def test_months_end_the_day_before_the_same_day(
    since: str, months: int, last: str, free: str
) -> None:
    pack = _gate(f"state: [plan_active], lifts: {{after_months: {months}}}")
    facts = (Fact(FactKind.PLAN_ACTIVE, date.fromisoformat(since)),)
    found = only(visit(f"{last} 23:59:59", facts=facts), pack)
    assert found.result is Result.FAIL
    assert found.window == Span(date.fromisoformat(since), date.fromisoformat(last))
    assert result(visit(f"{free} 00:00", facts=facts), pack) is Result.PASS


def test_it_ends_when_the_fact_ends_or_when_it_lifts_whichever_is_first() -> None:
    params = "state: [cease], lifts: {after_days: 5}"
    for until, free in ((date(2026, 4, 3), "04-04"), (date(2026, 4, 20), "04-06")):
        contact = visit(facts=(replace(CEASE, until=until),))
        assert _open(contact, params, "2026-04-01 00:00", "2026-04-21 00:00") == [
            (f"{free} 00:00:00", "04-21 00:00:00")
        ]


@pytest.mark.parametrize(
    "lifts", ["after_days: 1", "after_months: 1", "after: {outcome: [reached]}"]
)
def test_what_began_nobody_knows_when_never_lifts(lifts: str) -> None:
    history = (past("2026-04-02 10:00", Outcome.CONVERSATION),)
    pack = _gate(f"state: [cease], lifts: {{{lifts}}}")
    contact = visit("2126-04-08 10:00", facts=(Fact(FactKind.CEASE),), history=history)
    assert result(contact, pack) is Result.FAIL
    ended = replace(contact, facts=(Fact(FactKind.CEASE, until=APRIL_1),))
    assert result(ended, pack) is Result.PASS


VALIDATION = (
    "state: [dispute], lifts: {after: {channel: [letter], direction: [outbound],"
    " purpose: [validation]}}"
)


def _letter(at: str, **changes: Any) -> PastContact:
    letter: dict[str, Any] = {"channel": Channel.LETTER, "purpose": Purpose.VALIDATION}
    return past(at, Outcome.SENT, **(letter | changes))


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (_letter("2026-04-01 00:00"), Result.PASS),  # on its very day, whenever
        (_letter("2026-03-31 23:59:59"), Result.FAIL),
        (_letter("2026-04-08 09:59:59"), Result.PASS),
        (_letter("2026-04-08 10:00"), Result.FAIL),
        (_letter("2026-04-02 10:00", reserved=True), Result.FAIL),
        (_letter("2026-04-02 10:00", channel=Channel.SMS), Result.FAIL),
        (_letter("2026-04-02 10:00", direction=Direction.INBOUND), Result.FAIL),
        (_letter("2026-04-02 10:00", purpose=Purpose.COLLECT), Result.FAIL),
        (_letter("2026-04-02 10:00", purpose=None), Result.UNKNOWN),
        (_letter("2026-03-31 10:00", purpose=None), Result.FAIL),
    ],
)
def test_a_contact_lifts_it(letter: PastContact, expected: Result) -> None:
    contact = visit(facts=(Fact(FactKind.DISPUTE, APRIL_1),), history=(letter,))
    found = only(contact, _gate(VALIDATION))
    assert found.result is expected
    if expected is Result.UNKNOWN:
        assert found.message.en.startswith("Not known: some earlier contacts")


def test_the_calendar_opens_when_it_is_surely_lifted() -> None:
    history = (
        _letter("2026-04-05 10:00", purpose=None),
        _letter("2026-04-07 12:00"),
        _letter("2026-04-06 10:00", reserved=True),
    )
    contact = visit(facts=(Fact(FactKind.DISPUTE, APRIL_1),), history=history)
    assert _open(contact, VALIDATION, "2026-04-01 00:00", "2026-04-08 00:00") == [
        ("04-07 12:00:01", "04-08 00:00:00")
    ]
    pack = _gate(VALIDATION)
    assert result(contact.at(when("2026-04-05 10:00")), pack) is Result.FAIL
    assert result(contact.at(when("2026-04-05 10:00:01")), pack) is Result.UNKNOWN
    assert result(contact.at(when("2026-04-07 12:00")), pack) is Result.UNKNOWN


def test_each_state_is_lifted_for_itself() -> None:
    facts = (Fact(FactKind.DISPUTE, APRIL_1), Fact(FactKind.DISPUTE, date(2026, 4, 3)))
    contact = visit(facts=facts, history=(_letter("2026-04-02 10:00"),))
    assert result(contact, _gate(VALIDATION)) is Result.FAIL
    later = replace(contact, history=(_letter("2026-04-03 10:00"),))
    assert result(later, _gate(VALIDATION)) is Result.PASS


def test_some_pass_all_the_same() -> None:
    facts = (Fact(FactKind.REPRESENTED),)
    pack = _gate("state: [represented], reroute_to: [attorney, representative]")
    for role in Role:
        rerouted = role in (Role.ATTORNEY, Role.REPRESENTATIVE)
        expected = Result.PASS if rerouted else Result.FAIL
        assert result(visit(role=role, facts=facts), pack) is expected
    written = _gate("state: [represented], only_channels: [letter, email]")
    for channel in Channel:
        expected = Result.PASS if channel in (Channel.LETTER, Channel.EMAIL) else Result.FAIL
        assert result(visit(channel=channel, facts=facts), written) is expected
    for cause in ("always: true", 'annual_rate: {over: "0.1"}'):
        dear = visit(role=Role.ATTORNEY, debts=(Debt("card", annual_rate=Decimal("0.2")),))
        assert result(dear, _gate(f"{cause}, reroute_to: [attorney]")) is Result.PASS


@pytest.mark.parametrize(
    ("rates", "expected", "measured"),
    [
        (("0.154",), Result.PASS, "0.154"),
        (("0.1540000001",), Result.FAIL, "0.1540000001"),
        (("0.1", "0.24"), Result.FAIL, "0.24"),
        (("0.1", None), Result.UNKNOWN, None),
        (("0.24", None), Result.FAIL, "0.24"),
        ((), Result.UNKNOWN, None),
    ],
)
def test_a_rate_over_the_limit(
    rates: tuple[str | None, ...], expected: Result, measured: str | None
) -> None:
    debts = tuple(
        Debt(f"d{i}", annual_rate=None if rate is None else Decimal(rate))
        for i, rate in enumerate(rates)
    )
    found = only(visit(debts=debts), _gate('annual_rate: {over: "0.154"}'))
    assert (found.result, found.measured) == (expected, measured)
    if expected is not Result.UNKNOWN:
        assert (found.limit, found.window) == ("0.154", None)


def test_the_sentence_says_what_shuts_it_since_when_and_until_when() -> None:
    pack = _gate("state: [cease, dispute], lifts: {after_days: 30}", SAID)
    found = only(visit(facts=(CEASE,)), pack)
    assert found.message.en == "a request to stop contact 2026-04-01/2026-04-30 …/" + (
        "a request to stop contact, a dispute about the debt"
    )
    assert found.message.zh == "要求停止联系 2026-04-01/2026-04-30"
    assert (found.measured, found.limit) == ("cease", "cease, dispute")
    assert found.window == Span(APRIL_1, date(2026, 4, 30))
    endless = only(visit(facts=(Fact(FactKind.DISPUTE),)), pack)
    assert endless.message.en.startswith("a dispute about the debt not known/without end")
    assert endless.window is None
    kept = only(visit(), pack)
    assert kept.message.zh == "要求停止联系、对债务有争议 …/…"
    assert (kept.measured, kept.window) == (None, None)
    rate = _gate('annual_rate: {over: "0.154"}', SAID)
    dear = only(visit(debts=(Debt("card", annual_rate=Decimal("0.24")),)), rate)
    assert dear.message.en.endswith(" 24%/15.4%")


def test_of_several_states_the_one_that_blocks_longest_is_told() -> None:
    pack = _gate("state: [cease, dispute, bankrupt]")
    facts = (
        Fact(FactKind.DISPUTE, APRIL_1, date(2026, 4, 20)),
        Fact(FactKind.CEASE, APRIL_1, date(2026, 4, 30)),
        Fact(FactKind.BANKRUPT, date(2026, 5, 1)),
    )
    for order in (facts, facts[::-1]):
        found = only(visit(facts=order), pack)
        assert (found.measured, found.window) == ("cease", Span(APRIL_1, date(2026, 4, 30)))


def test_the_days_are_those_of_the_zone_the_rule_goes_by() -> None:
    facts = (Fact(FactKind.CEASE, date(2026, 4, 8)),)
    contact = visit("2026-04-07 18:00", facts=facts)  # already the 8th in Auckland
    assert result(contact, _gate("state: [cease]")) is Result.PASS
    assert result(contact, _gate("state: [cease]", "zone: Pacific/Auckland")) is Result.PASS
    late = visit("2026-04-07 20:00:01", facts=facts)
    assert result(late, _gate("state: [cease]", "zone: Pacific/Auckland")) is Result.FAIL


def test_days_at_the_ends_of_the_calendar_do_no_harm() -> None:
    facts = (Fact(FactKind.CEASE, date.min, date.max),)
    assert _open(visit(facts=facts), "state: [cease]", "2026-04-08 00:00", "2026-04-09 00:00") == []


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ("", "one thing"),
        ("always: true, state: [cease]", "one thing"),
        ("always: false", "never shuts"),
        ("reroute_to: [attorney]", "one thing"),
        ("state: []", "empty list"),
        ("state: {form: [written]}", "'kind' is missing"),
        ('annual_rate: {at_most: "0.2"}', "over a rate"),
        ('annual_rate: {over: "0.2"}, lifts: {after_days: 3}', "said of a state"),
        ("always: true, whose: anyone", "said of a state"),
        ("state: [cease], whose: nobody", "'nobody' is not known"),
        ("state: [cease], lifts: {}", "one thing lifts it"),
        ("state: [cease], lifts: {after_days: 1, after_months: 1}", "one thing lifts it"),
        ("state: [cease], lifts: {after_days: 0}", "at least 1"),
        ("state: [cease], lifts: {after_months: 1201}", "a hundred years"),
        ("state: [cease], lifts: {after: {}}", "any contact at all"),
        ("state: [cease], lifts: {after: {state: [cease]}}", "'state' is not known"),
        ("state: [cease], only_channels: [fax]", "'fax' is not known"),
        ("state: [cease], reroute_to: [judge]", "'judge' is not known"),
    ],
)
def test_what_means_nothing_is_refused(params: str, complaint: str) -> None:
    with pytest.raises(BrokenPack, match=complaint):
        _gate(params)
