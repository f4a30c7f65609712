"""Visits are moved in one step, or stay where they were; every message comes twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from contact_rules.handlers.deciding import DecidedForAnother
from contact_rules.handlers.reschedule_visits import reschedule_visits
from delivery import Parked
from rules_house import TUESDAY, Debtor, House, cancelled, completed
from shared.db import transaction
from shared.keys import KeySet, verify
from visit_life import asked, checked_in, expire, learn, moved, refused_by, states, told_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_an_allowed_move_swaps_the_place_and_the_approval_in_one_step(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.advance(hours=1)
    request = moved(visit, TUESDAY + 2 * DAY)
    house.deliver(request)

    (_, first), (kind, answer) = told_of(house, visit)
    assert kind == "visit-rescheduled"
    assert answer["request_id"] == str(request.request_id)
    assert (answer["starts_at"], answer["ends_at"]) == (
        "2026-12-03T02:00:00Z",
        "2026-12-03T02:30:00Z",
    )
    assert answer["approval"]["id"] != first["approval"]["id"]
    assert refused_by(answer) == set()
    claims = verify(
        answer["approval"]["token"],
        KeySet.of(house.keys.approvals.public_jwks()),
        audience="doorstep/approval",
        issuer="doorstep/contact-rules",
        now=house.clock(),
    )
    assert claims["starts_at"] == "2026-12-03T02:00:00Z"
    assert claims["jti"] == answer["approval"]["id"]
    assert states(house, visit) == [("released", "rescheduled"), ("reserved", None)]
    # One line takes the place of the other; nothing is released in between.
    assert house.ledger(debtor) == [("reserved", None), ("reserved", None)]
    one, two = house.rows("decision", "decided_at")
    assert (one.request_id, two.request_id) == (None, request.request_id)
    assert two.ledger_seq == house.rows("ledger", "seq")[0].seq


def test_the_old_place_does_not_block_the_new_one_and_is_free_for_others(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    # The same day: with its own place there it would be the second.
    house.deliver(moved(visit, TUESDAY + 3 * HOUR))
    assert told_of(house, visit)[-1][0] == "visit-rescheduled"
    house.deliver(moved(visit, TUESDAY + 2 * DAY))
    assert told_of(house, visit)[-1][0] == "visit-rescheduled"
    (answer,) = house.ask(debtor.visit(TUESDAY + HOUR))
    assert answer["type"] == "approved"
    (answer,) = house.ask(debtor.visit(TUESDAY + 2 * DAY + HOUR))
    assert answer["type"] == "denied"


def test_if_the_new_time_is_denied_the_visit_stays_as_it_was(house: House) -> None:
    debtor = Debtor()
    visit, other = debtor.visit(), debtor.visit(TUESDAY + 2 * DAY)
    house.ask(visit, other)
    before = house.ledger(debtor)
    request = moved(visit, TUESDAY + 2 * DAY + 3 * HOUR)
    house.deliver(request)
    kind, answer = told_of(house, visit)[-1]
    assert (kind, answer["verdict"]) == ("reschedule-denied", "deny")
    assert refused_by(answer) >= {"everyone.visit-1d"}
    assert answer["request_id"] == str(request.request_id)
    # Its own place is left out of the times it may move to.
    assert answer["next_lawful"][0]["from"] == "2026-12-04T01:00:00Z"
    assert house.ledger(debtor) == before
    assert states(house, visit) == [("reserved", None)]


def test_a_doubt_is_no_yes_and_nobody_is_asked_to_review_it(house: House) -> None:
    visit = Debtor().visit()
    house.ask(visit)
    house.deliver(moved(visit, TUESDAY + DAY, team=visit.team[:1]))
    kind, answer = told_of(house, visit)[-1]
    assert (kind, answer["verdict"]) == ("reschedule-denied", "needs_review")
    assert states(house, visit) == [("reserved", None)]
    assert house.rows("review") == []


def test_what_is_known_by_now_counts(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    learn(house, debtor, "hospital", since=(TUESDAY + 2 * DAY).date())
    assert states(house, visit) == [("reserved", None)]
    house.deliver(moved(visit, TUESDAY + 2 * DAY))
    kind, answer = told_of(house, visit)[-1]
    assert kind == "reschedule-denied"
    assert refused_by(answer) == {"person-protection.left-in-peace"}
    assert house.rows("decision", "decided_at")[-1].facts["facts"] == [
        {"kind": "hospital", "since": "2026-12-03"}
    ]


def end_by_cancelling(house: House, visit: Any) -> str:
    house.deliver(cancelled(visit, house.clock(), "agent"))
    return "released"


def end_by_completing(house: House, visit: Any) -> str:
    house.deliver(completed(visit, "nobody_met"))
    return "consumed"


def end_by_revoking(house: House, visit: Any) -> str:
    house.deliver(cancelled(visit, house.clock(), "complaint"))
    return "revoked"


def end_by_expiring(house: House, visit: Any) -> str:
    house.clock.set(visit.ends_at + HOUR)
    expire(house)
    return "expired"


def begin(house: House, visit: Any) -> str:
    house.clock.set(visit.starts_at + timedelta(minutes=2))
    house.deliver(checked_in(visit))
    return "checked_in"


@pytest.mark.parametrize(
    "end",
    [end_by_cancelling, end_by_completing, end_by_revoking, end_by_expiring, begin],
    ids=lambda end: end.__name__,
)
def test_a_visit_that_is_over_or_has_begun_can_not_be_moved(house: House, end: Any) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    measured = end(house, visit)
    stood, lines = states(house, visit), house.ledger(debtor)
    house.deliver(moved(visit, TUESDAY + 3 * DAY))
    kind, answer = told_of(house, visit)[-1]
    assert (kind, answer["verdict"], answer["next_lawful"]) == ("reschedule-denied", "deny", [])
    (check,) = [each for each in answer["checks"] if each["result"] == "fail"]
    assert (check["rule"], check["measured"]) == ("approval.state", measured)
    assert (states(house, visit), house.ledger(debtor)) == (stood, lines)


def test_a_visit_that_was_never_approved_can_not_be_moved(house: House) -> None:
    denied = Debtor().visit(TUESDAY + 13 * HOUR)
    never_asked = Debtor().visit()
    house.ask(denied)
    for visit in (denied, never_asked):
        house.deliver(moved(visit, TUESDAY + DAY))
        kind, answer = told_of(house, visit)[-1]
        assert kind == "reschedule-denied"
        assert refused_by(answer) == {"approval.state"}
    assert house.rows("approval") == []


def test_asked_again_it_gets_the_same_answer_and_moves_once(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    yes, no = moved(visit, TUESDAY + 2 * DAY), moved(visit, TUESDAY + 12 * HOUR)
    house.deliver(yes)
    house.deliver(no)
    house.deliver(yes)  # messages of their own
    house.deliver(no)
    _, *answers = told_of(house, visit)
    assert answers[:2] == answers[2:]
    assert [kind for kind, _ in answers[:2]] == ["visit-rescheduled", "reschedule-denied"]
    assert len(house.rows("decision")) == 3
    assert house.ledger(debtor) == [("reserved", None), ("reserved", None)]


def test_an_answer_that_is_out_of_date_is_not_given_again(house: House) -> None:
    visit = Debtor().visit()
    house.ask(visit)
    first, second = moved(visit, TUESDAY + DAY), moved(visit, TUESDAY + 2 * DAY)
    house.deliver(first)
    house.deliver(second)
    count = len(told_of(house, visit))
    house.deliver(first)
    house.deliver(visit)  # the visit's own request: that approval is no more
    assert len(told_of(house, visit)) == count
    house.deliver(second)
    assert len(told_of(house, visit)) == count + 1


def test_several_moves_in_one_call_are_decided_in_order(house: House) -> None:
    debtor = Debtor()
    one, two = debtor.visit(), debtor.visit(TUESDAY + 2 * DAY)
    house.ask(one, two)
    # The second may only move to where the first was.
    requests = [moved(one, TUESDAY + 4 * DAY), moved(two, TUESDAY + HOUR)]
    with transaction(house.engine) as session:
        reschedule_visits(
            session,
            [asked(each, each.request_id) for each in requests],
            house.clock(),
            desk=house.kept_desk(),
        )
        reschedule_visits(session, [], house.clock(), desk=house.desk)
    assert told_of(house, one)[-1][0] == "visit-rescheduled"
    assert told_of(house, two)[-1][0] == "visit-rescheduled"
    assert {row.ledger_seq for row in house.rows("decision")} == {
        0,
        *[row.seq for row in house.rows("ledger", "seq")[:3]],
    }


def test_ids_that_are_mixed_up_are_refused_and_parked(house: House) -> None:
    debtor, other = Debtor(), Debtor()
    visit, others = debtor.visit(), other.visit()
    house.ask(visit, others)
    request = moved(visit, TUESDAY + DAY)
    house.deliver(request)
    for wrong in (
        moved(others, TUESDAY + DAY, request_id=request.request_id),
        moved(others, TUESDAY + DAY, visit_id=visit.visit_id),
        moved(visit, TUESDAY + DAY, request_id=visit.visit_id),
    ):
        with pytest.raises(DecidedForAnother), transaction(house.engine) as session:
            reschedule_visits(
                session, [asked(wrong, wrong.request_id)], house.clock(), desk=house.kept_desk()
            )
    with pytest.raises(Parked, match="debts"):
        house.deliver(moved(visit, TUESDAY + DAY, debts=[]))
