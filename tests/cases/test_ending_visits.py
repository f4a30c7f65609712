"""People cancel visits, and tell what came of those that took place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cases_house import Debt, House
from shared.ids import new_id

DONE = {
    "outcome": "promise",
    "started_at": "2026-12-01T10:03:00+08:00",
    "ended_at": "2026-12-01T10:21:00+08:00",
}


def post(
    house: House, visit_id: UUID, what: str, body: Any, headers: dict[str, str] | None = None
) -> Any:
    return house.client.post(f"/v1/visits/{visit_id}/{what}", json=body, headers=headers or {})


@pytest.fixture
def visit_id(house: House, debt: Debt) -> UUID:
    """A scheduled visit, an hour ago."""
    made = house.scheduled(debt)
    house.clock.set(house.clock().replace(month=12, day=1, hour=3))
    return made


def test_what_came_of_a_visit_goes_to_the_ledger(house: House, debt: Debt, visit_id: UUID) -> None:
    answer = post(house, visit_id, "complete", DONE | {"note": "pays on Friday"})
    visit = house.ok(answer)
    assert (visit["status"], visit["outcome"]) == ("completed", "promise")
    assert (visit["started_at"], visit["note"]) == ("2026-12-01T02:03:00Z", "pays on Friday")
    (message,) = house.announced("cases.visit-completed.v1")
    assert message.subject == str(debt.person_id)
    assert message.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "approval_id": visit["approval"]["id"],
        "outcome": "promise",
        "contact_outcome": "conversation",
        "started_at": "2026-12-01T02:03:00Z",
        "ended_at": "2026-12-01T02:21:00Z",
    }


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"outcome": "had_tea"}, "/outcome", "enum"),
        ({"started_at": "2026-12-01T11:00:01+08:00"}, "/started_at", "times_not_plausible"),
        ({"ended_at": "2026-12-01T11:00:01+08:00"}, "/ended_at", "times_not_plausible"),
        ({"ended_at": "2026-12-01T10:02:59+08:00"}, "/ended_at", "times_not_plausible"),
        ({"started_at": "2026-11-30T10:00:00+08:00"}, "/ended_at", "times_not_plausible"),
        (
            {
                "started_at": "2026-11-30T20:00:00+08:00",
                "ended_at": "2026-11-30T21:00:00+08:00",
            },
            "/started_at",
            "times_not_plausible",
        ),
        ({"started_at": "2026-12-01T10:03:00"}, "/started_at", "time_without_offset"),
        ({"note": ""}, "/note", "string_too_short"),
        ({"weather": "rain"}, "/weather", "unknown_field"),
    ],
)
def test_what_can_not_have_been_is_refused(
    house: House, visit_id: UUID, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = post(house, visit_id, "complete", DONE | changes)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert house.visit(visit_id)["status"] == "scheduled"


def test_a_visit_outside_its_hours_is_recorded_all_the_same(house: House, visit_id: UUID) -> None:
    late = DONE | {"started_at": "2026-12-01T06:00:00+08:00"}
    assert post(house, visit_id, "complete", late).status_code == 200


def test_nobody_can_have_gone_without_an_approval(house: House, debt: Debt) -> None:
    requested = house.ask(debt)
    answer = post(house, requested, "complete", DONE)
    assert answer.status_code == 409
    assert answer.json()["code"] == "visit_not_scheduled"


def test_what_is_over_is_over(house: House, visit_id: UUID) -> None:
    house.ok(post(house, visit_id, "complete", DONE))
    for what, body in (("complete", DONE), ("cancel", {"reason": "lender"})):
        answer = post(house, visit_id, what, body)
        assert answer.status_code == 409
        assert answer.json()["code"] == "visit_over"
    assert len(house.announced("cases.visit-completed.v1")) == 1


def test_a_cancelled_visit_frees_what_was_reserved(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    visit = house.ok(post(house, visit_id, "cancel", {"reason": "debtor"}))
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "debtor")
    (message,) = house.announced("cases.visit-cancelled.v1")
    assert message.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "reason": "debtor",
        "cancelled_at": "2026-12-01T03:00:00Z",
        "team": [str(debt.agent_id)],
    }


def test_what_somebody_wrote_is_kept_and_not_announced(house: House, visit_id: UUID) -> None:
    words = "Mrs Wang rang: the dog bites"
    visit = house.ok(post(house, visit_id, "cancel", {"reason": words}))
    assert visit["cancel_reason"] == words
    (message,) = house.announced("cases.visit-cancelled.v1")
    assert message.data["reason"] == "request"


def test_nobody_passes_off_a_plan_as_the_reason(house: House, visit_id: UUID) -> None:
    house.ok(post(house, visit_id, "cancel", {"reason": "plan"}))
    (message,) = house.announced("cases.visit-cancelled.v1")
    assert message.data["reason"] == "request"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": 5}, []])
def test_a_cancellation_has_a_reason(house: House, visit_id: UUID, body: Any) -> None:
    assert post(house, visit_id, "cancel", body).status_code == 422


def test_an_agent_ends_visits_of_the_own_team_only(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    stranger = house.agents_header(new_id())
    assert post(house, visit_id, "complete", DONE, stranger).status_code == 404
    assert post(house, visit_id, "cancel", {"reason": "agent"}, stranger).status_code == 404
    own = house.agents_header(debt.agent_id)
    assert post(house, visit_id, "complete", DONE, own).status_code == 200


@pytest.mark.parametrize("role", ["auditor", "compliance", "service"])
def test_those_who_only_look_end_nothing(house: House, visit_id: UUID, role: str) -> None:
    assert post(house, visit_id, "complete", DONE, house.header(role)).status_code == 403
    assert post(house, visit_id, "cancel", {"reason": "x"}, house.header(role)).status_code == 403


def test_another_lenders_visit_does_not_exist(house: House, visit_id: UUID) -> None:
    theirs = house.header("lender", "southbank")
    assert post(house, visit_id, "complete", DONE, theirs).status_code == 404
    assert post(house, visit_id, "cancel", {"reason": "x"}, theirs).status_code == 404
    assert post(house, new_id(), "cancel", {"reason": "x"}).status_code == 404


def test_a_visit_that_changed_since_it_was_read_is_left_alone(house: House, debt: Debt) -> None:
    requested = house.ask(debt)
    read = house.client.get(f"/v1/visits/{requested}").headers["ETag"]
    house.approve(requested)
    old = post(house, requested, "cancel", {"reason": "lender"}, {"If-Match": read})
    assert old.status_code == 412
    new = house.client.get(f"/v1/visits/{requested}").headers["ETag"]
    house.ok(post(house, requested, "cancel", {"reason": "lender"}, {"If-Match": new}))


def test_the_same_key_ends_a_visit_once(house: House, visit_id: UUID) -> None:
    key = {"Idempotency-Key": "done"}
    first = post(house, visit_id, "complete", DONE, key)
    again = post(house, visit_id, "complete", DONE, key)
    assert (first.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = post(house, visit_id, "complete", DONE | {"outcome": "refused"}, key)
    assert other.status_code == 422


def test_the_timeline_names_who_and_why(house: House, debt: Debt, visit_id: UUID) -> None:
    post(house, visit_id, "cancel", {"reason": "the bridge is out"})
    last = house.ok(house.client.get(f"/v1/cases/{debt.case_id}/timeline"))["items"][0]
    assert (last["kind"], last["by"]) == ("visit_cancelled", "northbank lender")
    assert last["data"] == {
        "visit_id": str(visit_id),
        "step": "cancel",
        "from": "scheduled",
        "reason": "the bridge is out",
    }
