"""`place`: which kinds of place, in which order, and whether those who visit may come in."""

from dataclasses import replace
from typing import Any

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Direction,
    Obligation,
    Outcome,
    PastContact,
    Place,
    PlaceKind,
    Result,
    Verdict,
    check,
    windows,
)
from door_questions import only, pack_of, past, reserved, result, visit, when

HOME_FIRST = pack_of("kind: place\nparams: {order: [home, agreed, work], attempts: 2}")


def _at(kind: PlaceKind, at: str = "2026-04-08 10:00", **changes: Any) -> Contact:
    return visit(at, place=Place(kind, "Asia/Taipei", "TW"), **changes)


def _failed(at: str, place: PlaceKind | None = PlaceKind.HOME, **changes: Any) -> PastContact:
    return past(at, changes.pop("outcome", Outcome.NOBODY_MET), place=place, **changes)


@pytest.mark.parametrize("kind", list(PlaceKind))
def test_places_are_allowed_or_denied(kind: PlaceKind) -> None:
    allow = pack_of("kind: place\nparams: {allow: [home, agreed]}")
    deny = pack_of("kind: place\nparams: {deny: [work, school]}")
    both = pack_of("kind: place\nparams: {allow: [home, agreed], deny: [work]}")
    home, shut = kind in ("home", "agreed"), kind in ("work", "school")
    assert (result(_at(kind), allow) is Result.PASS) is home
    assert (result(_at(kind), deny) is Result.FAIL) is shut
    assert (result(_at(kind), both) is Result.PASS) is home


@pytest.mark.parametrize(
    "params", ["allow: [home]", "order: [home, work]", "deny: [work]", "entry: never"]
)
def test_a_place_nobody_knows_is_a_doubt(params: str) -> None:
    pack = pack_of(f"kind: place\nparams: {{{params}}}")
    decision = check(visit(place=None, channel=Channel.PHONE), [pack])
    assert decision.verdict is Verdict.NEEDS_REVIEW
    assert decision.checks[0].message.en == "Not known: what kind of place the contact is at."


def test_a_later_place_waits_until_every_earlier_one_was_tried() -> None:
    home = (_failed("2026-04-01 10:00"), _failed("2026-04-02 10:00"))
    agreed = tuple(_failed(f"2026-04-0{day} 12:00", PlaceKind.AGREED) for day in (3, 4))
    for history, expected in (
        ((), (Result.PASS, Result.FAIL, Result.FAIL)),
        (home[:1], (Result.PASS, Result.FAIL, Result.FAIL)),
        (home, (Result.PASS, Result.PASS, Result.FAIL)),
        (agreed, (Result.PASS, Result.FAIL, Result.FAIL)),
        ((*home, *agreed[:1]), (Result.PASS, Result.PASS, Result.FAIL)),
        ((*home, *agreed), (Result.PASS, Result.PASS, Result.PASS)),
    ):
        found = tuple(
            result(_at(kind, history=history), HOME_FIRST)
            for kind in (PlaceKind.HOME, PlaceKind.AGREED, PlaceKind.WORK)
        )
        assert found == expected
    assert result(_at(PlaceKind.PUBLIC), HOME_FIRST) is Result.PASS  # it stands in no order


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({}, Result.PASS),
        ({"outcome": Outcome.NO_ANSWER}, Result.PASS),
        ({"outcome": Outcome.DEBTOR_MET}, Result.FAIL),
        ({"outcome": Outcome.NOTICE_GIVEN}, Result.FAIL),
        ({"channel": Channel.PHONE}, Result.FAIL),
        ({"direction": Direction.INBOUND}, Result.FAIL),
        ({"party": "hsu"}, Result.FAIL),
        ({"place": PlaceKind.PUBLIC}, Result.FAIL),
        ({"reserved": True, "outcome": None}, Result.FAIL),
        ({"at": "2026-04-08 10:00"}, Result.FAIL),  # it begins together with this one
        ({"at": "2026-04-08 09:59:59"}, Result.PASS),
        ({"party": None}, Result.UNKNOWN),
        ({"place": None}, Result.UNKNOWN),
        ({"outcome": None}, Result.UNKNOWN),
        ({"outcome": None, "party": "hsu"}, Result.FAIL),
        ({"place": None, "outcome": Outcome.DEBTOR_MET}, Result.FAIL),
    ],
)
def test_what_counts_as_an_attempt(second: dict[str, Any], expected: Result) -> None:
    history = (_failed("2026-04-01 10:00"), _failed(**{"at": "2026-04-02 10:00"} | second))
    pack = pack_of("kind: place\nparams: {order: [home, work], attempts: 2}")
    assert result(_at(PlaceKind.WORK, history=history), pack) is expected


