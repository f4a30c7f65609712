"""What must come before a contact: a notice, so many working days old, or failures in a row."""

import pytest
from contact_rules.domain import (
    Channel,
    Outcome,
    Pack,
    Party,
    PastContact,
    Result,
    Role,
    earliest_allowed_at,
)
from door_questions import only, pack_of, past, result, visit

NOTICE = pack_of(
    """
kind: notice
params: {match: {outcome: [notice_given]}, business_days: 3, at_most_days: 90, holidays: KR}
"""
)
CLEAR = pack_of(
    "kind: notice\nparams: "
    "{match: {outcome: [notice_given]}, business_days: 3, clear_days: true, holidays: KR}"
)


def test_notice_in_business_days() -> None:
    # KR-2: notice on Monday 9 March 2026, so Thursday at the earliest, with clear days Friday.
    monday = past("2026-03-09 10:00", Outcome.NOTICE_GIVEN)
    for day, three, clear in (
        ("2026-03-11", Result.FAIL, Result.FAIL),
        ("2026-03-12", Result.PASS, Result.FAIL),
        ("2026-03-13", Result.PASS, Result.PASS),
    ):
        contact = visit(f"{day} 00:00", history=(monday,), zone="Asia/Seoul")
        assert result(contact, NOTICE) is three
        assert result(contact, CLEAR) is clear
    # Over a weekend and the substitute holiday of Monday 2 March.
    thursday = past("2026-02-26 10:00", Outcome.NOTICE_GIVEN)
    for day, expected in (("2026-03-03", Result.FAIL), ("2026-03-04", Result.PASS)):
        contact = visit(f"{day} 10:00", history=(thursday,), zone="Asia/Seoul")
        assert result(contact, NOTICE) is expected


def test_a_notice_grows_too_old() -> None:
    notice = past("2026-03-09 10:00", Outcome.NOTICE_GIVEN)
    assert result(visit("2026-06-07 10:00", history=(notice,)), NOTICE) is Result.PASS
    assert result(visit("2026-06-08 10:00", history=(notice,)), NOTICE) is Result.FAIL


def test_business_days_of_years_nobody_knows_yet_may_come_and_may_not() -> None:
    notice = past("2150-03-09 10:00", Outcome.NOTICE_GIVEN)
    assert result(visit("2150-05-01 10:00", history=(notice,)), NOTICE) is Result.UNKNOWN
    assert earliest_allowed_at(visit("2150-03-10 10:00", history=(notice,)), [NOTICE]) is None
    too_young = visit("2150-03-11 10:00", history=(notice,))
    assert result(too_young, NOTICE) is Result.FAIL  # even if all days were working days
    once = _cap("{rolling_business_days: 2}")
    history = (past("2150-03-09 10:00", Outcome.DEBTOR_MET),)
    assert result(visit("2150-03-10 10:00", history=history), once) is Result.FAIL
    assert result(visit("2150-03-20 10:00", history=history), once) is Result.UNKNOWN
    assert earliest_allowed_at(visit("2150-03-20 10:00", history=history), [once]) is not None


def test_business_days_of_nobody_knows_where() -> None:
    pack = pack_of("kind: notice\nparams: {match: {outcome: [notice_given]}, business_days: 3}")
    notice = past("2026-03-09 10:00", Outcome.NOTICE_GIVEN)
    assert result(visit(history=(notice,), country="ZZ"), pack) is Result.UNKNOWN
    assert result(visit(history=(notice,), country="TW"), pack) is Result.PASS
    assert result(visit(country="ZZ"), pack) is Result.FAIL  # nothing was sent, wherever it is
    day_after = visit("2026-03-10 10:00", history=(notice,), country="ZZ")
    assert result(day_after, pack) is Result.FAIL


def _cap(window: str) -> Pack:
    counted = f"match: {{channel: [visit]}}, max: 1, window: {window}"
    return pack_of(f"kind: cap\nparams: {{{counted}, holidays: TW}}")


