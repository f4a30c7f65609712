"""Lists: filtered, sorted, a page at a time, and never another lender's."""

from __future__ import annotations

from typing import Any

import pytest
from cases_house import CURED, Debt, House
from shared.ids import new_id


def get(house: House, path: str, **headers: str) -> Any:
    return house.client.get(path, headers=headers)


def ids(house: House, path: str) -> list[str]:
    return [each["id"] for each in house.ok(get(house, path))["items"]]


def walk(house: House, path: str) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    cursor = ""
    while True:
        page = house.ok(get(house, path + cursor))
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.fixture
def town(house: House) -> list[Debt]:
    """Seven debtors of northbank, one a minute, each later than the one before."""
    debts = []
    for at in range(7):
        debts.append(
            house.debt(
                f"YS-{at}",
                debtor={"name": f"debtor number {at}%", "id_number": f"A1{at:07d}9"},
                due_since=f"2026-{11 - at:02d}-10",
            )
        )
        house.clock.advance(minutes=1)
    house.push("SB-1", lender="southbank")
    return debts


def test_pages_hold_every_case_once_in_both_directions(house: House, town: list[Debt]) -> None:
    expected = [str(debt.case_id) for debt in town]
    assert walk(house, "/v1/cases?limit=2&sort=opened_at:asc") == expected
    assert walk(house, "/v1/cases?limit=3") == expected[::-1]
    assert walk(house, "/v1/cases?limit=7&sort=updated_at:asc") == expected


def test_pages_stay_right_while_cases_come(house: House, town: list[Debt]) -> None:
    first = house.ok(get(house, "/v1/cases?limit=3"))
    house.push("YS-new", debtor={"name": "new", "id_number": "B287654321"})
    second = house.ok(get(house, f"/v1/cases?limit=200&cursor={first['next']}"))
    shown = [each["id"] for each in first["items"] + second["items"]]
    assert shown == [str(debt.case_id) for debt in town][::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("external_id=YS-3", [3]),
        ("external_id=SB-1", []),
        ("bucket=M1", [0]),
        ("bucket=M2", [1]),
        ("bucket=M7%2B", [6]),
        ("bucket=M0", []),
        ("q=NUMBER 4", [4]),
        ("q=ys-5", [5]),
        ("q=%25", None),
        ("q=1%25", [1]),
        ("q=__", []),
        ("status=open", [0, 1, 2, 3, 4, 5, 6]),
        ("status=closed", []),
        ("stage=internal&external_id=YS-2", [2]),
        ("stage=field", []),
        ("flag=plan_active", []),
        ("agent=019ae3a0-0000-7000-8000-00000000dead", []),
        ("lender=northbank&bucket=M3", [2]),
    ],
)
def test_cases_are_found(
    house: House, town: list[Debt], query: str, expected: list[int] | None
) -> None:
    answer = get(house, f"/v1/cases?sort=opened_at:asc&{query}")
    if expected is None:
        assert answer.status_code == 422
        return
    found = [each["id"] for each in house.ok(answer)["items"]]
    assert found == [str(town[at].case_id) for at in expected]


def test_cases_are_found_by_what_happens_to_them(house: House, town: list[Debt]) -> None:
    house.deliver(house.plan(town[1]))
    house.ask(town[2])
    third = {"name": "debtor number 3%", "id_number": "A100000039"}
    house.push("YS-3", as_of="2026-11-21T00:00:00+08:00", debtor=third, **CURED, status=200)
    assert ids(house, "/v1/cases?flag=plan_active") == [str(town[1].case_id)]
    assert ids(house, f"/v1/cases?agent={town[2].agent_id}") == [str(town[2].case_id)]
    assert ids(house, "/v1/cases?stage=field&status=working") == [str(town[2].case_id)]
    assert ids(house, "/v1/cases?bucket=M0") == [str(town[3].case_id)]
    assert ids(house, "/v1/cases?status=resolved") == [str(town[3].case_id)]


