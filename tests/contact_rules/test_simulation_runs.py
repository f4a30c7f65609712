"""A simulation is run: crashes, cancellations, one at a time, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from contact_rules.handlers import run_simulation, simulation_process
from contact_rules.handlers.simulation_process import Told
from contact_rules.handlers.start_simulations import Simulations
from contact_rules.store import simulations
from pack_drafts import PERIOD, Panel
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from shared.clock import utc_now
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import text

LATE = TUESDAY.replace(hour=17, minute=15)


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def _ask(panel: Panel, **body: Any) -> UUID:
    draft = panel.draft()
    panel.house.clock.advance(seconds=1)
    answer = panel.post("/v1/simulations", {"draft_id": draft, "from": PERIOD} | body)
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


# --- in a process of its own ---------------------------------------------------------------------


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
    _wait(lambda: loop._running is None, loop)
    assert not _connected(panel)


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


_PARENT = """
import sys
import time
from pathlib import Path
from uuid import UUID
from contact_rules.handlers.simulation_process import Told, begin

if __name__ == "__main__":
    url, packs, simulation, runner = sys.argv[1:]
    begin(Told(url, Path(packs), UUID(simulation), UUID(runner), at_work=0.0001))
    time.sleep(120)
"""


def test_a_child_does_not_outlive_a_parent_that_is_killed(panel: Panel, tmp_path: Path) -> None:
    panel.house.ask(Debtor().visit(LATE))
    asked, runner = _ask(panel), new_id()
    assert _claim(panel, runner) == asked
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    url = panel.house.service.settings.database_url
    parent = subprocess.Popen([sys.executable, script, url, RULEBOOK, str(asked), str(runner)])
    try:
        _until(lambda: _connected(panel))
        parent.kill()
        parent.wait()
        _until(lambda: not _connected(panel))
    finally:
        parent.kill()
        parent.wait()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
