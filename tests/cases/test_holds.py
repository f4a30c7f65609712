"""Collection is held: visits on those days are cancelled, new ones refused, and no hold is lost."""

from __future__ import annotations

from typing import Any

import pytest
from cases_house import HOME, Debt, House
from shared.ids import new_id

OTHER = {"name": "Somebody Else", "id_number": "B287654321"}
STATED = "2026-11-22T00:00:00+08:00"


def place(house: House, debt: Debt, **said: Any) -> dict[str, Any]:
    answer = house.client.post(
        f"/v1/cases/{debt.case_id}/holds",
        json={"reason": "hospital"} | said,
        headers=house.header("lender", debt.lender),
    )
    return house.ok(answer, 201)


def lift(house: House, hold: dict[str, Any]) -> dict[str, Any]:
    answer = house.client.post(f"/v1/holds/{hold['id']}/lift", json={"reason": "well again"})
    return house.ok(answer)


def flags(house: House, debt: Debt) -> list[str]:
    return [flag["kind"] for flag in house.case(debt.case_id)["flags"]]


def test_a_hold_from_today_without_an_end(house: House, debt: Debt) -> None:
    hold = place(house, debt, note="住院，三樓 7 床")
    assert hold == {
        "id": hold["id"],
        "case_id": str(debt.case_id),
        "lender": "northbank",
        "state": "standing",
        "reason": "hospital",
        "note": "住院，三樓 7 床",
        "from": "2026-11-23",
        "until": None,
        "placed_at": "2026-11-23T02:00:00Z",
        "placed_by": "northbank lender",
        "lifted_at": None,
        "lifted_by": None,
        "lift_reason": None,
    }
    assert house.ok(house.client.get(f"/v1/holds/{hold['id']}")) == hold
    (flag,) = house.case(debt.case_id)["flags"]
    assert flag == {
        "kind": "hold",
        "since": "2026-11-22T16:00:00Z",
        "until": None,
        "reference": hold["id"],
    }


def test_visits_on_its_days_are_cancelled_and_others_stay(house: House, debt: Debt) -> None:
    before = house.scheduled(debt, starts_at="2026-11-30T10:00:00+08:00")
    first = house.scheduled(debt, starts_at="2026-12-01T00:30:00+08:00")
    last = house.ask(debt, starts_at="2026-12-03T23:30:00+08:00")
    after = house.scheduled(debt, starts_at="2026-12-04T00:00:00+08:00")
    place(house, debt, **{"from": "2026-12-01", "until": "2026-12-03"})
    statuses = [house.visit(each)["status"] for each in (before, first, last, after)]
    assert statuses == ["scheduled", "cancelled", "cancelled", "scheduled"]
    assert house.visit(first)["cancel_reason"] == "hold"
    assert [m.data["reason"] for m in house.announced("cases.visit-cancelled.v1")] == ["hold"] * 2


def test_a_visit_into_a_hold_is_refused_with_its_end(house: House, debt: Debt) -> None:
    place(house, debt, until="2026-12-01")
    answer = house.client.post(f"/v1/cases/{debt.case_id}/visits", json=house.asking(debt))
    assert answer.status_code == 409
    assert answer.json()["code"] == "on_hold"
    assert "2026-12-01" in answer.json()["detail"]
    chinese = house.client.post(
        f"/v1/cases/{debt.case_id}/visits",
        json=house.asking(debt),
        headers={"Accept-Language": "zh"},
    )
    assert "停催至 2026-12-01" in chinese.json()["detail"]
    house.ask(debt, starts_at="2026-12-02T00:00:00+08:00")


def test_days_are_those_of_the_door(house: House) -> None:
    away = {"kind": "work", "text": "1 Far Away Ave", "country": "US", "region": "NY"}
    debt = house.debt(addresses=[HOME, away | {"timezone": "America/New_York"}])
    door = house.case(debt.case_id)["addresses"][1]["id"]
    place(house, debt, **{"from": "2026-12-01", "until": "2026-12-01"})
    # Two in the morning of the 2nd in Taipei is one in the afternoon of the 1st in New York.
    held = house.asking(debt, address_id=door, starts_at="2026-12-02T02:00:00+08:00")
    answer = house.client.post(f"/v1/cases/{debt.case_id}/visits", json=held)
    assert answer.json()["code"] == "on_hold"
    house.ask(debt, starts_at="2026-12-02T02:00:00+08:00")


