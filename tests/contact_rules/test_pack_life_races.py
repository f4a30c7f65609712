"""Rules change while visits are decided: no approval by the rules before is left standing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from contact_rules.consumers import VisitRequested, handlers, request_of
from contact_rules.handlers import activate_packs
from contact_rules.handlers.activate_packs import RulesTurn, ask_again
from contact_rules.handlers.decide_visits import decide_visits
from contact_rules.service import build
from delivery import announced
from pack_drafts import Panel, taiwanese
from rules_house import TUESDAY, Debtor, House
from shared.bus import LocalBus
from shared.db import is_transient, transaction
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

LATE = TUESDAY.replace(hour=17, minute=15)


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


@pytest.fixture
def elsewhere(house: House) -> Iterator[House]:
    """Another process on the same database, which has looked at the rules already and does not
    look again until it is told to."""
    service = build(house.service.settings, LocalBus(), house.clock)
    other = House(service, house.keys, house.token, house.clock)
    other.handlers = handlers(service.desk)
    assert service.shelf.in_use.revision == 0
    try:
        yield other
    finally:
        service.close()


def states(house: House) -> list[str]:
    return [row.state for row in house.rows("approval", "issued_at, id")]


def test_a_process_with_the_rules_before_approves_nothing(panel: Panel, elsewhere: House) -> None:
    panel.scheduled("2026-11-28")
    panel.turned()
    visit = Debtor().visit(LATE)
    with pytest.raises(DBAPIError, match="rules that have changed meanwhile") as refused:
        elsewhere.deliver(visit)
    assert is_transient(refused.value)  # so its message waits, and is tried again
    assert panel.house.rows("decision") == []
    assert elsewhere.service.shelf.look()
    elsewhere.deliver(visit)
    assert [answer["type"] for answer in elsewhere.answers(visit)] == ["denied"]


def test_without_the_databases_refusal_one_would_stand(panel: Panel, elsewhere: House) -> None:
    """The twin of the test before: it shows that nothing else would have caught it."""
    with panel.house.engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE approval DISABLE TRIGGER approval_by_the_rules_in_force")
        )
    panel.scheduled("2026-11-28")
    panel.turned()
    elsewhere.deliver(Debtor().visit(LATE))
    panel.turned()
    assert states(panel.house) == ["reserved"]  # unlawful


def _decide_and_linger(
    house: House, visit: Any, decided: threading.Event, go_on: threading.Event
) -> None:
    """A decision whose transaction takes its time to commit."""
    with transaction(house.engine) as session:
        asked = request_of(VisitRequested.model_validate(visit.model_dump(mode="json")))
        decide_visits(session, [asked], house.clock(), desk=house.service.desk())
        decided.set()
        assert go_on.wait(20)


def _schedule_beside_a_decision(panel: Panel) -> None:
    house = panel.house
    draft = panel.approved()
    decided, go_on = threading.Event(), threading.Event()
    visit = Debtor().visit(LATE)
    with ThreadPoolExecutor(2) as pool:
        deciding = pool.submit(_decide_and_linger, house, visit, decided, go_on)
        assert decided.wait(20)
        scheduling = pool.submit(panel.schedule, draft, "2026-11-28")
        # With the lock it can't end before the decision does; without, it does at once.
        with suppress(TimeoutError):
            scheduling.result(1)
        if scheduling.done():
            panel.turned()
        go_on.set()
        deciding.result(20)
        assert scheduling.result(20).status_code == 200
    panel.turned()


def test_a_change_waits_for_the_decisions_under_way_and_finds_them(panel: Panel) -> None:
    _schedule_beside_a_decision(panel)
    assert states(panel.house) == ["revoked"]


def test_a_change_that_does_not_wait_misses_them(panel: Panel) -> None:
    """The twin: the trigger's lock taken away."""
    with panel.house.engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE approval DISABLE TRIGGER approval_by_the_rules_in_force")
        )
    _schedule_beside_a_decision(panel)
    assert states(panel.house) == ["reserved"]


