"""A scheduled visit is asked to move; it stands as it was until contact-rules' signed yes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cases_house import HOME, Debt, House
from delivery import Parked
from shared.ids import new_id

LATER = {"starts_at": "2026-12-03T15:00:00+08:00"}
WORK = HOME | {"kind": "work", "text": "臺北市信義區兩頭班路 9 號"}


@pytest.fixture
def visit_id(house: House, debt: Debt) -> UUID:
    """A visit scheduled for 1 December, ten o'clock in Taipei, half an hour."""
    return house.scheduled(debt)


def move(house: House, visit_id: UUID, **more: Any) -> dict[str, Any]:
    return house.ok(house.post(visit_id, "reschedule", LATER | more), 202)


def test_a_visit_asked_to_move_stands_as_it_was(house: House, debt: Debt, visit_id: UUID) -> None:
    before = house.visit(visit_id)
    answer = house.post(visit_id, "reschedule", LATER)
    visit = house.ok(answer, 202)
    assert answer.headers["Location"].endswith(f"/v1/visits/{visit_id}")
    assert visit["status"] == "scheduled"
    for name in ("starts_at", "ends_at", "team", "address_id", "approval"):
        assert visit[name] == before[name]
    assert visit["reschedule"] == {
        "id": visit["reschedule"]["id"],
        "status": "requested",
        "address_id": before["address_id"],
        "starts_at": "2026-12-03T07:00:00Z",
        "ends_at": "2026-12-03T07:30:00Z",
        "team": before["team"],
        "requested_by": "northbank lender",
        "requested_at": "2026-11-23T02:00:00Z",
        "answered_at": None,
        "denial": None,
    }
    assert house.timeline(debt.case_id)[-1] == "reschedule_requested"


def test_contact_rules_is_told_all_of_the_visit_as_it_would_be(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    partner = house.agent(credentials=[{"kind": "work_id", "expires_on": "2026-12-02"}])
    visit = move(house, visit_id, duration_minutes=45, team=[str(debt.agent_id), str(partner)])
    (asked,) = house.announced("cases.reschedule-requested.v1")
    (first,) = house.announced("cases.visit-requested.v1")
    assert first.data["requested_by"] == "northbank lender"
    assert asked.subject == str(debt.person_id)
    assert asked.data == first.data | {
        "request_id": visit["reschedule"]["id"],
        "starts_at": "2026-12-03T07:00:00Z",
        "ends_at": "2026-12-03T07:45:00Z",
        "debts": [first.data["debts"][0] | {"days_past_due": 110}],
        "team": [
            {"id": str(debt.agent_id), "credentials": ["work_id"]},
            {"id": str(partner), "credentials": []},
        ],
    }


def test_a_yes_moves_the_visit_in_one_step(house: House) -> None:
    debt = house.debt("YS-7", addresses=[HOME, WORK])
    visit_id, partner = house.scheduled(debt), house.agent()
    office = house.case(debt.case_id)["addresses"][1]["id"]
    old = house.visit(visit_id)["approval"]["id"]
    move(house, visit_id, address_id=office, team=[str(partner)], duration_minutes=60)
    person, event = house.rescheduled(visit_id)
    house.deliver((person, event))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["address_id"], visit["team"]) == (
        "scheduled",
        office,
        [str(partner)],
    )
    assert (visit["starts_at"], visit["ends_at"]) == (
        "2026-12-03T07:00:00Z",
        "2026-12-03T08:00:00Z",
    )
    assert visit["approval"]["id"] == event.approval["id"] != old
    assert visit["reschedule"]["status"] == "done"
    scheduled = house.announced("cases.visit-scheduled.v1")[-1].data
    assert (scheduled["approval_id"], scheduled["starts_at"]) == (
        event.approval["id"],
        "2026-12-03T07:00:00Z",
    )
    assert house.count("approval", f"visit_id = '{visit_id}'") == 2
    seen = house.ok(house.client.get("/v1/visits", headers=house.agents_header(partner)))
    assert [each["id"] for each in seen["items"]] == [str(visit_id)]
    house.deliver((person, event))  # as a new message
    assert house.visit(visit_id) == visit


