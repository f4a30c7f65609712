"""When may stored persons be contacted: calendars of many, by all that is stored of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any
from uuid import UUID

import pytest
from contact_rules.domain import load
from contact_rules.handlers.decide_visits import Desk
from known_facts import give_account, hold, tell
from rules_house import RULEBOOK, TUESDAY, Debtor, House, VisitRequested, cancelled
from shared.ids import new_id

DAYS = {"from": "2026-12-01T00:00:00+08:00", "to": "2026-12-05T23:59:59+08:00"}
"""Tuesday to Saturday; the rules of nowhere open from nine to six, Sundays not."""
HOURS = [("09:00", "17:30")] * 5


def question(visit: VisitRequested, **changed: Any) -> dict[str, Any]:
    """The question whose answer is when that visit could be made."""
    minutes = int((visit.ends_at - visit.starts_at).total_seconds()) // 60
    asked = {
        "id": "q1",
        "person_id": str(visit.person_id),
        "duration_minutes": minutes,
        "channel": "visit",
        "direction": "outbound",
        "purpose": visit.purpose,
        "place": {name: said for name, said in visit.place.items() if name != "address_id"},
        "residence": visit.residence,
        "party": visit.party,
        "debts": visit.debts,
        "collector": visit.collector,
        "lender": visit.lender,
        "team": visit.team,
        "point": str(visit.place["address_id"]),
    } | changed
    return {name: said for name, said in asked.items() if said is not None}


def ask(house: House, *questions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    headers = more.pop("headers", house.header("service"))
    answer = house.client.post(
        "/v1/persons/windows", json={**DAYS, "questions": list(questions), **more}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()["answers"]
    return answers


def days(answer: dict[str, Any]) -> list[str]:
    """The local days on which there is a window."""
    return [window["from"][:10] for window in answer["windows"]]


def test_a_stranger_has_the_whole_week(house: House) -> None:
    (answer,) = ask(house, question(Debtor().visit()))
    assert answer["id"] == "q1"
    assert [(w["from"][11:16], w["to"][11:16]) for w in answer["windows"]] == HOURS
    assert answer["windows"][0] == {
        "from": "2026-12-01T09:00:00+08:00",
        "to": "2026-12-01T17:30:00+08:00",
    }
    assert answer["why_not"] == []


def test_what_is_planned_for_a_person_counts_whoever_planned_it(house: House) -> None:
    debtor = Debtor()
    house.ask(debtor.visit(), debtor.visit(TUESDAY + timedelta(days=2), lender="southbank"))
    later = Debtor(lender="westbank", person_id=debtor.person_id)
    (answer,) = ask(house, question(later.visit()))
    # Two in seven days are there already.
    assert answer["windows"] == []
    failed = {check["rule"] for check in answer["why_not"]}
    assert {"everyone.visit-1d", "everyone.visit-7d", "person-protection.visits-7d"} <= failed
    assert all(check["result"] == "fail" for check in answer["why_not"])


def test_a_visit_that_would_be_moved_is_not_in_its_own_way(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    (new,) = ask(house, question(visit))
    (moved,) = ask(house, question(visit, visit_id=str(visit.visit_id)))
    assert days(new) == [f"2026-12-0{n}" for n in (2, 3, 4, 5)]
    assert days(moved) == [f"2026-12-0{n}" for n in (1, 2, 3, 4, 5)]


def test_what_is_known_of_a_person_counts(house: House) -> None:
    debtor = Debtor()
    give_account(house, debtor)
    assert tell(house, debtor, "hospital", since="2026-11-20", until="2026-12-03").is_success
    (answer,) = ask(house, question(debtor.visit()))
    assert days(answer) == ["2026-12-04", "2026-12-05"]


def test_a_hold_of_a_lender_leaves_the_days_after_it(house: House) -> None:
    debtor = Debtor()
    house.deliver(hold(debtor, house.clock(), until_on=datetime.fromisoformat("2026-12-02").date()))
    (answer,) = ask(house, question(debtor.visit()))
    assert days(answer) == ["2026-12-03", "2026-12-04", "2026-12-05"]


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_windows_and_decisions_never_disagree(house: House, offset: int) -> None:
    debtor = Debtor()
    house.ask(debtor.visit(TUESDAY - timedelta(days=4)), debtor.visit(TUESDAY))
    start = TUESDAY + timedelta(days=offset)
    (answer,) = ask(house, question(debtor.visit(start)))
    windows = [
        (datetime.fromisoformat(w["from"]), datetime.fromisoformat(w["to"]))
        for w in answer["windows"]
    ]
    allowed = any(first <= start <= last for first, last in windows)
    (decision,) = house.ask(debtor.visit(start))
    assert (decision["type"] == "approved") is allowed


def test_who_comes_is_asked_only_of_a_team_that_is_known(house: House) -> None:
    visit = Debtor().visit(team=1)
    (alone,) = ask(house, question(visit))
    (nobody,) = ask(house, question(visit, team=[]))
    (open_,) = ask(house, question(visit, team=None))
    assert (alone["windows"], nobody["windows"]) == ([], [])
    assert "taiwanese.team" in {check["rule"] for check in alone["why_not"]}
    assert [(w["from"][11:16], w["to"][11:16]) for w in open_["windows"]] == HOURS


def test_many_are_answered_in_their_order(house: House) -> None:
    debtors = [Debtor() for _ in range(3)]
    house.ask(debtors[1].visit())
    answers = ask(
        house,
        *[question(each.visit(), id=f"q{at}") for at, each in enumerate(debtors)],
        question(debtors[1].visit(), id="again", **{"from": "2026-12-03T00:00:00+08:00"}),
    )
    assert [each["id"] for each in answers] == ["q0", "q1", "q2", "again"]
    assert [len(each["windows"]) for each in answers] == [5, 4, 5, 3]


def test_nothing_is_stored_or_reserved(house: House) -> None:
    debtor = Debtor()
    for _ in range(2):
        ask(house, question(debtor.visit()))
    assert house.rows("ledger") == []
    assert house.rows("person") == []
    assert house.rows("decision") == []
    assert [each["type"] for each in house.ask(debtor.visit())] == ["approved"]


def test_a_cancelled_visit_gives_its_day_back(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(cancelled(visit, house.clock()))
    (answer,) = ask(house, question(debtor.visit()))
    assert len(answer["windows"]) == 5


YOUNG = """
id: young-debts
version: 2026-01-01
title: {en: Young debts, zh: 新近逾期}
applies: always
rules:
  - id: young-debts.leave-alone
    kind: window
    severity: prohibition
    source_quality: text
    citation: Rulebook of nowhere, 12
    applies_when: {days_past_due: {at_most: 30}}
    params: {hours: {every_day: closed}}
    message: {en: "Not before it is a month late.", zh: "逾期未满一月，不得上门。"}
