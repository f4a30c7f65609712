"""Selectors with forms and numbers: what fits, what doesn't, and what is not known."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Debt,
    Fact,
    FactKind,
    Form,
    Outcome,
    Result,
    Verdict,
    check,
    windows,
)
from contact_rules.domain import selector as selectors
from contact_rules.domain.decision import Text
from contact_rules.domain.question import Question
from door_questions import only, pack_of, past, reserved, result, visit, when

FAILS = "kind: staffing\nparams: {min: 9}"
KEPT = "kind: staffing\nparams: {min: 1}"
WRITTEN, ORAL = Form.WRITTEN, Form.ORAL


def _facts(*forms: Form | None) -> tuple[Fact, ...]:
    return tuple(Fact(FactKind.CEASE, form=form) for form in forms)


@pytest.mark.parametrize(
    ("forms", "fits"),
    [
        ((), False),
        ((WRITTEN,), True),
        ((ORAL,), False),
        ((None,), None),
        ((ORAL, None), None),
        ((None, WRITTEN), True),
        ((Form.SEPARATE_INSTRUMENT,), True),
        ((Form.ORAL_RECORDED,), False),
    ],
)
def test_a_state_in_a_form(forms: tuple[Form | None, ...], fits: bool | None) -> None:
    asked = "state: {kind: [cease], form: [written, separate_instrument]}"
    contact = visit(facts=_facts(*forms))
    applies = pack_of(f"{FAILS}\napplies_when: {{{asked}}}")
    expected = {True: Result.FAIL, False: Result.NOT_APPLICABLE, None: Result.UNKNOWN}
    assert result(contact, applies) is expected[fits]
    unless = pack_of(f"{FAILS}\nexceptions: [{{{asked}}}]")
    assert result(contact, unless) is (Result.NOT_APPLICABLE if fits else Result.FAIL)
    turned = pack_of(f"{FAILS}\napplies_when: {{not_{asked}}}")
    opposite = {True: Result.NOT_APPLICABLE, False: Result.FAIL, None: Result.UNKNOWN}
    assert result(contact, turned) is opposite[fits]


def test_a_state_in_doubt_does_no_harm_where_something_else_settles_it() -> None:
    contact = visit(facts=_facts(None))
    asked = "state: {kind: [cease], form: [written]}"
    assert result(contact, pack_of(f"{KEPT}\napplies_when: {{{asked}}}")) is Result.PASS
    for other in ("channel: [phone]", "consent: [visit]", "state: [dispute], not_party: [debtor]"):
        pack = pack_of(f"{FAILS}\napplies_when: {{{other}, not_{asked}}}")
        assert result(contact, pack) is Result.NOT_APPLICABLE
    said = only(contact, pack_of(f"{FAILS}\napplies_when: {{{asked}}}"))
    assert said.message.en.startswith("Not known: whether this rule applies")


def test_the_long_form_without_a_form_is_the_short_one() -> None:
    long = pack_of(f"{FAILS}\napplies_when: {{state: {{kind: [cease]}}}}")
    short = pack_of(f"{FAILS}\napplies_when: {{state: [cease]}}")
    assert long.rules[0].applies_when is short.rules[0].applies_when
    assert result(visit(facts=_facts(None)), long) is Result.FAIL


def test_a_state_of_another_channel_is_not_looked_at_and_whose_it_is_does_not_matter() -> None:
    pack = pack_of(f"{FAILS}\napplies_when: {{state: {{kind: [cease], form: [written]}}}}")
    fact = Fact(FactKind.CEASE, form=WRITTEN)
    assert result(visit(facts=(replace(fact, channel=Channel.SMS),)), pack) is (
        Result.NOT_APPLICABLE
    )
    assert result(visit(facts=(replace(fact, channel=Channel.VISIT),)), pack) is Result.FAIL
    assert result(visit(facts=(replace(fact, party="somebody else"),)), pack) is Result.FAIL


@pytest.mark.parametrize(
    ("form", "fits"),
    [(WRITTEN, True), (Form.SEPARATE_INSTRUMENT, True), (ORAL, False), (None, False)],
)
def test_a_consent_in_a_form_is_proven_or_not_there(form: Form | None, fits: bool) -> None:
    asked = "consent: {scope: [visit_frequency], form: [written, separate_instrument]}"
    given = Consent(ConsentScope.VISIT_FREQUENCY, when("2026-04-01 10:00"), form)
    contact = visit(consents=(given,))
    unless = pack_of(f"{FAILS}\nexceptions: [{{{asked}}}]")
    assert result(contact, unless) is (Result.NOT_APPLICABLE if fits else Result.FAIL)
    turned = pack_of(f"{FAILS}\napplies_when: {{not_{asked}}}")
    assert result(contact, turned) is (Result.NOT_APPLICABLE if fits else Result.FAIL)


@pytest.mark.parametrize(
    ("scope", "channel", "fits"),
    [
        (ConsentScope.CHANNEL, Channel.VISIT, True),
        (ConsentScope.CHANNEL, Channel.SMS, False),
        (ConsentScope.CHANNEL, None, False),  # for which channel, nobody knows
        (ConsentScope.VISIT, None, True),
        (ConsentScope.VISIT, Channel.VISIT, True),
        (ConsentScope.VISIT, Channel.PHONE, False),
    ],
)
def test_a_consent_counts_for_its_channel(
    scope: ConsentScope, channel: Channel | None, fits: bool
) -> None:
    given = Consent(scope, when("2026-04-01 10:00"), channel=channel)
    pack = pack_of(f"{FAILS}\nexceptions: [{{consent: [{scope}]}}]")
    found = result(visit(consents=(given,)), pack)
    assert found is (Result.NOT_APPLICABLE if fits else Result.FAIL)


DEBTS = [None, 15, 16]


@pytest.mark.parametrize("numbers", [n for size in range(3) for n in product(DEBTS, repeat=size)])
def test_numbers_of_the_debts(numbers: tuple[int | None, ...]) -> None:
    known = [number for number in numbers if number is not None]
    if any(number > 15 for number in known):
        over: bool | None = True
    else:
        over = False if known and len(known) == len(numbers) else None
    debts = tuple(Debt(f"d{i}", days_past_due=number) for i, number in enumerate(numbers))
    contact = visit(debts=debts)
    expected = {True: Result.FAIL, False: Result.NOT_APPLICABLE, None: Result.UNKNOWN}
    above = pack_of(f"{FAILS}\napplies_when: {{days_past_due: {{over: 15}}}}")
    assert result(contact, above) is expected[over]
    below = pack_of(f"{FAILS}\napplies_when: {{days_past_due: {{at_most: 15}}}}")
    assert result(contact, below) is expected[None if over is None else not over]
    unless = pack_of(f"{FAILS}\nexceptions: [{{days_past_due: {{over: 15}}}}]")
    assert result(contact, unless) is (Result.NOT_APPLICABLE if over else Result.FAIL)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("0.24", Result.NOT_APPLICABLE), ("0.2400000001", Result.FAIL), ("0.3", Result.FAIL)],
)
def test_rates_are_compared_to_the_last_digit(rate: str, expected: Result) -> None:
    for limit in ('"0.24"', "0.24", '"0.240"'):
        pack = pack_of(f"{FAILS}\napplies_when: {{annual_rate: {{over: {limit}}}}}")
        contact = visit(debts=(Debt("card", annual_rate=Decimal(rate)),))
        assert result(contact, pack) is expected


def test_states_and_consents_move_with_the_start() -> None:
    pack = pack_of(
        f"{FAILS}\napplies_when: {{state: {{kind: [cease], form: [written]}}}}\n"
        "exceptions: [{consent: {scope: [visit], form: [written]}}]"
    )
    contact = visit(
        facts=(Fact(FactKind.CEASE, date(2026, 4, 8), date(2026, 4, 9), form=WRITTEN),),
        consents=(
            Consent(
                ConsentScope.VISIT, when("2026-04-08 12:00"), WRITTEN, when("2026-04-08 13:00")
            ),
            Consent(ConsentScope.VISIT, when("2026-04-08 14:00"), None, when("2026-04-08 15:00")),
        ),
    )
    open_ = windows(contact, [pack], when("2026-04-07 20:00"), when("2026-04-10 10:00"))
    assert [(w.from_, w.to) for w in open_] == [
        (when("2026-04-07 20:00"), when("2026-04-07 23:59:59")),
        (when("2026-04-08 12:00"), when("2026-04-08 12:30")),
        (when("2026-04-10 00:00"), when("2026-04-10 10:00")),
    ]


def test_an_outcome_is_known_of_the_past_only() -> None:
    conversation = selectors.Test("outcome", frozenset({Outcome.CONVERSATION}))
    reached = selectors.Selector([conversation])
    contact = visit()
    assert reached.past(past("2026-04-01 10:00", Outcome.CONVERSATION), contact) is True
    assert reached.past(past("2026-04-01 10:00", Outcome.SENT), contact) is False
    assert reached.past(reserved("2026-04-01 10:00"), contact) is None
    assert reached.contact(Question(contact), 0) is None


@pytest.mark.parametrize(
    ("selector", "complaint"),
    [
        ("{state: {form: [written]}}", "'kind' is missing"),
        ("{state: {kind: []}}", "an empty list"),
        ("{state: {kind: [cease], form: [writen]}}", "did you mean 'written'"),
        ("{state: {scope: [cease]}}", "'scope' is not known here"),
        ("{consent: {scope: [visit], kind: [x]}}", "'kind' is not known here"),
        ("{channel: {kind: [visit]}}", "a list belongs here"),
        ("{days_past_due: 15}", "a mapping"),
        ("{days_past_due: {over: 15, at_most: 20}}", "one limit"),
        ("{days_past_due: {}}", "one limit"),
        ('{days_past_due: {over: "1.5"}}', "no number of days"),
        ("{annual_rate: {over: 24%}}", "no rate"),
        ("{annual_rate: {over: -1}}", "no rate"),
        ("{annual_rate: {over: 1e1}}", "no rate"),
        ("{not_days_past_due: {over: 15}}", "not known here"),
        ("{outcome: [refused]}", "not known here"),
    ],
)
def test_what_means_nothing_is_refused(selector: str, complaint: str) -> None:
    with pytest.raises(BrokenPack, match=complaint):
        pack_of(f"{FAILS}\napplies_when: {selector}")


def test_a_rule_that_may_not_be_the_law_here_only_raises_doubts() -> None:
    reason = Text("Not known: whether this is in Massachusetts.", "无法判断。")
    for rule, expected in ((FAILS, Result.UNKNOWN), (KEPT, Result.PASS)):
        pack = pack_of(rule)
        doubted = replace(pack, rules=tuple(r.doubted(reason) for r in pack.rules))
        assert result(visit(), doubted) is expected
        if expected is Result.UNKNOWN:
            assert only(visit(), doubted).message == reason
            assert check(visit(), [doubted]).verdict is Verdict.NEEDS_REVIEW
            assert result(visit(), pack) is Result.FAIL
    place = pack_of("kind: place\nparams: {deny: [work]}")
    doubted = replace(place, rules=tuple(r.doubted(reason) for r in place.rules))
    assert only(visit(place=None), doubted).message == reason
    elsewhere = pack_of(f"{FAILS}\napplies_when: {{channel: [phone]}}").rules[0].doubted(reason)
    assert result(visit(), replace(place, rules=(elsewhere,))) is Result.NOT_APPLICABLE


def test_a_rule_in_doubt_says_no_in_the_calendar_too() -> None:
    reason = Text("Not known.", "无法判断。")
    pack = pack_of('kind: window\nparams: {hours: {every_day: ["10:00-11:00"]}}')
    doubted = replace(pack, rules=tuple(r.doubted(reason) for r in pack.rules))
    first, last = when("2026-04-08 00:00"), when("2026-04-09 00:00")
    assert windows(visit(), [doubted], first, last) == windows(visit(), [pack], first, last) != ()


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        # Only the consent lets it happen.
        (f"{FAILS}\nexceptions: [{{consent: [visit]}}]", "11:00"),
        (f"{FAILS}\napplies_when: {{not_consent: [visit]}}", "11:00"),
        # The consent ends, and the rule is kept all the same.
        (f"{KEPT}\nexceptions: [{{consent: [visit]}}]", None),
        # The consent ends, and from then on the hours count.
        (
            'kind: window\nparams: {hours: {every_day: ["08:00-12:00"]}}\n'
            "exceptions: [{consent: [visit]}]",
            "12:00",
        ),
        # One consent takes over from the other.
        (f"{FAILS}\nexceptions: [{{consent: [visit, visit_frequency]}}]", "11:30"),
        (f"{FAILS}\nexceptions: [{{consent: [visit]}}, {{consent: [visit_frequency]}}]", "11:30"),
        # While the consent covers all of the contact, hours count; of a longer one they don't.
        (
            'kind: window\nparams: {hours: {every_day: ["08:00-12:00"]}}\n'
            "applies_when: {consent: [visit]}",
            None,
        ),
        (
            'kind: window\nparams: {hours: {every_day: ["08:00-10:45"]}}\n'
            "applies_when: {consent: [visit]}",
            "10:45",
        ),
    ],
)
def test_a_contact_ends_before_the_consent_it_goes_by(rule: str, ends: str | None) -> None:
    contact = visit(
        consents=(
            Consent(ConsentScope.VISIT, when("2026-04-08 09:00"), until=when("2026-04-08 11:00")),
            Consent(
                ConsentScope.VISIT_FREQUENCY,
                when("2026-04-08 10:00"),
                until=when("2026-04-08 11:30"),
            ),
        )
    )
    pack = pack_of(rule)
    decision = check(contact, [pack])
    assert decision.verdict is Verdict.ALLOW
    assert decision.must_end_by == (None if ends is None else when(f"2026-04-08 {ends}"))
    if decision.must_end_by is not None:
        longest = decision.must_end_by - contact.starts_at
        second = timedelta(seconds=1)
        for length, verdict in ((longest, Verdict.ALLOW), (longest + second, Verdict.DENY)):
            assert check(replace(contact, duration=length), [pack]).verdict is verdict


def test_a_consent_to_third_parties_is_a_consent_and_no_word_for_many_roles() -> None:
    unless = pack_of(f"{FAILS}\nexceptions: [{{consent: [third_party]}}]")
    given = Consent(ConsentScope.THIRD_PARTY, when("2026-04-01 09:00"))
    assert result(visit(consents=(given,)), unless) is Result.NOT_APPLICABLE
    assert result(visit(), unless) is Result.FAIL
