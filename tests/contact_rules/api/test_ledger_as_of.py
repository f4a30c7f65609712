"""A ledger is read as it was known at any moment: what was told later is not in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from rules_house import TUESDAY, Debtor, House, cancelled
from told_contacts import MONDAY, call, make_known, tell, withdrawal


@pytest.fixture
def debtor(house: House) -> Debtor:
    debtor = Debtor()
    make_known(house, debtor)
    return debtor


def read(house: House, debtor: Debtor, what: str, as_of: datetime | None = None) -> Any:
    params = {} if as_of is None else {"as_of": as_of.isoformat()}
    return house.client.get(f"/v1/persons/{debtor.person_id}/{what}", params=params)


def test_what_was_told_later_was_not_known_then(house: House, debtor: Debtor) -> None:
    first = house.clock()
    tell(house, call(debtor))
    second = house.clock.advance(hours=1)
    tell(house, call(debtor, outcome="conversation", correction={"reason": "wrong_code"}))
    third = house.clock.advance(hours=1)
    tell(house, withdrawal())

    def then(as_of: datetime) -> tuple[int, str, str | None, bool]:
        (contact,) = read(house, debtor, "contacts", as_of).json()["items"]
        number = len(read(house, debtor, "ledger", as_of).json()["items"])
        return number, contact["status"], contact["outcome"], contact["counts"]

    assert read(house, debtor, "ledger", first - timedelta(seconds=1)).status_code == 404
    assert read(house, debtor, "contacts", first - timedelta(seconds=1)).status_code == 404
    assert then(first) == (1, "attempted", "no_answer", True)
    assert then(second - timedelta(seconds=1)) == (1, "attempted", "no_answer", True)
    assert then(second) == (2, "conversed", "conversation", True)
    assert then(third) == (3, "withdrawn", None, False)
    assert then(third) == then(third + timedelta(days=100))


def test_a_contact_is_recorded_later_than_it_took_place(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor, at=MONDAY - timedelta(days=30)))
    (contact,) = read(house, debtor, "contacts").json()["items"]
    assert contact["starts_at"] == "2026-10-24T01:30:00Z"
    assert contact["recorded_at"] == contact["first_recorded_at"] == "2026-11-23T02:00:00Z"


def test_approved_visits_stand_beside_what_was_told(house: House, debtor: Debtor) -> None:
    visit = debtor.visit(TUESDAY)
    house.ask(visit)
    tell(house, call(debtor, at=MONDAY))
    later = tell(house, call(debtor, "call-2", at=TUESDAY, outcome=None)).json()
    shown = read(house, debtor, "contacts").json()["items"]
    assert [(each["status"], each["counts"]) for each in shown] == [
        ("reserved", True),
        ("attempted", True),
        ("planned", True),
    ]
    assert (shown[0]["contact_id"], shown[2]["contact_id"]) == (
        str(visit.visit_id),
        later["contact_id"],
    )
    house.deliver(cancelled(visit, house.clock()))
    released = read(house, debtor, "contacts").json()["items"][0]
    assert (released["status"], released["counts"]) == ("released", False)
    assert (released["channel"], released["starts_at"]) == ("visit", "2026-12-01T02:00:00Z")


def test_contacts_come_in_pages(house: House, debtor: Debtor) -> None:
    rows = [call(debtor, f"call-{n}", MONDAY - timedelta(hours=n)) for n in range(5)]
    tell(house, rows)
    tell(house, withdrawal("call-0"))
    path, params, seen = f"/v1/persons/{debtor.person_id}/contacts", {"limit": "2"}, []
    while True:
        page = house.client.get(path, params=params).json()
        seen += [each["external_id"] for each in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert seen == [f"call-{n}" for n in range(5)]


@pytest.mark.parametrize("what", ["ledger", "contacts"])
def test_a_moment_has_an_offset(house: House, debtor: Debtor, what: str) -> None:
    path = f"/v1/persons/{debtor.person_id}/{what}?as_of=2026-11-23T10:00:00"
    answer = house.client.get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?as_of"
