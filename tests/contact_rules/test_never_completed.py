"""Somebody was at the door and nobody says what came of it: after a day it is no longer waited for.

It goes on counting as an attempt of which nobody knows what came; told after all, that counts.
"""

from __future__ import annotations

from datetime import timedelta

import log_lines
import pytest
from contact_rules.handlers import expire_approvals as module
from contact_rules.handlers.expire_approvals import ApprovalExpiry, close_unreported
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled, completed
from shared.db import transaction
from sqlalchemy import text
from visit_life import checked_in, expire, learn, states, told_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
GIVEN_UP = [("consumed", "never_completed")]


def begun(house: House, *debtors: Debtor) -> list[VisitRequested]:
    """A visit to each of them, whose teams are at the door; told at once."""
    visits = [each.visit() for each in debtors]
    house.ask(*visits)
    house.clock.set(TUESDAY + timedelta(minutes=1))
    house.deliver(*[checked_in(visit) for visit in visits])
    return visits


def close(house: House) -> int:
    """Whatever is due is no longer waited for."""
    with transaction(house.engine) as session:
        return close_unreported(session, house.clock())


def test_a_day_after_it_could_be_shown_it_is_consumed_and_counts(house: House) -> None:
    debtor = Debtor()
    (visit,) = begun(house, debtor)
    over = visit.ends_at + HOUR + DAY
    house.clock.set(over - SECOND)
    assert close(house) == 0
    house.clock.set(over)
    with log_lines.caught() as lines:
        assert [close(house), close(house)] == [1, 0]
    assert [(line["count"], line["visits"]) for line in lines.of("visits_never_completed")] == [
        (1, [str(visit.visit_id)])
    ]
    assert states(house, visit) == GIVEN_UP
    (row,) = house.rows("approval")
    assert (row.ended_at, row.checked_in_at) == (over, visit.starts_at + timedelta(minutes=1))
    # The ledger said so since the check-in, and nobody takes it back.
    assert house.ledger(debtor) == [("reserved", None), ("attempted", None)]
    assert [kind for kind, _ in told_of(house, visit)] == ["visit-approved"]
    path = f"/v1/approvals/{row.id}"
    assert house.client.get(path).json()["ended_why"] == "never_completed"
    # Nobody knows that nobody was met: it counts as one that was, twice in thirty days being all.
    house.deliver(*_met(house, debtor))
    (answer,) = house.ask(debtor.visit(TUESDAY + 14 * DAY))
    assert answer["type"] == "denied"
    assert {c["rule"] for c in answer["checks"] if c["result"] == "fail"} == {"everyone.met-30d"}


def _met(house: House, debtor: Debtor) -> list[object]:
    """Another visit, where the debtor was met."""
    other = debtor.visit(TUESDAY + 7 * DAY)
    house.ask(other)
    house.clock.set(other.ends_at)
    return [completed(other, "debtor_met")]


def test_an_outcome_told_after_that_is_taken_all_the_same(house: House) -> None:
    debtor = Debtor()
    (visit,) = begun(house, debtor)
    house.clock.set(TUESDAY + 3 * DAY)
    assert close(house) == 1
    with log_lines.caught() as lines:
        house.deliver(completed(visit, "nobody_met"))
    assert lines.of("completed_after_all")
    assert not lines.of("not_consumed")
    assert states(house, visit) == GIVEN_UP
    assert house.ledger(debtor)[1:] == [("attempted", None), ("attempted", "nobody_met")]
    line = house.rows("ledger", "seq")[-1]
    assert (line.starts_at, line.debts) == (
        visit.starts_at + timedelta(minutes=1),
        [str(debtor.account_id)],
    )
    # What was assumed of it no longer is: it gave its place back where rules count who was met.
    house.deliver(*_met(house, debtor))
    (answer,) = house.ask(debtor.visit(TUESDAY + 14 * DAY))
    assert answer["type"] == "approved"


def test_what_was_told_in_time_or_never_began_is_left_alone(house: House) -> None:
    done, gone, revoked, unused = (Debtor() for _ in range(4))
    house.ask(later := unused.visit())
    visits = begun(house, done, gone, revoked)
    house.deliver(completed(visits[0], "debtor_met"), cancelled(visits[1], house.clock(), "agent"))
    learn(house, revoked, "deceased")
    house.clock.set(TUESDAY + 3 * DAY)
    assert close(house) == 0
    assert [states(house, each)[0][0] for each in (*visits, later)] == [
        "consumed",
        "released",
        "revoked",
        "reserved",
    ]
    assert expire(house) == 1


def test_of_who_came_late_it_is_waited_for_as_long(house: House) -> None:
    """A check-in that was told late, of a team that came after the approval could be shown."""
    visit = Debtor().visit()
    house.ask(visit)
    arrived = checked_in(visit, visit.ends_at + 3 * HOUR)
    house.clock.set(arrived.checked_in_at)
    house.deliver(arrived)
    house.clock.set(arrived.checked_in_at + DAY - SECOND)
    assert close(house) == 0
    house.clock.advance(seconds=1)
    assert close(house) == 1


def test_persons_whom_somebody_holds_are_left_for_the_next_time(house: House) -> None:
    held, free = Debtor(), Debtor()
    visits = begun(house, held, free)
    house.clock.set(TUESDAY + 3 * DAY)
    with transaction(house.engine) as session:
        session.execute(
            text("SELECT id FROM person WHERE id = :id FOR UPDATE"), {"id": held.person_id}
        )
        assert close(house) == 1
    assert [states(house, each)[0][0] for each in visits] == ["reserved", "consumed"]
    assert close(house) == 1


def test_the_loop_does_both_and_goes_on_while_there_is_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.ask(unused := Debtor().visit())
    visits = begun(house, *[Debtor() for _ in range(3)])
    house.clock.set(TUESDAY + 3 * DAY)
    monkeypatch.setattr(module, "_BATCH", 2)
    monkeypatch.setattr(close_unreported, "__kwdefaults__", {"most": 2})
    loop = ApprovalExpiry(house.engine, house.clock, service="contact-rules")
    assert [loop.run_once(), loop.run_once()] == [True, False]
    loop.close()
    assert [states(house, each) for each in visits] == [GIVEN_UP] * 3
    assert states(house, unused) == [("expired", "expired")]
