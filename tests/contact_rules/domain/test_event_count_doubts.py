"""`event_count` where the history, or the contact itself, leaves out what decides."""

import pytest
from contact_rules.domain import (
    BrokenPack,
    Channel,
    Direction,
    Outcome,
    Pack,
    Place,
    PlaceKind,
    Purpose,
    Result,
    windows,
)
from door_questions import only, pack_of, past, reserved, result, visit, when


def _cap(what: str, most: int = 1, window: str = "ever") -> Pack:
    return pack_of(f"kind: cap\nparams: {{{what}, max: {most}, window: {window}}}")


CALL = {"channel": Channel.PHONE}


def test_an_outcome_may_be_left_out_as_well_as_asked_for() -> None:
    pack = _cap("match: {outcome: [reached], not_outcome: [refused]}")
    for outcome, expected in (
        (Outcome.DEBTOR_MET, Result.FAIL),
        (Outcome.REFUSED, Result.PASS),
        (Outcome.NOBODY_MET, Result.PASS),
        (None, Result.FAIL),
    ):
        assert result(visit(history=(past("2026-04-01 10:00", outcome),)), pack) is expected


def test_what_is_left_out_by_its_outcome_counts_until_the_outcome_is_known() -> None:
    pack = _cap("match: {channel: [visit]}, exclude: [{outcome: [failed], place: [home]}]")
    for outcome, place, expected in (
        (Outcome.NOBODY_MET, PlaceKind.HOME, Result.PASS),
        (Outcome.NOBODY_MET, PlaceKind.WORK, Result.FAIL),
        (Outcome.DEBTOR_MET, PlaceKind.HOME, Result.FAIL),
        (None, PlaceKind.HOME, Result.FAIL),
        (None, None, Result.FAIL),
        (Outcome.NOBODY_MET, None, Result.UNKNOWN),
    ):
        history = (past("2026-04-01 10:00", outcome, place=place),)
        assert result(visit(history=history), pack) is expected, (outcome, place)
    assert only(visit(), pack).measured == 1  # nobody knows what will come of this one


def test_towards_a_minimum_an_outcome_that_may_leave_it_out_does_so() -> None:
    pack = pack_of(
        "kind: notice\n"
        "params: {match: {channel: [letter]}, days: 3, exclude: [{outcome: [failed]}]}"
    )
    for outcome, expected in (
        (Outcome.SENT, Result.PASS),
        (Outcome.NOT_CONNECTED, Result.FAIL),
        (None, Result.FAIL),
    ):
        letter = past("2026-04-01 10:00", outcome, channel=Channel.LETTER)
        assert result(visit("2026-04-08 10:00", history=(letter,)), pack) is expected


def test_what_may_be_left_out_is_a_doubt_either_way() -> None:
    cap = _cap("match: {channel: [visit]}, exclude: [{purpose: [legal_notice]}]")
    notice = pack_of(
        "kind: notice\nparams: {match: {channel: [letter]}, days: 3,"
        " exclude: [{purpose: [legal_notice]}]}"
    )
    for purpose, capped, noticed in (
        (Purpose.COLLECT, Result.FAIL, Result.PASS),
        (Purpose.LEGAL_NOTICE, Result.PASS, Result.FAIL),
        (None, Result.UNKNOWN, Result.UNKNOWN),
    ):
        one = past("2026-04-01 10:00", Outcome.DEBTOR_MET, purpose=purpose)
        assert result(visit(history=(one,)), cap) is capped
        letter = past("2026-04-01 10:00", Outcome.SENT, channel=Channel.LETTER, purpose=purpose)
        assert result(visit("2026-04-08 10:00", history=(letter,)), notice) is noticed


