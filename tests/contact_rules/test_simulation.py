"""A draft is tried on what was decided and what is planned: what it says, and how it is run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from contact_rules.handlers import run_simulation, simulation_process
from contact_rules.handlers.simulation_process import Told
from contact_rules.handlers.start_simulations import Simulations
from contact_rules.store import simulations
from pack_drafts import PERIOD, Panel, taiwanese
from rules_house import RULEBOOK, TUESDAY, Debtor, House, completed
from shared.clock import utc_now
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import text

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
    assert (found["state"], found["total"], found["done"]) == ("done", 8, 8)
    result = found["result"]
    # Each was decided once, and is planned.
    assert (result["decisions"], result["planned"], result["unconcerned"]) == (4, 4, 2)
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


# --- running ---------------------------------------------------------------------------------------


def _ask(panel: Panel, **body: Any) -> UUID:
    answer = panel.post("/v1/simulations", {"draft_id": panel.draft(), "from": PERIOD} | body)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


def _claim(panel: Panel, runner: UUID) -> UUID | None:
    with transaction(panel.house.engine) as session:
        return simulations.claim(session, runner, panel.house.clock())


def test_a_crashed_runner_is_followed_by_one_that_goes_on(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_simulation, "PAGE", 2)
    for _ in range(5):
        panel.house.ask(Debtor().visit(LATE))
    asked = _ask(panel)
    dead, heir = new_id(), new_id()
    assert _claim(panel, dead) == asked
    real: Callable[..., Any] = run_simulation.Run._save
    pages = []

    def die(self: Any, progress: Any, count: int) -> None:
        real(self, progress, count)
        pages.append(count)
        if len(pages) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(run_simulation.Run, "_save", die)
    with pytest.raises(KeyboardInterrupt):
        panel.run(asked, dead)
    assert _claim(panel, heir) is None  # it may only be slow
    panel.house.clock.advance(seconds=61)
    assert _claim(panel, heir) == asked
    panel.run(asked, heir)
    assert pages == [2, 2, 1, 5]
    found = panel.get(f"/v1/simulations/{asked}").json()
    assert (found["state"], found["done"]) == ("done", 10)
    assert found["result"]["changes"] == {"newly_denied": 5, "revoked": 5}
    # Whom everybody took for dead comes back, and finds that it is over.
    panel.run(asked, dead)
    assert panel.get(f"/v1/simulations/{asked}").json() == found


def test_a_runner_that_went_on_under_other_rules_begins_anew(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_simulation, "PAGE", 2)
    for _ in range(3):
        panel.house.ask(Debtor().visit(LATE))
    asked, dead, heir = _ask(panel, planned=False), new_id(), new_id()
    assert _claim(panel, dead) == asked
    with transaction(panel.house.engine) as session:
        assert simulations.save(
            session, asked, dead, panel.house.clock(), total=3, done=2, result={"decisions": 2},
            position={"rules": ["of", "before"], "after": None, "person": str(new_id()),
                      "decisions_done": False, "rate": 1.0},
        )  # fmt: skip
    panel.house.clock.advance(seconds=61)
    assert _claim(panel, heir) == asked
    panel.run(asked, heir)
    assert panel.get(f"/v1/simulations/{asked}").json()["result"]["decisions"] == 3


def test_one_that_kills_its_runner_again_and_again_is_given_up(panel: Panel) -> None:
    asked = _ask(panel)
    for _ in range(simulations.ATTEMPTS):
        assert _claim(panel, new_id()) == asked
        panel.house.clock.advance(seconds=61)
    assert _claim(panel, new_id()) is None
    found = panel.get(f"/v1/simulations/{asked}").json()
    assert (found["state"], found["error"]) == ("failed", "its process ended again and again")


def test_one_runs_at_a_time_the_oldest_first(panel: Panel) -> None:
    first = _ask(panel)
    panel.house.clock.advance(seconds=1)
    panel.post("/v1/simulations", {"version_id": _version(panel, first), "from": PERIOD})
    runner = new_id()
    assert _claim(panel, runner) == first
    assert _claim(panel, new_id()) is None
    panel.run(first, runner)
    assert _claim(panel, new_id()) not in (None, first)


def test_cancelled_it_stops_at_its_next_sign_of_life(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_simulation, "PAGE", 1)
    for _ in range(3):
        panel.house.ask(Debtor().visit(LATE))
    asked, runner = _ask(panel), new_id()
    assert _claim(panel, runner) == asked
    real: Callable[..., Any] = run_simulation.Run._save

    def save(self: Any, progress: Any, count: int) -> None:
        real(self, progress, count)
        answer = panel.post(f"/v1/simulations/{asked}/cancel")
        assert answer.json()["state"] == "cancelled"

    monkeypatch.setattr(run_simulation.Run, "_save", save)
    panel.run(asked, runner)
    found = panel.get(f"/v1/simulations/{asked}").json()
    assert (found["state"], found["done"]) == ("cancelled", 1)
    assert panel.shown(found["version_id"])["state"] == "draft"
    again = panel.post(f"/v1/simulations/{asked}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "simulation_is_over")


def test_a_draft_that_no_longer_fits_fails_with_the_reason(panel: Panel) -> None:
    asked, runner = _ask(panel), new_id()
    assert _claim(panel, runner) == asked
    from contact_rules.domain import shipped

    run_simulation.Run(
        panel.house.engine, panel.house.clock, asked, runner, rest=lambda busy: None
    ).to_the_end(shipped() / "nowhere")
    found = panel.get(f"/v1/simulations/{asked}").json()
    assert found["state"] == "failed"
    assert "there are no packs in this directory" in found["error"]
    assert panel.shown(found["version_id"])["state"] == "draft"


def test_a_draft_withdrawn_meanwhile_stays_withdrawn(panel: Panel) -> None:
    asked, runner = _ask(panel), new_id()
    assert _claim(panel, runner) == asked
    version = _version(panel, asked)
    panel.post(f"/v1/packs/drafts/{version}/withdraw", {"reason": "no"})
    panel.run(asked, runner)
    assert panel.get(f"/v1/simulations/{asked}").json()["state"] == "done"
    assert panel.shown(version)["state"] == "withdrawn"


# --- in a process of its own ------------------------------------------------------------------------


@pytest.fixture
def loop(panel: Panel) -> Iterator[Simulations]:
    engine = panel.house.engine
    loop = Simulations(
        engine,
        utc_now,
        service="contact-rules",
        database_url=panel.house.service.settings.database_url,
        packs=RULEBOOK,
    )
    try:
        yield loop
    finally:
        loop.close()


def _wait(until: Callable[[], Any], loop: Simulations) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        loop.run_once()
        time.sleep(0.05)


def test_a_child_does_it_and_leaves_nothing_behind(panel: Panel, loop: Simulations) -> None:
    panel.house.ask(Debtor().visit(LATE))
    asked = _ask(panel)
    _wait(lambda: panel.get(f"/v1/simulations/{asked}").json()["state"] == "done", loop)
    found = panel.get(f"/v1/simulations/{asked}").json()
    assert found["result"]["changes"] == {"newly_denied": 1, "revoked": 1}
    assert found["rate"] > 0
    _wait(lambda: not _connected(panel), loop)
    assert loop._running is None


def test_a_worker_that_stops_ends_its_child_and_another_may_go_on_at_once(
    panel: Panel, loop: Simulations
) -> None:
    panel.house.ask(*(Debtor().visit(LATE) for _ in range(3)))
    asked = _ask(panel)
    loop._begin = lambda told: simulation_process.begin(
        Told(told.database_url, told.packs, told.simulation_id, told.runner, at_work=0.0001)
    )
    _wait(lambda: _connected(panel), loop)
    assert loop._running is not None
    process = loop._running[2]
    loop.close()
    assert not process.is_alive()
    loop.close()
    assert not _connected(panel)
    row = panel.house.rows("simulation")[0]
    assert (row.state, row.beat_at) == ("running", None)
    with transaction(panel.house.engine) as session:
        assert simulations.claim(session, new_id(), utc_now()) == asked


def test_a_child_that_is_killed_is_followed_by_another(panel: Panel, loop: Simulations) -> None:
    panel.house.ask(Debtor().visit(LATE))
    asked = _ask(panel)
    killed = []

    def begin(told: Told) -> Any:
        process = simulation_process.begin(told)
        if not killed:
            killed.append(process)
            process.kill()
        return process

    loop._begin = begin
    _wait(lambda: panel.get(f"/v1/simulations/{asked}").json()["state"] == "done", loop)
    assert killed[0].exitcode == -9


def _connected(panel: Panel) -> bool:
    with panel.house.engine.connect() as connection:
        return bool(
            connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name = 'contact-rules simulation'"
                )
            ).scalar_one()
        )


def _version(panel: Panel, simulation: UUID) -> str:
    return str(panel.get(f"/v1/simulations/{simulation}").json()["version_id"])


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
