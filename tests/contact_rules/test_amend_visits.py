"""What a planned visit rests on changes: its debts, the papers of its team; messages come twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from contact_rules.handlers.amend_visits import AmendedVisit, amend_visits
from contact_rules.handlers.deciding import DecidedForAnother
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled
from shared.db import transaction
from shared.ids import new_id
from visit_life import amended, asked, checked_in, learn, moved, refused_by, states, told_of

DAY = timedelta(days=1)
NEIGHBOUR = {"id": str(new_id()), "role": "neighbour", "age": 40}


def debts(*ids: Any, **changed: Any) -> list[dict[str, Any]]:
    plain = {"product": "credit_card", "days_past_due": 110, "annual_rate": "0.15"}
    return [plain | {"id": str(each)} | changed for each in ids]


def test_what_is_lawful_still_keeps_its_approval_and_rests_on_what_was_told(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    second = new_id()
    house.deliver(amended(visit, debts=debts(debtor.account_id, second)))
    assert states(house, visit) == [("reserved", None)]
    assert len(told_of(house, visit)) == 1
    # The place counts for the debt that came by, too.
    _, line = house.rows("ledger", "seq")
    assert (line.kind, line.debts) == ("reserved", [str(debtor.account_id), str(second)])
    one, two = house.rows("decision", "decided_at, ledger_seq")
    assert (one.verdict, two.verdict) == ("allow", "allow")
    assert line.decision_id == two.id
    assert two.request_id is not None
    assert two.ledger_seq == house.rows("ledger", "seq")[0].seq
    # The approval and the answer to the visit's own request stay what they were.
    assert house.rows("approval")[0].decision_id == one.id
    house.deliver(visit)
    assert told_of(house, visit)[0] == told_of(house, visit)[1]


def test_what_is_unlawful_now_is_revoked_with_the_reason_and_kept(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(amended(visit, party=NEIGHBOUR, why="team"))
    assert states(house, visit) == [("revoked", "team")]
    kind, told = told_of(house, visit)[-1]
    assert (kind, told["reason"], told["must_leave"]) == ("approval-revoked", "team", False)
    assert refused_by(told) == {"taiwanese.neighbours"}
    assert house.ledger(debtor) == [("reserved", None), ("released", None)]
    denial = house.rows("decision", "decided_at, ledger_seq")[-1]
    assert (denial.verdict, denial.facts["party"]["role"]) == ("deny", "neighbour")


def test_what_was_told_last_is_what_later_facts_are_judged_with(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    third = [{"id": str(debtor.account_id), "product": "mortgage"}]
    house.deliver(amended(visit, debts=[third[0] | {"days_past_due": 1, "annual_rate": None}]))
    learn(house, debtor, "deceased")
    assert states(house, visit) == [("revoked", "deceased")]
    released = house.rows("ledger", "seq")[-1]
    latest = house.rows("decision", "decided_at, ledger_seq")[-1]
    assert latest.facts["debts"][0]["product"] == "mortgage"
    assert released.decision_id == latest.id


def test_time_place_and_team_stay_those_that_were_approved(house: House) -> None:
    """It was told before it was known that the visit had moved."""
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(moved(visit, TUESDAY + DAY))
    stranger = {"id": str(new_id()), "credentials": []}
    known = visit.team[0] | {"credentials": ["none"]}
    house.deliver(amended(visit, team=[known, stranger]))
    latest = house.rows("decision", "decided_at, ledger_seq")[-1]
    assert latest.facts["starts_at"] == "2026-12-02T02:00:00Z"
    assert [member["id"] for member in latest.facts["team"]] == [one["id"] for one in visit.team]
    assert [member["credentials"] for member in latest.facts["team"]] == [
        ["none"],
        ["authorisation_letter", "work_id"],
    ]
    assert states(house, visit)[-1] == ("reserved", None)
    assert house.rows("ledger", "seq")[-1].starts_at == TUESDAY + DAY


def test_the_zone_of_the_same_address_is_taken_over_and_that_of_another_is_not(
    house: House,
) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    elsewhere = visit.place | {"address_id": str(new_id()), "timezone": None}
    house.deliver(amended(visit, place=elsewhere))
    assert states(house, visit) == [("reserved", None)]
    house.deliver(amended(visit, place=visit.place | {"timezone": None}))
    assert states(house, visit) == [("revoked", "team")]
    assert "taiwanese.hours" in refused_by(told_of(house, visit)[-1][1])


def test_a_visit_for_which_nothing_is_owed_any_more_is_revoked(house: House) -> None:
    visit = Debtor().visit()
    house.ask(visit)
    house.deliver(amended(visit, debts=[], why="payment"))
    assert states(house, visit) == [("revoked", "payment")]
    assert refused_by(told_of(house, visit)[-1][1]) >= {"approval.debts"}


def test_whoever_is_at_the_door_must_leave(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.starts_at + timedelta(minutes=3))
    house.deliver(checked_in(visit))
    house.deliver(amended(visit, party=NEIGHBOUR))
    assert told_of(house, visit)[-1][1]["must_leave"] is True
    assert house.ledger(debtor) == [("reserved", None), ("attempted", None)]


def test_visits_that_are_not_planned_are_not_touched(house: House) -> None:
    debtor = Debtor()
    over, denied, unknown = debtor.visit(), debtor.visit(TUESDAY + timedelta(hours=13)), Debtor()
    house.ask(over, denied)
    house.deliver(cancelled(over, house.clock(), "agent"))
    before = house.rows("decision")
    house.deliver(*[amended(each, party=NEIGHBOUR) for each in (over, denied, unknown.visit())])
    assert house.rows("decision") == before
    assert [kind for kind, _ in told_of(house, over)] == ["visit-approved"]


def test_the_others_of_a_person_stay_as_they_are(house: House) -> None:
    debtor = Debtor()
    one, two = debtor.visit(), debtor.visit(TUESDAY + DAY)
    house.ask(one, two)
    house.deliver(amended(one, party=NEIGHBOUR))
    assert states(house, one)[0][0] == "revoked"
    assert states(house, two)[0][0] == "reserved"


def tell(house: House, *told: tuple[VisitRequested, Any]) -> None:
    with transaction(house.engine) as session:
        amend_visits(
            session,
            [AmendedVisit(asked(event, telling), "team") for event, telling in told],
            house.clock(),
            desk=house.kept_desk(),
        )


def test_each_telling_is_decided_once_and_is_about_one_visit(house: House) -> None:
    debtor, other = Debtor(), Debtor()
    visit, others = debtor.visit(), other.visit()
    house.ask(visit, others)
    first, second = new_id(), new_id()
    told = amended(visit, debts=debts(debtor.account_id))
    tell(house, (told, first), (told, second), (told, first))
    tell(house, (told, first))
    tell(house)
    assert len(house.rows("decision")) == 4
    assert house.ledger(debtor) == [("reserved", None)] * 3
    with pytest.raises(DecidedForAnother):
        tell(house, (amended(others), first))


def test_many_are_decided_in_a_handful_of_statements(house: House, count_statements: Any) -> None:
    visits = [Debtor().visit() for _ in range(30)]
    house.deliver(*visits)
    told = [(amended(visit, why="debts"), new_id()) for visit in visits]
    house.kept_desk()
    with count_statements(house.engine) as seen:
        tell(house, *told)
    assert len(seen) <= 12, seen
    assert len(house.rows("decision")) == 60
