"""Who may tell of whom: a lender of persons it has an account of, and learns of no others."""

from __future__ import annotations

import pytest
from rules_house import Debtor, House
from shared.ids import new_id
from told_contacts import account_of, call, make_known, tell, withdrawal


def refusal(answer: object) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]  # type: ignore[attr-defined]
    return answer.status_code, error["pointer"], error["code"]  # type: ignore[attr-defined]


def test_a_lender_learns_of_nobody_else(house: House) -> None:
    theirs = Debtor(lender="southbank")
    make_known(house, theirs)
    house.ask(theirs.visit())
    person = {"account": None, "person_id": str(theirs.person_id)}
    nobody = {"account": None, "person_id": str(new_id())}
    assert refusal(tell(house, call(theirs))) == (422, "/account", "no_such_account")
    known = tell(house, call(theirs, **person))
    unknown = tell(house, call(theirs, **nobody))
    assert refusal(known) == (422, "/person_id", "no_such_person")
    assert known.json() == unknown.json()
    assert refusal(tell(house, call(theirs, accounts=[account_of(theirs)]))) == (
        422,
        "/account",
        "no_such_account",
    )
    rows = tell(house, [call(theirs, **person), call(theirs, **nobody)]).json()
    assert rows["rejected"] == 2
    assert rows["errors"][0]["errors"] == rows["errors"][1]["errors"]


def test_a_refused_person_is_not_known_from_then_on(house: House) -> None:
    nobody = call(Debtor(), account=None, person_id=str(new_id()), lender="northbank")
    for _ in range(2):
        assert refusal(tell(house, nobody, lender=None))[2] == "no_such_person"
    assert house.rows("person") == []


def test_a_lender_tells_for_itself_only(house: House) -> None:
    debtor = Debtor()
    make_known(house, debtor)
    answer = tell(house, call(debtor, lender="southbank"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    (error,) = tell(house, [call(debtor, lender="southbank")]).json()["errors"]
    assert error["errors"][0]["pointer"] == "/lender"
    tell(house, call(debtor))
    assert refusal(tell(house, withdrawal(), lender="southbank"))[2] == "unknown_contact"
    assert len(house.rows("ledger")) == 1


@pytest.mark.parametrize("role", ["ops", "compliance", "service"])
def test_the_house_tells_of_everybody_known_and_says_for_whom(house: House, role: str) -> None:
    debtor = Debtor()
    house.ask(debtor.visit())  # known, though nobody pushed an account
    body = call(debtor, account=None, person_id=str(debtor.person_id))
    header = house.header(role)
    missing = house.client.post("/v1/contacts", json=body, headers=header)
    assert refusal(missing) == (422, "/lender", "missing")
    said = house.client.post("/v1/contacts", json=body | {"lender": "northbank"}, headers=header)
    assert said.status_code == 201, said.text


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_others_tell_nothing(house: House, role: str) -> None:
    answer = house.client.post("/v1/contacts", json={}, headers=house.header(role))
    assert answer.status_code == 403


def test_a_lender_reads_its_own_contacts(house: House) -> None:
    debtor = Debtor()
    theirs = Debtor(lender="southbank", person_id=debtor.person_id)
    make_known(house, debtor, theirs)
    tell(house, call(debtor))
    tell(house, call(theirs), lender="southbank")
    path = f"/v1/persons/{debtor.person_id}/contacts"
    assert len(house.client.get(path).json()["items"]) == 2
    seen = house.client.get(path, headers=house.header("lender", "northbank")).json()["items"]
    assert [each["lender"] for each in seen] == ["northbank"]
    stranger = house.client.get(path, headers=house.header("lender", "river-bank"))
    assert stranger.status_code == 404