def test_a_contact_that_leaves_out_where_it_is_may_be_one_of_those_counted() -> None:
    at_home = _cap("match: {place: [home]}", most=1)
    call = {"channel": Channel.PHONE, "zone": None}
    once = (past("2026-04-01 10:00", Outcome.ANSWERED, **CALL),)
    found = only(visit(when("2026-04-08 10:00"), place=None, history=once, **call), at_home)
    assert found.result is Result.UNKNOWN
    assert "this rule applies" in found.message.en
    assert result(visit(when("2026-04-08 10:00"), place=None, **call), at_home) is Result.PASS
    twice = (*once, past("2026-04-02 10:00", Outcome.ANSWERED, **CALL))
    contact = visit(when("2026-04-08 10:00"), place=None, history=twice, **call)
    assert result(contact, at_home) is Result.FAIL  # whether it is one more or not
    elsewhere = visit("2026-04-08 10:00", place=Place(PlaceKind.WORK, "Asia/Taipei"), history=once)
    assert result(elsewhere, at_home) is Result.PASS


ANEW = _cap("match: {channel: [visit]}", 1, "{since: {place: [branch], outcome: [conversation]}}")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"place": PlaceKind.BRANCH, "outcome": Outcome.CONVERSATION}, "pass"),
        ({"place": PlaceKind.BRANCH, "outcome": Outcome.NOBODY_MET}, "fail"),
        ({"place": PlaceKind.HOME, "outcome": Outcome.CONVERSATION}, "fail"),
        ({"place": None, "outcome": Outcome.CONVERSATION}, "unknown"),
        ({"place": PlaceKind.BRANCH, "outcome": None}, "fail"),  # it may have come to nothing
        ({"place": PlaceKind.BRANCH, "outcome": None, "reserved": True}, "fail"),
    ],
)
def test_what_may_begin_the_count_anew(changes: dict[str, object], expected: str) -> None:
    outcome = changes.pop("outcome")
    between = past("2026-04-03 10:00", outcome, **CALL, **changes)
    history = (past("2026-04-01 10:00", Outcome.DEBTOR_MET), between)
    assert result(visit("2026-04-08 10:00", history=history), ANEW) == expected


def test_a_count_ends_where_the_next_begins() -> None:
    """A ledger that knows of a talk after the contact: what follows belongs to the next count."""
    talk = past("2026-04-10 10:00", Outcome.CONVERSATION, place=PlaceKind.BRANCH, **CALL)
    after = (talk, reserved("2026-04-12 10:00"))
    assert result(visit("2026-04-08 10:00", history=after), ANEW) is Result.PASS
    before = (talk, reserved("2026-04-09 10:00"))
    assert result(visit("2026-04-08 10:00", history=before), ANEW) is Result.FAIL
    open_ = windows(visit(history=after), [ANEW], when("2026-04-08"), when("2026-04-12"))
    assert [(w.from_, w.to) for w in open_] == [(when("2026-04-08"), when("2026-04-10 10:00"))]


ARMED = _cap(
    "match: {channel: [visit]}, armed_after: {direction: [outbound], place: [home],"
    " outcome: [conversation]}"
)


def test_what_may_have_armed_the_rule_is_a_doubt_where_that_decides() -> None:
    perhaps = past("2026-04-03 10:00", Outcome.CONVERSATION, place=None, **CALL)
    visited = past("2026-04-05 10:00", Outcome.DEBTOR_MET)
    assert result(visit(history=(perhaps, visited)), ARMED) is Result.UNKNOWN
    assert result(visit(history=(perhaps,)), ARMED) is Result.PASS
    came_to_us = past("2026-04-03 10:00", direction=Direction.INBOUND, **CALL)
    assert result(visit(history=(came_to_us, visited)), ARMED) is Result.NOT_APPLICABLE
    certain = past("2026-04-04 10:00", Outcome.CONVERSATION, place=PlaceKind.HOME, **CALL)
    assert result(visit(history=(perhaps, certain, visited)), ARMED) is Result.FAIL
    between = past("2026-04-03 12:00", Outcome.DEBTOR_MET)
    assert result(visit(history=(perhaps, between, certain)), ARMED) is Result.UNKNOWN


