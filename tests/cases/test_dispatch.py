"""A team is sent after contact-rules was asked once more; without its yes nobody goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cases_house import Debt, House
from rules_stand_in import RulesStandIn, go, no
from shared.ids import new_id


@pytest.fixture
def visit_id(house: House, debt: Debt) -> UUID:
    """A scheduled visit, an hour before it begins."""
    made = house.scheduled(debt)
    house.clock.set(datetime(2026, 12, 1, 1, 0, tzinfo=UTC))
    return made


def test_a_team_is_sent_when_contact_rules_says_yes(
    house: House, debt: Debt, visit_id: UUID, rules: RulesStandIn
) -> None:
    visit = house.ok(house.post(visit_id, "dispatch", {}))
    assert (visit["status"], visit["dispatched_at"]) == ("dispatched", "2026-12-01T01:00:00Z")
    (asked,) = rules.asked
    assert asked == {
        "path": f"/v1/approvals/{visit['approval']['id']}/recheck",
        "visit_id": str(visit_id),
        "step": "dispatch",
        "team": [{"id": str(debt.agent_id), "credentials": ["work_id"], "employer": "northbank"}],
    }
    assert rules.tokens == [f"Bearer {house.keys.service_token.read_text()}"]
    (message,) = house.announced("cases.visit-dispatched.v1")
    assert message.subject == str(debt.person_id)
    assert message.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "approval_id": visit["approval"]["id"],
        "dispatched_at": "2026-12-01T01:00:00Z",
        "team": [str(debt.agent_id)],
    }
    assert house.timeline(debt.case_id)[-1] == "visit_dispatched"


def test_papers_that_end_before_the_day_of_the_visit_are_not_shown_to_the_rules(
    house: House, debt: Debt, rules: RulesStandIn
) -> None:
    """The day is that at the door: in Taipei it is 1 December while London has 30 November."""
    agent = house.agent(
        credentials=[
            {"kind": "work_id", "expires_on": "2026-12-01"},
            {"kind": "authorisation_letter", "expires_on": "2026-11-30"},
        ]
    )
    visit_id = house.scheduled(debt, team=[str(agent)], starts_at="2026-12-01T07:30:00+08:00")
    house.ok(house.post(visit_id, "dispatch", {}))
    assert rules.asked[0]["team"][0]["credentials"] == ["work_id"]


@pytest.mark.parametrize("do", ["wait", "reschedule", "leave", "cancel"])
def test_a_no_says_why_and_what_to_do_instead(
    house: House, visit_id: UUID, rules: RulesStandIn, do: str
) -> None:
    rules.answer = no(do)
    answer = house.post(visit_id, "dispatch", {}, {"Accept-Language": "zh-TW"})
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["type"]) == ("not_lawful_now", "/problems/not-lawful-now")
    assert "规则" in problem["detail"]
    (check,) = problem["checks"]
    assert (check["message"], check["citation"][:4]) == ("时间过晚。", "金融機構")
    assert problem["instead"] == {
        "do": do,
        "not_before": "2026-12-01T23:00:00Z" if do == "wait" else None,
        "next_lawful": [{"from": "2026-12-01T23:00:00Z", "to": "2026-12-02T13:30:00Z"}],
    }
    english = house.post(visit_id, "dispatch", {}).json()
    assert english["checks"][0]["message"] == "Too late in the evening."
    assert house.visit(visit_id)["status"] == "scheduled"
    assert house.announced("cases.visit-dispatched.v1") == []


def test_an_approval_that_is_over_there_is_not_ended_here(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    """The event will tell, with its reasons."""
    rules.answer = no("cancel", state="revoked", instead=None)
    problem = house.post(visit_id, "dispatch", {}).json()
    assert (problem["code"], problem["instead"]) == ("not_lawful_now", None)
    assert house.visit(visit_id)["status"] == "scheduled"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, go()),
        (503, b""),
        (401, {"code": "unauthorized"}),
        (404, {"code": "not_found"}),
        (302, go()),
        (201, go()),
        (200, b""),
        (200, b"<html>go</html>"),
        (200, b"[" * 100_000),
        (200, b"\xff\xfe"),
        (200, "go"),
        (200, []),
        (200, {}),
        (200, {"go": True}),
        (200, go(go="true")),
        (200, go(go=1)),
        (200, go(go=None)),
        (200, go(state="revoked")),
        (200, go(checks=None)),
        (200, go(instead={"do": "run"})),
        (200, b" " * (1024 * 1024) + b'{"go": true, "state": "reserved", "checks": []}'),
    ],
)
def test_whatever_is_no_clear_yes_sends_nobody(
    house: House, visit_id: UUID, rules: RulesStandIn, status: int, answer: Any
) -> None:
    rules.status, rules.answer = status, answer
    refused = house.post(visit_id, "dispatch", {})
    assert (refused.status_code, refused.json()["code"]) == (503, "rules_unreachable")
    assert refused.headers["Retry-After"] == "2"
    assert house.visit(visit_id)["status"] == "scheduled"
    assert len(rules.asked) == 1, "it was asked once, and not again"


def test_who_was_refused_by_silence_may_try_again_with_the_same_key(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    key = {"Idempotency-Key": "go"}
    rules.status = 500
    assert house.post(visit_id, "dispatch", {}, key).status_code == 503
    rules.status = 200
    first = house.post(visit_id, "dispatch", {}, key)
    again = house.post(visit_id, "dispatch", {}, key)
    assert (first.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(rules.asked) == 2, "what is answered already asks nobody"
    assert len(house.announced("cases.visit-dispatched.v1")) == 1


# --- who, when, in which state


def test_only_a_scheduled_visit_is_dispatched_and_for_no_other_is_anybody_asked(
    house: House, debt: Debt, visit_id: UUID, rules: RulesStandIn
) -> None:
    requested = house.ask(debt, starts_at="2026-12-05T10:00:00+08:00")
    answer = house.post(requested, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_not_scheduled")
    assert rules.asked == []
    house.ok(house.post(visit_id, "dispatch", {}))
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_under_way")
    house.ok(house.post(visit_id, "cancel", {"reason": "debtor"}))
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_over")
    assert len(rules.asked) == 1


def test_nobody_sets_out_when_nobody_could_arrive_in_time(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    house.clock.set(datetime(2026, 12, 1, 3, 30, 1, tzinfo=UTC))
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "outside_hours")
    assert answer.json()["hours"] == {"from": "2026-12-01T01:45:00Z", "to": "2026-12-01T03:30:00Z"}
    assert rules.asked == []


def test_an_agent_dispatches_visits_of_the_own_team_only(
    house: House, debt: Debt, visit_id: UUID
) -> None:
    stranger = house.agents_header(new_id())
    assert house.post(visit_id, "dispatch", {}, stranger).status_code == 404
    theirs = house.header("lender", "southbank")
    assert house.post(visit_id, "dispatch", {}, theirs).status_code == 404
    own = house.agents_header(debt.agent_id)
    assert house.post(visit_id, "dispatch", {}, own).status_code == 200


@pytest.mark.parametrize("role", ["auditor", "compliance", "service"])
def test_those_who_only_look_send_nobody(house: House, visit_id: UUID, role: str) -> None:
    assert house.post(visit_id, "dispatch", {}, house.header(role)).status_code == 403


def test_a_visit_that_changed_since_it_was_read_is_left_alone(house: House, visit_id: UUID) -> None:
    tag = house.client.get(f"/v1/visits/{visit_id}").headers["ETag"]
    stale = house.post(visit_id, "dispatch", {}, {"If-Match": '"another"'})
    assert stale.status_code == 412
    house.ok(house.post(visit_id, "dispatch", {}, {"If-Match": tag}))


@pytest.mark.parametrize("body", [[], None, {"force": True}])
def test_nothing_can_be_said_with_it(house: House, visit_id: UUID, body: Any) -> None:
    assert house.post(visit_id, "dispatch", body).status_code == 422


# --- what happens between the question and the answer


def test_a_visit_revoked_while_the_rules_were_asked_is_not_dispatched(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    revocation = house.revocation(visit_id)
    rules.meanwhile = lambda: house.deliver(revocation)
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "visit_over")
    assert house.visit(visit_id)["status"] == "cancelled"


def test_a_yes_for_an_approval_that_holds_no_more_sends_nobody(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    def move() -> None:
        rules.meanwhile = None
        wish = {"starts_at": "2026-12-02T10:00:00+08:00"}
        house.ok(house.post(visit_id, "reschedule", wish), 202)
        house.deliver(house.rescheduled(visit_id))

    rules.meanwhile = move
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert house.visit(visit_id)["status"] == "scheduled"


def test_a_visit_about_to_be_moved_is_not_dispatched(
    house: House, visit_id: UUID, rules: RulesStandIn
) -> None:
    """Its place in contact-rules may be another one already."""
    house.ok(house.post(visit_id, "reschedule", {"starts_at": "2026-12-02T10:00:00+08:00"}), 202)
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "reschedule_open")
    assert rules.asked == []
    house.deliver(house.reschedule_denial(visit_id))
    house.ok(house.post(visit_id, "dispatch", {}))
