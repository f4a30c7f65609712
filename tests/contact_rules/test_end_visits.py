"""Visits that were cancelled or took place: what they had reserved; every message comes twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from contact_rules.handlers.release_reservations import FACTS_CHANGED
from rules_house import TUESDAY, Debtor, House, cancelled, completed
from visit_life import checked_in, states, told_of

DAY = timedelta(days=1)


def test_a_cancelled_visit_gives_its_place_back(house: House) -> None:
    debtor = Debtor()
    first, second = debtor.visit(), debtor.visit(TUESDAY + timedelta(hours=3))
    third = debtor.visit(TUESDAY + timedelta(hours=4))
    house.ask(first, second)
    house.clock.advance(days=1)
    house.deliver(cancelled(first, house.clock(), reason="debtor"))

    (answer,) = house.ask(third)
    assert answer["type"] == "approved"
    assert house.ledger(debtor) == [("reserved", None), ("released", None), ("reserved", None)]
    released = house.rows("ledger", "seq")[1]
    assert (released.contact_id, released.reason) == (first.visit_id, "debtor")
    assert (released.starts_at, released.channel) == (first.starts_at, "visit")
    assert released.occurred_at == released.recorded_at == house.clock()
    states = {row.visit_id: row.state for row in house.rows("approval")}
    assert states == {first.visit_id: "released", third.visit_id: "reserved"}


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        *((why, "released") for why in ("agent", "debtor", "lender", "weather", "other")),
        *((why, "revoked") for why in sorted(FACTS_CHANGED)),
        ("expired", "expired"),
    ],
)
def test_a_cancelled_visit_says_whose_doing_it_was(house: House, reason: str, state: str) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(cancelled(visit, house.clock(), reason))
    assert states(house, visit) == [(state, reason)]
    assert house.ledger(debtor) == [("reserved", None), ("released", None)]
    assert house.rows("ledger", "seq")[1].reason == reason
    # It was cases that said so: nobody has to be told.
    assert len(told_of(house, visit)) == 1


def test_a_visit_called_off_while_the_team_is_at_the_door_counts(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.starts_at + timedelta(minutes=5))
    house.deliver(checked_in(visit), cancelled(visit, house.clock(), "complaint"))
    assert house.ledger(debtor) == [("reserved", None), ("attempted", None)]
    assert states(house, visit) == [("revoked", "complaint")]
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "denied"


def test_a_release_of_what_was_never_reserved_is_written_down_and_harmless(house: House) -> None:
    debtor = Debtor()
    house.deliver(cancelled(debtor.visit(), house.clock()))
    assert house.ledger(debtor) == [("released", None)]
    (answer,) = house.ask(debtor.visit())
    assert answer["type"] == "approved"


def test_a_visit_cancelled_twice_is_released_once(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(cancelled(visit, house.clock()), cancelled(visit, house.clock(), "again"))
    assert house.ledger(debtor) == [("reserved", None), ("released", None)]


def test_a_visit_that_took_place_can_not_be_released(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(completed(visit, "debtor_met"), cancelled(visit, house.clock()))
    assert house.ledger(debtor) == [("reserved", None), ("reached", "debtor_met")]
    assert [row.state for row in house.rows("approval")] == ["consumed"]


def test_a_visit_that_took_place_is_written_down_as_it_was(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.ends_at + timedelta(hours=5))
    house.deliver(completed(visit, "conversation", outcome="promise"))
    reserved, consumed = house.rows("ledger", "seq")
    assert consumed.starts_at == visit.starts_at + timedelta(minutes=1)
    assert consumed.ends_at == consumed.occurred_at == visit.ends_at - timedelta(minutes=5)
    assert consumed.recorded_at == house.clock()
    assert consumed.reason == "promise"
    for same in ("purpose", "place", "party_id", "party_role", "debts", "collector", "point"):
        assert getattr(consumed, same) == getattr(reserved, same) is not None
    assert consumed.decision_id == reserved.decision_id


@pytest.mark.parametrize(
    ("outcome", "expected"), [("nobody_met", "approved"), ("debtor_met", "denied")]
)
def test_a_visit_where_nobody_was_met_gives_back_what_counts_meetings_only(
    house: House, outcome: str, expected: str
) -> None:
    """Two meetings in 30 days may be; until it is known, each planned visit counts as one."""
    debtor = Debtor()
    visits = [debtor.visit(TUESDAY + days * DAY) for days in (0, 7, 14)]
    answers = house.ask(*visits)
    assert [answer["type"] for answer in answers] == ["approved", "approved", "denied"]
    house.deliver(completed(visits[0], outcome))
    (answer,) = house.ask(debtor.visit(TUESDAY + 15 * DAY))
    assert answer["type"] == expected


def test_a_visit_where_nobody_was_met_still_counts_as_a_visit(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(completed(visit, "nobody_met"))
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "denied"


def test_a_visit_without_approval_that_took_place_counts_all_the_same(house: House) -> None:
    debtor = Debtor()
    house.deliver(completed(debtor.visit(), "debtor_met"))
    assert house.ledger(debtor) == [("reached", "debtor_met")]
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "denied"


def test_a_visit_that_took_place_although_released_counts(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(cancelled(visit, house.clock()), completed(visit, "debtor_met"))
    assert house.ledger(debtor)[-1] == ("reached", "debtor_met")
    assert [row.state for row in house.rows("approval")] == ["revoked"]
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=4)))
    assert answer["type"] == "denied"


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("nobody_met", "attempted"), ("person_met", "reached"), ("conversation", "conversed")],
)
def test_the_ledger_tells_how_far_a_visit_got(house: House, outcome: str, kind: str) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(completed(visit, outcome))
    assert house.ledger(debtor) == [("reserved", None), (kind, outcome)]


def test_many_at_once(house: House) -> None:
    debtors = [Debtor() for _ in range(20)]
    visits = [debtor.visit() for debtor in debtors]
    house.deliver(*visits)
    house.deliver(
        *[cancelled(visit, house.clock()) for visit in visits[:10]],
        *[completed(visit, "nobody_met") for visit in visits[10:]],
    )
    states = [row.state for row in house.rows("approval", "state")]
    assert states == ["consumed"] * 10 + ["revoked"] * 10
