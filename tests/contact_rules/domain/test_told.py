"""What is told of a person has a day since when it is, wherever that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contact_rules.domain import Consent, ConsentScope, Fact, FactKind
from contact_rules.domain.told import Told, local_day

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CEASE = Fact(FactKind.CEASE, date(2026, 12, 1))


def told(said: Fact | Consent = CEASE, **more: Any) -> Told:
    return Told(
        id=UUID(int=1),
        person_id=UUID(int=2),
        said=said,
        lender="northbank",
        told_by="Petra Planner",
        occurred_at=NOON,
        recorded_at=NOON,
        **more,
    )


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        (NOON, "UTC", date(2026, 12, 1)),
        (NOON, "Pacific/Kiritimati", date(2026, 12, 2)),
        (NOON.replace(hour=16), "Asia/Taipei", date(2026, 12, 2)),
        (NOON.replace(hour=16) - SECOND, "Asia/Taipei", date(2026, 12, 1)),
        # Where no zone is known, no place is a day ahead of it.
        (NOON, None, date(2026, 12, 1)),
        (NOON - SECOND, None, date(2026, 11, 30)),
        (NOON - SECOND, "Mars/Olympus", date(2026, 11, 30)),
        (NOON - SECOND, "../../etc", date(2026, 11, 30)),
        (NOON - SECOND, "", date(2026, 11, 30)),
    ],
)
def test_the_day_is_that_of_the_place(at: datetime, zone: str | None, day: date) -> None:
    assert local_day(at, zone) == day


def test_a_fact_without_a_day_gets_one_and_no_other_does() -> None:
    day = date(2026, 12, 1)
    open_ = Fact(FactKind.CEASE)
    assert told(open_).since(day).said == Fact(FactKind.CEASE, day)
    over = Fact(FactKind.CEASE, until=date(2026, 11, 3))
    assert told(over).since(day).said == Fact(FactKind.CEASE, date(2026, 11, 3), date(2026, 11, 3))
    assert told().since(date(2026, 1, 1)).said == CEASE
    consent = Consent(ConsentScope.VISIT, NOON)
    assert told(consent).since(day).said == consent


def test_only_a_fact_since_an_earlier_day_began_before() -> None:
    day = date(2026, 12, 1)
    assert told().began_before(day) is None
    begun = told().began_before(day + timedelta(days=1))
    assert begun is not None
    # Nowhere has the day begun by then.
    assert local_day(begun, "Pacific/Kiritimati") == day
    assert local_day(begun - SECOND, "Pacific/Kiritimati") == day - timedelta(days=1)
    assert told(Fact(FactKind.CEASE)).began_before(day) is None
    assert told(Consent(ConsentScope.VISIT, NOON)).began_before(day) is None


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"told_by": "somebody else"}, True),
        ({"occurred_at": NOON + SECOND, "recorded_at": NOON + SECOND}, True),
        ({"id": UUID(int=9)}, True),
        ({"debts": ("a", "b")}, False),
        ({"evidence": ({"kind": "letter"},)}, False),
        ({"person_id": UUID(int=3)}, False),
        ({"lender": None}, False),
        ({"told_for": "northbank"}, False),
        ({"said": Fact(FactKind.CEASE, date(2026, 12, 2))}, False),
        ({"said": Fact(FactKind.CEASE)}, True),
        ({"said": Fact(FactKind.DISPUTE, date(2026, 12, 1))}, False),
        ({"said": Consent(ConsentScope.VISIT, NOON)}, False),
    ],
)
def test_the_same_told_again_is_known_by_its_content(changed: dict[str, Any], same: bool) -> None:
    assert replace(told(), **changed).tells_the_same(told()) is same


def test_the_order_of_debts_means_nothing() -> None:
    assert told(debts=("b", "a")).tells_the_same(told(debts=("a", "b")))
    assert (told().kind, told(Consent(ConsentScope.VISIT, NOON)).kind) == ("cease", "consent")
