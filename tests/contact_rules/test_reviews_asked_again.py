"""The vote that settles a review has the rules asked again; what it settled stays settled."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from contact_rules.domain import load
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.reconsider_visits import reconsider_visits
from review_panel import Panel
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import text

HOUR = timedelta(hours=1)

CAUTION = """
id: caution
version: 2026-01-01
title: {en: Caution, zh: 谨慎}
applies: always
rules:
  - id: caution.mornings
    kind: window
    severity: guidance
    on_fail: needs_review
    applies_when: {channel: [visit]}
    params: {hours: {every_day: ["12:00-20:00"]}}
    citation: Rulebook of nowhere, 9
    source_quality: text
    message: {en: "Better not in the morning.", zh: "上午不宜。"}
"""

ChangeRules = Callable[..., None]


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


@pytest.fixture
def change_rules(house: House, tmp_path: Path) -> ChangeRules:
    """`change_rules({file: text})`: from now on the house decides by these rules too."""

    def change(files: dict[str, str]) -> None:
        packs = tmp_path / "packs"
        copytree(RULEBOOK, packs, dirs_exist_ok=True)
        for name, content in files.items():
            (packs / name).write_text(content)
        house.desk = Desk(load(packs), house.keys.approvals)
        house.service.desk = lambda: house.desk

    return change


def tell(house: House, debtor: Debtor, kind: str, **data: Any) -> None:
    """Something becomes known of a person."""
    with transaction(house.engine) as session:
        session.execute(
            text(
                "INSERT INTO known_fact (id, person_id, record, kind, debts, data, evidence,"
                " told_by, occurred_at, recorded_at) VALUES (:id, :person, 'fact', :kind, '{}',"
                " :data, '[]', 'Nora', :now, :now)"
            ),
            {
                "id": new_id(),
                "person": debtor.person_id,
                "kind": kind,
                "data": json.dumps({"kind": kind, **data}),
                "now": house.clock(),
            },
        )


def unkept(checks: list[dict[str, Any]]) -> set[str]:
    return {check["rule"] for check in checks if check["result"] in ("fail", "unknown")}


def test_a_cap_that_is_full_by_now_is_overridden_by_nobody(panel: Panel) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.vote(review, "Vera")
    house.ask(debtor.visit(TUESDAY + 2 * HOUR))  # takes the one place of that day
    refused = panel.vote(review, "Victor")
    said = refused.json()
    assert (refused.status_code, said["code"]) == (409, "rules_say_no")
    assert refused.headers["content-type"] == "application/problem+json"
    assert {check["rule"] for check in said["checks"]} == {
        "everyone.visit-1d",
        "person-protection.visits-1d",
    }
    assert panel.state(review) == "rejected"
    assert [row.voter for row in house.rows("review_vote")] == ["Vera"], "it does not count"
    answer = house.answers(visit)[-1]
    assert (answer["type"], answer["decision_id"]) == ("denied", said["decision_id"])
    assert "everyone.visit-1d" in unkept(answer["checks"])
    assert len(house.rows("approval")) == 1


def test_a_prohibition_that_came_meanwhile_ends_it_at_once(panel: Panel) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.vote(review, "Vera")
    tell(house, debtor, "deceased", since="2026-11-24")
    said = panel.vote(review, "Victor", Accept_Language="zh").json()
    assert said["code"] == "rules_say_no"
    assert "任何人不得豁免" in said["detail"]
    assert panel.state(review) == "rejected"
    assert house.ledger(debtor) == []
    assert house.answers(visit)[-1]["type"] == "denied"


def test_doubts_nobody_was_asked_about_get_a_review_of_their_own(
    panel: Panel, change_rules: ChangeRules
) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.vote(review, "Vera")
    change_rules({"caution.yaml": CAUTION})
    said = panel.vote(review, "Victor").json()
    assert said["code"] == "new_doubts"
    assert {check["rule"] for check in said["checks"]} == {"taiwanese.team", "caution.mornings"}
    assert panel.state(review) == "withdrawn"
    assert said["review_id"] == panel.of(visit) != review
    assert panel.state(said["review_id"]) == "pending"
    assert [each["type"] for each in house.answers(visit)] == ["needs-review", "needs-review"]
    assert house.ledger(debtor) == []

    # Who was asked before may say what they think of it now.
    done = panel.approve(said["review_id"], "Victor", "Vera")
    assert done.json()["state"] == "approved"
    decision = house.rows("decision", "decided_at, id")[-1]
    assert decision.overridden == ["caution.mornings", "taiwanese.team"]
    assert house.answers(visit)[-1]["type"] == "approved"


def test_a_doubt_that_has_gone_needs_no_override(panel: Panel, change_rules: ChangeRules) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.vote(review, "Vera")
    taiwanese = (RULEBOOK / "taiwanese.yaml").read_text()
    change_rules({"taiwanese.yaml": taiwanese.replace("{min: 2}", "{min: 1}")})
    assert panel.vote(review, "Victor").json()["state"] == "approved"
    decision = house.rows("decision", "decided_at, id")[-1]
    assert (decision.verdict, decision.overridden) == ("allow", [])
    assert house.ledger(debtor) == [("reserved", None)]
    assert house.answers(visit)[-1]["type"] == "approved"


def test_the_message_that_asked_for_the_visit_gets_the_answer_of_people_when_it_comes_again(
    panel: Panel,
) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.approve(review, "Vera", "Victor")
    house.deliver(visit)
    first, second, again = house.answers(visit)
    assert again == second != first
    assert len(house.rows("review")) == 1
    assert house.ledger(debtor) == [("reserved", None)]


def test_what_people_settled_stays_settled_when_something_else_becomes_known(panel: Panel) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor)
    panel.approve(review, "Vera", "Victor")
    tell(house, debtor, "hardship", since="2026-11-24")
    with transaction(house.engine) as session:
        reconsider_visits(
            session, [debtor.person_id], house.clock(), desk=house.desk, why="hardship"
        )
    (approval,) = house.rows("approval")
    assert approval.state == "reserved"
    assert house.answers(visit)[-1]["type"] == "approved"


def test_a_prohibition_revokes_what_people_approved(panel: Panel) -> None:
    house, debtor = panel.house, Debtor()
    _, review = panel.open(debtor)
    panel.approve(review, "Vera", "Victor")
    tell(house, debtor, "deceased", since="2026-11-24")
    with transaction(house.engine) as session:
        reconsider_visits(
            session, [debtor.person_id], house.clock(), desk=house.desk, why="deceased"
        )
    (approval,) = house.rows("approval")
    assert (approval.state, approval.ended_why) == ("revoked", "deceased")
    assert house.ledger(debtor) == [("reserved", None), ("released", None)]


@pytest.mark.parametrize("last", ["approve", "reject"])
def test_what_people_decided_is_proven_and_comes_to_the_same_again(panel: Panel, last: str) -> None:
    house = panel.house
    _, review = panel.open(Debtor())
    panel.vote(review, "Vera")
    decision = panel.vote(review, "Victor", last).json()["outcome_id"]
    replayed = house.client.post(f"/v1/decisions/{decision}/replay").json()
    assert replayed["differences"] == []
    assert replayed["same"] is True
    assert replayed["signature"] == "valid"
