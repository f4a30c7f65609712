"""Asked once more before a team sets out and before it knocks: may they, or what instead?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled, completed
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import text
from visit_life import amended, checked_in, expire, learn, moved

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
STEPS = pytest.mark.parametrize("step", ["dispatch", "check_in"])


@pytest.fixture
def visit(house: House) -> VisitRequested:
    """A visit that was approved, on Tuesday from ten to half past ten."""
    asked_for = Debtor().visit()
    (answer,) = house.ask(asked_for)
    assert answer["type"] == "approved"
    return asked_for


def approval_of(house: House, visit: VisitRequested) -> UUID:
    """The visit's newest approval."""
    rows = house.rows("approval", "issued_at, id")
    return UUID(str([row.id for row in rows if row.visit_id == visit.visit_id][-1]))


def ask(
    house: House,
    visit: VisitRequested,
    step: str,
    at: datetime | None = None,
    team: list[dict[str, Any]] | None = None,
    approval: UUID | None = None,
) -> dict[str, Any]:
    """May they?"""
    body: dict[str, Any] = {
        "visit_id": str(visit.visit_id),
        "step": step,
        "team": visit.team if team is None else team,
    }
    if at is not None:
        body["at"] = at.isoformat()
    answer = house.client.post(
        f"/v1/approvals/{approval or approval_of(house, visit)}/recheck",
        json=body,
        headers=house.header("service"),
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["go"] == (found["verdict"] == "allow") == (found["instead"] is None)
    assert found["go"] == (found["checks"] == [])
    return found


def rules(answer: dict[str, Any]) -> set[str]:
    """The rules that stand against it."""
    return {check["rule"] for check in answer["checks"]}


@STEPS
def test_a_visit_that_is_lawful_still_may_take_place(
    house: House, visit: VisitRequested, step: str
) -> None:
    house.clock.set(visit.starts_at - timedelta(minutes=20))
    tables = ("ledger", "approval", "decision", "outbox")
    before = [house.rows(table) for table in tables]
    assert ask(house, visit, step) == {
        "go": True,
        "state": "reserved",
        "verdict": "allow",
        "checks": [],
        "must_end_by": "2026-12-01T18:00:00+08:00",
        "instead": None,
    }
    assert [house.rows(table) for table in tables] == before


def test_days_before_a_team_may_be_told_to_go_and_not_to_knock(
    house: House, visit: VisitRequested
) -> None:
    assert ask(house, visit, "dispatch")["go"]
    early = ask(house, visit, "check_in")
    assert rules(early) == {"approval.time"}
    assert early["instead"] == {
        "do": "wait",
        "not_before": "2026-12-01T09:00:00+08:00",
        "next_lawful": [],
    }


@pytest.mark.parametrize(
    ("at", "go", "do"),
    [
        (TUESDAY - HOUR - SECOND, False, "wait"),
        (TUESDAY - HOUR, True, None),
        (TUESDAY, True, None),
        (TUESDAY + timedelta(minutes=90) - SECOND, True, None),
        (TUESDAY + timedelta(minutes=90), False, "leave"),
    ],
)
def test_they_may_knock_from_an_hour_before_until_the_approval_expires(
    house: House, visit: VisitRequested, at: datetime, go: bool, do: str | None
) -> None:
    house.clock.set(TUESDAY + DAY)
    answer = ask(house, visit, "check_in", at)
    assert answer["go"] is go
    assert answer["state"] == "reserved"
    if not go:
        assert "approval.time" in rules(answer)
        assert answer["instead"]["do"] == do


def test_whoever_comes_before_the_hours_open_waits_until_they_do(house: House) -> None:
    first = Debtor().visit(datetime.fromisoformat("2026-12-01T09:10:00+08:00"))
    house.ask(first)
    house.clock.set(datetime.fromisoformat("2026-12-01T08:40:00+08:00"))
    answer = ask(house, first, "check_in")
    assert rules(answer) == {"taiwanese.hours"}
    assert answer["instead"]["do"] == "wait"
    assert answer["instead"]["not_before"] == "2026-12-01T09:00:00+08:00"


def test_whoever_would_stay_past_the_hours_asks_for_another_time(house: House) -> None:
    last = Debtor().visit(datetime.fromisoformat("2026-12-01T17:30:00+08:00"))
    house.ask(last)
    house.clock.set(datetime.fromisoformat("2026-12-01T17:30:01+08:00"))
    answer = ask(house, last, "check_in")
    assert rules(answer) == {"taiwanese.hours"}
    assert answer["instead"]["do"] == "reschedule"
    assert answer["instead"]["next_lawful"][0] == {
        "from": "2026-12-02T01:00:00Z",
        "to": "2026-12-02T09:30:00Z",
    }
    # Who sets out late is judged by the planned time, and asked again at the door.
    assert ask(house, last, "dispatch")["go"]


@STEPS
def test_its_own_place_does_not_stand_in_its_way_and_others_do(
    house: House, visit: VisitRequested, step: str
) -> None:
    house.clock.set(TUESDAY)
    assert ask(house, visit, step)["go"]
    debtor = Debtor(person_id=visit.person_id)
    with transaction(house.engine) as session:
        # A contact that nobody has asked the visits about yet.
        session.execute(
            text(
                "INSERT INTO ledger (id, contact_id, person_id, kind, lender, channel, direction,"
                " starts_at, ends_at, debts, outcome, occurred_at, recorded_at, party_id,"
                " party_role, purpose, place, collector) VALUES (:id, :id, :person, 'attempted',"
                " 'southbank', 'visit', 'outbound', :at, :at, '{}', 'nobody_met', :at, :at,"
                " :party, 'debtor', 'collect', 'home', 'southbank')"
            ),
            {
                "id": new_id(),
                "person": debtor.person_id,
                "at": TUESDAY - HOUR,
                "party": str(debtor.person_id),
            },
        )
    answer = ask(house, visit, step)
    assert rules(answer) == {"everyone.visit-1d", "person-protection.visits-1d"}
    assert answer["instead"]["do"] == "reschedule"
    assert answer["instead"]["next_lawful"][0]["from"] == "2026-12-02T01:00:00Z"


@pytest.mark.parametrize(
    ("step", "do"), [("dispatch", "cancel"), ("check_in", "leave")], ids=["dispatch", "check_in"]
)
class TestNothingIsLeftToDo:
    """There is no time for the visit any more."""

    def test_where_no_time_is_lawful(
        self, house: House, visit: VisitRequested, step: str, do: str
    ) -> None:
        house.clock.set(TUESDAY)
        with transaction(house.engine) as session:
            session.execute(
                text(
                    "INSERT INTO known_fact (id, person_id, record, kind, debts, data, evidence,"
                    " told_by, occurred_at, recorded_at) VALUES (:id, :person, 'fact', 'deceased',"
                    " '{}', '{\"kind\": \"deceased\", \"since\": \"2026-11-30\"}', '[]', 'tests',"
                    " :at, :at)"
                ),
                {"id": new_id(), "person": visit.person_id, "at": TUESDAY},
            )
        answer = ask(house, visit, step)
        assert rules(answer) == {"person-protection.left-in-peace"}
        assert answer["checks"][0]["message"]["zh"]
        assert answer["instead"] == {"do": do, "not_before": None, "next_lawful": []}

    @pytest.mark.parametrize("end", ["released", "revoked", "consumed", "expired", "moved"])
    def test_where_the_approval_is_over(
        self, house: House, visit: VisitRequested, step: str, do: str, end: str
    ) -> None:
        approval = approval_of(house, visit)
        house.clock.set(TUESDAY)
        state = end
        if end == "released":
            house.deliver(cancelled(visit, house.clock(), "agent"))
        elif end == "revoked":
            learn(house, Debtor(person_id=visit.person_id), "deceased")
        elif end == "consumed":
            house.deliver(completed(visit, "nobody_met"))
        elif end == "expired":
            house.clock.set(TUESDAY + DAY)
            expire(house)
        else:
            house.deliver(moved(visit, TUESDAY + DAY))
            state = "released"
        answer = ask(house, visit, step, approval=approval)
        assert (answer["state"], answer["must_end_by"]) == (state, None)
        (check,) = answer["checks"]
        assert (check["rule"], check["measured"]) == ("approval.state", state)
        assert answer["instead"] == {"do": do, "not_before": None, "next_lawful": []}

    def test_where_its_time_has_passed_and_it_is_not_swept_yet(
        self, house: House, visit: VisitRequested, step: str, do: str
    ) -> None:
        house.clock.set(TUESDAY + DAY)
        answer = ask(house, visit, step)
        assert "approval.time" in rules(answer)
        assert answer["instead"]["do"] == do


def test_a_team_is_judged_by_its_papers_of_today_and_its_names(
    house: House, visit: VisitRequested
) -> None:
    house.clock.set(TUESDAY)
    one, two = visit.team
    assert ask(house, visit, "check_in", team=[two, one])["go"]
    alone = ask(house, visit, "check_in", team=[one])
    assert (alone["verdict"], rules(alone)) == ("needs_review", {"taiwanese.team"})
    stranger = {"id": str(new_id()), "credentials": ["work_id", "authorisation_letter"]}
    for step, do in (("dispatch", "reschedule"), ("check_in", "leave")):
        answer = ask(house, visit, step, team=[one, stranger])
        assert rules(answer) == {"approval.team"}
        assert answer["instead"] == {"do": do, "not_before": None, "next_lawful": []}
    assert "taiwanese.team" in rules(ask(house, visit, "dispatch", team=[]))


def test_what_was_told_last_is_what_is_asked(house: House, visit: VisitRequested) -> None:
    house.deliver(amended(visit, debts=[visit.debts[0] | {"product": "mortgage"}]))
    house.clock.set(TUESDAY)
    assert ask(house, visit, "dispatch")["go"]
    house.deliver(moved(visit, TUESDAY + DAY))
    assert ask(house, visit, "dispatch")["go"]
    house.clock.set(TUESDAY + DAY)
    assert ask(house, visit, "check_in")["go"]


def test_who_is_there_already_may_ask_again(house: House, visit: VisitRequested) -> None:
    house.clock.set(TUESDAY + timedelta(minutes=5))
    house.deliver(checked_in(visit))
    assert ask(house, visit, "check_in")["go"]


def test_a_change_under_way_is_not_waited_for(house: House, visit: VisitRequested) -> None:
    with transaction(house.engine) as session:
        session.execute(
            text("SELECT id FROM person WHERE id = :id FOR UPDATE"), {"id": visit.person_id}
        )
        assert ask(house, visit, "dispatch")["go"]