def test_two_people_who_change_the_rules_at_once_do_so_one_after_the_other(panel: Panel) -> None:
    drafts = [panel.approved(), panel.approved(_gotham())]
    gate = threading.Barrier(2)

    def schedule(draft: str) -> int:
        gate.wait()
        return int(panel.schedule(draft, "2026-11-28").status_code)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(schedule, drafts))
    for draft, status in zip(drafts, found, strict=True):
        if status == 409:  # it saw that the other was faster, and does it again
            assert panel.schedule(draft, "2026-11-28").status_code == 200
    assert sorted(found) in ([200, 200], [200, 409])
    assert panel.house.service.shelf.in_use.revision == 2
    assert len(panel.house.service.shelf.in_use.versions) == 2


def _gotham() -> str:
    return (
        taiwanese("2027-03-01")
        .replace("id: taiwanese", "id: gothic")
        .replace("taiwanese.", "gothic.")
        .replace("country: TW", "country: GT")
    )


# --- asking again ---------------------------------------------------------------------------------


def _plan(panel: Panel, count: int) -> list[Any]:
    visits = [Debtor().visit(LATE) for _ in range(count)]
    panel.house.deliver(*visits)
    assert states(panel.house) == ["reserved"] * count
    return visits


def test_after_a_crash_it_goes_on_where_it_was(panel: Panel) -> None:
    _plan(panel, 5)
    draft = panel.scheduled("2026-11-28")
    house = panel.house
    in_use = house.service.shelf.in_use

    def batch() -> bool:
        with transaction(house.engine) as session:
            return ask_again(
                session, house.clock(), desk=house.service.desk(), in_use=in_use, most=2
            )

    assert batch()
    with pytest.raises(RuntimeError), transaction(house.engine) as session:
        ask_again(session, house.clock(), desk=house.service.desk(), in_use=in_use, most=2)
        raise RuntimeError("the process dies before it commits")
    assert sorted(states(house)) == ["reserved"] * 3 + ["revoked"] * 2
    (asked,) = panel.shown(draft)["asked_again"]
    assert (asked["done"], asked["total"], asked["ended_at"]) == (2, 5, None)
    while batch():
        pass
    assert states(house) == ["revoked"] * 5
    (asked,) = panel.shown(draft)["asked_again"]
    assert (asked["done"], asked["revoked"]) == (5, 5)
    assert asked["ended_at"] is not None


def test_several_workers_ask_each_visit_once(panel: Panel) -> None:
    _plan(panel, 12)
    panel.scheduled("2026-11-28")
    house = panel.house
    turns = [
        RulesTurn(house.engine, house.clock, house.service.shelf, house.service.desk, service=name)
        for name in ("one", "two", "three")
    ]

    def turn(one: RulesTurn) -> None:
        for _ in range(10):
            one.run_once()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(turn, turns))
    assert states(house) == ["revoked"] * 12
    assert len(announced(house.engine, "contact-rules.approval-revoked.v1")) == 12


def test_one_person_about_whom_it_fails_holds_nobody_up(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = _plan(panel, 3)
    real: Callable[..., None] = activate_packs.reconsider_visits

    def stumble(session: Any, people: Any, *rest: Any, **more: Any) -> None:
        real(session, people, *rest, **more)
        if visits[1].person_id in people:
            raise ValueError("nobody foresaw this")

    monkeypatch.setattr(activate_packs, "reconsider_visits", stumble)
    draft = panel.scheduled("2026-11-28")
    panel.turned()
    assert sorted(states(panel.house)) == ["reserved", "revoked", "revoked"]
    (asked,) = panel.shown(draft)["asked_again"]
    assert (asked["done"], asked["revoked"], asked["failed"]) == (3, 2, 1)


def test_a_worker_that_has_not_got_the_new_rules_leaves_it_to_others(
    panel: Panel, elsewhere: House
) -> None:
    _plan(panel, 1)
    panel.scheduled("2026-11-28")
    turn = RulesTurn(
        elsewhere.engine,
        elsewhere.clock,
        elsewhere.service.shelf,
        elsewhere.service.desk,
        service="behind",
    )
    assert not turn.run_once()
    assert states(panel.house) == ["reserved"]
    elsewhere.service.shelf.look()
    while turn.run_once():
        pass
    assert states(panel.house) == ["revoked"]
