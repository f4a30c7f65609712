"""What stands after any sequence of ledger entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from contact_rules.domain import Channel, Direction, Outcome, PastContact, PlaceKind, Purpose, Role
from contact_rules.domain.ledger import (
    Entry,
    EntryKind,
    effective_history,
    kind_of,
    line_of,
    past_contact,
    standing,
)

NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)
PERSON, VISIT, OTHER = (UUID(int=number) for number in (1, 2, 3))

RESERVED = Entry(
    id=UUID(int=10),
    contact_id=VISIT,
    person_id=PERSON,
    kind=EntryKind.RESERVED,
    lender="northbank",
    occurred_at=NOW,
    recorded_at=NOW,
    channel=Channel.VISIT,
    direction=Direction.OUTBOUND,
    starts_at=NOW,
    ends_at=NOW + timedelta(minutes=30),
    purpose=Purpose.COLLECT,
    place=PlaceKind.HOME,
    party_id="p1",
    party_role=Role.DEBTOR,
    debts=("d1", "d2"),
    collector="c1",
    point="a door",
)
RELEASED = replace(RESERVED, id=UUID(int=11), kind=EntryKind.RELEASED, reason="plan")
NOTHING_TO_RELEASE = Entry(
    id=UUID(int=12),
    contact_id=VISIT,
    person_id=PERSON,
    kind=EntryKind.RELEASED,
    lender="northbank",
    occurred_at=NOW,
    recorded_at=NOW,
)
CONSUMED = replace(
    RESERVED,
    id=UUID(int=13),
    kind=EntryKind.CONSUMED,
    outcome=Outcome.NOBODY_MET,
    starts_at=NOW + timedelta(minutes=1),
)


def history(*entries: Entry) -> tuple[PastContact, ...]:
    """What rules count after these entries."""
    return effective_history(map(line_of, entries))


def test_a_reservation_is_a_contact_whose_outcome_is_not_known() -> None:
    (past,) = history(RESERVED)
    assert past.reserved
    assert past.outcome is None
    assert (past.channel, past.direction, past.place) == ("visit", "outbound", "home")
    assert (past.party, past.role, past.debts) == ("p1", Role.DEBTOR, ("d1", "d2"))
    assert (past.collector, past.lender, past.point) == ("c1", "northbank", "a door")
    assert (past.starts_at, past.ends_at) == (RESERVED.starts_at, RESERVED.ends_at)
    assert past.id == str(VISIT)


def test_what_is_released_is_no_contact() -> None:
    assert history(RESERVED, RELEASED) == ()
    assert history(NOTHING_TO_RELEASE) == ()


def test_what_happened_counts_by_its_outcome_and_when_it_was() -> None:
    (past,) = history(RESERVED, CONSUMED)
    assert not past.reserved
    assert past.outcome is Outcome.NOBODY_MET
    assert past.starts_at == NOW + timedelta(minutes=1)


def test_what_happened_stays_whatever_else_is_written_and_in_whatever_order() -> None:
    for entries in permutations([RESERVED, RELEASED, CONSUMED]):
        assert standing(entries)[str(VISIT)] is CONSUMED


def test_a_release_is_final() -> None:
    again = replace(RESERVED, id=UUID(int=14))
    assert history(RESERVED, RELEASED, again) == ()
    assert history(NOTHING_TO_RELEASE, RESERVED) == ()


def test_a_later_report_of_what_happened_counts() -> None:
    corrected = replace(CONSUMED, id=UUID(int=15), outcome=Outcome.DEBTOR_MET)
    (past,) = history(CONSUMED, corrected)
    assert past.outcome is Outcome.DEBTOR_MET


def test_of_two_reservations_the_later_is_the_place() -> None:
    moved = replace(RESERVED, id=UUID(int=16), starts_at=NOW + timedelta(days=1))
    (past,) = history(RESERVED, moved)
    assert past.starts_at == NOW + timedelta(days=1)


def test_who_stands_at_the_door_counts_as_whatever_may_come_of_it() -> None:
    arrived = replace(
        RESERVED, id=UUID(int=20), kind=EntryKind.ATTEMPTED, starts_at=NOW + timedelta(minutes=2)
    )
    for entries in ((RESERVED, arrived), (RELEASED, arrived), (arrived, RELEASED), (arrived,)):
        (past,) = history(*entries)
        assert past.reserved
        assert past.outcome is None
        assert past.starts_at == NOW + timedelta(minutes=2)


def test_what_somebody_plans_holds_its_place_as_a_reservation_does() -> None:
    planned = replace(RESERVED, id=UUID(int=21), kind=EntryKind.PLANNED)
    (past,) = history(planned)
    assert past.reserved
    assert history(planned, RELEASED) == ()


def test_a_correction_replaces_all_that_was_said_before() -> None:
    met = replace(RESERVED, id=UUID(int=22), kind=EntryKind.CONVERSED, outcome=Outcome.CONVERSATION)
    other = replace(met, id=UUID(int=23), kind=EntryKind.CORRECTED, outcome=Outcome.NOBODY_MET)
    never = replace(met, id=UUID(int=24), kind=EntryKind.CORRECTED, outcome=None)
    (past,) = history(RESERVED, met, other)
    assert past.outcome is Outcome.NOBODY_MET
    assert history(RESERVED, met, never) == ()
    assert history(RESERVED, met, never, RELEASED) == ()
    (past,) = history(RESERVED, never, other)
    assert past.outcome is Outcome.NOBODY_MET


def test_an_outcome_tells_how_far_a_contact_got() -> None:
    kinds = {str(outcome): str(kind_of(outcome)) for outcome in Outcome}
    assert {name for name, kind in kinds.items() if kind == "conversed"} == {"conversation"}
    assert {name for name, kind in kinds.items() if kind == "reached"} == {
        "answered",
        "refused",
        "person_met",
        "debtor_met",
        "notice_given",
    }
    assert kind_of(None) is EntryKind.ATTEMPTED


def test_contacts_do_not_touch_each_other() -> None:
    other = replace(RESERVED, id=UUID(int=17), contact_id=OTHER)
    (past,) = history(RESERVED, other, RELEASED)
    assert past.id == str(OTHER)


def test_a_release_tells_of_no_contact() -> None:
    with pytest.raises(AssertionError):
        past_contact(line_of(NOTHING_TO_RELEASE))