"""


def test_debts_grow_older_from_day_to_day(house: House, tmp_path: Path) -> None:
    for file in RULEBOOK.glob("*.yaml"):
        copy(file, tmp_path)
    (tmp_path / "young-debts.yaml").write_text(YOUNG)
    house.service.desk = lambda: Desk(load(tmp_path), house.keys.approvals)
    debtor = Debtor()
    debt = {"id": str(debtor.account_id), "product": "credit_card", "annual_rate": "0.15"}
    fixed, growing = ask(
        house,
        question(debtor.visit(), id="fixed", debts=[debt | {"days_past_due": 28}]),
        # 28 days late on Tuesday, so the first day after thirty is Friday.
        question(debtor.visit(), id="growing", debts=[debt | {"due_since": "2026-11-03"}]),
    )
    assert fixed["windows"] == []
    # At midnight the hours say no as well.
    said_no = {check["rule"] for check in fixed["why_not"]}
    assert said_no == {"taiwanese.hours", "young-debts.leave-alone"}
    assert days(growing) == ["2026-12-04", "2026-12-05"]


def test_a_lender_asks_about_its_own_debtors_only(house: House) -> None:
    own, other = Debtor(), Debtor(lender="southbank")
    give_account(house, own)
    give_account(house, other, "SB-1")
    mine = house.header("lender", "northbank")
    (answer,) = ask(house, question(own.visit(), lender=None), headers=mine)
    assert len(answer["windows"]) == 5
    for refused, pointer in (
        (question(other.visit(), lender=None), "/questions/0/person_id"),
        (question(Debtor().visit(), lender=None), "/questions/0/person_id"),
        (question(own.visit(), lender="southbank"), "/questions/0/lender"),
    ):
        answer = house.client.post(
            "/v1/persons/windows", json={**DAYS, "questions": [refused]}, headers=mine
        )
        assert answer.status_code == 404, answer.text
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_a_lenders_own_name_stands_for_the_one_left_out(house: House) -> None:
    debtor = Debtor()
    give_account(house, debtor)
    house.deliver(hold(debtor, house.clock()))
    for headers, lender in ((house.header("lender", "northbank"), None), (None, "northbank")):
        (answer,) = ask(
            house,
            question(debtor.visit(), lender=lender),
            headers=headers or house.header("ops"),
        )
        assert answer["windows"] == []
        assert "person-protection.collection-stopped" in {
            check["rule"] for check in answer["why_not"]
        }


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_others_may_not_ask(house: House, role: str) -> None:
    agent: UUID = new_id()
    headers = (
        {"Authorization": f"Bearer {house.token('agent', agent=agent)}"}
        if role == "agent"
        else house.header(role)
    )
    body = {**DAYS, "questions": [question(Debtor().visit())]}
    answer = house.client.post("/v1/persons/windows", json=body, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"questions": []}, "/questions", "too_short"),
        ({"to": "2026-11-30T00:00:00+08:00"}, "/to", "before_the_beginning"),
        ({"to": "2027-03-02T00:00:01+08:00"}, "/to", "too_far"),
        ({"from": "2026-12-01T00:00:00"}, "/from", "time_without_offset"),
        ({"until": "2026-12-01T00:00:00Z"}, "/until", "unknown_field"),
    ],
)
def test_bad_questions_are_pointed_at(
    house: House, changes: dict[str, Any], pointer: str, code: str
) -> None:
    body = {**DAYS, "questions": [question(Debtor().visit())]} | changes
    answer = house.client.post("/v1/persons/windows", json=body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"person_id": "nobody"}, "/person_id", "uuid_parsing"),
        ({"history": []}, "/history", "unknown_field"),
        ({"place": None}, "/place", "missing"),
        ({"lender": None}, "/lender", "missing"),
        ({"to": "2026-11-30T00:00:00+08:00"}, "/to", "before_the_beginning"),
        ({"from": "2026-08-01T00:00:00+08:00"}, "/to", "too_far"),
        ({"debts": [{"id": "a"}, {"id": "a"}]}, "/debts/1/id", "listed_twice"),
        (
            {"debts": [{"id": "a", "due_since": "2026-01-01", "days_past_due": 3}]},
            "/debts/0/days_past_due",
            "said_twice",
        ),
    ],
)
def test_bad_fields_are_pointed_at_in_the_question_they_stand_in(
    house: House, changes: dict[str, Any], pointer: str, code: str
) -> None:
    good, bad = question(Debtor().visit()), question(Debtor().visit(), id="q2", **changes)
    body = {**DAYS, "questions": [good, bad]}
    answer = house.client.post("/v1/persons/windows", json=body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        (f"/questions/1{pointer}", code)
    ]


def test_one_id_names_one_question(house: House) -> None:
    body = {**DAYS, "questions": [question(Debtor().visit()), question(Debtor().visit())]}
    answer = house.client.post("/v1/persons/windows", json=body)
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/questions/1/id", "listed_twice")
    ]


def test_a_hundred_are_answered_and_one_more_is_not(house: House) -> None:
    asked = [question(Debtor().visit(), id=f"q{n}") for n in range(101)]
    answer = house.client.post("/v1/persons/windows", json={**DAYS, "questions": asked})
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/questions"]
    assert len(ask(house, *asked[:100])) == 100
