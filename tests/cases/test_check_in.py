"""A team is at the door: only where and when the visit was approved for, and still lawful."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cases_house import HOME, Debt, House
from rules_stand_in import RulesStandIn, no
from shared.ids import new_id

AT_THE_DOOR = {"latitude": HOME["latitude"], "longitude": HOME["longitude"], "accuracy_m": 12.5}
ROUND_THE_CORNER = AT_THE_DOOR | {"latitude": 25.0284}  # 266 m to the north
ELSEWHERE = AT_THE_DOOR | {"latitude": 25.05}  # 2,659 m


@pytest.fixture
def visit_id(house: House, debt: Debt) -> UUID:
    """A dispatched visit, a quarter of an hour before it begins."""
    return house.dispatched(debt)


def check_in(house: House, visit_id: UUID, position: Any = AT_THE_DOOR, **more: Any) -> Any:
    return house.post(visit_id, "check-in", {"position": position, **more})


def test_a_team_at_the_door_is_checked_in(
    house: House, debt: Debt, visit_id: UUID, rules: RulesStandIn
) -> None:
    house.clock.advance(minutes=17)
    visit = house.ok(check_in(house, visit_id))
    assert visit["status"] == "checked_in"
    assert visit["check_in"] == {
        "at": "2026-12-01T02:02:00Z",
        "recorded_at": "2026-12-01T02:02:00Z",
        "place_check": "confirmed",
        "distance_m": 0,
    }
    assert visit["must_leave"] is None
    asked = rules.asked[-1]
    assert (asked["step"], "at" in asked) == ("check_in", False)
    (message,) = house.announced("cases.visit-checked-in.v1")
    assert message.subject == str(debt.person_id)
    assert message.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "approval_id": visit["approval"]["id"],
        "checked_in_at": "2026-12-01T02:02:00Z",
        "recorded_at": "2026-12-01T02:02:00Z",
        "place_check": "confirmed",
    }


def test_where_the_team_was_is_kept_nowhere(house: House, visit_id: UUID) -> None:
    """How far from the door is enough; 25.0269 is said nowhere else."""
    house.ok(check_in(house, visit_id, AT_THE_DOOR | {"latitude": 25.0269}))
    assert house.visit(visit_id)["check_in"]["distance_m"] == 100
    for table in ("visit", "visit_history", "case_history", "outbox"):
        assert house.count(table, f"{table}::text LIKE '%25.0269%'") == 0


def test_a_team_elsewhere_is_told_how_far(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    answer = check_in(house, visit_id, ELSEWHERE)
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["distance_m"]) == ("not_at_the_place", 2659)
    assert problem["allowed_m"] == 212
    assert "2659 m" in problem["detail"]
    assert house.visit(visit_id)["status"] == "dispatched"
    assert len(rules.asked) == 1, "contact-rules was asked before the dispatch only"


def test_what_a_position_may_be_wrong_by_counts_up_to_three_hundred_metres(
    house: House, visit_id: UUID
) -> None:
    assert check_in(house, visit_id, ROUND_THE_CORNER).json()["distance_m"] == 266
    unsure = ELSEWHERE | {"accuracy_m": 5000}
    assert check_in(house, visit_id, unsure).json()["allowed_m"] == 500
    house.ok(check_in(house, visit_id, ROUND_THE_CORNER | {"accuracy_m": 70}))


def test_a_position_nobody_knows_is_unknown_and_taken(house: House, visit_id: UUID) -> None:
    visit = house.ok(check_in(house, visit_id, None))
    assert visit["check_in"]["place_check"] == "unknown"
    assert visit["check_in"]["distance_m"] is None


def test_an_address_nobody_located_is_unknown_and_taken(house: House) -> None:
    unlocated = {k: v for k, v in HOME.items() if k not in {"latitude", "longitude"}}
    debt = house.debt("YS-9", addresses=[unlocated | {"timezone": "Asia/Taipei"}])
    visit_id = house.dispatched(debt)
    assert house.ok(check_in(house, visit_id))["check_in"]["place_check"] == "unknown"


@pytest.mark.parametrize(
    ("position", "pointer"),
    [
        ({"latitude": 91, "longitude": 0}, "/position/latitude"),
        ({"latitude": 0, "longitude": -180.5}, "/position/longitude"),
        ({"latitude": "25.026", "longitude": 121.543}, "/position/latitude"),
        ({"latitude": 25.026}, "/position/longitude"),
        (AT_THE_DOOR | {"accuracy_m": -1}, "/position/accuracy_m"),
        (AT_THE_DOOR | {"altitude": 7}, "/position/altitude"),
        ("here", "/position"),
    ],
)
def test_what_is_no_position_is_refused(
    house: House, visit_id: UUID, position: Any, pointer: str
) -> None:
    answer = check_in(house, visit_id, position)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_position_that_is_no_number_is_refused(house: House, visit_id: UUID, number: str) -> None:
    body = f'{{"position": {{"latitude": {number}, "longitude": 121.5}}}}'
    answer = house.client.post(
        f"/v1/visits/{visit_id}/check-in",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in {400, 422}
    assert house.visit(visit_id)["status"] == "dispatched"


# --- the hours


def test_nobody_is_at_the_door_too_early_or_too_late(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    hours = {"from": "2026-12-01T01:45:00Z", "to": "2026-12-01T03:30:00Z"}
    house.clock.set(datetime(2026, 12, 1, 3, 30, 1, tzinfo=UTC))
    late = check_in(house, visit_id)
    assert (late.status_code, late.json()["code"]) == (409, "outside_hours")
    assert late.json()["hours"] == hours
    house.clock.set(datetime(2026, 11, 30, tzinfo=UTC))
    early = house.scheduled(debt)
    house.ok(house.post(early, "dispatch", {}))
    house.clock.set(datetime(2026, 12, 1, 1, 44, 59, tzinfo=UTC))
    too_early = check_in(house, early)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "outside_hours")
    assert too_early.json()["hours"] == hours
    house.clock.advance(seconds=1)
    house.ok(check_in(house, early))


def test_a_team_without_a_network_says_later_when_it_arrived(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    house.clock.set(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    visit = house.ok(check_in(house, visit_id, at="2026-12-01T10:02:00+08:00"))
    assert (visit["check_in"]["at"], visit["check_in"]["recorded_at"]) == (
        "2026-12-01T02:02:00Z",
        "2026-12-01T09:00:00Z",
    )
    assert visit["checked_in_at"] == "2026-12-01T02:02:00Z"
    assert rules.asked[-1]["at"] == "2026-12-01T02:02:00+00:00"
    (message,) = house.announced("cases.visit-checked-in.v1")
    assert message.data["checked_in_at"] == "2026-12-01T02:02:00Z"
    assert message.data["recorded_at"] == "2026-12-01T09:00:00Z"


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("2026-12-01T09:00:01Z", 422, "arrival_not_plausible"),  # to come
        ("2026-12-01T01:44:59Z", 422, "arrival_not_plausible"),  # not dispatched yet
        ("2026-12-01T04:00:00Z", 409, "outside_hours"),
        ("2026-12-01T02:00:00", 422, "time_without_offset"),
    ],
)
def test_an_arrival_that_can_not_have_been_is_refused(
    house: House, visit_id: UUID, at: str, status: int, code: str
) -> None:
    house.clock.set(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    answer = check_in(house, visit_id, at=at)
    assert answer.status_code == status
    problem = answer.json()
    if status == 422:
        (error,) = problem["errors"]
        assert (error["pointer"], error["code"]) == ("/at", code)
    else:
        assert problem["code"] == code


# --- who, and in which state


def test_a_team_is_sent_before_it_is_there(house: House, debt: Debt, rules: RulesStandIn) -> None:
    scheduled = house.scheduled(debt)
    answer = check_in(house, scheduled)
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_not_dispatched")
    assert rules.asked == []


def test_a_team_is_there_once(house: House, visit_id: UUID) -> None:
    house.ok(check_in(house, visit_id))
    answer = check_in(house, visit_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_under_way")
    assert len(house.announced("cases.visit-checked-in.v1")) == 1


def test_only_the_own_team_checks_in(house: House, debt: Debt, visit_id: UUID) -> None:
    body = {"position": AT_THE_DOOR}
    stranger = house.agents_header(new_id())
    assert house.post(visit_id, "check-in", body, stranger).status_code == 404
    assert house.post(visit_id, "check-in", body, house.header("service")).status_code == 403
    own = house.agents_header(debt.agent_id)
    assert house.post(visit_id, "check-in", body, own).status_code == 200


def test_a_no_at_the_door_keeps_the_visit_as_it_is(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    rules.answer = no("leave")
    answer = check_in(house, visit_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_lawful_now")
    assert answer.json()["instead"]["do"] == "leave"
    rules.status = 500
    answer = check_in(house, visit_id)
    assert (answer.status_code, answer.json()["code"]) == (503, "rules_unreachable")
    assert house.visit(visit_id)["status"] == "dispatched"


def test_a_team_at_the_door_can_not_be_cancelled_away(house: House, visit_id: UUID) -> None:
    house.ok(check_in(house, visit_id))
    answer = house.post(visit_id, "cancel", {"reason": "debtor"})
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_at_the_door")
    assert "complete" in answer.json()["detail"]


def test_what_came_of_it_is_told_from_every_state_after_the_approval(
    house: House, debt: Debt
) -> None:
    def complete(visit_id: UUID) -> str:
        done = {
            "outcome": "promise",
            "started_at": "2026-12-01T10:03:00+08:00",
            "ended_at": "2026-12-01T10:21:00+08:00",
        }
        return str(house.ok(house.post(visit_id, "complete", done))["status"])

    scheduled, expired = house.scheduled(debt), house.scheduled(debt)
    dispatched = house.dispatched(debt)
    house.clock.set(datetime(2026, 11, 24, tzinfo=UTC))
    at_the_door = house.checked_in(debt)
    house.clock.set(datetime(2026, 12, 1, 5, 0, tzinfo=UTC))
    house.deliver(house.expiry(expired))
    assert house.visit(expired)["status"] == "expired"
    ids = (scheduled, dispatched, at_the_door, expired)
    assert [complete(visit_id) for visit_id in ids] == ["completed"] * 4


def test_a_revocation_while_the_rules_were_asked_keeps_the_team_out(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    revocation = house.revocation(visit_id)
    rules.meanwhile = lambda: house.deliver(revocation)
    answer = check_in(house, visit_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_over")
    assert house.visit(visit_id)["status"] == "cancelled"
