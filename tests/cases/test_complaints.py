"""Complaints: while one is open nobody comes, and what came of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from cases_house import Debt, House
from shared.ids import new_id

SAID = {"about": "conduct", "received_on": "2026-11-20"}
OTHER = {"name": "Somebody Else", "id_number": "B287654321"}


def complain(house: House, debt: Debt, status: int = 201, **said: Any) -> dict[str, Any]:
    url = f"/v1/cases/{debt.case_id}/complaints"
    return house.ok(house.client.post(url, json=SAID | said), status)


def close(house: House, complaint: dict[str, Any], outcome: str = "upheld", **said: Any) -> Any:
    url = f"/v1/complaints/{complaint['id']}/close"
    return house.client.post(url, json={"outcome": outcome} | said)


def test_visits_are_cancelled_and_new_ones_refused(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    complaint = complain(house, debt, channel="regulator", external_id="C-7")
    assert complaint == {
        "id": complaint["id"],
        "case_id": str(debt.case_id),
        "lender": "northbank",
        "about": "conduct",
        "channel": "regulator",
        "external_id": "C-7",
        "received_on": "2026-11-20",
        "opened_at": "2026-11-23T02:00:00Z",
        "opened_by": "northbank lender",
        "outcome": None,
        "closed_on": None,
        "closed_at": None,
        "closed_by": None,
    }
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "complaint")
    answer = house.client.post(
        f"/v1/cases/{debt.case_id}/visits",
        json=house.asking(debt),
        headers={"Accept-Language": "zh"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "complaint_open")
    assert "投诉" in answer.json()["detail"]
    (flag,) = house.case(debt.case_id)["flags"]
    assert (flag["kind"], flag["reference"]) == ("complaint_open", complaint["id"])
    found = house.client.get("/v1/cases?flag=complaint_open")
    assert [each["id"] for each in house.ok(found)["items"]] == [str(debt.case_id)]


def test_closed_it_keeps_nobody_away(house: House, debt: Debt) -> None:
    first, second = complain(house, debt), complain(house, debt, about="hours")
    closed = house.ok(close(house, first, "partly", closed_on="2026-11-21"))
    assert (closed["outcome"], closed["closed_on"]) == ("partly", "2026-11-21")
    assert (
        house.client.post(f"/v1/cases/{debt.case_id}/visits", json=house.asking(debt)).json()[
            "code"
        ]
        == "complaint_open"
    )
    assert house.ok(close(house, second, "withdrawn"))["closed_on"] == "2026-11-23"
    assert house.case(debt.case_id)["flags"] == []
    house.ask(debt)
    listed = house.ok(house.client.get(f"/v1/cases/{debt.case_id}/complaints"))["items"]
    assert {each["outcome"] for each in listed} == {"partly", "withdrawn"}
    assert house.ok(house.client.get(f"/v1/complaints/{first['id']}")) == closed


def test_what_others_are_told(house: House, debt: Debt) -> None:
    complaint = complain(house, debt)
    house.clock.advance(days=1)
    house.ok(close(house, complaint, "rejected"))
    opened, closed = house.announced("cases.complaint-opened.v1", "cases.complaint-closed.v1")
    about = {
        "complaint_id": complaint["id"],
        "case_id": str(debt.case_id),
        "lender": "northbank",
        "person_id": str(debt.person_id),
    }
    assert opened.subject == closed.subject == str(debt.person_id)
    assert opened.data == about | SAID | {"opened_at": "2026-11-23T02:00:00Z"}
    assert closed.data == about | {"outcome": "rejected", "closed_at": "2026-11-24T02:00:00Z"}
    assert house.timeline(debt.case_id)[-2:] == ["complaint_opened", "complaint_closed"]


def test_told_twice_alike_it_is_one_and_otherwise_a_conflict(house: House, debt: Debt) -> None:
    first = complain(house, debt, external_id="C-7")
    assert complain(house, debt, 200, external_id="C-7") == first
    assert complain(house, debt, 409, external_id="C-7", about="hours")["code"] == (
        "complaint_known"
    )
    # Without an id of the lender's two are two; another lender's ids are its own.
    complain(house, debt)
    complain(house, debt)
    theirs = house.debt("SB-1", lender="southbank")
    answer = house.client.post(
        f"/v1/cases/{theirs.case_id}/complaints",
        json=SAID | {"external_id": "C-7"},
        headers=house.header("lender", "southbank"),
    )
    assert house.ok(answer, 201)["id"] != first["id"]
    assert house.count("complaint") == 4


def test_closing_again_alike_changes_nothing(house: House, debt: Debt) -> None:
    complaint = complain(house, debt)
    closed = house.ok(close(house, complaint))
    house.clock.advance(days=3)
    assert house.ok(close(house, complaint)) == closed
    assert house.ok(close(house, complaint, closed_on="2026-11-23")) == closed
    for said in (("rejected", {}), ("upheld", {"closed_on": "2026-11-24"})):
        answer = close(house, complaint, said[0], **said[1])
        assert (answer.status_code, answer.json()["code"]) == (409, "complaint_over")
    assert len(house.announced("cases.complaint-closed.v1")) == 1


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"received_on": "2026-11-25"}, "/received_on", "in_the_future"),
        ({"received_on": None}, "/received_on", "date_format"),
        ({"about": "two words"}, "/about", "string_pattern_mismatch"),
        ({"channel": "又哭又鬧"}, "/channel", "string_pattern_mismatch"),
        ({"external_id": "a/b"}, "/external_id", "not_an_external_id"),
        ({"text": "she shouted"}, "/text", "unknown_field"),
    ],
)
def test_what_makes_no_sense_is_refused(
    house: House, debt: Debt, said: dict[str, Any], pointer: str, code: str
) -> None:
    problem = complain(house, debt, 422, **said)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [(pointer, code)]
    assert house.count("complaint") == 0


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"closed_on": "2026-11-19"}, "/closed_on", "impossible_date"),
        ({"closed_on": "2026-11-25"}, "/closed_on", "impossible_date"),
        ({"outcome": "merged"}, "/outcome", "literal_error"),
        ({"outcome": "ignored"}, "/outcome", "literal_error"),
    ],
)
def test_no_end_that_makes_no_sense_is_taken(
    house: House, debt: Debt, said: dict[str, Any], pointer: str, code: str
) -> None:
    answer = close(house, complain(house, debt), **said)
    assert answer.status_code == 422
    found = [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
    assert found == [(pointer, code)]
    assert house.case(debt.case_id)["flags"] != []


def test_a_case_merged_into_another_takes_its_complaints_along(house: House, debt: Debt) -> None:
    other = house.debt("YS-2", debtor=OTHER)
    visit_id = house.scheduled(other)
    complaint = complain(house, debt, external_id="C-7")
    house.push(as_of="2026-11-22T00:00:00+08:00", debtor=OTHER, status=200)
    assert house.ok(house.client.get(f"/v1/complaints/{complaint['id']}"))["outcome"] == "merged"
    (moved,) = house.ok(house.client.get(f"/v1/cases/{other.case_id}/complaints"))["items"]
    assert (moved["external_id"], moved["outcome"]) == ("C-7", None)
    assert house.visit(visit_id)["cancel_reason"] == "complaint"
    opened = house.announced("cases.complaint-opened.v1")
    assert [each.subject for each in opened] == [str(debt.person_id), str(other.person_id)]
    # The lender goes on calling it by its name.
    assert complain(house, other, 200, external_id="C-7") == moved


def test_about_a_closed_case_nobody_complains_here(house: House, debt: Debt) -> None:
    house.ok(house.client.post("/v1/accounts/YS-1/recall", json={"reason": "sold"}))
    assert complain(house, debt, 409)["code"] == "case_closed"


def test_another_lenders_complaints_do_not_exist(house: House, debt: Debt) -> None:
    complaint = complain(house, debt)
    theirs = house.header("lender", "southbank")
    of_case, itself = f"/v1/cases/{debt.case_id}/complaints", f"/v1/complaints/{complaint['id']}"
    for answer in (
        house.client.get(itself, headers=theirs),
        house.client.get(of_case, headers=theirs),
        house.client.post(of_case, json=SAID, headers=theirs),
        house.client.post(f"{itself}/close", json={"outcome": "upheld"}, headers=theirs),
        house.client.get(f"/v1/complaints/{new_id()}"),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize("role", ["agent", "compliance", "auditor"])
def test_only_lenders_and_operators_tell(house: House, debt: Debt, role: str) -> None:
    headers = house.agents_header(debt.agent_id) if role == "agent" else house.header(role)
    url = f"/v1/cases/{debt.case_id}/complaints"
    assert house.client.post(url, json=SAID, headers=headers).status_code == 403
