"""Visits are asked for: what cases checks itself, what it tells contact-rules, and only once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from cases_house import HOME, Debt, House, account
from shared.ids import new_id


def ask(house: House, debt: Debt, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    return house.client.post(
        f"/v1/cases/{debt.case_id}/visits",
        json=house.asking(debt, **changes),
        headers=headers or {},
    )


def refused(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def test_a_visit_is_requested_and_its_place_said(house: House, debt: Debt) -> None:
    answer = ask(house, debt)
    visit = house.ok(answer, 202)
    assert visit["status"] == "requested"
    assert visit["approval"] is None
    assert visit["denial"] is None
    assert answer.headers["Location"] == f"/cases/v1/visits/{visit['id']}"
    assert house.visit(UUID(visit["id"])) == visit
    assert (visit["starts_at"], visit["ends_at"]) == (
        "2026-12-01T02:00:00Z",
        "2026-12-01T02:30:00Z",
    )


def test_what_contact_rules_is_told(house: House) -> None:
    debt = house.debt(
        related=[{"role": "guarantor", "name": "李擔保", "born_on": "1960-01-01"}],
        addresses=[HOME, HOME | {"kind": "work", "text": "加班路 9 號", "region": None}],
    )
    house.push("YS-2", product="mortgage", due_since="2026-11-01", annual_rate=None)
    second = house.agent(credentials=[{"kind": "work_id", "expires_on": "2026-11-30"}])
    visit_id = house.ask(debt, team=[str(debt.agent_id), str(second)])
    (message,) = house.announced("cases.visit-requested.v1")
    case = house.case(debt.case_id)
    assert message.subject == str(debt.person_id)
    assert message.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "place": {
            "address_id": str(debt.address_id),
            "kind": "home",
            "country": "TW",
            "region": "TPE",
            "timezone": "Asia/Taipei",
            "city": None,
        },
        "residence": {
            "country": "TW",
            "region": "TPE",
            "timezone": "Asia/Taipei",
            "city": None,
        },
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "party": {"id": str(debt.person_id), "role": "debtor", "age": 38},
        "purpose": "collect",
        "debts": [
            {
                "id": case["accounts"][0]["id"],
                "product": "credit_card",
                "days_past_due": 108,
                "annual_rate": "0.15",
            },
            {
                "id": case["accounts"][1]["id"],
                "product": "mortgage",
                "days_past_due": 30,
                "annual_rate": None,
            },
        ],
        "collector": {"id": "northbank", "class": "creditor"},
        "team": [
            {"id": str(debt.agent_id), "credentials": ["work_id"]},
            {"id": str(second), "credentials": []},
        ],
        "language": "zh",
        "requested_at": "2026-11-23T02:00:00Z",
        "requested_by": "northbank lender",
    }


def test_only_what_is_owed_is_what_a_visit_is_about(house: House, debt: Debt) -> None:
    house.push("YS-2")
    house.deliver((debt.person_id, house.paid(debt)[1]))
    house.ask(debt)
    (message,) = house.announced("cases.visit-requested.v1")
    owed = house.ok(house.client.get("/v1/accounts/YS-2"))["id"]
    assert [each["id"] for each in message.data["debts"]] == [owed]


def test_a_door_without_a_time_zone_is_for_contact_rules_to_judge(house: House) -> None:
    debt = house.debt(addresses=[{"kind": "home", "text": "Route 66", "country": "US"}])
    house.ask(debt)
    (message,) = house.announced("cases.visit-requested.v1")
    assert message.data["place"]["timezone"] is None


@pytest.mark.parametrize("said", ["NYC", "US NYC", "USNYC"])
def test_a_city_is_told_for_the_law_it_has_of_its_own(house: House, said: str) -> None:
    home = {"kind": "home", "text": "7 Late Fee Lane", "country": "US", "region": "NY"}
    debt = house.debt(addresses=[home | {"city": said, "timezone": "America/New_York"}])
    assert house.case(debt.case_id)["addresses"][0]["city"] == "NYC"
    house.ask(debt)
    (message,) = house.announced("cases.visit-requested.v1")
    assert message.data["place"]["city"] == "NYC"
    assert message.data["residence"]["city"] == "NYC"


def test_an_agency_goes_in_its_own_name(house: House, debt: Debt) -> None:
    hired = house.agent(employer="polite-knocks")
    house.ask(debt, team=[str(hired)])
    (message,) = house.announced("cases.visit-requested.v1")
    assert message.data["collector"] == {"id": "polite-knocks", "class": "agency"}


def test_the_case_is_worked_on_from_now_on(house: House, debt: Debt) -> None:
    house.ask(debt)
    case = house.case(debt.case_id)
    assert (case["status"], case["stage"]) == ("working", "field")
    assert house.timeline(debt.case_id)[-1] == "visit_requested"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"starts_at": "2026-11-23T10:00:00+08:00"}, "/starts_at", "start_not_plannable"),
        ({"starts_at": "2026-11-22T10:00:00+08:00"}, "/starts_at", "start_not_plannable"),
        ({"starts_at": "2027-02-22T10:00:00+08:00"}, "/starts_at", "start_not_plannable"),
        ({"starts_at": "2026-12-01T10:00:00"}, "/starts_at", "time_without_offset"),
        ({"starts_at": "2026-12-01T10:00:00.5+08:00"}, "/starts_at", "time_fraction"),
        ({"starts_at": "2026-12-32T10:00:00+08:00"}, "/starts_at", "time_impossible"),
        ({"duration_minutes": 0}, "/duration_minutes", "greater_than_equal"),
        ({"duration_minutes": 481}, "/duration_minutes", "less_than_equal"),
        ({"duration_minutes": "30"}, "/duration_minutes", "int_type"),
        ({"duration_minutes": 30.5}, "/duration_minutes", "int_type"),
        ({"team": []}, "/team", "too_short"),
        ({"team": [str(uuid4())] * 11}, "/team", "too_long"),
        ({"team": ["nobody"]}, "/team/0", "uuid_parsing"),
        ({"team": [str(uuid4())]}, "/team/0", "no_such_agent"),
        ({"address_id": str(uuid4())}, "/address_id", "address_not_of_case"),
        ({"party": {"role": "debtor", "id": str(uuid4())}}, "/party", "party_not_known"),
        ({"party": {"role": "guarantor"}}, "/party", "party_not_known"),
        ({"party": {"role": "neighbour", "id": str(uuid4())}}, "/party", "party_not_known"),
        ({"party": {"role": "milkman"}}, "/party/role", "enum"),
        ({"purpose": "revenge"}, "/purpose", "enum"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_what_can_not_be_planned_is_refused(
    house: House, debt: Debt, changes: dict[str, Any], pointer: str, code: str
) -> None:
    assert refused(ask(house, debt, **changes)) == [(pointer, code)]
    assert house.count("visit") == 0
    assert house.announced("cases.visit-requested.v1") == []


def test_the_last_moment_and_the_longest_visit_pass(house: House, debt: Debt) -> None:
    house.ask(debt, starts_at="2026-11-23T02:00:01Z")
    house.ask(debt, starts_at="2027-02-21T02:00:00Z", duration_minutes=480)


def test_an_agent_twice_in_a_team_is_refused(house: House, debt: Debt) -> None:
    twice = [str(debt.agent_id)] * 2
    assert refused(ask(house, debt, team=twice)) == [("/team/1", "twice_in_team")]


def test_a_team_of_two_employers_is_refused(house: House, debt: Debt) -> None:
    mixed = [str(debt.agent_id), str(house.agent(employer="polite-knocks"))]
    assert refused(ask(house, debt, team=mixed)) == [("/team", "mixed_team")]


def test_agents_of_the_house_go_for_any_lender_and_another_lenders_do_not(
    house: House, debt: Debt
) -> None:
    body = {"name": "Spare Hand", "credentials": [{"kind": "work_id"}]}
    ours = house.client.post("/v1/agents", json=body, headers=house.header("ops"))
    house.ask(debt, team=[house.ok(ours, 201)["id"]])
    theirs = house.agent("southbank")
    assert refused(ask(house, debt, team=[str(theirs)])) == [("/team/0", "no_such_agent")]


def test_the_address_of_another_person_is_refused(house: House, debt: Debt) -> None:
    other = house.debt(
        "YS-2",
        debtor={"name": "Somebody Else", "id_number": "B287654321"},
        addresses=[HOME | {"text": "another door"}],
    )
    answer = ask(house, debt, address_id=str(other.address_id))
    assert refused(answer) == [("/address_id", "address_not_of_case")]


# --- who is to be met


def test_the_one_guarantor_named_is_meant_and_old_enough(house: House) -> None:
    debt = house.debt(related=[{"role": "guarantor", "name": "李擔保", "born_on": "1960-12-02"}])
    house.ask(debt, party={"role": "guarantor"})
    (message,) = house.announced("cases.visit-requested.v1")
    known = house.case(debt.case_id)["related"][0]["id"]
    assert message.data["party"] == {"id": known, "role": "guarantor", "age": 65}


def test_of_two_guarantors_one_must_be_named(house: House) -> None:
    people = [{"role": "guarantor", "name": "One"}, {"role": "guarantor", "name": "Two"}]
    debt = house.debt(related=people)
    assert refused(ask(house, debt, party={"role": "guarantor"})) == [("/party", "party_not_known")]
    two = house.case(debt.case_id)["related"][1]
    house.ask(debt, party={"role": "guarantor", "id": two["id"]})
    # Not under another role, which the law might treat more kindly.
    answer = ask(house, debt, party={"role": "co_debtor", "id": two["id"]})
    assert refused(answer) == [("/party", "party_not_known")]


def test_an_unknown_neighbour_is_the_same_one_each_time(house: House, debt: Debt) -> None:
    house.ask(debt, party={"role": "neighbour"})
    house.ask(debt, party={"role": "neighbour"})
    house.ask(debt, party={"role": "colleague"})
    ids = [each.data["party"]["id"] for each in house.announced("cases.visit-requested.v1")]
    assert ids[0] == ids[1] != ids[2]
    assert {each["party"]["id"] for each in house.case(debt.case_id)["visits"]} == {None}


# --- when the case wants no visit


def test_a_resolved_case_needs_no_visit(house: House, debt: Debt) -> None:
    house.deliver(house.paid(debt))
    answer = ask(house, debt)
    assert answer.status_code == 409
    assert answer.json()["code"] == "case_not_open"


def test_while_a_plan_runs_nobody_goes(house: House, debt: Debt) -> None:
    house.deliver(house.plan(debt))
    answer = ask(house, debt, {"Accept-Language": "zh"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "plan_active"
    assert "还款计划" in answer.json()["detail"]


# --- who may ask


def test_another_lenders_case_does_not_exist(house: House, debt: Debt) -> None:
    theirs = house.header("lender", "southbank")
    assert ask(house, debt, theirs).status_code == 404
    assert house.client.get(f"/v1/cases/{debt.case_id}", headers=theirs).status_code == 404
    missing = house.client.post(f"/v1/cases/{new_id()}/visits", json=house.asking(debt))
    assert missing.status_code == 404
    assert house.client.get("/v1/cases/not-an-id").status_code == 422


@pytest.mark.parametrize(
    ("role", "status"),
    [("ops", 202), ("admin", 202), ("agent", 403), ("auditor", 403), ("compliance", 403)],
)
def test_lenders_and_operators_ask(house: House, debt: Debt, role: str, status: int) -> None:
    assert ask(house, debt, house.header(role)).status_code == status


# --- once


def test_the_same_key_and_body_is_the_same_visit(house: House, debt: Debt) -> None:
    key = {"Idempotency-Key": "visit-1"}
    first, again = ask(house, debt, key), ask(house, debt, key)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = ask(house, debt, key, duration_minutes=31)
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert house.count("visit") == 1


def test_a_refused_request_leaves_its_key_free(house: House, debt: Debt) -> None:
    key = {"Idempotency-Key": "visit-1"}
    assert ask(house, debt, key, starts_at="2020-01-01T00:00:00Z").status_code == 422
    assert ask(house, debt, key).status_code == 202


def test_a_hundred_at_once_with_one_key_are_one_visit(house: House, debt: Debt) -> None:
    def one(_: int) -> int:
        return int(ask(house, debt, {"Idempotency-Key": "all-at-once"}).status_code)

    with ThreadPoolExecutor(16) as racers:
        statuses = list(racers.map(one, range(100)))
    assert set(statuses) <= {202, 409}
    assert 202 in statuses
    assert house.count("visit") == 1
    assert len(house.announced("cases.visit-requested.v1")) == 1


def test_a_visit_for_a_person_waits_for_another_change_of_that_person(
    house: House, debt: Debt
) -> None:
    """A plan that becomes active and a visit that is asked for: never both."""
    told = house.plan(debt)
    with ThreadPoolExecutor(2) as racers:
        asked = racers.submit(ask, house, debt)
        activated = racers.submit(house.deliver, told)
        activated.result()
        answer = asked.result()
    if answer.status_code == 202:
        assert house.visit(UUID(answer.json()["id"]))["status"] == "cancelled"
    else:
        assert answer.json()["code"] == "plan_active"


def test_minors_are_known_by_the_youngest_date_told(house: House) -> None:
    body = account(debtor={"name": "M", "id_number": "A123456789", "born_on": "2009-06-01"})
    debt = house.debt(**{name: body[name] for name in ("debtor",)})
    house.push("YS-2")
    house.ask(debt)
    (message,) = house.announced("cases.visit-requested.v1")
    assert message.data["party"]["age"] == 17