def test_the_bucket_of_a_case_is_that_of_its_oldest_debt(house: House, town: list[Debt]) -> None:
    house.push(
        "YS-old",
        debtor={"name": "debtor number 0%", "id_number": "A100000009"},
        due_since="2026-09-30",
    )
    assert ids(house, "/v1/cases?bucket=M2") == [
        str(town[1].case_id),
        str(town[0].case_id),
    ]
    assert house.case(town[0].case_id)["bucket"] == "M2"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "?colour"),
        ("status=asleep", "?status"),
        ("stage=hell", "?stage"),
        ("bucket=M99", "?bucket"),
        ("flag=pirate", "?flag"),
        ("agent=bond", "?agent"),
        ("q=a", "?q"),
        ("sort=name:asc", "?sort"),
        ("sort=opened_at", "?sort"),
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("limit=many", "?limit"),
        ("cursor=nonsense", "?cursor"),
        ("cursor=WzFd", "?cursor"),
        ("cursor=WyIyMDI2LTExLTIzVDAyOjAwOjAwWiIsIm5vYm9keSJd", "?cursor"),
        ("status=open&status=closed", "?status"),
    ],
)
def test_what_a_list_does_not_know_is_refused(house: House, query: str, pointer: str) -> None:
    answer = get(house, f"/v1/cases?{query}")
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_lenders_see_their_own_and_others_see_all(house: House, town: list[Debt]) -> None:
    everything = house.ok(get(house, "/v1/cases", **house.header("auditor")))["items"]
    assert {each["lender"] for each in everything} == {"northbank", "southbank"}
    one = house.ok(get(house, "/v1/cases?lender=southbank", **house.header("ops")))["items"]
    assert {each["lender"] for each in one} == {"southbank"}
    assert get(house, "/v1/cases?lender=southbank").status_code == 404
    assert get(house, "/v1/cases", **house.header("agent")).status_code == 403


def test_visits_are_found(house: House, town: list[Debt]) -> None:
    early = house.ask(town[0])
    late = house.ask(town[0], starts_at="2026-12-05T10:00:00+08:00")
    other = house.scheduled(town[1], starts_at="2026-12-03T10:00:00+08:00")
    every = [str(early), str(other), str(late)]
    assert walk(house, "/v1/visits?limit=1") == every
    assert walk(house, "/v1/visits?limit=2&sort=starts_at:desc") == every[::-1]
    assert walk(house, "/v1/visits?limit=2&sort=requested_at:asc") == [
        str(early),
        str(late),
        str(other),
    ]
    assert ids(house, f"/v1/visits?case_id={town[0].case_id}") == [str(early), str(late)]
    assert ids(house, "/v1/visits?status=scheduled") == [str(other)]
    assert ids(house, f"/v1/visits?agent={town[1].agent_id}") == [str(other)]
    window = "starts_from=2026-12-01T02:00:01Z&starts_before=2026-12-05T10:00:00%2B08:00"
    assert ids(house, f"/v1/visits?{window}") == [str(other)]
    assert get(house, "/v1/visits?starts_from=yesterday").status_code == 422


def test_agents_see_the_visits_of_their_own_teams(house: House, town: list[Debt]) -> None:
    own, other = house.ask(town[0]), house.ask(town[1])
    me = house.agents_header(town[0].agent_id)
    found = house.ok(get(house, "/v1/visits", **me))["items"]
    assert [each["id"] for each in found] == [str(own)]
    both = house.ok(get(house, f"/v1/visits?agent={town[1].agent_id}", **me))["items"]
    assert both == []
    assert get(house, f"/v1/visits/{own}", **me).status_code == 200
    assert get(house, f"/v1/visits/{other}", **me).status_code == 404


def test_another_lenders_visits_are_not_listed(house: House, town: list[Debt]) -> None:
    house.ask(town[0])
    theirs = house.header("lender", "southbank")
    assert house.ok(get(house, "/v1/visits", **theirs))["items"] == []
    assert house.ok(get(house, f"/v1/visits?case_id={town[0].case_id}", **theirs))["items"] == []


