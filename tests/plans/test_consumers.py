"""What cases announces arrives: twice, in batches, late, and out of order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from delivery import Parked
from plans.consumers import HANDLERS, QUEUE
from plans_house import AS_OF, AccountReceived, Debt, House
from shared.ids import new_id
from sqlalchemy import text

DAY = timedelta(days=1)


def account(house: House, debt: Debt) -> Any:
    with house.engine.connect() as connection:
        return connection.execute(
            text("SELECT * FROM account WHERE id = :id"), {"id": debt.account_id}
        ).one()


def balance(house: House, debt: Debt) -> str:
    return str(house.ledger(debt)["balance"])


def test_it_listens_to_cases_alone() -> None:
    assert QUEUE == "plans"
    assert {handler.type for handler in HANDLERS} == {
        "cases.account-received.v1",
        "cases.case-opened.v1",
        "cases.case-closed.v1",
    }


def test_an_account_is_kept_with_the_sum_of_its_balance(house: House) -> None:
    debt = Debt(currency="TWD")
    stated = debt.stated().model_copy(
        update={"balance": {"principal": "42000", "interest": "1830.50", "fees": "600"}}
    )
    house.deliver((debt.person_id, stated))
    row = account(house, debt)
    assert (row.balance_minor, row.currency, row.case_id) == (4443050, "TWD", debt.case_id)


def test_a_newer_statement_replaces_the_balance_and_an_older_is_ignored(
    house: House, debt: Debt
) -> None:
    house.deliver((debt.person_id, debt.stated("9000.00", AS_OF + 2 * DAY)))
    assert balance(house, debt) == "9000.00"
    other_case = new_id()
    late = debt.stated("12345.00", AS_OF + DAY).model_copy(update={"case_id": other_case})
    house.deliver((debt.person_id, late))
    assert balance(house, debt) == "9000.00"
    assert account(house, debt).case_id == debt.case_id
    assert house.count("statement") == 2


def test_the_later_of_two_statements_of_one_moment_counts(house: House, debt: Debt) -> None:
    house.deliver((debt.person_id, debt.stated("9000.00")))
    assert balance(house, debt) == "9000.00"
    # Said again, it is no news, but another case is.
    moved = debt.stated("9000.00").model_copy(update={"case_id": None})
    house.deliver((debt.person_id, moved))
    assert house.count("statement") == 2
    assert account(house, debt).case_id is None


def test_many_statements_of_one_account_in_a_batch_count_in_order(house: House) -> None:
    debt = Debt()
    house.deliver(
        *((debt.person_id, debt.stated(f"{100 + n}.00", AS_OF + n * DAY)) for n in range(10))
    )
    assert balance(house, debt) == "109.00"
    assert house.count("statement") == 10


def test_two_persons_messages_about_one_account_keep_the_newest(house: House) -> None:
    # The debtor of an account was corrected: both messages may come in one batch.
    debt = Debt()
    corrected = Debt(account_id=debt.account_id, case_id=new_id())
    house.deliver(
        (corrected.person_id, corrected.stated("90.00", AS_OF + DAY)),
        (debt.person_id, debt.stated("100.00")),
    )
    assert account(house, debt).person_id == corrected.person_id
    assert balance(house, debt) == "90.00"


def test_an_import_of_hundreds_arrives_in_batches(house: House) -> None:
    debts = [Debt(external_id=f"NB-{number}") for number in range(90)]
    house.deliver(
        *((debt.person_id, debt.stated(f"{number + 1}.00")) for number, debt in enumerate(debts))
    )
    assert house.count("account") == house.count("statement") == 90
    assert balance(house, debts[89]) == "90.00"


def test_a_statement_contains_the_payments_before_it_and_not_those_after(
    house: House, debt: Debt
) -> None:
    house.activate(debt)
    house.pay(debt, "888.49", "at-noon-of-the-22nd", paid_at="2026-11-22T12:00:00Z")
    house.pay(debt, "888.49", "on-the-23rd", paid_at="2026-11-23T00:00:00Z")
    assert balance(house, debt) == "8415.14"
    # As of the opening of the 23rd: the first payment is in it, the second, with its interest of
    # 92.12, is not.
    house.deliver((debt.person_id, debt.stated("9250.00", AS_OF + 3 * DAY)))
    assert balance(house, debt) == "8453.63"
    changes = [(line["line"], line["change"]) for line in house.ledger(debt)["items"]]
    assert changes == [
        ("statement", "10000.00"),
        ("interest", "100.00"),
        ("payment", "-888.49"),
        ("statement", "38.49"),
        ("interest", "92.12"),
        ("payment", "-888.49"),
    ]


def test_a_statement_of_zero_announces_nothing_and_payments_that_reach_it_do(
    house: House, debt: Debt
) -> None:
    house.deliver((debt.person_id, debt.stated("0.00", AS_OF + DAY)))
    assert house.announced() == []
    house.deliver((debt.person_id, debt.stated("5.00", AS_OF + 2 * DAY)))
    house.pay(debt, "5.00", "last")
    (paid,) = house.announced("plans.account-paid.v1")
    assert paid.data == {
        "lender": "northbank",
        "account": "NB-1",
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "paid_at": "2026-11-23T02:00:00Z",
    }


def test_an_account_in_a_currency_nobody_pays_in_is_left_out(house: House) -> None:
    indexed = Debt(currency="CLF")
    usual = Debt(external_id="NB-2", person_id=indexed.person_id)
    house.deliver(
        (indexed.person_id, indexed.stated("1000.0000")), (usual.person_id, usual.stated())
    )
    assert house.count("account") == 1
    assert house.client.get("/v1/accounts/NB-1/ledger").status_code == 404


def test_a_currency_may_be_corrected_until_money_moved(house: House) -> None:
    debt = Debt(currency="TWD")
    wrong = replace(debt, currency="CNY")
    house.know(wrong, "100.00")
    house.deliver((debt.person_id, debt.stated("450.00", AS_OF + DAY)))
    assert balance(house, debt) == "450.00"
    assert house.ledger(debt)["currency"] == "TWD"
    house.pay(debt, "50.00", "slip-1")
    with pytest.raises(Parked, match="CurrencyChanged"):
        house.deliver((debt.person_id, wrong.stated("100.00", AS_OF + 2 * DAY)))
    assert balance(house, debt) == "400.00"


def test_an_amount_that_is_none_parks_its_message_alone(house: House) -> None:
    good, bad = Debt(), Debt(external_id="NB-2")
    with pytest.raises(Parked, match="TooManyDecimals"):
        house.deliver((good.person_id, good.stated()), (bad.person_id, bad.stated("1.001")))
    assert house.count("account") == 1


def test_a_closed_case_ends_its_plans(house: House, debt: Debt) -> None:
    second = house.know(Debt(external_id="NB-2", case_id=debt.case_id, person_id=debt.person_id))
    other = house.know(Debt(external_id="NB-3"))
    active, offered, unharmed = house.activate(debt), house.offer(second), house.activate(other)
    house.deliver((debt.person_id, debt.closed(AS_OF + DAY)))
    ended = house.plan(active["id"])
    assert ended["status"] == "cancelled"
    assert ended["history"][-1] == {
        "from_status": "active",
        "to_status": "cancelled",
        "at": "2026-11-23T02:00:00Z",
        "by": "cases",
        "role": "service",
        "reason": "the case was closed: recalled",
    }
    assert house.plan(offered["id"])["status"] == "cancelled"
    assert house.plan(unharmed["id"])["status"] == "active"
    (announced,) = house.announced("plans.plan-cancelled.v1")
    assert announced.data["plan_id"] == active["id"]
    assert announced.subject == str(debt.person_id)


def test_an_offer_that_had_expired_is_written_off_as_that(house: House, debt: Debt) -> None:
    offered = house.offer(debt)
    house.clock.advance(days=15)
    house.deliver((debt.person_id, debt.closed(AS_OF + 15 * DAY)))
    assert house.plan(offered["id"])["history"][-1]["to_status"] == "expired"


def test_news_of_a_case_counts_by_its_own_time(house: House, debt: Debt) -> None:
    house.deliver((debt.person_id, debt.opened(AS_OF + 3 * DAY)))
    plan = house.activate(debt)
    # An old closing that comes late does not end the plan of the case opened again since.
    house.deliver((debt.person_id, debt.closed(AS_OF + 2 * DAY)))
    assert house.plan(plan["id"])["status"] == "active"
    house.deliver((debt.person_id, debt.closed(AS_OF + 4 * DAY)))
    assert house.plan(plan["id"])["status"] == "cancelled"
    house.deliver((debt.person_id, debt.opened(AS_OF + 3 * DAY)))
    refused = house.client.post(
        "/v1/plans",
        json={"case_id": str(debt.case_id), "account": "NB-1", "terms": plan["terms"]},
    )
    assert refused.json()["code"] == "case_closed"


def test_a_case_may_close_before_it_was_heard_to_open(house: House) -> None:
    debt = Debt()
    house.deliver((debt.person_id, debt.closed(AS_OF + DAY)), (debt.person_id, debt.opened()))
    assert house.count("collection_case") == 1


def test_a_whole_life_in_one_batch(house: House) -> None:
    debt = Debt()
    house.deliver(
        (debt.person_id, debt.stated()),
        (debt.person_id, debt.opened()),
        (debt.person_id, debt.closed(AS_OF + DAY)),
        (debt.person_id, debt.stated("1.00", AS_OF + DAY)),
    )
    assert balance(house, debt) == "1.00"


def test_fields_that_are_not_read_may_come_and_go(house: House) -> None:
    debt = Debt()

    class Later(AccountReceived):
        mood: str = "grim"

    house.deliver((debt.person_id, Later(**debt.stated().model_dump())))
    assert house.count("account") == 1


def test_the_account_is_known_by_its_id(house: House, debt: Debt) -> None:
    assert isinstance(account(house, debt).id, UUID)
