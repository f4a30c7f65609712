"""Asking for simulations, looking at them, cancelling them: what outsiders may rely on."""

from __future__ import annotations

from typing import Any

import pytest
from pack_drafts import PERIOD, Panel, taiwanese
from rules_house import TUESDAY, Debtor, House
from shared.ids import new_id


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def ask(panel: Panel, draft: str, **body: Any) -> Any:
    return panel.post("/v1/simulations", {"draft_id": draft, "from": PERIOD} | body)


def test_it_is_taken_and_told_how_far_it_is(panel: Panel) -> None:
    panel.house.ask(Debtor().visit(), Debtor().visit())
    panel.house.clock.advance(seconds=1)
    draft = panel.draft()
    answer = ask(panel, draft)
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"].endswith(f"/v1/simulations/{told['id']}")
    assert told["version_id"] == draft
    assert (told["state"], told["total"], told["done"]) == ("queued", 4, 0)
    assert (told["rate"], told["seconds_left"], told["started_at"]) == (None, None, None)
    assert told["to"] == "2026-11-23T02:00:01Z"  # now
    shown = panel.get(f"/v1/simulations/{told['id']}").json()
    result = shown.pop("result")
    assert shown == told
    assert (result["decisions"], result["changes"], result["examples"]) == (0, {}, {})


def test_the_period_and_the_draft_must_make_sense(panel: Panel) -> None:
    draft, other = panel.draft(), str(new_id())
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"from": PERIOD}, "/draft_id", "missing"),
        ({"from": PERIOD, "draft_id": draft, "version_id": other}, "/draft_id", "contradicts"),
        ({"draft_id": draft}, "/from", "missing"),
        ({"draft_id": draft, "from": "2026-01-01"}, "/from", "time_format"),
        ({"draft_id": draft, "from": PERIOD, "to": PERIOD}, "/from", "not_before"),
        ({"draft_id": draft, "from": "2030-01-01T00:00:00Z"}, "/from", "not_before"),
        ({"draft_id": draft, "from": PERIOD, "planned": "yes"}, "/planned", "bool_type"),
        ({"draft_id": draft, "from": PERIOD, "until": PERIOD}, "/until", "unknown_field"),
        ({"draft_id": "taiwanese", "from": PERIOD}, "/draft_id", "uuid_parsing"),
    ]
    for body, pointer, code in wrong:
        answer = panel.post("/v1/simulations", body)
        assert answer.status_code == 422, body
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code), body
    assert ask(panel, other).status_code == 404
    assert panel.post("/v1/simulations", {"version_id": draft, "from": PERIOD}).status_code == 202
    panel.post(f"/v1/packs/drafts/{draft}/withdraw", {"reason": "no"})
    assert ask(panel, draft).json()["code"] == "wrong_state"


def test_the_same_key_asks_once(panel: Panel) -> None:
    body = {"draft_id": panel.draft(), "from": PERIOD}
    headers = {"Idempotency-Key": "tonight"}
    first = panel.post("/v1/simulations", body, headers=headers)
    panel.house.clock.advance(seconds=5)
    assert panel.post("/v1/simulations", body, headers=headers).json() == first.json()
    assert len(panel.house.rows("simulation")) == 1


def test_they_are_listed_and_found(panel: Panel) -> None:
    drafts = [panel.draft(), panel.draft(taiwanese("2027-02-01"))]
    asked = []
    for draft in (*drafts, drafts[0]):
        asked.append(ask(panel, draft).json()["id"])
        panel.house.clock.advance(seconds=1)
    first = panel.get("/v1/simulations?limit=2", role="auditor").json()
    second = panel.get(f"/v1/simulations?limit=2&cursor={first['next']}").json()
    assert [each["id"] for each in (*first["items"], *second["items"])] == asked[::-1]
    one = panel.get(f"/v1/simulations?version_id={drafts[1]}&state=queued").json()["items"]
    assert [each["id"] for each in one] == [asked[1]]
    assert panel.get("/v1/simulations?state=done").json()["items"] == []
    assert panel.get(f"/v1/simulations/{new_id()}").status_code == 404
    assert panel.post(f"/v1/simulations/{new_id()}/cancel").status_code == 404
    assert panel.post(f"/v1/simulations/{asked[0]}/cancel").json()["state"] == "cancelled"


def test_lenders_and_agents_see_nothing_here(panel: Panel) -> None:
    asked = ask(panel, panel.draft()).json()["id"]
    for role in ("lender", "agent", "service"):
        headers = panel.house.header(role)
        for path in ("/v1/simulations", f"/v1/simulations/{asked}", "/v1/packs/drafts"):
            assert panel.house.client.get(path, headers=headers).status_code == 403
    looking = panel.house.header("auditor")
    assert panel.house.client.get(f"/v1/simulations/{asked}", headers=looking).status_code == 200
    answer = panel.house.client.post(f"/v1/simulations/{asked}/cancel", headers=looking)
    assert answer.status_code == 403


def test_examples_are_in_the_readers_language(panel: Panel) -> None:
    late = TUESDAY.replace(hour=17, minute=15)
    panel.house.ask(Debtor().visit(late))
    found = panel.simulate(panel.draft())
    path = f"/v1/simulations/{found['id']}"
    for language, word in (("en", "open"), ("zh", "開放")):
        answer = panel.house.client.get(
            path, headers=panel.header("wu") | {"Accept-Language": language}
        ).json()
        (example,) = answer["result"]["examples"]["newly_denied"]
        assert word in example["because"][0]["message"]
