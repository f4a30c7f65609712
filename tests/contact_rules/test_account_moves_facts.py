"""An account turns out to be another person's: what protects goes along, what permits does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from known_facts import AccountReturned, PlanActivated, PlanCancelled, hold, known, of, recall
from known_facts import tell as tell_fact
from moved_accounts import LATER, asked, move, other_than, told_of
from rules_house import Debtor, House
from shared.ids import new_id
from told_contacts import MONDAY, call, make_known


def test_what_protects_goes_along_and_what_permits_does_not(house: House) -> None:
    taken_for = Debtor()
    elsewhere = Debtor(lender="southbank", person_id=taken_for.person_id)
    debtor = other_than(taken_for)
    second = replace(taken_for, account_id=new_id())
    make_known(house, taken_for, elsewhere, second)
    slots = [{"days": ["tue"], "from": "20:00", "to": "23:00"}]
    evidence = [{"kind": "letter", "reference": "archive/7", "given_on": "2026-11-20"}]
    mine, others = ([call(each)["account"]] for each in (taken_for, second))
    for kind, said in (
        ("represented", {"since": "2026-11-20", "form": "written", "evidence": evidence}),
        ("hospital", {"lender": None, "until": "2026-12-24"}),
        ("dispute", {"accounts": mine}),
        ("time_barred", {"accounts": others}),
        ("preferred_slot", {"lender": None, "slots": slots}),
        ("excluded_slot", {"lender": None, "slots": slots}),
        ("third_party_refused", {"party": str(taken_for.person_id)}),
    ):
        body = {name: each for name, each in said.items() if name != "lender"}
        if "lender" not in said:
            body["lender"] = taken_for.lender
        answer = tell_fact(house, taken_for, kind, **body)
        assert answer.status_code == 201, answer.text
    assert tell_fact(house, elsewhere, "cease").status_code == 201
    consent = {"scope": "visit", "given_at": f"{MONDAY.isoformat()}", "lender": "northbank"}
    path = f"/v1/persons/{taken_for.person_id}/consents"
    assert house.client.post(path, json=consent).status_code == 201
    ended = tell_fact(house, taken_for, "vulnerable").json()["id"]
    path = f"/v1/persons/{taken_for.person_id}/facts/{ended}/withdraw"
    assert house.client.post(path, json={"reason": "cured"}).status_code == 200
    before = known(house, taken_for)

    move(house, debtor)
    told = {each["kind"]: each for each in known(house, debtor)}
    assert set(told) == {
        "represented",
        "hospital",
        "dispute",
        "excluded_slot",
        "third_party_refused",
    }
    was = {each.get("kind"): each for each in before}
    for kind, fact in told.items():
        for name in ("since", "until", "form", "lender", "debts", "evidence", "slots", "told_at"):
            assert fact[name] == was[kind][name], (kind, name)
        # Where it comes from: the fact, and of whom it was told.
        assert fact["reference"].startswith(f"carried:{was[kind]['id']}:{taken_for.person_id}")
    assert told["third_party_refused"]["party"] == str(debtor.person_id)
    assert known(house, taken_for) == before


def test_what_ends_for_one_stands_for_the_other_until_somebody_ends_it_there(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    fact_id = tell_fact(house, taken_for, "represented").json()["id"]
    move(house, debtor)
    (copy,) = known(house, debtor)
    path = "/v1/persons/{}/facts/{}/withdraw"
    body = {"reason": "not their lawyer"}
    assert (
        house.client.post(path.format(taken_for.person_id, fact_id), json=body).status_code == 200
    )
    assert asked(house, debtor)[0] == "denied"
    assert (
        house.client.post(path.format(debtor.person_id, copy["id"]), json=body).status_code == 200
    )
    assert asked(house, debtor)[0] == "approved"
    # Said of the one and of the other: an account that goes to and fro brings neither back.
    move(house, taken_for, LATER + timedelta(hours=1))
    move(house, debtor, LATER + timedelta(hours=2))
    assert told_of(house, debtor) == [("represented", "northbank", False)]
    assert told_of(house, taken_for) == [("represented", "northbank", False)]


def test_what_cases_carries_itself_is_not_told_twice(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    house.deliver(hold(taken_for, house.clock()))
    move(house, debtor)
    assert told_of(house, debtor) == []
    house.deliver(hold(debtor, house.clock()))
    assert told_of(house, debtor) == [("hold", "northbank", True)]


def test_a_plan_ends_for_both_when_it_ends(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    plan = PlanActivated(**of(taken_for), plan_id=new_id(), activated_at=house.clock())
    house.deliver(plan)
    move(house, debtor)
    assert asked(house, debtor) == ("denied", {"person-protection.collection-stopped"})
    over = PlanCancelled(**of(taken_for), plan_id=plan.plan_id, cancelled_at=house.clock())
    house.deliver(over)
    assert asked(house, debtor)[0] == "approved"


@pytest.mark.parametrize("moves_first", [True, False])
def test_a_recall_is_over_when_the_account_comes_back_as_another_persons(
    house: House, moves_first: bool
) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    house.deliver(recall(taken_for, house.clock()))
    back = AccountReturned(
        **of(debtor),
        account_id=debtor.account_id,
        recalled_at=house.clock(),
        returned_at=house.clock() + timedelta(minutes=1),
    )
    if moves_first:
        move(house, debtor)
        assert asked(house, debtor) == ("denied", {"person-protection.mandate"})
        house.deliver(back)
    else:
        house.deliver(back)
        move(house, debtor)
    assert told_of(house, debtor) == [("mandate_ended", "northbank", False)]
    assert asked(house, debtor)[0] == "approved"