def test_a_doubt_matters_only_where_it_decides() -> None:
    doubtful = _failed("2026-04-03 10:00", None)
    sure = (_failed("2026-04-01 10:00"), _failed("2026-04-02 10:00"))
    pack = pack_of("kind: place\nparams: {order: [home, work], attempts: 2}")
    assert result(_at(PlaceKind.WORK, history=(*sure, doubtful)), pack) is Result.PASS
    assert result(_at(PlaceKind.WORK, history=(doubtful,)), pack) is Result.FAIL
    # Nobody tried the place agreed on, whatever the doubtful one was.
    history = (*sure, doubtful)
    assert result(_at(PlaceKind.WORK, history=history), HOME_FIRST) is Result.FAIL


def test_the_calendar_opens_a_second_after_the_last_attempt() -> None:
    pack = pack_of("kind: place\nparams: {order: [home, work]}")
    contact = _at(
        PlaceKind.WORK,
        history=(_failed("2026-04-08 10:00"), _failed("2026-04-08 08:00", party=None)),
    )
    (open_,) = windows(contact, [pack], when("2026-04-08 00:00"), when("2026-04-09 00:00"))
    assert (open_.from_, open_.to) == (when("2026-04-08 10:00:01"), when("2026-04-09 00:00"))


def test_a_place_in_the_order_may_still_be_denied() -> None:
    pack = pack_of("kind: place\nparams: {order: [home, work], deny: [work]}")
    contact = _at(PlaceKind.WORK, history=(_failed("2026-04-01 10:00"),))
    found = only(contact, pack)
    assert found.result is Result.FAIL
    assert "work" not in str(found.limit)


def _duties(contact: Contact, entry: str) -> list[str]:
    pack = pack_of(f"kind: place\nparams: {{entry: {entry}}}")
    decision = check(contact, [pack])
    assert decision.verdict is Verdict.ALLOW
    assert all(duty.when == "at_start" for duty in decision.obligations)
    return [duty.what for duty in decision.obligations]


def test_who_may_come_in_is_an_obligation_and_never_a_no() -> None:
    assert _duties(visit(), "never") == ["stay_outside"]
    assert _duties(visit(), "if_invited") == ["enter_only_if_invited"]
    assert _duties(visit(), "with_consent") == ["stay_outside"]


@pytest.mark.parametrize(
    ("given", "until", "what"),
    [
        ("2026-04-08 10:00", None, "enter_as_agreed"),
        ("2026-04-08 10:00:01", None, "stay_outside"),
        ("2026-04-08 09:00", "2026-04-08 10:30", "enter_as_agreed"),
        ("2026-04-08 09:00", "2026-04-08 10:29:59", "stay_outside"),
    ],
)
def test_a_consent_to_come_in_covers_the_whole_visit(
    given: str, until: str | None, what: str
) -> None:
    consent = Consent(ConsentScope.ENTRY, when(given), until=when(until) if until else None)
    assert _duties(visit(consents=(consent,)), "with_consent") == [what]
    assert _duties(visit(consents=(consent,)), "never") == ["stay_outside"]
    other = Consent(ConsentScope.VISIT, when(given))
    assert _duties(visit(consents=(other,)), "with_consent") == ["stay_outside"]


def test_the_obligation_is_said_with_the_sentence_of_the_rule() -> None:
    pack = pack_of(
        "kind: place\nparams: {allow: [home], entry: never}\n"
        'message: {en: "Only at {allowed}, outside.", zh: "仅限{allowed}，不得入户。"}'
    )
    decision = check(visit(), [pack])
    (said,) = decision.checks
    assert said.message.en == "Only at home, outside."
    assert decision.obligations == (
        Obligation("test.rule-0", "stay_outside", "at_start", said.message),
    )
    assert check(_at(PlaceKind.WORK), [pack]).obligations == ()


