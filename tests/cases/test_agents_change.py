"""Agents change: what planned visits rest on is told anew, and every change is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from cases.store import agents, visits
from cases_house import Debt, House
from shared.ids import new_id

PAPERS = [{"kind": "work_id", "expires_on": "2027-12-31"}]
OTHER = {"name": "Somebody Else", "id_number": "B287654321"}


def put(house: House, agent_id: UUID, headers: dict[str, str] | None = None, **said: Any) -> Any:
    body = {"name": "Knock Twice", "credentials": PAPERS} | said
    return house.client.put(f"/v1/agents/{agent_id}", json=body, headers=headers or {})


def amended(house: House) -> list[dict[str, Any]]:
    return [message.data for message in house.announced("cases.visit-amended.v1")]


def test_a_paper_withdrawn_is_told_for_every_live_visit(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    house.ask(debt, starts_at="2026-12-08T02:00:00Z")
    over = house.ask(debt, starts_at="2026-12-15T02:00:00Z")
    house.ok(house.client.post(f"/v1/visits/{over}/cancel", json={"reason": "debtor"}))
    asked = house.announced("cases.visit-requested.v1")[0].data
    house.clock.advance(hours=1)
    agent = house.ok(put(house, debt.agent_id, credentials=[]))
    assert agent["credentials"] == []
    first, second = amended(house)
    assert first["visit_id"] == str(visit_id)
    assert second["starts_at"] == "2026-12-08T02:00:00Z"
    # The whole question once more, with what changed.
    assert first == asked | {
        "team": [{"id": str(debt.agent_id), "credentials": []}],
        "requested_at": "2026-11-23T03:00:00Z",
        "why": "team",
    }
    assert house.announced("cases.visit-amended.v1")[0].subject == str(debt.person_id)


@pytest.mark.parametrize(
    ("expires_on", "told"),
    [("2026-12-01", 0), ("2026-11-30", 1), ("2028-01-01", 0), (None, 0)],
)
def test_a_paper_cut_short_matters_from_the_day_of_the_visit_on(
    house: House, debt: Debt, expires_on: str | None, told: int
) -> None:
    # At half past midnight on 1 December in Taipei it is still November in UTC.
    house.ask(debt, starts_at="2026-12-01T00:30:00+08:00")
    house.ok(put(house, debt.agent_id, credentials=[{"kind": "work_id", "expires_on": expires_on}]))
    assert len(amended(house)) == told


def test_a_new_name_changes_no_visit(house: House, debt: Debt) -> None:
    house.ask(debt)
    assert house.ok(put(house, debt.agent_id, name="敲門先生"))["name"] == "敲門先生"
    assert amended(house) == []


def test_a_new_employer_collects_from_now_on(house: House, debt: Debt) -> None:
    house.ask(debt)
    house.ok(put(house, debt.agent_id, employer="polite-knocks"))
    (told,) = amended(house)
    assert told["collector"] == {"id": "polite-knocks", "class": "agency"}


def test_a_team_of_two_employers_does_not_go(house: House, debt: Debt) -> None:
    second = house.agent()
    mixed = house.scheduled(debt, team=[str(debt.agent_id), str(second)])
    alone = house.scheduled(debt, starts_at="2026-12-08T02:00:00Z", team=[str(second)])
    house.ok(put(house, second, employer="polite-knocks"))
    visit = house.visit(mixed)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "agent")
    assert house.visit(alone)["status"] == "scheduled"
    assert [told["visit_id"] for told in amended(house)] == [str(alone)]


def test_every_change_is_kept_and_no_change_is_none(house: House, debt: Debt) -> None:
    house.ok(put(house, debt.agent_id))
    house.clock.advance(hours=1)
    house.ok(put(house, debt.agent_id, credentials=[{"kind": "work_id"}]))
    house.clock.advance(hours=1)
    house.ok(put(house, debt.agent_id, credentials=[], name="Knock Once"))
    changes = house.ok(house.client.get(f"/v1/agents/{debt.agent_id}/history"))["items"]
    assert [change["at"] for change in changes] == ["2026-11-23T04:00:00Z", "2026-11-23T03:00:00Z"]
    assert changes[0]["by"] == "northbank lender"
    assert changes[0]["was"] == {
        "name": "Knock Twice",
        "employer": "northbank",
        "credentials": [{"kind": "work_id", "expires_on": None}],
    }
    assert changes[0]["was"] == changes[1]["became"]
    assert changes[0]["became"]["credentials"] == []
    assert changes[1]["was"]["credentials"] == PAPERS


def test_nobody_overwrites_what_they_have_not_seen(house: House, debt: Debt) -> None:
    url = f"/v1/agents/{debt.agent_id}"
    seen = house.client.get(url).headers["ETag"]
    changed = put(house, debt.agent_id, {"If-Match": seen}, credentials=[])
    assert changed.status_code == 200
    stale = put(house, debt.agent_id, {"If-Match": seen})
    assert stale.status_code == 412
    assert stale.headers["ETag"] == changed.headers["ETag"] == house.client.get(url).headers["ETag"]
    assert house.ok(house.client.get(url))["credentials"] == []


def test_a_new_agent_comes_with_the_tag_of_its_read(house: House) -> None:
    created = house.client.post("/v1/agents", json={"name": "Knock Thrice"})
    agent_id = house.ok(created, 201)["id"]
    assert created.headers["ETag"] == house.client.get(f"/v1/agents/{agent_id}").headers["ETag"]


def test_whose_agents_may_be_changed_by_whom(house: House, debt: Debt) -> None:
    ours = house.ok(
        house.client.post("/v1/agents", json={"name": "Spare Hand"}, headers=house.header("ops")),
        201,
    )
    theirs = house.agent("southbank")
    # One of the house goes for this lender too, and is not its to change.
    house.ok(house.client.get(f"/v1/agents/{ours['id']}"))
    for agent_id in (UUID(ours["id"]), theirs, new_id()):
        assert put(house, agent_id).status_code == 404
    house.ok(put(house, UUID(ours["id"]), house.header("ops")))
    house.ok(put(house, theirs, house.header("ops")))
    for role in ("agent", "compliance", "auditor"):
        headers = house.agents_header(debt.agent_id) if role == "agent" else house.header(role)
        assert put(house, debt.agent_id, headers).status_code == 403
    history = f"/v1/agents/{theirs}/history"
    assert house.client.get(history).status_code == 404
    mine = house.agents_header(debt.agent_id)
    assert house.client.get(f"/v1/agents/{debt.agent_id}/history", headers=mine).is_success


def test_an_agent_changed_by_the_house_works_for_whom_they_did(house: House, debt: Debt) -> None:
    changed = house.ok(put(house, debt.agent_id, house.header("ops")))
    assert (changed["lender"], changed["employer"]) == ("northbank", "northbank")


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"credentials": [{"kind": "work id"}]}, "/credentials/0/kind"),
        ({"credentials": PAPERS * 51}, "/credentials"),
        ({"lender": "southbank"}, "/lender"),
    ],
)
def test_what_is_no_agent_is_refused(
    house: House, debt: Debt, said: dict[str, Any], pointer: str
) -> None:
    answer = put(house, debt.agent_id, **said)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_many_visits_of_many_persons_are_told_of(house: House, debt: Debt) -> None:
    other = house.debt("YS-2", debtor=OTHER)
    for day in range(1, 16):
        start = f"2026-12-{day:02}T02:00:00Z"
        house.ask(debt, starts_at=start)
        house.ask(other, starts_at=start, team=[str(debt.agent_id)])
    house.ok(put(house, debt.agent_id, credentials=[]))
    assert len(amended(house)) == 30
    assert len({told["visit_id"] for told in amended(house)}) == 30


# --- a visit that is asked for at the same moment


def papers_in_a_race(house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The change comes when the asking has read the papers; what was told of them, in order."""
    read = Event()
    write = visits.request

    def late(*said: Any, **more: Any) -> None:
        read.set()
        changed.wait(0.5)  # who keeps the papers as they are is waited for
        write(*said, **more)

    changed = Event()
    monkeypatch.setattr(visits, "request", late)
    with ThreadPoolExecutor(1) as racer:
        asked = racer.submit(house.ask, debt)
        assert read.wait(5)
        answer = put(house, debt.agent_id, credentials=[])
        changed.set()
        asked.result()
    if answer.status_code == 409:
        assert answer.json()["code"] == "changed_meanwhile"
        house.ok(put(house, debt.agent_id, credentials=[]))
    told = house.announced("cases.visit-requested.v1", "cases.visit-amended.v1")
    return [message.data["team"][0]["credentials"] for message in told]


def test_a_visit_and_a_withdrawal_at_once_never_miss_each_other(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert papers_in_a_race(house, debt, monkeypatch)[-1] == []


def test_without_the_lock_a_visit_goes_with_papers_withdrawn(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = agents.load
    monkeypatch.setattr(agents, "load", lambda session, ids, **_: load(session, ids))
    assert papers_in_a_race(house, debt, monkeypatch) == [["work_id"]]
