"""Approvals that nobody used in time expire; one whose team is at the door does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from contact_rules.handlers import expire_approvals as module
from contact_rules.handlers.expire_approvals import ApprovalExpiry, expire_approvals
from rules_house import TUESDAY, Debtor, House, cancelled, completed
from shared.db import transaction
from sqlalchemy import text
from visit_life import checked_in, expire, learn, moved, states, told_of

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def test_an_approval_expires_at_its_instant_and_gives_its_place_back(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    over = visit.ends_at + timedelta(hours=1)
    house.clock.set(over - SECOND)
    assert expire(house) == 0
    house.clock.set(over)
    assert expire(house) == 1

    assert states(house, visit) == [("expired", "expired")]
    assert house.ledger(debtor) == [("reserved", None), ("released", None)]
    released = house.rows("ledger", "seq")[1]
    assert (released.reason, released.occurred_at) == ("expired", over)
    assert released.starts_at == visit.starts_at
    kind, told = told_of(house, visit)[-1]
    assert kind == "approval-expired"
    assert told == {
        "visit_id": str(visit.visit_id),
        "case_id": str(visit.case_id),
        "person_id": str(visit.person_id),
        "lender": "northbank",
        "approval_id": str(house.rows("approval")[0].id),
        "decision_id": str(house.rows("decision")[0].id),
        "expired_at": "2026-12-01T03:30:00Z",
    }
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "approved"


def test_it_expires_once(house: House) -> None:
    visit = Debtor().visit()
    house.ask(visit)
    house.clock.set(TUESDAY + DAY)
    assert [expire(house), expire(house)] == [1, 0]
    assert [kind for kind, _ in told_of(house, visit)] == ["visit-approved", "approval-expired"]


def test_what_is_over_already_or_in_use_does_not_expire(house: House) -> None:
    gone, done, begun, later = (Debtor().visit() for _ in range(4))
    house.ask(gone, done, begun, later)
    house.deliver(cancelled(gone, house.clock(), "agent"), completed(done, "nobody_met"))
    house.deliver(checked_in(begun), moved(later, TUESDAY + 2 * DAY))
    house.clock.set(TUESDAY + DAY)
    assert expire(house) == 0
    found = [states(house, visit)[-1][0] for visit in (gone, done, begun, later)]
    assert found == ["released", "consumed", "reserved", "reserved"]


def test_a_visit_told_late_still_counts_although_its_approval_expired(house: House) -> None:
    """Its team was offline; meanwhile its place was given to somebody else, who must not go."""
    debtor = Debtor()
    visit, other = debtor.visit(), debtor.visit(TUESDAY + timedelta(hours=6))
    house.ask(visit)
    house.clock.set(TUESDAY + timedelta(hours=2))
    expire(house)
    house.ask(other)
    house.clock.advance(hours=1)
    house.deliver(completed(visit, "debtor_met"))
    assert house.ledger(debtor) == [
        ("reserved", None),
        ("released", None),
        ("reserved", None),
        ("reached", "debtor_met"),
        ("released", None),
    ]
    assert states(house, visit) == [("expired", "expired")]
    assert states(house, other) == [("revoked", "contact")]


def test_a_check_in_told_late_counts_although_the_approval_expired(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(TUESDAY + timedelta(hours=2))
    expire(house)
    house.deliver(checked_in(visit))
    assert house.ledger(debtor)[-1] == ("attempted", None)
    (row,) = house.rows("approval")
    assert (row.state, row.checked_in_at) == ("expired", None)
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=5)))
    assert answer["type"] == "denied"


def test_a_check_in_is_an_attempt_without_an_outcome_yet(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    arrived = checked_in(visit)
    house.clock.set(arrived.checked_in_at)
    house.deliver(arrived)
    reserved, attempted = house.rows("ledger", "seq")
    assert (attempted.kind, attempted.outcome) == ("attempted", None)
    assert attempted.starts_at == attempted.occurred_at == arrived.checked_in_at
    assert attempted.ends_at is None
    for same in ("purpose", "place", "party_id", "debts", "collector", "point", "decision_id"):
        assert getattr(attempted, same) == getattr(reserved, same) is not None
    assert house.rows("approval")[0].checked_in_at == arrived.checked_in_at
    # It is asked again with all others, and stays: it does not stand in its own way.
    assert states(house, visit) == [("reserved", None)]
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "denied"
    house.deliver(completed(visit, "nobody_met"))
    assert house.ledger(debtor)[-1] == ("attempted", "nobody_met")
    assert states(house, visit) == [("consumed", "took_place")]


def test_a_check_in_told_twice_or_after_the_outcome_changes_nothing(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(checked_in(visit))
    house.deliver(checked_in(visit, visit.starts_at + timedelta(minutes=9)))
    assert len(house.ledger(debtor)) == 2
    assert house.rows("approval")[0].checked_in_at == visit.starts_at + timedelta(minutes=1)
    house.deliver(completed(visit, "debtor_met"))
    house.deliver(checked_in(visit))
    assert house.ledger(debtor)[-1] == ("reached", "debtor_met")


def test_a_check_in_nobody_approved_counts(house: House) -> None:
    debtor = Debtor()
    house.deliver(checked_in(debtor.visit()))
    assert house.ledger(debtor) == [("attempted", None)]
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "denied"


def test_revoked_while_somebody_is_at_the_door_it_neither_expires_nor_is_undone(
    house: House,
) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.starts_at + timedelta(minutes=5))
    house.deliver(checked_in(visit))
    learn(house, debtor, "deceased")
    house.clock.set(TUESDAY + DAY)
    assert expire(house) == 0
    assert states(house, visit) == [("revoked", "deceased")]
    assert house.ledger(debtor) == [("reserved", None), ("attempted", None)]


def test_persons_whom_somebody_holds_are_left_for_the_next_time(house: House) -> None:
    held, free = Debtor(), Debtor()
    house.ask(held.visit(), free.visit())
    house.clock.set(TUESDAY + DAY)
    with transaction(house.engine) as session:
        session.execute(
            text("SELECT id FROM person WHERE id = :id FOR UPDATE"), {"id": held.person_id}
        )
        assert expire(house) == 1
    assert house.ledger(free)[-1] == ("released", None)
    assert house.ledger(held)[-1] == ("reserved", None)
    assert expire(house) == 1


def test_batches_are_bounded_and_the_oldest_go_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = [Debtor().visit(TUESDAY + number * timedelta(minutes=5)) for number in range(5)]
    house.ask(*reversed(visits))
    house.clock.set(TUESDAY + DAY)
    with transaction(house.engine) as session:
        assert expire_approvals(session, house.clock(), most=2) == 2
    assert [states(house, visit)[0][0] for visit in visits] == ["expired"] * 2 + ["reserved"] * 3
    loop = ApprovalExpiry(house.engine, house.clock, service="contact-rules")
    monkeypatch.setattr(module, "_BATCH", 2)
    monkeypatch.setattr(expire_approvals, "__kwdefaults__", {"most": 2})
    assert [loop.run_once(), loop.run_once(), loop.run_once()] == [True, False, False]
    loop.close()
    loop.close()
    assert {states(house, visit)[0][0] for visit in visits} == {"expired"}


def test_a_batch_expires_in_a_handful_of_statements(house: House, count_statements: object) -> None:
    house.deliver(*[Debtor().visit() for _ in range(50)])
    house.clock.set(TUESDAY + DAY)
    with count_statements(house.engine) as seen:  # type: ignore[operator]
        assert expire(house) == 50
    assert len(seen) <= 6, seen