def test_whoever_lets_a_doubtful_visit_happen_is_told_how_to_behave() -> None:
    sentence = 'message: {en: "Outside ({place}).", zh: "户外（{place}）。"}'
    rule = f"kind: place\nparams: {{order: [home, work], entry: never}}\n{sentence}"
    doubtful = (_failed("2026-04-01 10:00", None),)
    for contact, here in (
        (_at(PlaceKind.WORK, history=doubtful), "place of work"),
        (visit(place=None), "nothing"),
    ):
        decision = check(contact, [pack_of(rule)])
        assert decision.verdict is Verdict.NEEDS_REVIEW
        assert decision.checks[0].message.en.startswith("Not known")
        (duty,) = decision.obligations
        assert (duty.what, duty.message.en) == ("stay_outside", f"Outside ({here}).")
    softened = pack_of(f"{rule}\nseverity: guidance\non_fail: needs_review")
    assert [d.what for d in check(_at(PlaceKind.WORK), [softened]).obligations] == ["stay_outside"]
    debts = pack_of(f"{rule}\napplies_when: {{product: [auto]}}")
    perhaps = check(_at(PlaceKind.WORK, debts=(Debt("d"),)), [debts])
    assert perhaps.verdict is Verdict.NEEDS_REVIEW
    assert [d.what for d in perhaps.obligations] == ["stay_outside"]


def test_the_sentence_names_places_in_both_languages() -> None:
    pack = pack_of(
        "kind: place\nparams: {allow: [home, work], order: [home, work]}\n"
        'message: {en: "{place}/{measured}; {allowed}; first {missing}", '
        'zh: "{place}/{measured}；{allowed}；先{missing}"}'
    )
    found = only(_at(PlaceKind.WORK), pack)
    assert found.message.en == "place of work/place of work; home, place of work; first home"
    assert found.message.zh == "工作单位/工作单位；住所、工作单位；先住所"
    assert (found.measured, found.limit, found.window) == ("work", "home, work", None)
    tried = only(_at(PlaceKind.WORK, history=(_failed("2026-04-01 10:00"),)), pack)
    assert tried.message.en.endswith("first nothing")
    denied = only(_at(PlaceKind.PUBLIC), pack)
    assert (denied.measured, denied.limit) == ("public", "home, work")
    assert denied.message.en.startswith("public place/")


def test_a_reserved_visit_is_no_attempt() -> None:
    pack = pack_of("kind: place\nparams: {order: [home, work]}")
    contact = _at(PlaceKind.WORK, history=(reserved("2026-04-01 10:00"),))
    assert result(contact, pack) is Result.FAIL


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ("{}", "nothing is asked"),
        ("{allow: [home], deny: [home]}", "allowed and denied at once: home"),
        ("{allow: []}", "empty list"),
        ("{allow: [house]}", "'house' is not known"),
        (
            "{deny: [home, work, agreed, public, school, hospital, branch, other]}",
            "no place is left",
        ),
        ("{attempts: 2}", "in order"),
        ("{order: [home]}", "two places or more"),
        ("{order: [home, home]}", "two places or more"),
        ("{order: [home, work], attempts: 0}", "at least 1"),
        ("{entry: sometimes}", "'sometimes' is not known"),
    ],
)
def test_what_means_nothing_is_refused(params: str, complaint: str) -> None:
    with pytest.raises(BrokenPack, match=complaint):
        pack_of(f"kind: place\nparams: {params}")


def test_an_attempt_told_twice_is_one_attempt() -> None:
    pack = pack_of("kind: place\nparams: {order: [home, work], attempts: 2}")
    once = replace(past("2026-04-01 10:00", outcome=Outcome.NOBODY_MET), id="crm-1")
    assert result(_at(PlaceKind.WORK, history=(once, once)), pack) is Result.FAIL
    twice = replace(past("2026-04-02 10:00", outcome=Outcome.NOBODY_MET), id="crm-2")
    assert result(_at(PlaceKind.WORK, history=(once, twice)), pack) is Result.PASS
