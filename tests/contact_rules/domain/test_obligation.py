"""`obligation`: what must be done, what shows it, what it needs, and what makes it impossible."""

from datetime import date

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Contact,
    Fact,
    FactKind,
    Member,
    Obligation,
    Result,
    Verdict,
    check,
    windows,
)
from contact_rules.domain.decision import Text
from contact_rules.domain.duties import Act, Moment
from door_questions import only, pack_of, result, visit, when

RECORDED = """
kind: obligation
params:
  what: record_visit
  when: during
  evidence: [audio, video]
  keep_years: 2
  impossible_when: [cannot_record]
  needs: {consent: [recording]}
  otherwise: record_outside_only
message: {en: "Must {what} ({evidence}, {keep}).", zh: "须{what}（{evidence}，{keep}）。"}
"""
CONSENT = Consent(ConsentScope.RECORDING, when("2026-04-08 10:00"), until=when("2026-04-08 11:00"))


def _obliged(contact: Contact, *rules: str) -> list[str]:
    return [duty.what for duty in check(contact, [pack_of(*rules)]).obligations]


def test_the_answer_says_what_must_be_done_how_it_is_shown_and_how_long_that_is_kept() -> None:
    (duty,) = check(visit(consents=(CONSENT,)), [pack_of(RECORDED)]).obligations
    assert duty == Obligation(
        rule="test.rule-0",
        what="record_visit",
        when="during",
        message=Text(
            "Must record the visit (audio, video, 2 years).",
            "须全程录制外访（录音、录像，2 年）。",
        ),
        evidence=("audio", "video"),
        keep="2 years",
    )


@pytest.mark.parametrize(
    ("at", "what"),
    [
        ("2026-04-08 09:59:59", "record_outside_only"),
        ("2026-04-08 10:00", "record_visit"),
        ("2026-04-08 10:30", "record_visit"),
        ("2026-04-08 10:30:01", "record_outside_only"),
    ],
)
def test_what_needs_consent_is_otherwise_something_else(at: str, what: str) -> None:
    contact = visit(at, consents=(CONSENT,))
    (duty,) = check(contact, [pack_of(RECORDED)]).obligations
    assert duty.what == what
    assert duty.message.en.startswith(
        "Must record the visit" if what == "record_visit" else "Must record only outside"
    )
    assert (duty.when, duty.evidence, duty.keep) == ("during", ("audio", "video"), "2 years")


def test_or_nothing_at_all() -> None:
    rule = (
        "kind: obligation\nparams: {what: record_visit, when: during,"
        " needs: {consent: [recording, visit]}}"
    )
    assert _obliged(visit(), rule) == []
    found = only(visit(), pack_of(rule))
    assert (found.result, found.measured, found.limit) == (Result.PASS, "none", "record_visit")
    assert _obliged(visit(consents=(CONSENT,)), rule) == ["record_visit"]
    other = Consent(ConsentScope.VISIT, when("2026-04-01 10:00"), channel=Channel.PHONE)
    assert _obliged(visit(consents=(other,)), rule) == []
    assert _obliged(visit(consents=(other,), channel=Channel.PHONE), rule) == ["record_visit"]


def test_what_is_impossible_is_a_no_on_those_days() -> None:
    broken = Fact(FactKind.CANNOT_RECORD, date(2026, 4, 8), date(2026, 4, 9))
    pack = pack_of(RECORDED)
    contact = visit(facts=(broken,), consents=(CONSENT,))
    decision = check(contact, [pack])
    assert decision.verdict is Verdict.DENY
    assert decision.obligations == ()
    (found,) = decision.checks
    assert (found.result, found.measured, found.limit) == (
        Result.FAIL,
        "cannot_record",
        "record_visit",
    )
    open_ = windows(contact, [pack], when("2026-04-07 20:00"), when("2026-04-10 08:00"))
    assert [(w.from_, w.to) for w in open_] == [
        (when("2026-04-07 20:00"), when("2026-04-07 23:59:59")),
        (when("2026-04-10 00:00"), when("2026-04-10 08:00")),
    ]
    of_calls = Fact(FactKind.CANNOT_RECORD, channel=Channel.PHONE)
    assert result(visit(facts=(of_calls,)), pack) is Result.PASS


STAY_OUT = "kind: obligation\nparams: {what: take_no_payment, when: during}"
TWO = "kind: staffing\nparams: {min: 2}"


def test_obligations_come_with_a_yes_or_a_doubt_and_never_with_a_no() -> None:
    assert _obliged(visit(), STAY_OUT, TWO) == ["take_no_payment"]
    assert _obliged(visit(team=(Member("chang"),)), STAY_OUT, TWO) == []
    doubt = f"{TWO}\non_fail: needs_review\nseverity: guidance"
    assert _obliged(visit(team=(Member("chang"),)), STAY_OUT, doubt) == ["take_no_payment"]


def test_each_rule_says_its_own_in_the_order_of_the_rules() -> None:
    when_asked = "kind: obligation\nparams: {what: leave_when_asked, when: on_refusal}"
    elsewhere = f"{STAY_OUT}\napplies_when: {{channel: [phone]}}"
    later = f"{STAY_OUT}\neffective_from: 2027-01-01"
    assert _obliged(visit(), when_asked, elsewhere, later, STAY_OUT) == [
        "leave_when_asked",
        "take_no_payment",
    ]


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("moment", list(Moment))
def test_every_act_can_be_asked_for_at_every_moment(act: Act, moment: Moment) -> None:
    pack = pack_of(f"kind: obligation\nparams: {{what: {act}, when: {moment}}}")
    (duty,) = check(visit(), [pack]).obligations
    assert (duty.what, duty.when, duty.evidence, duty.keep) == (act, moment, (), None)


@pytest.mark.parametrize(
    ("said", "kept", "zh"),
    [
        ("keep_days: 1", "1 day", "1 天"),
        ("keep_days: 90", "90 days", "90 天"),
        ("keep_years: 1", "1 year", "1 年"),
        ("keep_years: 5", "5 years", "5 年"),
    ],
)
def test_how_long_it_is_kept(said: str, kept: str, zh: str) -> None:
    pack = pack_of(
        f"kind: obligation\nparams: {{what: keep_records, when: after, {said}}}\n"
        'message: {en: "For {keep}.", zh: "{keep}。"}'
    )
    (duty,) = check(visit(), [pack]).obligations
    assert (duty.keep, duty.message) == (kept, Text(f"For {kept}.", f"{zh}。"))


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ("when: during", "'what' is missing"),
        ("what: record_visit", "'when' is missing"),
        ("what: dance, when: during", "'dance' is not known"),
        ("what: record_visit, when: later", "'later' is not known"),
        ("what: record_visit, when: during, keep_days: 1, keep_years: 1", "days or years"),
        ("what: record_visit, when: during, keep_days: 0", "at least 1"),
        ("what: record_visit, when: during, evidence: [smell]", "'smell' is not known"),
        ("what: record_visit, when: during, otherwise: give_copy", "otherwise than what"),
        ("what: record_visit, when: during, needs: {}", "'consent' is missing"),
        ("what: record_visit, when: during, needs: {state: [cease]}", "'state' is not known"),
        ("what: record_visit, when: during, impossible_when: [rain]", "'rain' is not known"),
    ],
)
def test_what_means_nothing_is_refused(params: str, complaint: str) -> None:
    with pytest.raises(BrokenPack, match=complaint):
        pack_of(f"kind: obligation\nparams: {{{params}}}")