def test_a_no_leaves_the_visit_where_it_was_and_says_why(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    move(house, visit_id)
    house.deliver(house.reschedule_denial(visit_id))
    visit = house.visit(visit_id, **{"Accept-Language": "zh-TW"})
    assert (visit["status"], visit["starts_at"]) == ("scheduled", "2026-12-01T02:00:00Z")
    asked = visit["reschedule"]
    assert (asked["status"], asked["denial"]["verdict"]) == ("denied", "deny")
    assert asked["denial"]["checks"][0]["message"] == "时间过晚。"
    assert asked["denial"]["next_lawful"]
    assert visit["denial"] is None
    assert house.timeline(debt.case_id)[-1] == "reschedule_denied"
    assert move(house, visit_id)["reschedule"]["status"] == "requested", "and may be asked again"


def test_what_only_people_could_allow_does_not_move_it_either(house: House, visit_id: UUID) -> None:
    move(house, visit_id)
    house.deliver(house.reschedule_denial(visit_id, verdict="needs_review"))
    asked = house.visit(visit_id)["reschedule"]
    assert (asked["status"], asked["denial"]["verdict"]) == ("denied", "needs_review")


# --- what is refused


def test_one_asking_at_a_time(house: House, visit_id: UUID) -> None:
    move(house, visit_id)
    answer = house.post(visit_id, "reschedule", {"starts_at": "2026-12-04T15:00:00+08:00"})
    assert (answer.status_code, answer.json()["code"]) == (409, "reschedule_open")


def test_the_same_key_asks_once(house: House, visit_id: UUID) -> None:
    key = {"Idempotency-Key": "move"}
    first = house.post(visit_id, "reschedule", LATER, key)
    again = house.post(visit_id, "reschedule", LATER, key)
    assert (first.status_code, again.content) == (202, first.content)
    assert len(house.announced("cases.reschedule-requested.v1")) == 1


def test_a_visit_that_changed_since_it_was_read_is_left_alone(house: House, visit_id: UUID) -> None:
    tag = house.client.get(f"/v1/visits/{visit_id}").headers["ETag"]
    house.clock.advance(seconds=1)
    moved = house.post(visit_id, "reschedule", LATER, {"If-Match": tag})
    assert moved.status_code == 202
    assert moved.headers["ETag"] != tag, "what is asked of it is part of it"
    assert house.post(visit_id, "cancel", {"reason": "x"}, {"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("wish", "pointer", "code"),
    [
        ({}, "/starts_at", "missing"),
        ({"starts_at": "2026-11-23T02:00:00Z"}, "/starts_at", "start_not_plannable"),
        ({"starts_at": "2027-02-22T02:00:00Z"}, "/starts_at", "start_not_plannable"),
        ({"starts_at": "2026-12-01T10:00:00+08:00"}, "/starts_at", "nothing_to_move"),
        (LATER | {"duration_minutes": 481}, "/duration_minutes", "less_than_equal"),
        (LATER | {"team": []}, "/team", "too_short"),
        (LATER | {"team": [str(new_id())]}, "/team/0", "no_such_agent"),
        (LATER | {"address_id": str(new_id())}, "/address_id", "address_not_of_case"),
        (LATER | {"purpose": "relay"}, "/purpose", "unknown_field"),
    ],
)
def test_what_a_visit_can_not_become_is_refused(
    house: House, visit_id: UUID, wish: dict[str, Any], pointer: str, code: str
) -> None:
    answer = house.post(visit_id, "reschedule", wish)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert house.visit(visit_id)["reschedule"] is None


def test_only_what_is_scheduled_moves(house: House, debt: Debt) -> None:
    def refused(visit_id: UUID, code: str) -> None:
        answer = house.post(visit_id, "reschedule", {"starts_at": "2027-01-15T15:00:00+08:00"})
        assert (answer.status_code, answer.json()["code"]) == (409, code)

    refused(house.ask(debt), "visit_not_scheduled")
    refused(house.dispatched(debt), "visit_under_way")
    refused(house.checked_in(debt, starts_at="2026-12-05T10:00:00+08:00"), "visit_under_way")
    gone = house.scheduled(debt, starts_at="2026-12-07T10:00:00+08:00")
    house.ok(house.post(gone, "cancel", {"reason": "debtor"}))
    refused(gone, "visit_over")


def test_whose_it_is_not_can_not_move_it(house: House, debt: Debt, visit_id: UUID) -> None:
    theirs = house.header("lender", "southbank")
    assert house.post(visit_id, "reschedule", LATER, theirs).status_code == 404
    agent = house.agents_header(debt.agent_id)
    assert house.post(visit_id, "reschedule", LATER, agent).status_code == 403


def test_a_case_that_allows_no_visit_allows_no_later_one(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE debt_case SET status = 'closed', close_reason = 'sold', closed_at = opened_at"
        )
    answer = house.post(visit_id, "reschedule", LATER)
    assert (answer.status_code, answer.json()["code"]) == (409, "case_not_open")


# --- answers that must move nothing


@pytest.mark.parametrize(
    "claimed",
    [
        {"starts_at": "2026-12-01T02:00:00Z"},
        {"ends_at": "2026-12-01T02:30:00Z"},
        {"team": [str(new_id())]},
        {"address_id": str(new_id())},
        {"sub": str(new_id())},
        {"lender": "southbank"},
    ],
)
def test_an_approval_of_anything_but_what_was_asked_moves_nothing(
    house: House, visit_id: UUID, claimed: dict[str, Any]
) -> None:
    move(house, visit_id)
    with pytest.raises(Parked):
        house.deliver(house.rescheduled(visit_id, **claimed))
    visit = house.visit(visit_id)
    assert (visit["starts_at"], visit["reschedule"]["status"]) == (
        "2026-12-01T02:00:00Z",
        "requested",
    )


def test_an_answer_nobody_asked_for_parks(house: House, visit_id: UUID) -> None:
    move(house, visit_id)
    person, yes = house.rescheduled(visit_id)
    other = yes.model_copy(update={"request_id": new_id()})
    with pytest.raises(Parked):
        house.deliver((person, other))


def test_a_yes_that_comes_after_the_visit_ended_frees_its_new_place(
    house: House, visit_id: UUID
) -> None:
    move(house, visit_id)
    yes = house.rescheduled(visit_id)
    house.ok(house.post(visit_id, "cancel", {"reason": "debtor"}))
    assert house.visit(visit_id)["reschedule"]["status"] == "withdrawn"
    house.deliver(yes)
    visit = house.visit(visit_id)
    assert (visit["status"], visit["reschedule"]["status"]) == ("cancelled", "withdrawn")
    assert len(house.announced("cases.visit-cancelled.v1")) == 2
    assert len(house.announced("cases.visit-scheduled.v1")) == 1


def test_a_no_that_comes_after_the_visit_ended_changes_nothing(
    house: House, visit_id: UUID
) -> None:
    move(house, visit_id)
    no = house.reschedule_denial(visit_id)
    house.ok(house.post(visit_id, "cancel", {"reason": "debtor"}))
    house.deliver(no)
    assert house.visit(visit_id)["reschedule"]["status"] == "withdrawn"


def test_a_new_place_that_was_taken_back_before_it_was_heard_of_cancels_the_visit(
    house: House, visit_id: UUID
) -> None:
    """The old place is gone, too: contact-rules swapped them before it changed its mind."""
    move(house, visit_id)
    person, yes = house.rescheduled(visit_id)
    house.deliver(house.revocation(visit_id, "hold", approval_id=UUID(yes.approval["id"])))
    assert house.visit(visit_id)["status"] == "scheduled"
    house.deliver((person, yes))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "hold")
    assert visit["revocation"]["reason"] == "hold"


def test_a_new_place_whose_time_passed_on_the_way_cancels_the_visit(
    house: House, visit_id: UUID
) -> None:
    move(house, visit_id)
    yes = house.rescheduled(visit_id)
    house.clock.advance(days=20)
    house.deliver(yes)
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "expired")
