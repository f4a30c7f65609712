"""Handing in, approving, scheduling, ending and withdrawing packs: what outsiders may rely on."""

from __future__ import annotations

from typing import Any

import pytest
from pack_drafts import Panel, rulebook, taiwanese
from rules_house import House
from shared.ids import new_id


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def test_a_draft_is_kept_with_its_text_and_its_author(panel: Panel) -> None:
    answer = panel.hand_in(taiwanese())
    assert answer.status_code == 201
    draft = answer.json()
    assert answer.headers["location"].endswith(f"/v1/packs/drafts/{draft['id']}")
    assert (draft["name"], draft["state"], draft["author"]) == (
        "taiwanese@2027-01-01",
        "draft",
        "lin",
    )
    shown = panel.shown(draft["id"])
    assert shown["text"] == taiwanese()
    (step,) = shown["steps"]
    assert (step["step"], step["by"], step["at"]) == ("drafted", "lin", "2026-11-23T02:00:00Z")
    # It changes nothing about what is in force.
    packs = panel.house.client.get("/v1/packs").json()["items"]
    assert "taiwanese@2027-01-01" not in {pack["name"] for pack in packs}


def test_a_draft_may_come_inside_json_with_a_reason(panel: Panel) -> None:
    answer = panel.post("/v1/packs/drafts", {"text": taiwanese(), "reason": "新法施行"})
    assert answer.status_code == 201
    assert panel.shown(answer.json()["id"])["steps"][0]["reason"] == "新法施行"


def break_(old: str, new: str) -> str:
    text = taiwanese()
    assert old in text
    return text.replace(old, new)


WRONG: dict[str, tuple[str, str]] = {
    "empty": ("\n", "draft.yaml, line 1: the file is empty"),
    "no yaml": ("id: [", "draft.yaml, line"),
    "no mapping": ("- id\n", "draft.yaml, line 1: a mapping"),
    "no id": ("version: 2027-01-01\n", "'id' is missing"),
    "a path": ("id: ../../etc/passwd\n", "is no name of a pack"),
    "an address": ("id: drafts\n", "is no name of a pack"),
    "a rule": (break_("kind: window", "kind: windows"), "line 10: 'windows' is not known here"),
    "half": (taiwanese()[:-1], "the last line does not end"),
    "over": (taiwanese(more="effective_to: 2026-11-20\n"), "its last day is over"),
    "an example": (taiwanese(sunday="allow"), "example “週日不得外訪”: expected allow, decided"),
    "untried": (
        break_("verdict: needs_review\n      fails: [taiwanese.team]", "fails: []").replace(
            "team: [{id: a1}]}", "team: [{id: a1}, {id: a2}]}"
        ),
        "an empty list",
    ),
    "no example": (
        taiwanese().partition("examples:")[0],
        "taiwanese.hours has no full examples: none that it denies and none that it lets pass",
    ),
    "looser below": (break_("params: {min: 2}", "params: {min: 9}"), "river.yaml, line 10:"),
    "an unknown pack": (
        break_("fails: [taiwanese.hours]", "fails: [taiwanese.hours]\n      packs: [atlantis]"),
        "There is no pack 'atlantis'",
    ),
}


def test_what_is_wrong_with_a_draft_is_told_with_its_line(panel: Panel) -> None:
    for name, (text, said) in WRONG.items():
        for answer, pointer in (
            (panel.hand_in(text), ""),
            (panel.post("/v1/packs/drafts", {"text": text}), "/text"),
        ):
            assert answer.status_code == 422, (name, answer.text)
            errors = answer.json()["errors"]
            assert {error["pointer"] for error in errors} == {pointer}
            assert any(said in error["message"] for error in errors), (name, errors)
    assert panel.house.rows("pack_version") == []
    assert panel.house.rows("pack_text") == []


def test_all_that_is_wrong_is_told_at_once_and_in_chinese(panel: Panel) -> None:
    text = break_("kind: window", "kind: windows").replace("min: 2", "min: two")
    answer = panel.house.client.post(
        "/v1/packs/drafts",
        content=text.encode(),
        headers=panel.header("lin")
        | {"Content-Type": "text/yaml; charset=utf-8", "Accept-Language": "zh"},
    )
    assert len(answer.json()["errors"]) == 2
    assert "第 10 行：" in answer.json()["errors"][0]["message"]


