"""When could these visits be made: what contact-rules is asked, and what planners are told."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from cases.domain.agent import Agent, Credential
from cases.domain.planning import Lawful, alike, joined
from cases_house import HOME, Debt, House
from rules_stand_in import CHECK, RulesStandIn
from shared.ids import new_id

DAYS = {"from": "2026-12-01T00:00:00+08:00", "to": "2026-12-14T23:59:59+08:00"}
MORNING = {"from": "2026-12-01T09:00:00+08:00", "to": "2026-12-01T11:30:00+08:00"}


def answer(*found: tuple[str, list[dict[str, str]]]) -> dict[str, Any]:
    """What contact-rules says to questions of these ids; a check where there is no window."""
    said = CHECK | {"message": CHECK["message"]["en"]}
    return {
        "answers": [
            {"id": id_, "windows": windows, "why_not": [] if windows else [said]}
            for id_, windows in found
        ]
    }


def wanted(debt: Debt, **changed: Any) -> dict[str, Any]:
    body = {
        "case_id": str(debt.case_id),
        "duration_minutes": 30,
        "team": [str(debt.agent_id)],
    } | changed
    return {name: said for name, said in body.items() if said is not None}


def ask(house: House, *visits: dict[str, Any], **more: Any) -> Any:
    headers = more.pop("headers", {})
    return house.client.post(
        "/v1/windows", json={**DAYS, "visits": list(visits), **more}, headers=headers
    )


def test_what_contact_rules_is_asked(house: House, rules: RulesStandIn) -> None:
    debt = house.debt(
        addresses=[HOME | {"city": "TPE"}, HOME | {"kind": "work", "text": "加班路 9 號"}]
    )
    rules.answer = answer(("0.0", [MORNING]))
    (told,) = house.ok(ask(house, wanted(debt)))["answers"]
    assert told == {
        "case_id": str(debt.case_id),
        "visit_id": None,
        "address_id": str(debt.address_id),
        "windows": [{"from": "2026-12-01T09:00:00+08:00", "to": "2026-12-01T11:30:00+08:00"}],
        "why_not": [],
    }
    (asked,) = rules.asked
    account_id = house.case(debt.case_id)["accounts"][0]["id"]
    here = {"country": "TW", "region": "TPE", "timezone": "Asia/Taipei", "city": "TPE"}
    assert asked == {
        "path": "/v1/persons/windows",
        "from": "2026-12-01T00:00:00+08:00",
        "to": "2026-12-14T23:59:59+08:00",
        "questions": [
            {
                "id": "0.0",
                "person_id": str(debt.person_id),
                "from": "2026-12-01T00:00:00+08:00",
                "to": "2026-12-14T23:59:59+08:00",
                "duration_minutes": 30,
                "channel": "visit",
                "direction": "outbound",
                "purpose": "collect",
                "place": {"kind": "home"} | here,
                "residence": here,
                "party": {"id": str(debt.person_id), "role": "debtor", "age": 38},
                "debts": [
                    {
                        "id": account_id,
                        "product": "credit_card",
                        "annual_rate": "0.15",
                        "due_since": "2026-08-15",
                    }
                ],
                "collector": {"id": "northbank", "class": "creditor"},
                "lender": "northbank",
                "point": str(debt.address_id),
                "team": [{"id": str(debt.agent_id), "credentials": ["work_id"]}],
            }
        ],
    }
    assert house.count("visit") == 0


def test_a_paper_that_lapses_and_a_birthday_cut_the_time(house: House, rules: RulesStandIn) -> None:
    born = {"name": "壽星", "id_number": "A123456789", "born_on": "1988-12-10"}
    debt = house.debt(debtor=born)
    agent = house.agent(credentials=[{"kind": "work_id", "expires_on": "2026-12-04"}])
    evening = {"from": "2026-12-04T23:00:00+08:00", "to": "2026-12-04T23:59:59+08:00"}
    night = {"from": "2026-12-05T00:00:00+08:00", "to": "2026-12-05T01:00:00+08:00"}
    rules.answer = answer(("0.0", [evening]), ("0.1", [night]), ("0.2", []))
    (told,) = house.ok(ask(house, wanted(debt, team=[str(agent)])))["answers"]
    asked = rules.asked[0]["questions"]
    assert [(each["from"], each["to"]) for each in asked] == [
        ("2026-12-01T00:00:00+08:00", "2026-12-04T15:59:59+00:00"),
        ("2026-12-04T16:00:00+00:00", "2026-12-09T15:59:59+00:00"),
        ("2026-12-09T16:00:00+00:00", "2026-12-14T23:59:59+08:00"),
    ]
    assert [each["team"][0]["credentials"] for each in asked] == [["work_id"], [], []]
    assert [each["party"]["age"] for each in asked] == [37, 37, 38]
    # What touches at midnight is one window.
    assert told["windows"] == [{"from": evening["from"], "to": night["to"]}]


def test_a_scheduled_visit_that_might_be_moved(
    house: House, debt: Debt, rules: RulesStandIn
) -> None:
    visit_id = house.scheduled(debt, duration_minutes=45, purpose="plan")
    rules.answer = answer(("0.0", [MORNING]), ("1.0", [MORNING]))
    told = house.ok(
        ask(house, {"visit_id": str(visit_id)}, {"visit_id": str(visit_id), "duration_minutes": 15})
    )["answers"]
    assert {each["visit_id"] for each in told} == {str(visit_id)}
    asked = rules.asked[0]["questions"]
    assert [each["visit_id"] for each in asked] == [str(visit_id)] * 2
    assert [each["duration_minutes"] for each in asked] == [45, 15]
    assert {each["purpose"] for each in asked} == {"plan"}
    assert asked[0]["team"] == [{"id": str(debt.agent_id), "credentials": ["work_id"]}]


def test_without_a_team_who_comes_is_not_asked(
    house: House, debt: Debt, rules: RulesStandIn
) -> None:
    rules.answer = answer(("0.0", [MORNING]))
    house.ok(ask(house, wanted(debt, team=None)))
    (asked,) = rules.asked[0]["questions"]
    assert "team" not in asked
    assert asked["collector"] == {"id": "northbank", "class": "creditor"}


def test_where_there_is_no_window_one_is_told_why(
    house: House, debt: Debt, rules: RulesStandIn
) -> None:
    rules.answer = answer(("0.0", []))
    (told,) = house.ok(ask(house, wanted(debt)))["answers"]
    assert told["windows"] == []
    assert told["why_not"] == [
        {
            "rule": "tw.hours",
            "result": "fail",
            "citation": CHECK["citation"],
            "message": "Too late in the evening.",
        }
    ]


def test_a_case_that_allows_no_visit_is_not_asked_about(
    house: House, debt: Debt, rules: RulesStandIn
) -> None:
    cured = house.debt("YS-2", debtor={"name": "B", "id_number": "B287654321"})
    house.deliver(house.plan(debt), house.paid(cured))
    visit_id = house.ask(house.debt("YS-3", debtor={"name": "C"}))
    rules.answer = answer()
    told = house.ok(
        ask(
            house,
            wanted(debt),
            wanted(cured),
            {"visit_id": str(visit_id)},
            headers={"Accept-Language": "zh"},
        )
    )["answers"]
    assert [each["windows"] for each in told] == [[], [], []]
    assert [each["why_not"][0]["rule"] for each in told] == [
        "cases.plan_active",
        "cases.case_not_open",
        "cases.visit_not_scheduled",
    ]
    assert "还款计划" in told[0]["why_not"][0]["message"]
    assert rules.asked == []


def test_what_has_passed_is_left_out(house: House, debt: Debt, rules: RulesStandIn) -> None:
    rules.answer = answer(("0.0", []))
    house.clock.advance(microseconds=1)
    house.ok(ask(house, wanted(debt), **{"from": "2026-11-20T00:00:00+08:00"}))
    assert rules.asked[0]["questions"][0]["from"] == "2026-11-23T02:00:01+00:00"


def test_a_hundred_and_more_questions_go_in_several_calls(
    house: House, debt: Debt, rules: RulesStandIn
) -> None:
    agent = house.agent(credentials=[{"kind": "work_id", "expires_on": "2026-12-04"}])
    several = [wanted(debt, team=[str(agent)])] * 60

    def answered() -> None:
        asked = rules.asked[-1]["questions"]
        rules.answer = answer(*[(each["id"], [MORNING]) for each in asked])

    rules.meanwhile = answered
    told = house.ok(ask(house, *several))["answers"]
    assert [len(each["questions"]) for each in rules.asked] == [100, 20]
    assert len(told) == 60


# --- when nobody can be asked


@pytest.mark.parametrize(
    "said",
    [
        b"never mind",
        {"answers": []},
        {"answers": [{"id": "9.9", "windows": [], "why_not": []}]},
        {"answers": [{"id": "0.0", "windows": [{"from": "soon", "to": "later"}], "why_not": []}]},
    ],
)
def test_an_answer_that_makes_no_sense_is_none(
    house: House, debt: Debt, rules: RulesStandIn, said: Any
) -> None:
    rules.answer = said
    refused = ask(house, wanted(debt))
    assert (refused.status_code, refused.json()["code"]) == (503, "rules_unreachable")
    assert refused.headers["Retry-After"] == "2"


@pytest.mark.parametrize("status", [404, 422, 500])
def test_a_refusal_is_no_answer(house: House, debt: Debt, rules: RulesStandIn, status: int) -> None:
    rules.status = status
    assert ask(house, wanted(debt)).status_code == 503


# --- what is wrong with the asking


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"visits": []}, "/visits", "too_short"),
        ({"to": "2026-11-30T00:00:00+08:00"}, "/to", "before_the_beginning"),
        ({"to": "2027-03-02T00:00:00+08:00"}, "/to", "too_far"),
        ({"from": "2026-11-01T00:00:00Z", "to": "2026-11-23T02:00:00Z"}, "/to", "in_the_past"),
        ({"from": "2026-12-01"}, "/from", "time_format"),
    ],
)
def test_bad_questions_are_pointed_at(
    house: House, debt: Debt, changes: dict[str, Any], pointer: str, code: str
) -> None:
    refused = house.client.post("/v1/windows", json={**DAYS, "visits": [wanted(debt)]} | changes)
    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"case_id": None}, "/case_id", "missing"),
        ({"duration_minutes": None}, "/duration_minutes", "missing"),
        ({"duration_minutes": 481}, "/duration_minutes", "less_than_equal"),
        ({"case_id": str(new_id())}, "/case_id", "no_such_case"),
        ({"address_id": str(new_id())}, "/address_id", "address_not_of_case"),
        ({"team": [str(new_id())]}, "/team/0", "no_such_agent"),
        ({"party": {"role": "guarantor"}}, "/party", "party_not_known"),
        ({"starts_at": DAYS["from"]}, "/starts_at", "unknown_field"),
    ],
)
def test_bad_visits_are_pointed_at(
    house: House, debt: Debt, changes: dict[str, Any], pointer: str, code: str
) -> None:
    refused = ask(house, wanted(debt), wanted(debt, **changes))
    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
        (f"/visits/1{pointer}", code)
    ]


def test_a_visit_to_move_says_for_itself_what_it_is(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    refused = ask(
        house,
        {"visit_id": str(visit_id), "case_id": str(debt.case_id), "purpose": "collect"},
        {"visit_id": str(new_id())},
    )
    found = [(e["pointer"], e["code"]) for e in refused.json()["errors"]]
    assert found == [("/visits/0/case_id", "said_twice"), ("/visits/0/purpose", "said_twice")]
    refused = ask(house, {"visit_id": str(new_id())})
    found = [(e["pointer"], e["code"]) for e in refused.json()["errors"]]
    assert found == [("/visits/0/visit_id", "no_such_visit")]


def test_without_a_home_it_must_be_said_where(house: House, rules: RulesStandIn) -> None:
    debt = house.debt(addresses=[HOME | {"kind": "work"}])
    refused = ask(house, wanted(debt))
    assert [e["pointer"] for e in refused.json()["errors"]] == ["/visits/0/address_id"]
    rules.answer = answer(("0.0", [MORNING]))
    house.ok(ask(house, wanted(debt, address_id=str(debt.address_id))))


def test_another_lenders_cases_do_not_exist(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    theirs = house.header("lender", "southbank")
    for asked, pointer in (
        (wanted(debt), "/visits/0/case_id"),
        ({"visit_id": str(visit_id)}, "/visits/0/visit_id"),
    ):
        refused = ask(house, asked, headers=theirs)
        assert refused.status_code == 422
        assert [e["pointer"] for e in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize("role", ["agent", "compliance", "auditor", "service"])
def test_only_planners_ask(house: House, debt: Debt, role: str) -> None:
    headers = house.agents_header(debt.agent_id) if role == "agent" else house.header(role)
    assert ask(house, wanted(debt), headers=headers).status_code == 403


# --- days on which the facts are the same


def team(*expires_on: date | None) -> list[Agent]:
    papers = [Credential("work_id", day) for day in expires_on]
    return [Agent(UUID(int=1), None, "Knock Twice", "house", papers)]


def test_days_are_cut_after_the_last_day_of_a_paper() -> None:
    first, last = date(2027, 2, 26), date(2027, 3, 2)
    assert alike(first, last, team(None, date(2027, 3, 2), date(2027, 2, 25)), None) == [
        (first, last)
    ]
    assert alike(first, last, team(date(2027, 2, 26)), None) == [
        (first, first),
        (date(2027, 2, 27), last),
    ]
    # Born on 29 February, one is older on 1 March.
    assert alike(first, last, [], date(1988, 2, 29)) == [
        (first, date(2027, 2, 28)),
        (date(2027, 3, 1), last),
    ]
    assert alike(date(2026, 12, 31), date(2027, 1, 1), [], date(1990, 1, 1)) == [
        (date(2026, 12, 31), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 1, 1)),
    ]


def test_the_first_reason_stands_where_no_part_has_a_window() -> None:
    said = {"rule": "first"}
    assert joined([Lawful((), [said]), Lawful((), [{"rule": "second"}])]).why_not == [said]
    assert joined([]).windows == ()
