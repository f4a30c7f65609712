"""Accounts that turn out to be another person's, and what is known of both then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from known_facts import known
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled, completed
from shared.ids import new_id
from told_contacts import MONDAY, received, tell_accounts
from visit_life import refused_by

LATER: Final = MONDAY + timedelta(minutes=10)


def other_than(debtor: Debtor) -> Debtor:
    """Whom the same account turns out to belong to, with a case of their own."""
    return replace(debtor, person_id=new_id(), case_id=new_id(), address_id=new_id())


def move(house: House, to: Debtor, as_of: datetime = LATER) -> None:
    """The lender pushes the account again, with another id number."""
    tell_accounts(house, received(to, as_of))


def visited(house: House, debtor: Debtor, *starts: datetime) -> list[VisitRequested]:
    """Visits that were approved and made; nobody was at home."""
    visits = [debtor.visit(at) for at in starts]
    for visit in visits:
        (answer,) = house.ask(visit)
        assert answer["type"] == "approved", refused_by(answer)
        house.deliver(completed(visit, "nobody_met"))
    return visits


def asked(house: House, debtor: Debtor, at: datetime = TUESDAY) -> tuple[str, set[str]]:
    """What becomes of one more visit, and the rules against it."""
    visit = debtor.visit(at)
    (answer,) = house.ask(visit)
    if answer["type"] == "approved":
        house.deliver(cancelled(visit, house.clock()))
    return answer["type"], refused_by(answer)


def lines_of(house: House, debtor: Debtor) -> list[Any]:
    return [row for row in house.rows("ledger", "seq") if row.person_id == debtor.person_id]


def told_of(house: House, debtor: Debtor) -> list[tuple[str, str | None, bool]]:
    """Kind, lender and whether it stands of all facts and consents about somebody."""
    return [
        (each.get("kind", "consent"), each["lender"], each["ended"] is None)
        for each in known(house, debtor)
    ]
