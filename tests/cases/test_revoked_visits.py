"""Contact-rules takes approvals back: nobody goes, and whoever is at the door leaves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cases_house import PAID, Debt, House, VisitNeedsReview
from delivery import Parked
from shared.ids import new_id

DONE = {
    "outcome": "cancelled_by_rule",
    "started_at": "2026-12-01T09:46:00+08:00",
    "ended_at": "2026-12-01T09:47:00+08:00",
}


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("plan_active", "plan"),
        ("paid", "payment"),
        ("hold", "hold"),
        ("mandate_ended", "recall"),
        ("complaint_open", "complaint"),
        ("deceased", "deceased"),
        ("cease", "cease"),
        ("contact", "rule"),
        ("team", "rule"),
        ("rules", "rule"),
        ("something_new", "rule"),
    ],
)
def test_a_revoked_visit_is_cancelled_for_what_changed(
    house: House, debt: Debt, why: str, reason: str
) -> None:
    visit_id = house.scheduled(debt)
    house.deliver(house.revocation(visit_id, why))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", reason)
    assert visit["must_leave"] is None
    (message,) = house.announced("cases.visit-cancelled.v1")
    assert (message.data["reason"], message.data["team"]) == (reason, [str(debt.agent_id)])


def test_it_says_which_rules_say_no_now(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    house.deliver(house.revocation(visit_id, "deceased"))
    revocation = house.visit(visit_id, **{"Accept-Language": "zh-CN"})["revocation"]
    assert (revocation["reason"], revocation["revoked_at"]) == ("deceased", "2026-11-23T02:00:00Z")
    (check,) = revocation["checks"]
    assert (check["rule"], check["message"]) == ("tw.hours", "时间过晚。")


def test_a_team_on_its_way_is_called_back(house: House, debt: Debt) -> None:
    visit_id = house.dispatched(debt)
    house.deliver(house.revocation(visit_id))
    assert house.visit(visit_id)["status"] == "cancelled"
    (message,) = house.announced("cases.visit-cancelled.v1")
    assert message.data["team"] == [str(debt.agent_id)]


def test_a_team_at_the_door_must_leave(house: House, debt: Debt) -> None:
    visit_id = house.checked_in(debt)
    house.clock.advance(minutes=1)
    house.deliver(house.revocation(visit_id, "complaint_open", must_leave=True))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("checked_in", None)
    assert visit["must_leave_at"] == "2026-12-01T01:46:00Z"
    assert visit["must_leave"]["at"] == "2026-12-01T01:46:00Z"
    assert visit["must_leave"]["reason"] == "complaint"
    assert visit["must_leave"]["checks"][0]["rule"] == "tw.hours"
    (message,) = house.announced("cases.visit-interrupted.v1")
    assert message.subject == str(debt.person_id)
    assert message.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "approval_id": visit["approval"]["id"],
        "team": [str(debt.agent_id)],
        "reason": "complaint",
        "must_leave_at": "2026-12-01T01:46:00Z",
    }
    assert house.announced("cases.visit-cancelled.v1") == []
    assert house.timeline(debt.case_id)[-1] == "visit_interrupted"
    house.clock.advance(hours=1)
    left = house.ok(house.post(visit_id, "complete", DONE))
    assert (left["status"], left["must_leave"]["reason"]) == ("completed", "complaint")


@pytest.mark.parametrize("stops", ["plan", "payment", "push"])
def test_what_cases_knows_itself_sends_a_team_at_the_door_away_too(
    house: House, debt: Debt, stops: str
) -> None:
    visit_id = house.checked_in(debt)
    to_come = house.ask(debt, starts_at="2026-12-20T10:00:00+08:00")
    if stops == "plan":
        house.deliver(house.plan(debt))
    elif stops == "payment":
        house.deliver(house.paid(debt))
    else:
        house.push(status=200, as_of="2026-12-01T09:00:00+08:00", **PAID)
    visit = house.visit(visit_id)
    assert (visit["status"], visit["must_leave"]["checks"]) == ("checked_in", [])
    assert visit["must_leave"]["reason"] == ("plan" if stops == "plan" else "payment")
    assert house.visit(to_come)["status"] == "cancelled"
    assert len(house.announced("cases.visit-interrupted.v1")) == 1


def test_a_team_is_told_to_leave_once(house: House, debt: Debt) -> None:
    visit_id = house.checked_in(debt)
    house.deliver(house.plan(debt))
    house.clock.advance(minutes=5)
    house.deliver(house.revocation(visit_id, "plan_active", must_leave=True))
    visit = house.visit(visit_id)
    assert visit["must_leave"]["at"] == "2026-12-01T01:45:00Z"
    assert visit["must_leave"]["checks"], "why it is unlawful is kept all the same"
    assert len(house.announced("cases.visit-interrupted.v1")) == 1


# --- in any order


@pytest.mark.parametrize("reviewed", [False, True])
def test_an_approval_taken_back_before_it_was_heard_of_schedules_nothing(
    house: House, debt: Debt, reviewed: bool
) -> None:
    visit_id = house.ask(debt)
    if reviewed:
        house.deliver(house.denial(visit_id, kind=VisitNeedsReview))
    person, yes = house.approval(visit_id)
    approval_id = UUID(yes.approval["id"])
    house.deliver(house.revocation(visit_id, "cease", approval_id=approval_id))
    assert house.visit(visit_id)["status"] == ("needs_review" if reviewed else "requested")
    house.deliver((person, yes))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "cease")
    assert visit["revocation"]["reason"] == "cease"
    assert house.announced("cases.visit-scheduled.v1") == []


def test_both_in_one_batch_schedule_nothing_that_stands(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    person, yes = house.approval(visit_id)
    revocation = house.revocation(visit_id, approval_id=UUID(yes.approval["id"]))
    house.deliver((person, yes), revocation)
    assert house.visit(visit_id)["status"] == "cancelled"
    other = house.ask(debt)
    person, yes = house.approval(other)
    house.deliver(house.revocation(other, approval_id=UUID(yes.approval["id"])), (person, yes))
    assert house.visit(other)["status"] == "cancelled"


def test_the_end_of_an_approval_that_holds_no_more_ends_nothing(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    revocation, expiry = house.revocation(visit_id), house.expiry(visit_id)
    wish = {"starts_at": "2026-12-03T15:00:00+08:00"}
    house.ok(house.post(visit_id, "reschedule", wish), 202)
    house.deliver(house.rescheduled(visit_id))
    house.deliver(revocation, expiry)
    assert house.visit(visit_id)["status"] == "scheduled"


@pytest.mark.parametrize("over", ["cancelled", "completed", "expired"])
def test_what_is_over_stays_as_it_was(house: House, debt: Debt, over: str) -> None:
    visit_id = house.checked_in(debt) if over == "completed" else house.dispatched(debt)
    if over == "cancelled":
        house.ok(house.post(visit_id, "cancel", {"reason": "debtor"}))
    elif over == "completed":
        house.clock.advance(hours=1)
        house.ok(house.post(visit_id, "complete", DONE))
    else:
        house.deliver(house.expiry(visit_id))
    before = house.visit(visit_id)
    house.deliver(house.revocation(visit_id), house.expiry(visit_id))
    after = house.visit(visit_id)
    assert after.pop("revocation")["reason"] == "deceased"
    assert after == {name: value for name, value in before.items() if name != "revocation"}


def test_announced_anew_it_changes_nothing(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    revocation = house.revocation(visit_id)
    house.deliver(revocation)
    house.deliver(revocation)  # as a new message
    assert house.count("revocation") == 1
    assert len(house.announced("cases.visit-cancelled.v1")) == 1


def test_of_a_visit_that_is_not_here_it_parks(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    person, event = house.revocation(visit_id)
    stranger: Any = event.model_copy(update={"visit_id": new_id()})
    with pytest.raises(Parked):
        house.deliver((person, stranger))
    with house.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM parked")
    with pytest.raises(Parked):
        house.deliver((new_id(), event))
    assert house.visit(visit_id)["status"] == "scheduled"


# --- time passes


def test_a_visit_nobody_went_to_expires_with_its_approval(house: House, debt: Debt) -> None:
    scheduled = house.scheduled(debt)
    house.ok(house.post(scheduled, "reschedule", {"starts_at": "2026-12-09T10:00:00+08:00"}), 202)
    dispatched = house.dispatched(debt)
    house.clock.advance(hours=3)
    house.deliver(house.expiry(scheduled), house.expiry(dispatched))
    assert house.visit(scheduled)["status"] == house.visit(dispatched)["status"] == "expired"
    assert house.visit(scheduled)["reschedule"]["status"] == "withdrawn"
    assert house.timeline(debt.case_id)[-2:] == ["visit_expired", "visit_expired"]
    listed = house.ok(house.client.get("/v1/visits?status=expired"))
    assert len(listed["items"]) == 2


def test_a_team_at_the_door_is_not_expired_away(house: House, debt: Debt) -> None:
    visit_id = house.checked_in(debt)
    house.deliver(house.expiry(visit_id))
    assert house.visit(visit_id)["status"] == "checked_in"


def test_a_question_to_people_that_comes_late_changes_nothing(house: House, debt: Debt) -> None:
    """They said yes meanwhile; the two events overtook each other."""
    visit_id = house.ask(debt)
    late = house.denial(visit_id, kind=VisitNeedsReview)
    house.approve(visit_id)
    house.deliver(late)
    assert house.visit(visit_id)["status"] == "scheduled"
