"""The story of the sample with the packs that ship, through the real handler."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from contact_rules.consumers import handlers
from contact_rules.domain import load, shipped
from contact_rules.handlers.decide_visits import Desk
from rules_house import TUESDAY, Debtor, House

NIGHT = datetime.fromisoformat("2026-12-01T22:30:00+08:00")
SHANGHAI = {"country": "CN", "region": "SH", "timezone": "Asia/Shanghai"}
LISBON = {"country": "PT", "region": None, "timezone": "Europe/Lisbon"}


@pytest.fixture
def real(house: House) -> House:
    """The service with the packs that ship."""
    house.desk = Desk(load(shipped()), house.keys.approvals)
    house.handlers = handlers(house.desk)
    return house


def reasons(answer: dict[str, Any]) -> set[str]:
    return {
        check["rule"].partition(".")[0]
        for check in answer["checks"]
        if check["result"] in ("fail", "unknown")
    }


@pytest.mark.parametrize("where", [None, SHANGHAI], ids=["taipei", "shanghai"])
def test_by_day_a_debtor_at_home_may_be_visited_by_two(
    real: House, where: dict[str, Any] | None
) -> None:
    (answer,) = real.ask(Debtor().visit(where=where))
    assert answer["type"] == "approved", answer


@pytest.mark.parametrize(
    ("where", "pack"), [(None, "tw"), (SHANGHAI, "cn")], ids=["taipei", "shanghai"]
)
def test_by_night_nobody_may(real: House, where: dict[str, Any] | None, pack: str) -> None:
    (answer,) = real.ask(Debtor().visit(NIGHT, where=where))
    assert answer["type"] == "denied"
    assert pack in reasons(answer)
    assert len(answer["next_lawful"]) == 5
    for check in answer["checks"]:
        assert check["citation"]
        assert check["message"]["en"]
        assert check["message"]["zh"]


def test_nobody_is_visited_twice_in_a_day_whoever_the_lenders_are(real: House) -> None:
    debtor = Debtor()
    another = Debtor(lender="southbank", person_id=debtor.person_id)
    first, second = real.ask(debtor.visit(), another.visit(TUESDAY + timedelta(hours=4)))
    assert first["type"] == "approved"
    assert second["type"] == "denied"
    assert "person-protection" in reasons(second)
    # The next lawful times are not on that day.
    assert all(window["from"] >= "2026-12-01T16:00:00Z" for window in second["next_lawful"])


def test_where_no_pack_covers_the_place_the_default_policy_is_asked(real: House) -> None:
    (answer,) = real.ask(Debtor().visit(TUESDAY, where=LISBON))  # two at night in Lisbon
    assert answer["type"] in ("denied", "needs-review")
    assert "default-policy" in reasons(answer)


def test_a_colleague_is_not_told_of_debts(real: House) -> None:
    (answer,) = real.ask(Debtor().visit(role="colleague"))
    assert answer["type"] == "denied"
