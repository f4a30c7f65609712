"""Contacts told late are judged by what held when they were made, also if it has ended since."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from known_facts import AccountReturned, PlanActivated, PlanCompleted, known, of, recall
from known_facts import tell as tell_fact
from rules_house import TUESDAY, Debtor, House, completed
from shared.ids import new_id
from told_contacts import breaches, breaches_announced, make_known, tell, visit_told

PEACE = "person-protection.left-in-peace"
DISPUTE = "person-protection.dispute"
STOPPED = "person-protection.collection-stopped"
MANDATE = "person-protection.mandate"
SECOND = timedelta(seconds=1)


def taipei(month_day_time: str) -> datetime:
    """A moment of that winter: ``12-24 10:00``."""
    year = 2026 if month_day_time >= "11" else 2027
    return datetime.fromisoformat(f"{year}-{month_day_time}+08:00")


@pytest.fixture
def debtor(house: House) -> Debtor:
    """Known, and with a visit once planned: so it is known where he lives."""
    debtor = Debtor()
    make_known(house, debtor)
    house.ask(debtor.visit(TUESDAY))
    return debtor


def told(house: House, debtor: Debtor, on: str, kind: str, **said: Any) -> str:
    """A fact is told at that moment; its id."""
    house.clock.set(taipei(on))
    answer = tell_fact(house, debtor, kind, **said)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def agreed(house: House, debtor: Debtor, on: str) -> str:
    """The person agrees to visits at that moment; the consent's id."""
    house.clock.set(taipei(on))
    body = {"scope": "visit", "given_at": taipei(on).isoformat(), "lender": debtor.lender}
    answer = house.client.post(f"/v1/persons/{debtor.person_id}/consents", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def taken_back(house: House, debtor: Debtor, id_: str, on: str, **said: Any) -> dict[str, Any]:
    """It is taken back at that moment."""
    house.clock.set(taipei(on))
    path = f"/v1/persons/{debtor.person_id}/facts/{id_}/withdraw"
    answer = house.client.post(path, json={"reason": "no longer so"} | said)
    assert answer.status_code == 200, answer.text
    ended: dict[str, Any] = answer.json()["ended"]
    return ended


def visited(house: House, debtor: Debtor, at: datetime, **said: Any) -> list[tuple[str, str]]:
    """A visit of others at that time is told at the end of January; what of it is a breach of what
    protects the person, but for limits of number."""
    house.clock.set(taipei("01-31 12:00"))
    answer = tell(house, visit_told(debtor, f"door {at}", at, **said))
    contact = answer.json()["contact_id"]
    return [
        (row.rule, row.cause)
        for row in house.rows("breach", "id")
        if str(row.contact_id) == contact and row.rule in (PEACE, DISPUTE, STOPPED, MANDATE)
    ]


def test_a_fact_that_has_ended_since_held_when_the_contact_was_made(
    house: House, debtor: Debtor
) -> None:
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    taken_back(house, debtor, lawyer, "12-28 15:00")
    assert visited(house, debtor, taipei("12-15 10:00")) == [(PEACE, "contact")]
    (event,) = breaches_announced(house)
    assert event["check"]["rule"] == PEACE
    # What it rests on is kept with it.
    (row,) = house.rows("breach")
    assert [fact["kind"] for fact in row.facts["facts"]] == ["represented"]


def test_it_held_from_its_day_to_the_moment_of_its_end(house: House, debtor: Debtor) -> None:
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    taken_back(house, debtor, lawyer, "12-28 15:00")
    before = ["11-30 23:59:59", "12-01 00:00:00"]  # told that morning: it may be of later that day
    held = ["12-01 23:59:59", "12-02 00:00:00", "12-27 23:59:59", "12-28 00:00:00"]
    held += ["12-28 14:59:59"]
    after = ["12-28 15:00:00", "12-29 00:00:00"]
    found = {at: visited(house, debtor, taipei(at)) for at in (*after, *held, *before)}
    assert [at for at in found if found[at]] == held


def test_an_end_told_late_is_of_the_day_that_it_names(house: House, debtor: Debtor) -> None:
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    midnight = taipei("12-12 00:00")
    ended = taken_back(house, debtor, lawyer, "12-28 15:00", at=midnight.isoformat())
    assert (ended["at"], ended["in_error"]) == ("2026-12-11T16:00:00Z", False)
    assert visited(house, debtor, midnight) == []
    assert visited(house, debtor, midnight - SECOND) == [(PEACE, "contact")]


def test_what_was_told_by_mistake_never_held(house: House, debtor: Debtor) -> None:
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    ended = taken_back(house, debtor, lawyer, "12-28 15:00", in_error=True)
    assert ended["in_error"] is True
    assert visited(house, debtor, taipei("12-15 10:00")) == []


def test_a_mistake_is_one_although_the_matter_ended_as_well(house: House, debtor: Debtor) -> None:
    """It is taken back as told by mistake; that it ended before is announced only then."""
    plan = new_id()
    began, over = taipei("12-01 09:00"), taipei("12-05 09:00")
    house.clock.set(began)
    house.deliver(PlanActivated(**of(debtor), plan_id=plan, activated_at=began))
    (fact,) = house.rows("known_fact")
    taken_back(house, debtor, str(fact.id), "12-10 09:00", in_error=True)
    house.deliver(PlanCompleted(**of(debtor), plan_id=plan, completed_at=over))
    (shown,) = known(house, debtor)
    assert (shown["ended"]["in_error"], shown["ended"]["reason"]) == (True, "no longer so")
    assert visited(house, debtor, taipei("12-03 10:00")) == []


def test_a_mistake_that_shows_when_it_has_ended(house: House, debtor: Debtor) -> None:
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    taken_back(house, debtor, lawyer, "12-20 09:00")
    ended = taken_back(house, debtor, lawyer, "12-28 15:00", in_error=True)
    assert ended["in_error"] is True
    assert visited(house, debtor, taipei("12-15 10:00")) == []
    path = f"/v1/persons/{debtor.person_id}/facts/{lawyer}/withdraw"
    for body in ({"reason": "again", "in_error": True}, {"reason": "again"}):
        answer = house.client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "has_ended")
    assert len(house.rows("known_fact_end")) == 2


