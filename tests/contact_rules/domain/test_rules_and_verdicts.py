"""To whom a rule applies, since when, and how the results add up to a verdict."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Consent,
    ConsentScope,
    Debt,
    Direction,
    Fact,
    FactKind,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Result,
    Role,
    Verdict,
    check,
)
from contact_rules.domain.decision import combined
from door_questions import only, pack_of, reserved, result, visit, when

FAILS = "kind: staffing\nparams: {min: 9}"


@pytest.mark.parametrize(
    ("selector", "fits", "fits_not"),
    [
        ("{channel: [visit]}", {}, {"channel": Channel.PHONE}),
        ("{not_channel: [visit]}", {"channel": Channel.PHONE}, {}),
        ("{direction: [outbound]}", {}, {"direction": Direction.INBOUND}),
        ("{party: [liable]}", {"role": Role.GUARANTOR}, {"role": Role.SPOUSE}),
        ("{party: [third_party]}", {"role": Role.SPOUSE}, {"role": Role.CO_DEBTOR}),
        (
            "{party: [third_party], not_party: [attorney]}",
            {"role": Role.OTHER},
            {"role": Role.ATTORNEY},
        ),
        ("{place: [home, agreed]}", {}, {"place": Place(PlaceKind.WORK, "Asia/Taipei")}),
        ("{purpose: [collect]}", {}, {"purpose": Purpose.LEGAL_NOTICE}),
        (
            "{collector: [agency]}",
            {},
            {"collector": Collector("river-bank", CollectorClass.CREDITOR)},
        ),
        (
            "{product: [auto]}",
            {"debts": (Debt("card", Product.CREDIT_CARD), Debt("car", Product.AUTO))},
            {},
        ),
        ("{not_product: [auto]}", {}, {"debts": (Debt("car", Product.AUTO),)}),
        ("{state: [hardship]}", {"facts": (Fact(FactKind.HARDSHIP),)}, {}),
        ("{not_state: [hardship]}", {}, {"facts": (Fact(FactKind.HARDSHIP),)}),
        (
            "{state: [cease]}",
            {"facts": (Fact(FactKind.CEASE, channel=Channel.VISIT),)},
            {"facts": (Fact(FactKind.CEASE, channel=Channel.SMS),)},
        ),
        (
            "{consent: [visit]}",
            {"consents": (Consent(ConsentScope.VISIT, when("2026-04-01 10:00")),)},
            {"consents": (Consent(ConsentScope.ENTRY, when("2026-04-01 10:00")),)},
        ),
    ],
)
def test_selectors(selector: str, fits: dict[str, object], fits_not: dict[str, object]) -> None:
    applies = pack_of(f"{FAILS}\napplies_when: {selector}")
    assert result(visit(**fits), applies) is Result.FAIL
    assert result(visit(**fits_not), applies) is Result.NOT_APPLICABLE
    excepted = pack_of(f"{FAILS}\nexceptions: [{selector}]")
    assert result(visit(**fits), excepted) is Result.NOT_APPLICABLE
    assert result(visit(**fits_not), excepted) is Result.FAIL


@pytest.mark.parametrize(
    ("selector", "nothing"),
    [
        ("{place: [home]}", {"place": None, "channel": Channel.PHONE}),
        ("{not_place: [home]}", {"place": None, "channel": Channel.PHONE}),
        ("{product: [auto]}", {"debts": (Debt("card", None),)}),
        ("{not_product: [auto]}", {"debts": (Debt("card", None),)}),
        ("{product: [auto]}", {"debts": ()}),
    ],
)
def test_what_is_not_known_may_apply_and_excepts_nothing(
    selector: str, nothing: dict[str, object]
) -> None:
    applies = pack_of(f"{FAILS}\napplies_when: {selector}")
    decision = check(visit(**nothing), [applies])
    assert decision.checks[0].result is Result.UNKNOWN
    assert decision.verdict is Verdict.NEEDS_REVIEW
    kept = pack_of(f"kind: staffing\nparams: {{min: 1}}\napplies_when: {selector}")
    assert result(visit(**nothing), kept) is Result.PASS  # kept whether it applies or not
    excepted = pack_of(f"{FAILS}\nexceptions: [{selector}]")
    assert result(visit(**nothing), excepted) is Result.FAIL
    elsewhere = pack_of(f"{FAILS}\napplies_when: {{purpose: [relay], {selector[1:]}")
    assert result(visit(**nothing), elsewhere) is Result.NOT_APPLICABLE


def test_facts_hold_on_their_days_at_the_door() -> None:
    pack = pack_of(f"{FAILS}\napplies_when: {{state: [hospital]}}")
    fact = Fact(FactKind.HOSPITAL, since=date(2026, 4, 8), until=date(2026, 4, 10))
    for at, expected in (
        ("2026-04-07 23:59:59", Result.NOT_APPLICABLE),
        ("2026-04-08 00:00", Result.FAIL),
        ("2026-04-10 23:59:59", Result.FAIL),
        ("2026-04-11 00:00", Result.NOT_APPLICABLE),
    ):
        assert result(visit(at, facts=(fact,)), pack) is expected


def test_consents_cover_the_whole_contact_or_do_not_count() -> None:
    pack = pack_of(f"{FAILS}\nexceptions: [{{consent: [visit]}}]")
    consent = Consent(ConsentScope.VISIT, when("2026-04-08 10:00"), until=when("2026-04-08 11:00"))
    for at, expected in (
        ("2026-04-08 09:59:59", Result.FAIL),
        ("2026-04-08 10:00", Result.NOT_APPLICABLE),
        ("2026-04-08 10:30", Result.NOT_APPLICABLE),
        ("2026-04-08 10:30:01", Result.FAIL),
    ):
        assert result(visit(at, consents=(consent,)), pack) is expected


def test_a_rule_is_in_force_on_its_days_at_the_door() -> None:
    pack = pack_of(f"{FAILS}\neffective_from: 2026-04-08\neffective_to: 2026-04-10")
    for at, there in (
        ("2026-04-07 23:59:59", 0),
        ("2026-04-08 00:00", 1),
        ("2026-04-10 23:59:59", 1),
        ("2026-04-11 00:00", 0),
    ):
        decision = check(visit(at), [pack])
        assert len(decision.checks) == there
        assert decision.verdict is (Verdict.DENY if there else Verdict.ALLOW)


def test_the_rule_of_the_day_is_the_one_that_counts() -> None:
    pack = pack_of(
        "id: test.team\nkind: staffing\nparams: {min: 2}\neffective_to: 2026-08-31",
        "id: test.team\nkind: staffing\nparams: {min: 3}\neffective_from: 2026-09-01",
    )
    assert only(visit("2026-08-31 10:00"), pack).limit == 2
    assert only(visit("2026-09-01 10:00"), pack).limit == 3


@pytest.mark.parametrize("severity", ["prohibition", "presumption", "guidance", "policy"])
def test_what_fails_is_denied_unless_the_pack_wants_it_looked_at(severity: str) -> None:
    rule = f"{FAILS}\nseverity: {severity}"
    assert check(visit(), [pack_of(rule)]).verdict is Verdict.DENY
    if severity != "prohibition":
        softer = f"applies: named\non_fail: {{{severity}: needs_review}}"
        assert check(visit(), [pack_of(rule, head=softer)]).verdict is Verdict.NEEDS_REVIEW
        own = pack_of(f"{rule}\non_fail: needs_review")
        assert check(visit(), [own]).verdict is Verdict.NEEDS_REVIEW
        back = pack_of(f"{rule}\non_fail: deny", head=softer)
        assert check(visit(), [back]).verdict is Verdict.DENY


def test_one_no_outweighs_every_doubt_and_one_doubt_every_yes() -> None:
    deny, review, allow = Verdict.DENY, Verdict.NEEDS_REVIEW, Verdict.ALLOW
    assert combined([]) is allow
    assert combined([allow, review, deny]) is deny
    assert combined([allow, review]) is review
    assert combined([allow, allow]) is allow


def test_every_rule_in_force_is_in_the_trace_with_its_law() -> None:
    pack = pack_of(
        "kind: staffing\nparams: {min: 1}\nseverity: guidance\nsource_quality: report\n"
        "citation: Lex Duodecim",
        f"{FAILS}\napplies_when: {{channel: [phone]}}",
    )
    kept, not_applicable = check(visit(), [pack]).checks
    assert (kept.rule, kept.pack, kept.kind) == ("test.rule-0", "test@2026-01-01", "staffing")
    assert (kept.severity, kept.source_quality) == ("guidance", "report")
    assert (kept.citation, kept.verdict) == ("Lex Duodecim", Verdict.ALLOW)
    assert not_applicable.result is Result.NOT_APPLICABLE
    assert not_applicable.message.en == "Does not apply to this contact."
    assert not_applicable.message.zh == "不适用于本次联系。"


def test_the_sentence_has_its_numbers_in_it() -> None:
    pack = pack_of(
        "kind: cap\nparams: {match: {channel: [visit]}, max: 1, window: {rolling_days: 7}}\n"
        'message: {en: "{measured} of {limit} (100%), {from} to {to}.", '
        'zh: "{from} 至 {to}：{measured}/{limit}。"}'
    )
    found = only(visit("2026-04-08 10:00", history=(reserved("2026-04-09 10:00"),)), pack)
    assert found.message.en == "2 of 1 (100%), 2026-04-08 to 2026-04-14."
    assert found.message.zh == "2026-04-08 至 2026-04-14：2/1。"


def test_equal_questions_get_equal_answers_and_different_ones_their_own() -> None:
    pack = pack_of(
        'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}}\n'
        'message: {en: "{start}-{end} on {date}.", zh: "{date} {start}-{end}。"}'
    )
    said = {
        only(visit(at, minutes=minutes), pack).message.en
        for at in ("2026-04-08 10:00", "2026-04-09 10:00", "2026-04-08 10:00")
        for minutes in (30, 45)
    }
    assert len(said) == 4


def test_a_contact_is_aware_whole_and_forward() -> None:
    with pytest.raises(ValueError, match="no offset"):
        visit().at(when("2026-04-08 10:00").replace(tzinfo=None))
    with pytest.raises(ValueError, match="whole seconds"):
        visit().at(when("2026-04-08 10:00") + timedelta(microseconds=1))
    with pytest.raises(ValueError, match="before it starts"):
        replace(visit(), duration=timedelta(seconds=-1))
    with pytest.raises(ValueError, match="no offset"):
        Consent(ConsentScope.HOURS, when("2026-04-08 10:00").replace(tzinfo=None))
    moved = visit("2026-04-08 10:00").at(when("2026-04-09 11:00"))
    assert (moved.starts_at, moved.ends_at) == (
        when("2026-04-09 11:00"),
        when("2026-04-09 11:30"),
    )