def test_what_others_are_told(house: House, debt: Debt) -> None:
    hold = place(house, debt, reason="她在醫院", until="2026-12-31")
    house.clock.advance(hours=1)
    lift(house, hold)
    placed, lifted = house.announced("cases.hold-placed.v1", "cases.hold-lifted.v1")
    assert placed.subject == lifted.subject == str(debt.person_id)
    about = {
        "hold_id": hold["id"],
        "case_id": str(debt.case_id),
        "lender": "northbank",
        "person_id": str(debt.person_id),
    }
    assert placed.data == about | {
        "reason": "other",
        "from_on": "2026-11-23",
        "until_on": "2026-12-31",
        "placed_at": "2026-11-23T02:00:00Z",
    }
    assert lifted.data == about | {"lifted_at": "2026-11-23T03:00:00Z"}
    assert house.timeline(debt.case_id)[-2:] == ["hold_placed", "hold_lifted"]


def test_a_lifted_hold_holds_nothing_and_visits_stay_cancelled(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    hold = place(house, debt)
    house.clock.advance(hours=1)
    lifted = lift(house, hold)
    assert (lifted["state"], lifted["lift_reason"]) == ("lifted", "well again")
    assert lift(house, hold) == lifted
    assert flags(house, debt) == []
    assert house.visit(visit_id)["status"] == "cancelled"
    house.ask(debt)


def test_one_of_two_lifted_leaves_the_other(house: House, debt: Debt) -> None:
    first, _ = place(house, debt), place(house, debt, reason="legal", until="2026-12-24")
    lift(house, first)
    assert flags(house, debt) == ["hold"]
    answer = house.client.post(f"/v1/cases/{debt.case_id}/visits", json=house.asking(debt))
    assert "2026-12-24" in answer.json()["detail"]


def test_a_hold_begins_and_ends_by_itself(house: House, debt: Debt) -> None:
    hold = place(house, debt, **{"from": "2026-11-24", "until": "2026-11-24"})
    assert (hold["state"], flags(house, debt)) == ("upcoming", [])
    house.clock.advance(hours=14)  # midnight in Taipei
    assert flags(house, debt) == ["hold"]
    house.clock.advance(hours=24)
    assert flags(house, debt) == []
    assert house.ok(house.client.get(f"/v1/holds/{hold['id']}"))["state"] == "ended"
    answer = house.client.post(f"/v1/holds/{hold['id']}/lift", json={"reason": "late"})
    assert (answer.status_code, answer.json()["code"]) == (409, "hold_over")


def test_holds_are_listed_where_they_came_from_and_none_is_forgotten(
    house: House, debt: Debt
) -> None:
    endless = place(house, debt)
    house.clock.advance(minutes=1)
    ending = place(house, debt, reason="legal", until="2026-12-24")
    house.clock.advance(minutes=1)
    coming = place(house, debt, **{"from": "2027-01-01"})
    assert lift(house, coming)["state"] == "lifted"
    place(house, house.debt("SB-1", lender="southbank"), until="2026-12-24")
    ids = [each["id"] for each in (endless, ending)]

    def listed(query: str) -> list[str]:
        return [each["id"] for each in house.ok(house.client.get(query))["items"]]

    of_case = f"/v1/cases/{debt.case_id}/holds"
    assert listed(of_case) == [coming["id"], *reversed(ids)]
    assert listed(f"{of_case}?state=standing") == list(reversed(ids))
    assert listed(f"{of_case}?state=lifted") == [coming["id"]]
    assert listed(f"{of_case}?limit=1") == [coming["id"]]
    assert listed("/v1/holds?state=standing&endless=true") == [endless["id"]]
    assert listed("/v1/holds?state=standing&endless=false") == [ending["id"]]
    assert len(house.ok(house.client.get("/v1/holds", headers=house.header("ops")))["items"]) == 4


def test_cases_are_found_by_a_flag_that_stands_now(house: House, debt: Debt) -> None:
    def found() -> list[str]:
        return [c["id"] for c in house.ok(house.client.get("/v1/cases?flag=hold"))["items"]]

    place(house, debt, **{"from": "2026-11-24", "until": "2026-11-24"})
    assert found() == []
    house.clock.advance(hours=14)
    assert found() == [str(debt.case_id)]
    house.clock.advance(hours=24)
    assert found() == []


def test_a_case_merged_into_another_takes_its_holds_along(house: House, debt: Debt) -> None:
    other = house.debt("YS-2", debtor=OTHER)
    visit_id = house.scheduled(other)
    hold = place(house, debt, reason="他在住院", until="2026-12-24", note="三樓")
    house.push(as_of=STATED, debtor=OTHER, status=200)
    assert house.case(debt.case_id)["close_reason"] == "merged"
    (moved,) = house.ok(house.client.get(f"/v1/cases/{other.case_id}/holds"))["items"]
    assert moved["id"] != hold["id"]
    same = ("reason", "note", "from", "until", "state")
    assert {name: moved[name] for name in same} == {name: hold[name] for name in same}
    assert house.visit(visit_id)["cancel_reason"] == "hold"
    placed = house.announced("cases.hold-placed.v1")
    assert [each.subject for each in placed] == [str(debt.person_id), str(other.person_id)]
    (lifted,) = house.announced("cases.hold-lifted.v1")
    assert lifted.data["hold_id"] == hold["id"]


def test_a_hold_stays_where_an_account_only_leaves(house: House, debt: Debt) -> None:
    house.push("YS-2")
    hold = place(house, debt)
    house.push("YS-2", as_of=STATED, debtor=OTHER, status=200)
    assert house.ok(house.client.get(f"/v1/holds/{hold['id']}"))["state"] == "standing"
    assert len(house.announced("cases.hold-placed.v1")) == 1


def test_a_closed_case_needs_no_hold_and_a_resolved_one_may_have_one(
    house: House, debt: Debt
) -> None:
    house.deliver(house.paid(debt))
    place(house, debt)
    house.ok(house.client.post("/v1/accounts/YS-1/recall", json={"reason": "sold"}))
    answer = house.client.post(f"/v1/cases/{debt.case_id}/holds", json={"reason": "legal"})
    assert (answer.status_code, answer.json()["code"]) == (409, "case_closed")


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"reason": " "}, "/reason", "string_too_short"),
        ({"reason": "x" * 501}, "/reason", "string_too_long"),
        ({"from": "2026-12-02", "until": "2026-12-01"}, "/until", "before_the_beginning"),
        ({"from": "2026-11-01", "until": "2026-11-22"}, "/until", "already_over"),
        ({"until": "soon"}, "/until", "date_format"),
        ({"from": "2026-13-01"}, "/from", "date_impossible"),
        ({"forever": True}, "/forever", "unknown_field"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(
    house: House, debt: Debt, said: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"reason": "hospital"} | said
    answer = house.client.post(f"/v1/cases/{debt.case_id}/holds", json=body)
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    assert house.count("case_hold") == 0


def test_another_lenders_holds_do_not_exist(house: House, debt: Debt) -> None:
    hold = place(house, debt)
    theirs = house.header("lender", "southbank")
    for answer in (
        house.client.get(f"/v1/holds/{hold['id']}", headers=theirs),
        house.client.get(f"/v1/cases/{debt.case_id}/holds", headers=theirs),
        house.client.post(f"/v1/holds/{hold['id']}/lift", json={"reason": "x"}, headers=theirs),
        house.client.post(f"/v1/cases/{debt.case_id}/holds", json={"reason": "x"}, headers=theirs),
        house.client.get(f"/v1/holds/{new_id()}"),
    ):
        assert answer.status_code == 404
    assert house.ok(house.client.get("/v1/holds", headers=theirs))["items"] == []


@pytest.mark.parametrize("role", ["agent", "compliance", "auditor"])
def test_only_lenders_and_operators_hold(house: House, debt: Debt, role: str) -> None:
    headers = house.agents_header(debt.agent_id) if role == "agent" else house.header(role)
    url = f"/v1/cases/{debt.case_id}/holds"
    assert house.client.post(url, json={"reason": "x"}, headers=headers).status_code == 403


def test_one_key_is_one_hold(house: House, debt: Debt) -> None:
    url, key = f"/v1/cases/{debt.case_id}/holds", {"Idempotency-Key": "once"}
    first = house.client.post(url, json={"reason": "legal"}, headers=key)
    again = house.client.post(url, json={"reason": "legal"}, headers=key)
    assert again.content == first.content
    assert house.count("case_hold") == 1
