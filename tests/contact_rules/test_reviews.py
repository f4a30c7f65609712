"""What rules leave to people: a review is opened, two approve, one rejects, or its time passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from contact_rules.handlers import settle_reviews
from contact_rules.handlers.deciding import VisitRequest
from contact_rules.handlers.lapse_reviews import ReviewLapses, lapse_reviews
from contact_rules.store.decisions import DecisionRecord
from delivery import fingerprint
from review_panel import Panel
from rules_house import TUESDAY, Debtor, House, cancelled
from shared.db import transaction
from shared.keys import KeySet, verify

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def lapse(house: House, most: int = 50) -> int:
    with transaction(house.engine) as session:
        return lapse_reviews(session, house.clock(), desk=house.desk, most=most)


def failing(checks: list[dict[str, Any]]) -> list[str]:
    return [check["rule"] for check in checks if check["result"] in ("fail", "unknown")]


def test_a_doubt_opens_a_review_with_the_decision_and_nothing_is_reserved(panel: Panel) -> None:
    debtor = Debtor()
    visit, _ = panel.open(debtor)
    (row,) = panel.house.rows("review")
    (decision,) = panel.house.rows("decision")
    assert (row.state, row.visit_id, row.person_id) == ("pending", visit.visit_id, debtor.person_id)
    assert row.decision_id == decision.id
    assert row.requested_by == "Petra Planner"
    assert row.starts_at == TUESDAY
    assert row.opened_at == panel.house.clock()
    assert row.lapses_at == panel.house.clock() + timedelta(hours=72)
    assert panel.house.ledger(debtor) == []


def test_what_is_allowed_or_denied_is_nobodys_to_review(house: House) -> None:
    house.ask(Debtor().visit(), Debtor().visit(TUESDAY + 13 * HOUR))
    assert house.rows("review") == []


def test_two_different_persons_approve_and_the_visit_is_reserved_signed_and_announced(
    panel: Panel,
) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    assert panel.vote(review, "Vera").status_code == 201
    assert house.ledger(debtor) == []
    done = panel.vote(review, "Victor", role="admin")
    assert done.status_code == 201, done.text
    assert done.json()["state"] == "approved"

    assert house.ledger(debtor) == [("reserved", None)]
    _, decision = house.rows("decision", "decided_at, id")
    (line,), (approval,) = house.rows("ledger"), house.rows("approval")
    assert decision.verdict == "allow"
    assert decision.overridden == ["taiwanese.team"]
    assert str(decision.review_id) == review
    assert decision.request_id not in (None, visit.visit_id)
    assert decision.requested_by == "Petra Planner"
    assert line.decision_id == approval.decision_id == decision.id
    assert done.json()["outcome_id"] == str(decision.id)

    first, second = house.answers(visit)
    assert (first["type"], second["type"]) == ("needs-review", "approved")
    assert second["decision_id"] == str(decision.id)
    claims = verify(
        second["approval"]["token"],
        KeySet.of(house.keys.approvals.public_jwks()),
        audience="doorstep/approval",
        issuer="doorstep/contact-rules",
        now=house.clock(),
    )
    assert claims["sub"] == str(visit.visit_id)
    assert failing(second["checks"]) == ["taiwanese.team"]


def test_one_rejection_ends_it_and_the_visit_is_denied_with_a_readable_check(panel: Panel) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.vote(review, "Vera")
    done = panel.vote(review, "Victor", "reject", reason="Nobody goes there alone.")
    assert (done.status_code, done.json()["state"]) == (201, "rejected")
    answer = house.answers(visit)[-1]
    assert (answer["type"], answer["verdict"]) == ("denied", "deny")
    last = answer["checks"][-1]
    assert last["rule"] == "review.rejected"
    assert (last["measured"], last["limit"]) == (1, 2)
    assert "said no" in last["message"]["en"]
    assert "不予同意" in last["message"]["zh"]
    assert "alone" not in str(answer), "the reason stays with the review"
    assert house.rows("approval") == []
    assert panel.vote(review, "Walter").json()["code"] == "review_over"


def test_undecided_in_time_it_is_a_no(panel: Panel) -> None:
    house = panel.house
    visit, review = panel.open(Debtor())
    panel.vote(review, "Vera")
    house.clock.advance(hours=72, seconds=-1)
    assert lapse(house) == 0
    house.clock.advance(seconds=1)
    assert lapse(house) == 1
    assert panel.state(review) == "lapsed"
    answer = house.answers(visit)[-1]
    assert answer["type"] == "denied"
    assert answer["checks"][-1]["rule"] == "review.lapsed"
    assert answer["checks"][-1]["window"] == {
        "from": "2026-11-23T02:00:00Z",
        "to": "2026-11-26T02:00:00Z",
    }
    once = fingerprint(house.engine)
    assert lapse(house) == 0
    assert fingerprint(house.engine) == once


def test_a_vote_after_the_time_is_refused_before_any_worker_wrote_it_down(panel: Panel) -> None:
    house = panel.house
    visit, review = panel.open(Debtor(), starts_at=TUESDAY - 8 * DAY + HOUR)
    panel.vote(review, "Vera")
    house.clock.advance(hours=1)
    late = panel.vote(review, "Victor")
    assert (late.status_code, late.json()["code"]) == (409, "review_lapsed")
    assert panel.state(review) == "pending"
    assert lapse(house) == 1
    assert [each["type"] for each in house.answers(visit)] == ["needs-review", "denied"]


def test_lapses_come_in_batches_the_longest_due_first(panel: Panel) -> None:
    house = panel.house
    reviews = []
    for _ in range(3):
        reviews.append(panel.open(Debtor())[1])
        house.clock.advance(minutes=1)
    house.clock.advance(hours=72)
    assert lapse(house, most=2) == 2
    assert [panel.state(each) for each in reviews] == ["lapsed", "lapsed", "pending"]
    assert lapse(house, most=2) == 1


def test_the_loop_lapses_what_is_due_and_rests(panel: Panel) -> None:
    house = panel.house
    _, review = panel.open(Debtor())
    house.clock.advance(hours=73)
    loop = ReviewLapses(house.engine, house.clock, lambda: house.desk, service="contact-rules")
    assert loop.run_once() is True
    assert panel.state(review) == "lapsed"
    assert loop.run_once() is False
    loop.close()
    assert "contact-rules review lapses" in [loop.name for loop in house.service.loops]


def test_a_cancelled_visit_withdraws_its_review(panel: Panel) -> None:
    house = panel.house
    visit, review = panel.open(Debtor())
    _, other = panel.open(Debtor())
    house.deliver(cancelled(visit, house.clock()))
    assert panel.state(review) == "withdrawn"
    assert panel.state(other) == "pending"
    refused = panel.vote(review, "Vera")
    assert (refused.status_code, refused.json()["code"]) == (409, "review_over")
    house.clock.advance(hours=73)
    lapse(house)
    assert [each["type"] for each in house.answers(visit)] == ["needs-review"]


def test_a_question_that_nobody_can_read_keeps_no_other_from_lapsing(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = panel.house
    spoilt, review = panel.open(Debtor())
    _, other = panel.open(Debtor())
    house.clock.advance(hours=73)
    again = settle_reviews.request_again

    def request_again(record: DecisionRecord) -> VisitRequest:
        if record.visit_id == spoilt.visit_id:
            raise KeyError("team")
        return again(record)

    monkeypatch.setattr(settle_reviews, "request_again", request_again)
    assert lapse(house) == 1
    assert (panel.state(review), panel.state(other)) == ("pending", "lapsed")
    assert lapse(house) == 0
    assert panel.vote(review, "Vera").json()["code"] == "review_lapsed"