def test_a_timeline_comes_in_pages_too(house: House, debt: Debt) -> None:
    for _ in range(3):
        house.ask(debt)
    forwards = walk(house, f"/v1/cases/{debt.case_id}/timeline?limit=2&sort=at:asc")
    backwards = walk(house, f"/v1/cases/{debt.case_id}/timeline?limit=2")
    assert len(forwards) == 5
    assert backwards == forwards[::-1]
    theirs = house.header("lender", "southbank")
    assert get(house, f"/v1/cases/{debt.case_id}/timeline", **theirs).status_code == 404


# --- agents


def test_an_agent_is_added_and_found(house: House) -> None:
    body = {
        "name": "Knock Twice",
        "credentials": [
            {"kind": "work_id", "expires_on": "2027-12-31"},
            {"kind": "authorisation_letter"},
        ],
    }
    answer = house.client.post("/v1/agents", json=body)
    agent = house.ok(answer, 201)
    assert answer.headers["Location"] == f"/cases/v1/agents/{agent['id']}"
    assert (agent["lender"], agent["employer"]) == ("northbank", "northbank")
    assert agent["credentials"] == [
        {"kind": "work_id", "expires_on": "2027-12-31"},
        {"kind": "authorisation_letter", "expires_on": None},
    ]
    assert house.ok(get(house, f"/v1/agents/{agent['id']}")) == agent
    assert house.ok(get(house, "/v1/agents"))["items"] == [agent]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"credentials": "work_id"}, "/credentials"),
        ({"credentials": [{"kind": "work id"}]}, "/credentials/0/kind"),
        ({"credentials": [{"kind": "a", "expires_on": "31.12.2027"}]}, "/credentials/0/expires_on"),
        ({"employer": "\x07"}, "/employer"),
        ({"licence": "to kill"}, "/licence"),
    ],
)
def test_bad_agents_are_refused(house: House, changes: dict[str, Any], pointer: str) -> None:
    answer = house.client.post("/v1/agents", json={"name": "Bond"} | changes)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_lenders_see_their_own_agents_and_the_houses(house: House) -> None:
    own, theirs = house.agent(), house.agent("southbank")
    spare = house.client.post("/v1/agents", json={"name": "Spare"}, headers=house.header("ops"))
    spare_id = house.ok(spare, 201)["id"]
    assert (spare.json()["lender"], spare.json()["employer"]) == (None, "house")
    assert ids(house, "/v1/agents") == [str(own), spare_id]
    assert get(house, f"/v1/agents/{theirs}").status_code == 404
    assert get(house, f"/v1/agents/{new_id()}").status_code == 404
    every = house.ok(get(house, "/v1/agents", **house.header("auditor")))["items"]
    assert len(every) == 3
    named = house.ok(get(house, "/v1/agents?lender=southbank", **house.header("ops")))["items"]
    assert [each["id"] for each in named] == [str(theirs), spare_id]
    me = house.agents_header(own)
    assert [each["id"] for each in house.ok(get(house, "/v1/agents", **me))["items"]] == [str(own)]
    assert get(house, f"/v1/agents/{theirs}", **me).status_code == 404


def test_operators_add_agents_for_a_lender(house: House) -> None:
    answer = house.client.post(
        "/v1/agents?lender=northbank", json={"name": "Hired"}, headers=house.header("ops")
    )
    assert house.ok(answer, 201)["lender"] == "northbank"
    other = house.client.post("/v1/agents?lender=southbank", json={"name": "Spy"})
    assert other.status_code == 404
    assert (
        house.client.post(
            "/v1/agents", json={"name": "A"}, headers=house.header("agent")
        ).status_code
        == 403
    )


def test_the_same_key_adds_one_agent(house: House) -> None:
    key = {"Idempotency-Key": "bond"}
    first = house.client.post("/v1/agents", json={"name": "Bond"}, headers=key)
    again = house.client.post("/v1/agents", json={"name": "Bond"}, headers=key)
    assert first.content == again.content
    assert house.count("agent") == 1
