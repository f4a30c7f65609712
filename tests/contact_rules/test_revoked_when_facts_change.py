"""Whatever changes for a person who is to be visited: the visit is called off, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from contact_rules.domain import load, shipped
from contact_rules.handlers.deciding import Desk
from known_facts import (
    ComplaintOpened,
    PlanActivated,
    give_account,
    hold,
    of,
    recall,
    revoked,
    tell,
)
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled, completed
from shared.ids import new_id
from visit_life import amended, checked_in, states

Change = Callable[[House, Debtor, VisitRequested], Any]

EIGHT = TUESDAY.replace(hour=8)
"""Two hours before the visit, on its day."""


def told(kind: str, **said: Any) -> Change:
    """Somebody tells it."""

    def change(house: House, debtor: Debtor, visit: VisitRequested) -> None:
        assert tell(house, debtor, kind, **said).status_code == 201

    return change


def by_event(make: Callable[[House, Debtor], Any]) -> Change:
    """Another service announces it."""
    return lambda house, debtor, visit: house.deliver(make(house, debtor))


def paid_in_full(house: House, debtor: Debtor, visit: VisitRequested) -> None:
    house.deliver(cancelled(visit, house.clock(), "payment"))


def complaint(house: House, debtor: Debtor) -> ComplaintOpened:
    return ComplaintOpened(
        **of(debtor),
        complaint_id=new_id(),
        received_on=house.clock().date(),
        opened_at=house.clock(),
    )


def plan(house: House, debtor: Debtor) -> PlanActivated:
    return PlanActivated(**of(debtor), plan_id=new_id(), activated_at=house.clock())


def a_call(**said: Any) -> Change:
    """A contact of today, told by the lender's dialler."""

    def change(house: House, debtor: Debtor, visit: VisitRequested) -> None:
        started = house.clock() - timedelta(minutes=30)
        body = {
            "id": "call-1",
            "lender": debtor.lender,
            "person_id": str(debtor.person_id),
            "channel": "phone",
            "direction": "inbound",
            "starts_at": f"{started:%Y-%m-%dT%H:%M:%SZ}",
            "outcome": "conversation",
        }
        answer = house.client.post("/v1/contacts", json=body | said)
        assert answer.status_code == 201, answer.text

    return change


def a_lapsed_certificate(house: House, debtor: Debtor, visit: VisitRequested) -> None:
    """By the law of the place, which asks for one."""
    house.desk = Desk(load(shipped()), house.keys.approvals)
    house.deliver(amended(visit))
    assert states(house, visit) == [("reserved", None)]
    lapsed = [each | {"credentials": []} for each in visit.team]
    house.deliver(amended(visit, team=lapsed))


def found_out(outcome: str, contact_outcome: str) -> Change:
    """Another lender's team finds it out at the same door."""

    def change(house: House, debtor: Debtor, visit: VisitRequested) -> None:
        other = Debtor(lender="southbank", person_id=debtor.person_id)
        earlier = other.visit(TUESDAY - timedelta(days=4))
        house.deliver(earlier)
        house.deliver(completed(earlier, contact_outcome, outcome))

    return change


CHANGES: dict[str, tuple[Change, str]] = {
    "payment in full": (paid_in_full, "payment"),
    "payment in full, told": (told("paid"), "paid"),
    "a plan runs": (by_event(plan), "plan_active"),
    "recall": (by_event(lambda house, debtor: recall(debtor, house.clock())), "mandate_ended"),
    "an ended mandate": (told("mandate_ended"), "mandate_ended"),
    "hold": (by_event(lambda house, debtor: hold(debtor, house.clock())), "hold"),
    "complaint": (by_event(complaint), "complaint_open"),
    "dispute": (told("dispute", form="written"), "dispute"),
    "representation": (told("represented"), "represented"),
    "cease": (told("cease", form="oral"), "cease"),
    "death": (told("deceased"), "deceased"),
    "death, found out at the door": (
        found_out("deceased", "person_met"),
        "deceased",
    ),
    "hospital": (told("hospital"), "hospital"),
    "mourning": (told("bereavement", until="2026-12-31"), "bereavement"),
    "bankruptcy": (told("bankrupt"), "bankrupt"),
    "a minor": (told("minor"), "minor"),
    "a conversation today": (a_call(), "contact"),
    "a conversation today that we began": (a_call(direction="outbound"), "contact"),
    "a talk at the branch": (
        a_call(
            channel="visit", place={"kind": "branch", "timezone": "Asia/Taipei", "country": "TW"}
        ),
        "contact",
    ),
    "a lapsed certificate": (a_lapsed_certificate, "team"),
}


@pytest.fixture
def planned(house: House) -> tuple[Debtor, VisitRequested]:
    """A visit approved long before, on whose day it is eight o'clock now."""
    debtor = Debtor()
    give_account(house, debtor)
    visit = debtor.visit()
    (answer,) = house.ask(visit)
    assert answer["type"] == "approved"
    house.clock.set(EIGHT)
    return debtor, visit


@pytest.mark.parametrize("what", CHANGES)
def test_a_planned_visit_is_revoked(
    house: House, planned: tuple[Debtor, VisitRequested], what: str
) -> None:
    debtor, visit = planned
    change, why = CHANGES[what]
    change(house, debtor, visit)
    assert states(house, visit) == [("revoked", why)]
    (line,) = [
        row
        for row in house.rows("ledger", "seq")
        if row.contact_id == visit.visit_id and row.kind == "released"
    ]
    assert line.reason == why
    if what == "payment in full":
        return  # it was cases that called the visit off: it knows
    (event,) = [each for each in revoked(house) if each["visit_id"] == str(visit.visit_id)]
    assert (event["reason"], event["must_leave"]) == (why, False)
    assert {each["result"] for each in event["checks"]} == {"fail"}


@pytest.mark.parametrize("what", [what for what in CHANGES if what != "payment in full"])
def test_a_team_at_the_door_must_leave(
    house: House, planned: tuple[Debtor, VisitRequested], what: str
) -> None:
    debtor, visit = planned
    house.clock.set(visit.starts_at + timedelta(minutes=1))
    house.deliver(checked_in(visit))
    change, why = CHANGES[what]
    change(house, debtor, visit)
    (event,) = [each for each in revoked(house) if each["visit_id"] == str(visit.visit_id)]
    assert (event["reason"], event["must_leave"]) == (why, True)
    assert states(house, visit) == [("revoked", why)]
    # Somebody stood there: that counts.
    assert house.ledger(debtor).count(("attempted", None)) == 1


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("nobody was reached", a_call(direction="outbound", outcome="no_answer")),
        ("a message was sent", a_call(channel="sms", direction="outbound", outcome="sent")),
        ("they talked yesterday", a_call(starts_at="2026-11-30T15:59:59Z")),
        ("it is hard for them", told("hardship")),
        ("it was disputed at another bank", told("dispute", lender="southbank")),
        ("they will be in hospital later", told("hospital", since="2026-12-02")),
        ("they were in hospital", told("hospital", since="2026-11-01", until="2026-11-30")),
        ("no calls any more", told("channel_opt_out", channel="phone")),
    ],
)
def test_what_is_no_reason_revokes_nothing(
    house: House, planned: tuple[Debtor, VisitRequested], what: str, change: Change
) -> None:
    debtor, visit = planned
    change(house, debtor, visit)
    assert states(house, visit) == [("reserved", None)], what