def test_a_minimum_that_counts_from_a_doubtful_day_is_in_doubt() -> None:
    pack = pack_of(
        """
kind: event_count
params:
  match: {channel: [letter]}
  bound: {min: 1}
  window: ever
  armed_after: {place: [home], outcome: [conversation]}
"""
    )
    perhaps = past("2026-04-03 10:00", Outcome.CONVERSATION, place=None, **CALL)
    letter = past("2026-04-05 10:00", Outcome.SENT, channel=Channel.LETTER)
    certain = past("2026-04-06 10:00", Outcome.CONVERSATION, place=PlaceKind.HOME, **CALL)
    assert result(visit(history=(letter,)), pack) is Result.NOT_APPLICABLE
    assert result(visit(history=(perhaps, letter)), pack) is Result.PASS
    assert result(visit(history=(perhaps,)), pack) is Result.UNKNOWN
    assert result(visit(history=(letter, certain)), pack) is Result.FAIL
    assert result(visit(history=(perhaps, letter, certain)), pack) is Result.UNKNOWN


def test_channels_are_counted_with_and_without_the_doubtful_one() -> None:
    pack = _cap("match: {place: [home]}, count_distinct: channel", 2, "{rolling_days: 7}")
    call = past("2026-04-06 10:00", Outcome.ANSWERED, **CALL)
    message = past("2026-04-07 10:00", Outcome.SENT, channel=Channel.SMS, place=None)
    again = past("2026-04-07 11:00", Outcome.DEBTOR_MET)
    assert only(visit(history=(call, again)), pack).measured == 2  # the visit is no third channel
    assert result(visit(history=(call, message, again)), pack) is Result.UNKNOWN
    sure = past("2026-04-07 10:00", Outcome.SENT, channel=Channel.SMS)
    assert (only(visit(history=(call, sure)), pack).measured) == 3


def test_a_ladder_may_be_told_by_what_did_not_come_of_it() -> None:
    ladder = pack_of(
        "kind: ladder\nparams: {match: {channel: [phone], not_outcome: [reached]}, in_a_row: 2}"
    )
    calls = tuple(past(f"2026-04-0{day} 10:00", Outcome.NO_ANSWER, **CALL) for day in (1, 2))
    assert result(visit(history=calls), ladder) is Result.PASS
    reached = past("2026-04-03 10:00", Outcome.ANSWERED, **CALL)
    assert result(visit(history=(*calls, reached)), ladder) is Result.FAIL
    with pytest.raises(BrokenPack, match="how they ended is missing"):
        pack_of("kind: ladder\nparams: {match: {channel: [phone]}, in_a_row: 2}")


def test_a_count_that_any_contact_begins_anew_is_refused() -> None:
    with pytest.raises(BrokenPack, match="begin the count anew"):
        _cap("match: {channel: [visit]}", 1, "{since: {}}")


HALF_THE_COUNTRY = pack_of(
    "kind: notice\nparams: {match: {outcome: [notice_given]}, business_days: 1}"
)


def test_a_day_on_which_only_some_regions_rest_is_a_doubt() -> None:
    # Patriots' Day, Monday 20 April 2026, is a holiday of Massachusetts and of Maine.
    notice = past("2026-04-17 10:00", Outcome.NOTICE_GIVEN, zone="America/New_York")
    for region, monday in (("IL", "pass"), ("MA", "fail"), (None, "unknown")):
        door = {"zone": "America/New_York", "country": "US", "region": region, "history": (notice,)}
        assert result(visit("2026-04-20 10:00", **door), HALF_THE_COUNTRY) == monday
        assert result(visit("2026-04-19 10:00", **door), HALF_THE_COUNTRY) == "fail"
        # The 21st is one of Texas.
        assert result(visit("2026-04-22 10:00", **door), HALF_THE_COUNTRY) == "pass"