def test_a_mistake_has_no_day_of_its_end(house: House, debtor: Debtor) -> None:
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    path = f"/v1/persons/{debtor.person_id}/facts/{lawyer}/withdraw"
    body = {"reason": "wrong person", "in_error": True, "at": taipei("12-01 09:00").isoformat()}
    answer = house.client.post(path, json=body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/at", "never_was_so")]
    assert not house.rows("known_fact_end")


def test_a_consent_that_still_held_made_it_lawful(house: House, debtor: Debtor) -> None:
    told(house, debtor, "12-01 09:00", "dispute", form="written")
    yes = agreed(house, debtor, "12-02 09:00")
    taken_back(house, debtor, yes, "12-28 10:15")
    proof: dict[str, Any] = {"purpose": "validation"}
    assert visited(house, debtor, taipei("12-15 10:00"), **proof) == []
    # Taken back at the door: it was lawful to knock.
    assert visited(house, debtor, taipei("12-28 10:00"), **proof) == []
    # No longer, and not yet.
    assert visited(house, debtor, taipei("12-28 10:15"), **proof) == [(DISPUTE, "contact")]
    assert visited(house, debtor, taipei("12-02 08:59:59"), **proof) == [(DISPUTE, "contact")]


def test_a_consent_that_nobody_gave_made_nothing_lawful(house: House, debtor: Debtor) -> None:
    """It is found out after the contact was judged: then it is a breach that was found late."""
    told(house, debtor, "12-01 09:00", "dispute", form="written")
    yes = agreed(house, debtor, "12-02 09:00")
    house.clock.set(taipei("12-16 12:00"))
    tell(house, visit_told(debtor, "proof", taipei("12-15 10:00"), purpose="validation"))
    assert breaches(house) == []
    taken_back(house, debtor, yes, "12-17 09:00", in_error=True)
    assert breaches(house) == [(DISPUTE, "fact")]


def test_a_consent_that_nobody_gave_shows_when_it_has_been_taken_back(
    house: House, debtor: Debtor
) -> None:
    told(house, debtor, "12-01 09:00", "dispute", form="written")
    yes = agreed(house, debtor, "12-02 09:00")
    house.clock.set(taipei("12-16 12:00"))
    tell(house, visit_told(debtor, "proof", taipei("12-15 10:00"), purpose="validation"))
    taken_back(house, debtor, yes, "12-17 09:00")
    assert breaches(house) == []
    taken_back(house, debtor, yes, "12-18 09:00", in_error=True)
    assert breaches(house) == [(DISPUTE, "fact")]


def test_a_consent_taken_back_earlier_than_it_was_told(house: House, debtor: Debtor) -> None:
    told(house, debtor, "12-01 09:00", "dispute", form="written")
    yes = agreed(house, debtor, "12-02 09:00")
    house.clock.set(taipei("12-17 12:00"))
    for number, day in enumerate(("12-08 10:00", "12-16 10:00")):
        tell(house, visit_told(debtor, f"proof {number}", taipei(day), purpose="validation"))
    back = taipei("12-16 09:00")
    taken_back(house, debtor, yes, "12-17 15:00", at=back.isoformat())
    assert breaches(house) == [(DISPUTE, "fact")]
    assert [row.starts_at for row in house.rows("breach")] == [taipei("12-16 10:00")]


def test_what_ends_by_event_held_until_then(house: House, debtor: Debtor) -> None:
    """A plan was paid off."""
    plan = new_id()
    began, over = taipei("12-01 09:00"), taipei("12-20 09:00")
    house.clock.set(began)
    house.deliver(PlanActivated(**of(debtor), plan_id=plan, activated_at=began))
    house.clock.set(over)
    house.deliver(PlanCompleted(**of(debtor), plan_id=plan, completed_at=over))
    assert visited(house, debtor, over - SECOND) == [(STOPPED, "contact")]
    assert visited(house, debtor, over) == []


def test_an_end_that_arrived_before_its_beginning(house: House, debtor: Debtor) -> None:
    """Of two visits that were told before either, the plan forbade the first."""
    plan = new_id()
    began, over = taipei("12-01 09:00"), taipei("12-13 09:00")
    house.clock.set(taipei("12-21 09:00"))
    for number, day in enumerate(("12-10 10:00", "12-18 10:00")):
        tell(house, visit_told(debtor, f"door {number}", taipei(day)))
    house.deliver(PlanCompleted(**of(debtor), plan_id=plan, completed_at=over))
    assert breaches(house) == []
    house.deliver(PlanActivated(**of(debtor), plan_id=plan, activated_at=began))
    assert breaches(house) == [(STOPPED, "fact")]
    assert [row.starts_at for row in house.rows("breach")] == [taipei("12-10 10:00")]


def test_an_account_that_was_taken_back_for_a_while(house: House, debtor: Debtor) -> None:
    gone, again = taipei("12-01 09:00"), taipei("12-15 10:00")
    house.clock.set(gone)
    house.deliver(recall(debtor, gone))
    house.clock.set(again)
    returned = AccountReturned(
        **of(debtor), account_id=debtor.account_id, recalled_at=gone, returned_at=again
    )
    house.deliver(returned)
    assert visited(house, debtor, again - SECOND) == [(MANDATE, "contact")]
    assert visited(house, debtor, again) == []


def test_planned_visits_are_decided_by_what_stands(house: House, debtor: Debtor) -> None:
    """What has ended is nothing to a visit to come, and decisions made by it are replayed by it."""
    lawyer = told(house, debtor, "12-01 09:00", "represented")
    denied, allowed = debtor.visit(taipei("12-08 10:00")), debtor.visit(taipei("12-08 10:00"))
    (no,) = house.ask(denied)
    taken_back(house, debtor, lawyer, "12-02 09:00")
    (yes,) = house.ask(allowed)
    assert (no["type"], yes["type"]) == ("denied", "approved")
    (row,) = [row for row in house.rows("decision") if str(row.id) == yes["decision_id"]]
    assert not row.facts.get("facts")
    house.clock.set(taipei("12-08 12:00"))
    house.deliver(completed(allowed, "debtor_met"))
    assert breaches(house) == []
    for answer in (no, yes):
        path = f"/v1/decisions/{answer['decision_id']}/replay"
        assert house.client.post(path).json()["same"] is True
