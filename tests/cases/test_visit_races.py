"""Two things happen to a visit at the same moment; what stands afterwards is one or the other.

Each pair has a twin without the person's lock, and the twin goes wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from cases.handlers import cancel_visits, check_in_visit, dispatch_visit, move_visits, revoke_visits
from cases.handlers.decide_visits import Answered
from cases.handlers.move_visits import Moved
from cases.store import persons, visit_days, visits
from cases.store.decisions import Revocation
from cases_house import Debt, House
from shared.db import transaction
from shared.keys import KeySet

ROUNDS = 6
LATER = {"starts_at": "2026-12-03T15:00:00+08:00"}


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """All begin at the same moment; what each returned."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait(timeout=30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def revoking(house: House, visit_id: UUID) -> Callable[[], None]:
    """What the worker does about a revocation, without the rest of it."""
    person_id, event = house.revocation(visit_id)
    told = Revocation(event.approval_id, visit_id, event.reason, event.checks, event.revoked_at)

    def revoke() -> None:
        with transaction(house.engine) as session:
            persons.lock(session, [person_id])
            revoke_visits.revoke_visits(session, [(person_id, told)], house.clock())

    return revoke


def moving(house: House, visit_id: UUID) -> Callable[[], None]:
    person_id, event = house.rescheduled(visit_id)
    answered = Answered(
        visit_id=visit_id,
        person_id=person_id,
        decision_id=event.decision_id,
        approval_id=UUID(event.approval["id"]),
        token=event.approval["token"],
        expires_at=house.clock().replace(year=2027),
        obligations=[],
    )
    keys = KeySet(house.keys.approval_jwks)

    def move() -> None:
        with transaction(house.engine) as session:
            persons.lock(session, [person_id])
            told = Moved(event.request_id, answered)
            move_visits.move_visit(session, told, house.clock(), keys=keys)

    return move


def told_of(house: House, visit_id: UUID) -> list[str]:
    """What was announced of a visit after it was scheduled, in order."""
    return [
        message.type.removeprefix("cases.visit-").removesuffix(".v1")
        for message in house.announced()
        if message.data.get("visit_id") == str(visit_id) and "requested" not in message.type
    ][1:]


def test_of_many_who_send_a_team_one_does(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    answers = at_once(*[lambda: house.post(visit_id, "dispatch", {})] * 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"visit_under_way"}
    assert told_of(house, visit_id) == ["dispatched"]


def test_without_the_lock_two_send_the_same_team(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = house.scheduled(debt)
    unlocked(monkeypatch)
    both_have_read(monkeypatch, dispatch_visit.visit_days, "dispatch")
    answers = at_once(*[lambda: house.post(visit_id, "dispatch", {})] * 2)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert told_of(house, visit_id) == ["dispatched", "dispatched"]


def test_a_revocation_beside_a_dispatch_always_wins(house: House, debt: Debt) -> None:
    for _ in range(ROUNDS):
        visit_id = house.scheduled(debt)
        answer, _ = at_once(
            lambda visit_id=visit_id: house.post(visit_id, "dispatch", {}),
            revoking(house, visit_id),
        )
        assert house.visit(visit_id)["status"] == "cancelled"
        gone = ["dispatched"] if answer.status_code == 200 else []
        assert told_of(house, visit_id) == [*gone, "cancelled"]
        assert answer.status_code == 200 or answer.json()["code"] == "visit_over"


def test_without_the_lock_the_database_still_sends_nobody_after_a_revocation(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = house.scheduled(debt)
    revoke = revoking(house, visit_id)
    unlocked(monkeypatch)
    before(monkeypatch, dispatch_visit.visit_days, "dispatch", revoke)
    answer = house.post(visit_id, "dispatch", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), "nobody saw it coming"
    assert house.visit(visit_id)["status"] == "cancelled"


def test_a_team_beside_a_revocation_is_kept_out_or_sent_away(house: House, debt: Debt) -> None:
    for _ in range(ROUNDS):
        house.clock.set(house.clock().replace(month=11, day=24))
        visit_id = house.dispatched(debt)
        answer, _ = at_once(
            lambda visit_id=visit_id: house.post(visit_id, "check-in", {"position": None}),
            revoking(house, visit_id),
        )
        visit = house.visit(visit_id)
        if answer.status_code == 200:
            assert (visit["status"], visit["must_leave"]["reason"]) == ("checked_in", "deceased")
            assert told_of(house, visit_id) == ["dispatched", "checked-in", "interrupted"]
        else:
            assert answer.json()["code"] == "visit_over"
            assert visit["status"] == "cancelled"
            assert told_of(house, visit_id) == ["dispatched", "cancelled"]


def test_without_the_lock_a_team_at_the_door_is_cancelled_and_told_nothing(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = house.dispatched(debt)
    revoke = revoking(house, visit_id)
    unlocked(monkeypatch)
    before(
        monkeypatch,
        cancel_visits.visits,
        "move",
        lambda: house.ok(house.post(visit_id, "check-in", {"position": None})),
    )
    revoke()
    visit = house.visit(visit_id)
    assert (visit["status"], visit["must_leave"]) == ("cancelled", None)
    assert visit["check_in"] is not None, "they are there"


def test_a_yes_to_moving_beside_a_cancellation_leaves_nothing_reserved(
    house: House, debt: Debt
) -> None:
    for _ in range(ROUNDS):
        visit_id = house.scheduled(debt)
        house.ok(house.post(visit_id, "reschedule", LATER), 202)
        at_once(
            lambda visit_id=visit_id: house.post(visit_id, "cancel", {"reason": "debtor"}),
            moving(house, visit_id),
        )
        assert house.visit(visit_id)["status"] == "cancelled"
        assert told_of(house, visit_id) in (
            ["scheduled", "cancelled"],
            ["cancelled", "cancelled"],
        ), "the last word is that it does not happen"


def test_without_the_lock_a_cancelled_visit_is_announced_as_scheduled(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = house.scheduled(debt)
    house.ok(house.post(visit_id, "reschedule", LATER), 202)
    move = moving(house, visit_id)
    unlocked(monkeypatch)
    before(
        monkeypatch,
        move_visits.visits,
        "reschedule",
        lambda: house.ok(house.post(visit_id, "cancel", {"reason": "debtor"})),
    )
    move()
    assert told_of(house, visit_id) == ["cancelled", "scheduled"]


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons, "lock", lambda session, ids: None)


def both_have_read(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Nobody calls ``name`` until two are about to."""
    real, reached = getattr(module, name), threading.Barrier(2)

    def waiting(*args: Any, **more: Any) -> Any:
        reached.wait(timeout=30)
        return real(*args, **more)

    monkeypatch.setattr(module, name, waiting)


def before(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, happens: Callable[[], Any]
) -> None:
    """The first call of ``name`` waits until something else has happened, elsewhere and whole."""
    real = getattr(module, name)

    def late(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(module, name, real)
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(happens).result(timeout=30)
        return real(*args, **more)

    monkeypatch.setattr(module, name, late)


def test_the_twins_change_what_the_handlers_use() -> None:
    """A twin that patches the wrong thing would prove nothing."""
    assert dispatch_visit.visit_days is check_in_visit.visit_days is visit_days
    assert cancel_visits.visits is move_visits.visits is visits