def test_nobody_weakens_what_protects_each_person(panel: Panel) -> None:
    text = rulebook("person-protection").replace("version: 2026-01-01", "version: 2027-01-01")
    answer = panel.hand_in(text.replace("max: 4", "max: 40"))
    assert answer.status_code == 422
    assert any("4 visits in any 30 days" in each["message"] for each in answer.json()["errors"])


def test_bytes_that_are_no_text_are_refused(panel: Panel) -> None:
    broken = (b"\xff\xfe", b"id: a\x00b\n", b"id: \xed\xa0\x80\n", b"[" * 5000, b"a: &a [*a]\n")
    for content in broken:
        answer = panel.house.client.post(
            "/v1/packs/drafts",
            content=content,
            headers=panel.header("lin") | {"Content-Type": "application/yaml"},
        )
        assert answer.status_code == 422, content
    answer = panel.house.client.post(
        "/v1/packs/drafts",
        content=b"<pack/>",
        headers=panel.header("lin") | {"Content-Type": "application/xml"},
    )
    assert answer.status_code == 415
    assert panel.post("/v1/packs/drafts", {"text": taiwanese(), "note": 1}).status_code == 422
    assert panel.post("/v1/packs/drafts", {"text": "id: a\u0000"}).status_code == 422


def test_a_version_is_there_once(panel: Panel) -> None:
    """On disk, or handed in before: a changed text is another version."""
    assert panel.hand_in(taiwanese("2026-02-01")).status_code == 409
    panel.draft()
    for text in (taiwanese(), taiwanese(closes="16:00")):
        answer = panel.hand_in(text)
        assert (answer.status_code, answer.json()["code"]) == (409, "version_is_there")
    assert len(panel.house.rows("pack_version")) == 1