def test_rolling_business_days() -> None:
    # Two working days from Thursday 2 April 2026 are that day and Tuesday the 7th: Taiwan rests
    # from the 3rd to the 6th.
    pack = _cap("{rolling_business_days: 2}")
    history = (past("2026-04-02 12:00", Outcome.DEBTOR_MET),)
    assert result(visit("2026-04-07 10:00", history=history), pack) is Result.FAIL
    assert result(visit("2026-04-08 10:00", history=history), pack) is Result.PASS
    exclusive = _cap("{rolling_business_days: 2, day_one: exclusive}")
    assert result(visit("2026-04-08 10:00", history=history), exclusive) is Result.FAIL
    assert result(visit("2026-04-09 10:00", history=history), exclusive) is Result.PASS


LADDER = pack_of(
    """
kind: ladder
params: {match: {channel: [phone], party: [debtor], outcome: [failed]}, in_a_row: 3}
"""
)


def _calls(*outcomes: Outcome | None, **changes: object) -> tuple[PastContact, ...]:
    facts = {"channel": Channel.PHONE, "party": "lin", "role": Role.DEBTOR} | changes
    return tuple(
        past(f"2026-04-0{day} 10:00", outcome, **facts)
        for day, outcome in enumerate(outcomes, start=1)
    )


@pytest.mark.parametrize(
    ("outcomes", "row", "expected"),
    [
        ((), 0, "fail"),
        ((Outcome.NO_ANSWER,) * 2, 2, "fail"),
        ((Outcome.NO_ANSWER,) * 3, 3, "pass"),
        ((Outcome.ANSWERED, *(Outcome.VOICEMAIL,) * 3), 3, "pass"),
        ((Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.ANSWERED), 0, "fail"),
        ((Outcome.NO_ANSWER, Outcome.NO_ANSWER, None), 0, "fail"),
        ((*(Outcome.NO_ANSWER,) * 3, Outcome.ANSWERED, Outcome.NO_ANSWER), 1, "fail"),
    ],
)
def test_a_ladder_wants_the_latest_in_a_row(
    outcomes: tuple[Outcome | None, ...], row: int, expected: str
) -> None:
    contact = visit(party=Party("hsu", Role.NEIGHBOUR), history=_calls(*outcomes))
    found = only(contact, LADDER)
    assert (found.result, found.measured, found.limit) == (expected, row, 3)


def test_a_ladder_does_not_guess_who_was_called() -> None:
    somebody = {"party": "somebody", "role": None}
    neighbour = Party("hsu", Role.NEIGHBOUR)
    failed = _calls(*(Outcome.NO_ANSWER,) * 3, **somebody)
    assert result(visit(party=neighbour, history=failed), LADDER) is Result.UNKNOWN
    answered = _calls(*(Outcome.NO_ANSWER,) * 3, Outcome.ANSWERED, **somebody)
    assert result(visit(party=neighbour, history=answered), LADDER) is Result.UNKNOWN
    sure = (*_calls(*(Outcome.NO_ANSWER,) * 3), *_calls(Outcome.ANSWERED, **somebody))
    assert result(visit(party=neighbour, history=sure[:3]), LADDER) is Result.PASS
    never = _calls(Outcome.ANSWERED, **somebody)
    assert result(visit(party=neighbour, history=never), LADDER) is Result.FAIL


def test_of_two_at_one_instant_the_answered_one_breaks_the_row() -> None:
    calls = _calls(*(Outcome.NO_ANSWER,) * 3)
    answered = past("2026-04-03 10:00", Outcome.ANSWERED, channel=Channel.PHONE, role=Role.DEBTOR)
    for history in ((*calls, answered), (answered, *calls)):
        contact = visit(party=Party("hsu", Role.NEIGHBOUR), history=history)
        assert result(contact, LADDER) is Result.FAIL


def test_the_full_form_of_a_ladder_is_the_ladder() -> None:
    full = pack_of(
        """
kind: event_count
params:
  match: {channel: [phone], party: [debtor], outcome: [failed]}
  bound: {min: 3}
  window: {last: 3}
"""
    )
    for count in (2, 3):
        contact = visit(
            party=Party("hsu", Role.NEIGHBOUR), history=_calls(*(Outcome.NO_ANSWER,) * count)
        )
        assert only(contact, full) == only(contact, LADDER)
