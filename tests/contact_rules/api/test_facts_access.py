"""Who may tell what of whom, who sees it, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from known_facts import give_account, hold, known, tell
from rules_house import Debtor, House
from shared.ids import new_id


@pytest.fixture
def debtor(house: House) -> Debtor:
    """Somebody with an account of northbank and one of southbank."""
    debtor = Debtor()
    give_account(house, debtor)
    give_account(house, Debtor(lender="southbank", person_id=debtor.person_id), "SB-1")
    return debtor


def seen(house: House, debtor: Debtor, role: str, lender: str | None = None) -> Any:
    path = f"/v1/persons/{debtor.person_id}/facts"
    return house.client.get(path, headers=house.header(role, lender))


def take_back(house: House, debtor: Debtor, id_: str, role: str, lender: str | None = None) -> int:
    path = f"/v1/persons/{debtor.person_id}/facts/{id_}/withdraw"
    headers = house.header(role, lender)
    return house.client.post(path, json={"reason": "mistaken"}, headers=headers).status_code


def test_a_lender_tells_for_itself_and_of_its_own_debtors(house: House, debtor: Debtor) -> None:
    north = house.header("lender")
    said = tell(house, debtor, headers=north).json()
    assert (said["lender"], said["told_by"]) == ("northbank", "northbank lender")
    assert tell(house, debtor, headers=north, lender="northbank").status_code == 201
    assert tell(house, debtor, headers=north, lender="southbank").status_code == 404
    assert tell(house, debtor, headers=house.header("lender", "eastbank")).status_code == 404
    assert seen(house, debtor, "lender", "eastbank").status_code == 404
    # What is of the person holds whoever collects.
    assert tell(house, debtor, "hospital", headers=north).json()["lender"] is None


def test_a_lender_sees_its_own_and_of_others_only_that_it_is_so(
    house: House, debtor: Debtor
) -> None:
    evidence = [{"kind": "certificate", "reference": "northbank/scans/9"}]
    north = house.header("lender")
    told = {"evidence": evidence, "reference": "N-1", "since": "2026-11-20"}
    bed = tell(house, debtor, "hospital", headers=north, **told).json()
    own = tell(house, debtor, "cease", headers=north).json()
    house.clock.advance(minutes=1)
    assert take_back(house, debtor, bed["id"], "lender") == 200

    (first, second) = seen(house, debtor, "lender").json()["items"]
    assert (first["told_by"], first["reference"]) == ("northbank lender", "N-1")
    assert [each["reference"] for each in first["evidence"]] == ["northbank/scans/9"]
    assert first["ended"]["reason"] == "mistaken"
    assert second == own
    (only,) = seen(house, debtor, "lender", "southbank").json()["items"]
    assert (only["id"], only["kind"], only["since"]) == (bed["id"], "hospital", "2026-11-20")
    assert (only["told_by"], only["reference"], only["evidence"]) == (None, None, [])
    assert (only["ended"]["reason"], only["ended"]["told_by"]) == (None, None)
    assert "northbank" not in str(only)
    assert [each["id"] for each in known(house, debtor)] == [bed["id"], own["id"]]


def test_a_lender_takes_back_what_it_told_and_nothing_else(house: House, debtor: Debtor) -> None:
    north = house.header("lender")
    own = tell(house, debtor, headers=north).json()["id"]
    bed = tell(house, debtor, "hospital", headers=north).json()["id"]
    by_house = tell(house, debtor, "dispute").json()["id"]
    house.deliver(hold(debtor, house.clock()))
    (placed,) = (each["id"] for each in known(house, debtor) if each["kind"] == "hold")
    assert take_back(house, debtor, own, "lender", "southbank") == 404
    assert take_back(house, debtor, bed, "lender", "southbank") == 403
    assert take_back(house, debtor, by_house, "lender") == 403
    assert take_back(house, debtor, placed, "lender") == 403
    assert take_back(house, debtor, str(new_id()), "lender") == 404
    other = Debtor()
    give_account(house, other, "NB-9")
    assert take_back(house, other, own, "ops") == 404
    assert take_back(house, debtor, own, "lender") == 200
    assert take_back(house, debtor, bed, "lender") == 200
    assert take_back(house, debtor, by_house, "compliance") == 200
    assert take_back(house, debtor, placed, "ops") == 200
    assert known(house, debtor, standing=True) == []


@pytest.mark.parametrize(
    ("role", "tells", "reads"),
    [
        ("lender", 201, 200),
        ("ops", 201, 200),
        ("compliance", 201, 200),
        ("admin", 201, 200),
        ("service", 201, 200),
        ("auditor", 403, 200),
        ("agent", 403, 403),
    ],
)
def test_roles(house: House, debtor: Debtor, role: str, tells: int, reads: int) -> None:
    headers = house.header(role)
    told = tell(house, debtor, headers=headers, lender="northbank")
    assert told.status_code == tells
    assert seen(house, debtor, role).status_code == reads
    path = f"/v1/persons/{debtor.person_id}/consents"
    body = {"scope": "visit", "given_at": "2026-11-20T09:00:00Z", "lender": "northbank"}
    assert house.client.post(path, json=body, headers=headers).status_code == tells
    by_house = tell(house, debtor, "dispute").json()["id"]
    if role != "lender":
        assert take_back(house, debtor, by_house, role) == (200 if tells == 201 else 403)
    assert house.client.get(path.replace("consents", "facts"), headers={}).status_code == 200
    del house.client.headers["Authorization"]
    assert house.client.post(path, json=body).status_code == 401


def test_a_service_says_whose_collecting_it_is_about(house: House, debtor: Debtor) -> None:
    service = house.header("service")
    refused = tell(house, debtor, headers=service)
    assert pointers(refused) == [("/lender", "missing")]
    assert tell(house, debtor, "deceased", headers=service).status_code == 201


def test_a_fact_about_an_account_nobody_knows_is_refused(house: House, debtor: Debtor) -> None:
    other = Debtor()
    give_account(house, other, "NB-2")
    south = Debtor(lender="southbank", person_id=debtor.person_id)
    give_account(house, south, "SB-2")
    refused = tell(house, debtor, accounts=["NB-1", "NB-2", "SB-2", "不存在"])
    assert pointers(refused) == [(f"/accounts/{place}", "no_such_account") for place in (1, 2, 3)]
    debts = [debtor.account_id, other.account_id, south.account_id, new_id()]
    refused = tell(house, debtor, debts=[str(each) for each in debts])
    assert pointers(refused) == [(f"/debts/{place}", "no_such_account") for place in (1, 2, 3)]
    both = tell(house, debtor, accounts=["NB-1"], debts=[str(debtor.account_id)])
    assert both.json()["debts"] == [str(debtor.account_id)]
    # By our ids the house's people may name accounts of several lenders.
    debts = [debtor.account_id, south.account_id]
    told = tell(house, debtor, lender=None, debts=[str(each) for each in debts])
    assert (told.status_code, len(told.json()["debts"])) == (201, 2)
    assert pointers(tell(house, debtor, lender=None, accounts=["NB-1"])) == [("/lender", "missing")]
    assert pointers(tell(house, debtor, "deceased", accounts=["NB-1"])) == [
        ("/accounts", "not_of_a_debt")
    ]


AHEAD = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"kind": "tired"}, "/kind", "enum"),
        ({"told_at": AHEAD}, "/told_at", "in_the_future"),
        ({"told_at": "2026-11-20T08:00:00"}, "/told_at", "time_without_offset"),
        ({"since": "2026-11-20", "until": "2026-11-19"}, "/until", "before_the_beginning"),
        ({"since": "2026-02-29"}, "/since", "date_impossible"),
        ({"lender": ""}, "/lender", "string_too_short"),
        ({"lender": " north"}, "/lender", "not_an_id"),
        ({"reference": "a\u200bb"}, "/reference", "not_an_id"),
        ({"reference": "x" * 201}, "/reference", "string_too_long"),
        ({"debts": ["NB-1"]}, "/debts/0", "uuid_parsing"),
        ({"accounts": "NB-1"}, "/accounts", "tuple_type"),
        ({"evidence": [{"kind": "letter"}]}, "/evidence/0/reference", "missing"),
        (
            {"evidence": [{"kind": "letter", "reference": "1", "sha256": "F" * 64}]},
            "/evidence/0/sha256",
            "string_pattern_mismatch",
        ),
        ({"evidence": [{"kind": "l", "reference": "1"}] * 21}, "/evidence", "too_long"),
        ({"because": "I say so"}, "/because", "unknown_field"),
    ],
)
def test_what_can_not_be_so_is_refused_with_its_place(
    house: House, debtor: Debtor, said: dict[str, Any], pointer: str, code: str
) -> None:
    refused = tell(house, debtor, **said)
    assert pointers(refused) == [(pointer, code)]
    assert known(house, debtor) == []


def test_times_of_consents_and_withdrawals_are_past(house: House, debtor: Debtor) -> None:
    path = f"/v1/persons/{debtor.person_id}/consents"
    body = {"scope": "visit", "given_at": AHEAD}
    assert pointers(house.client.post(path, json=body)) == [("/given_at", "in_the_future")]
    body = {"scope": "visit", "given_at": "2026-11-20T09:00:00Z", "until": "2026-11-20T08:59:59Z"}
    assert pointers(house.client.post(path, json=body)) == [("/until", "before_the_beginning")]
    id_ = tell(house, debtor).json()["id"]
    path = f"/v1/persons/{debtor.person_id}/facts/{id_}/withdraw"
    for at, code in (
        (AHEAD, "in_the_future"),
        (f"{house.clock() - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}", "before_the_beginning"),
    ):
        refused = house.client.post(path, json={"reason": "mistaken", "at": at})
        assert pointers(refused) == [("/at", code)]
    assert pointers(house.client.post(path, json={"reason": " "})) == [
        ("/reason", "string_too_short")
    ]
    said = house.client.post(
        path, json={"reason": "mistaken", "at": AHEAD}, headers={"Accept-Language": "zh"}
    )
    assert said.json()["errors"][0]["message"] == "不得晚于当前时间"
    assert known(house, debtor, standing=True) != []


def pointers(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