def test_the_same_key_hands_in_once(panel: Panel) -> None:
    headers = {"Idempotency-Key": "a draft"}
    first = panel.post("/v1/packs/drafts", {"text": taiwanese()}, headers=headers)
    again = panel.post("/v1/packs/drafts", {"text": taiwanese()}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()


def test_drafts_are_handed_in_by_the_house(panel: Panel) -> None:
    for role in ("agent", "auditor", "lender", "service"):
        answer = panel.house.client.post(
            "/v1/packs/drafts", json={"text": taiwanese()}, headers=panel.house.header(role)
        )
        assert answer.status_code == 403, role


def test_a_token_of_one_lender_decides_nothing_about_everybodys_law(panel: Panel) -> None:
    bound = panel.house.header("compliance", lender="northbank")
    client = panel.house.client
    assert client.get("/v1/packs/drafts", headers=bound).status_code == 403
    assert client.get("/v1/simulations", headers=bound).status_code == 403
    answer = client.post("/v1/packs/drafts", json={"text": taiwanese()}, headers=bound)
    assert answer.status_code == 403


def test_only_compliance_decides(panel: Panel) -> None:
    draft = panel.draft()
    steps: dict[str, dict[str, Any]] = {
        "approve": {"reason": "yes"},
        "schedule": {"effective_from": "2026-12-01"},
        "retire": {"effective_to": "2026-12-01", "reason": "no"},
        "withdraw": {"reason": "no"},
    }
    for step, body in steps.items():
        path = f"/v1/packs/drafts/{draft}/{step}"
        assert panel.post(path, body, role="ops").status_code == 403
        assert panel.post(path.replace(draft, str(new_id())), body).status_code == 404
        assert panel.post(path, body | {"more": 1}).status_code == 422
        assert panel.post(path, {}).status_code == 422
    assert panel.post(f"/v1/packs/drafts/{draft}/approve", {"reason": "   "}).status_code == 422


def test_steps_are_taken_in_their_order(panel: Panel) -> None:
    draft = panel.draft()
    path = f"/v1/packs/drafts/{draft}"
    early = panel.post(f"{path}/approve", {"reason": "blindly"}, by="chen")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    panel.simulate(draft)
    author = panel.post(f"{path}/approve", {"reason": "mine"}, by="lin")
    assert (author.status_code, author.json()["code"]) == (409, "author_approves")
    once = panel.post(f"{path}/approve", {"reason": "good"}, by="chen")
    assert (once.json()["state"], once.json()["approved_by"]) == ("simulated", ["chen"])
    twice = panel.post(f"{path}/approve", {"reason": "good"}, by="chen")
    assert (twice.status_code, twice.json()["code"]) == (409, "approved_twice")
    assert panel.schedule(draft, "2026-12-01").json()["code"] == "wrong_state"
    other = panel.post(f"{path}/approve", {"reason": "seen"}, by="huang", role="admin")
    assert other.json()["state"] == "approved"
    assert panel.schedule(draft, "2026-11-22").json()["code"] == "in_the_past"
    assert panel.schedule(draft, "yesterday").status_code == 422
    assert panel.schedule(draft, "2026-12-01").json()["effective_from"] == "2026-12-01"
    assert panel.schedule(draft, "2026-12-02").json()["code"] == "wrong_state"
    retire = panel.post(f"{path}/retire", {"effective_to": "2027-01-01", "reason": "no"})
    assert retire.json()["code"] == "wrong_state"


def test_a_day_is_one_versions(panel: Panel) -> None:
    panel.scheduled("2026-12-01")
    other = panel.approved(taiwanese("2027-02-01", closes="16:00"))
    answer = panel.schedule(other, "2026-12-01")
    assert (answer.status_code, answer.json()["code"]) == (409, "day_is_taken")
    # Before the other one: it is in force until that one comes.
    assert panel.schedule(other, "2026-11-30").status_code == 200
    first, last = panel.days("taiwanese@2027-02-01")
    assert (str(first), str(last)) == ("2026-11-30", "2026-11-30")


def test_the_text_may_say_when_it_holds(panel: Panel) -> None:
    text = taiwanese(more="effective_from: 2026-12-24\neffective_to: 2027-06-30\n")
    text = text.replace("at: 2026-12-01", "at: 2027-01-05").replace("2026-12-06", "2027-01-10")
    draft = panel.approved(text)
    assert panel.schedule(draft, "2026-12-23").json()["code"] == "outside_its_text"
    assert panel.schedule(draft, "2026-12-31").status_code == 200
    first, last = panel.days("taiwanese@2027-01-01")
    assert (str(first), str(last)) == ("2026-12-31", "2027-06-30")


def test_what_protects_each_person_is_not_ended(panel: Panel) -> None:
    text = _protection_with_examples()
    draft = panel.scheduled("2026-11-23", text)
    panel.turned()
    answer = panel.post(
        f"/v1/packs/drafts/{draft}/retire", {"effective_to": "2026-12-24", "reason": "enough"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "does_not_fit")
    assert "each person is owed" in answer.json()["errors"][0]["message"]
    assert panel.shown(draft)["effective_to"] is None


def test_packs_say_whether_they_are_scheduled_active_or_retired(panel: Panel) -> None:
    draft = panel.scheduled("2026-12-02")

    def shown() -> dict[str, tuple[str, str | None]]:
        items = panel.house.client.get("/v1/packs").json()["items"]
        return {each["name"]: (each["state"], each["version_id"]) for each in items}

    assert shown()["taiwanese@2027-01-01"] == ("scheduled", draft)
    assert shown()["taiwanese@2026-02-01"] == ("active", None)
    panel.at("2026-12-02T00:00:00Z")
    assert shown()["taiwanese@2027-01-01"] == ("active", draft)
    assert shown()["taiwanese@2026-02-01"] == ("active", None)  # in Hawaii it is the first still
    panel.at("2026-12-03T00:00:00Z")
    assert shown()["taiwanese@2026-02-01"] == ("retired", None)


def test_versions_are_listed_page_by_page(panel: Panel) -> None:
    drafts = [panel.draft(taiwanese(f"2027-01-0{n}")) for n in range(1, 4)]
    panel.post(f"/v1/packs/drafts/{drafts[0]}/withdraw", {"reason": "a typo"})
    first = panel.get("/v1/packs/drafts?limit=2").json()
    second = panel.get(f"/v1/packs/drafts?limit=2&cursor={first['next']}").json()
    listed = [each["id"] for each in (*first["items"], *second["items"])]
    assert listed == drafts[::-1]
    assert second["next"] is None
    some = panel.get("/v1/packs/drafts?state=draft&pack=taiwanese").json()["items"]
    assert [each["id"] for each in some] == drafts[:0:-1]
    assert panel.get("/v1/packs/drafts?pack=nowhere").json()["items"] == []
    assert panel.get("/v1/packs/drafts?state=lost").status_code == 422
    assert panel.get(f"/v1/packs/drafts/{new_id()}").status_code == 404
    assert panel.get("/v1/packs/drafts/taiwanese").status_code == 422


def _protection_with_examples() -> str:
    """The rulebook's own, which has no examples, with those of the shipped one."""
    from contact_rules.domain import shipped

    text = (shipped() / "person-protection.yaml").read_text(encoding="utf-8")
    return text.replace(text.partition("version: ")[2][:10], "2027-01-01", 1)
