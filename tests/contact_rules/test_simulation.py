"""A draft is tried on what was decided and what is planned: what it would change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pack_drafts import Panel, taiwanese
from rules_house import TUESDAY, Debtor, House, completed

LATE = TUESDAY.replace(hour=17, minute=15)


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def test_what_would_be_denied_is_told_by_rule_lender_and_region(panel: Panel) -> None:
    south = Debtor("southbank")
    late, southern, early = Debtor().visit(LATE), south.visit(LATE), Debtor().visit()
    abroad = Debtor().visit(where={"country": "GT", "region": "GOT", "timezone": "UTC"})
    answers = panel.house.ask(late, southern, early, abroad)
    found = panel.simulate(panel.draft())
    assert [each["type"] for each in answers] == ["approved"] * 3 + ["denied"]
    assert (found["state"], found["total"], found["done"]) == ("done", 7, 7)
    result = found["result"]
    # Three are planned beside; the one abroad is asked by the same packs either way.
    assert (result["decisions"], result["planned"], result["unconcerned"]) == (4, 3, 1)
    assert result["changes"] == {"newly_denied": 2, "revoked": 2}
    both = {"newly_denied": 1, "revoked": 1}
    assert result["by_rule"] == {"taiwanese.hours": {"newly_denied": 2, "revoked": 2}}
    assert result["by_lender"] == {"northbank": both, "southbank": both}
    assert result["by_region"] == {"TW-TPE": {"newly_denied": 2, "revoked": 2}}
    examples = result["examples"]["newly_denied"]
    assert [each["decision_id"] for each in examples] == [
        answer["decision_id"] for answer in answers[:2]
    ]
    assert (examples[0]["decided"], examples[0]["before"], examples[0]["after"]) == (
        "allow",
        "allow",
        "deny",
    )
    (because,) = examples[0]["because"]
    assert (because["rule"], because["pack"]) == ("taiwanese.hours", "taiwanese@2027-01-01")
    assert because["message"] == "17:15-17:45: open 09:00-17:00."
    in_chinese = panel.house.client.get(
        f"/v1/simulations/{found['id']}", headers=panel.header("wu") | {"Accept-Language": "zh"}
    ).json()
    assert "開放" in in_chinese["result"]["examples"]["revoked"][0]["because"][0]["message"]


def test_nothing_is_changed_by_it_but_that_the_draft_was_tried(panel: Panel) -> None:
    panel.house.ask(Debtor().visit(LATE))
    draft = panel.draft()
    before = {
        table: panel.house.rows(table) for table in ("decision", "approval", "ledger", "outbox")
    }
    found = panel.simulate(draft)
    assert {table: panel.house.rows(table) for table in before} == before
    shown = panel.shown(draft)
    assert shown["state"] == "simulated"
    assert shown["steps"][-1]["data"] == {"simulation_id": found["id"]}
    # Again: it may be tried as often as one likes.
    assert panel.simulate(draft)["state"] == "done"
    assert panel.shown(draft)["state"] == "simulated"


def test_what_would_be_allowed_and_what_needs_people(panel: Panel) -> None:
    evening, alone = Debtor().visit(LATE.replace(hour=19)), Debtor().visit(team=1)
    assert [each["type"] for each in panel.house.ask(evening, alone)] == ["denied", "needs-review"]
    longer = panel.simulate(panel.draft(taiwanese(closes="20:00")), planned=False)["result"]
    assert longer["changes"] == {"newly_allowed": 1}
    assert longer["examples"]["newly_allowed"][0]["because"][0]["pack"] == "taiwanese@2026-02-01"
    stricter = taiwanese("2027-02-01").replace("on_fail: {guidance: needs_review}\n", "")
    stricter = stricter.replace("verdict: needs_review", "verdict: deny")
    found = panel.simulate(panel.draft(stricter), planned=False)["result"]
    assert found["changes"] == {"newly_denied": 1}
    assert found["by_rule"] == {"taiwanese.team": {"newly_denied": 1}}


def test_decisions_are_asked_with_the_ledger_as_it_stood(panel: Panel) -> None:
    """The draft lets nobody in who was visited in the two days before. What came later, and the
    visit's own place, don't count."""
    debtor = Debtor()
    first, second = debtor.visit(TUESDAY), debtor.visit(TUESDAY + timedelta(days=1))
    assert [each["type"] for each in panel.house.ask(first, second)] == ["approved"] * 2
    panel.house.deliver(completed(first, "debtor_met"))
    found = panel.simulate(panel.draft(_pause()), planned=False)["result"]
    assert found["changes"] == {"newly_denied": 1}
    (example,) = found["examples"]["newly_denied"]
    assert example["visit_id"] == str(second.visit_id)


def test_of_planned_visits_the_oldest_are_kept(panel: Panel) -> None:
    """Two visits a day apart, and a draft that lets one in: one would be revoked, not both."""
    debtor = Debtor()
    second = debtor.visit(TUESDAY)
    first = debtor.visit(TUESDAY + timedelta(days=1))
    panel.house.clock.advance(seconds=1)
    assert panel.house.ask(first)[0]["type"] == "approved"
    panel.house.clock.advance(seconds=1)
    assert panel.house.ask(second)[0]["type"] == "approved"
    found = panel.simulate(panel.draft(_pause()))["result"]
    assert found["changes"]["revoked"] == 1
    assert found["examples"]["revoked"][0]["visit_id"] == str(second.visit_id)


def test_the_draft_stands_in_place_of_all_versions_on_all_days(panel: Panel) -> None:
    """Also of one that is scheduled, and whatever days its text names."""
    panel.house.ask(Debtor().visit(LATE))
    panel.scheduled("2026-11-28", taiwanese(closes="17:00"))
    wide = taiwanese("2027-02-01", closes="18:00", more="effective_from: 2026-12-01\n")
    found = panel.simulate(panel.draft(wide), planned=False)["result"]
    assert found["changes"] == {"newly_allowed": 1}
    # What was decided then is not what today's rules say: told, and not blamed on the draft.
    assert found["otherwise"] == 1


def test_only_decisions_of_the_period_are_tried(panel: Panel) -> None:
    for _ in range(3):
        panel.house.ask(Debtor().visit(LATE))
        panel.house.clock.advance(minutes=1)
    draft = panel.draft()
    within = {"from": "2026-11-23T02:00:00Z", "to": "2026-11-23T02:02:00Z", "planned": False}
    assert panel.simulate(draft, **within)["result"]["decisions"] == 2
    later = {"from": "2026-11-23T02:00:01Z", "planned": False}
    assert panel.simulate(draft, **later)["result"]["decisions"] == 2
    nothing = {"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z", "planned": False}
    found = panel.simulate(draft, **nothing)
    assert (found["state"], found["total"], found["result"]["changes"]) == ("done", 0, {})


def _pause() -> str:
    """A pack of one rule: two free days between visits."""
    return """\
id: pause
version: 2026-11-01
title: {en: A pause, zh: 间隔}
applies: always
rules:
  - id: pause.three-days
    kind: cap
    severity: policy
    applies_when: {channel: [visit], direction: [outbound]}
    params:
      match: {channel: [visit], direction: [outbound]}
      max: 1
      window: {rolling_days: 3}
      group_by: [person]
    citation: Rulebook of nowhere
    source_quality: text
    message: {en: "At most {limit} in 3 days.", zh: "三日内最多 {limit} 次。"}
examples:
  contact:
    place: {kind: home, timezone: Asia/Taipei, country: TW}
    party: {id: p1, role: debtor}
    team: [{id: a1}, {id: a2}]
  cases:
    - why: the first
      proposed: {at: 2026-12-01 10:00}
    - why: the second
      given: {history: [{at: 2026-11-30 10:00, outcome: nobody_met}]}
      proposed: {at: 2026-12-01 10:00}
      verdict: deny
      fails: [pause.three-days]
"""
