"""Many at once on a real PostgreSQL: sums stay exact, one wins; and without the lock they don't."""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from plans.domain.account import Account
from plans.store import accounts
from plans_house import TERMS, Debt, House
from sqlmodel import Session, col, select

RACERS = 16


def at_once(work: Callable[[int], Any], racers: int = RACERS) -> list[Any]:
    """Every racer starts `work` at the same moment; what each returned, in their order."""
    start = threading.Barrier(racers)

    def run(number: int) -> Any:
        start.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def pay_at_once(house: House, debt: Debt) -> list[int]:
    def pay(number: int) -> int:
        slip = house.slip(debt, "10.01", f"slip-{number}")
        return int(house.client.post("/v1/payments", json=slip).status_code)

    return at_once(pay)


def test_payments_at_once_on_one_account_add_up_exactly(house: House, debt: Debt) -> None:
    assert pay_at_once(house, debt) == [201] * RACERS
    assert house.ledger(debt)["balance"] == "9839.84"
    after = sorted(
        message.data["balance_after"] for message in house.announced("plans.payment-received.v1")
    )
    assert len(set(after)) == RACERS


def test_payments_at_once_on_one_plan_fill_its_instalments_exactly(
    house: House, debt: Debt
) -> None:
    plan = house.activate(debt, amount="160.16", instalments=4, annual_rate="0")
    assert pay_at_once(house, debt) == [201] * RACERS
    done = house.plan(plan["id"])
    assert done["status"] == "completed"
    assert done["paid"] == "160.16"
    assert len(house.announced("plans.plan-completed.v1")) == 1
    assert house.ledger(debt)["balance"] == "9839.84"


def test_without_the_lock_payments_at_once_are_lost(
    house: House, debt: Debt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the same reads without FOR UPDATE. If sums held, the test above proved nothing."""
    everybody_has_read = threading.Barrier(RACERS)

    def unlocked(session: Session, ids: Collection[UUID]) -> dict[UUID, Account]:
        rows = session.execute(
            select(accounts.AccountRow).where(col(accounts.AccountRow.id).in_(ids))
        ).scalars()
        found = {row.id: accounts._account(row) for row in rows}
        everybody_has_read.wait(timeout=30)
        return found

    monkeypatch.setattr(accounts, "lock", unlocked)
    assert pay_at_once(house, debt) == [201] * RACERS
    found = house.ok(house.client.get("/v1/accounts/NB-1/ledger"))
    assert found["items"][-1]["balance_after"] == "9839.84"
    assert found["balance"] == "9989.99", "all but one payment is missing in the kept balance"


def test_one_of_many_payments_with_one_id_is_recorded(house: House, debt: Debt) -> None:
    slip = house.slip(debt, "100.00", "the-same")
    answers = at_once(lambda _: house.client.post("/v1/payments", json=slip), 40)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert house.count("payment") == house.count("outbox") == 1
    assert house.ledger(debt)["balance"] == "9900.00"


def test_one_id_for_many_accounts_at_once_is_one_payment(house: House) -> None:
    debts = [house.know(Debt(external_id=f"NB-{number}")) for number in range(RACERS)]

    def pay(number: int) -> Any:
        slip = house.slip(debts[number], "1.00", "the-same")
        own = house.slip(debts[number], "2.00", f"own-{number}")
        body = [slip, own] if number % 2 else slip
        return house.client.post("/v1/payments", json=body)

    answers = at_once(pay)
    won = 0
    for number, answer in enumerate(answers):
        if number % 2:
            one, own = answer.json()["items"]
            assert own["status"] == 201, "a good entry goes in whatever the other is"
            assert one["status"] in {201, 409}
            won += one["status"] == 201
        else:
            assert answer.status_code in {201, 409}
            won += answer.status_code == 201
            if answer.status_code == 409:
                assert answer.json()["code"] == "other_payment_of_that_id"
    assert won == 1
    assert house.count("payment") == 1 + RACERS // 2


def test_a_hundred_duplicates_with_one_key_have_one_effect(house: House, debt: Debt) -> None:
    body = {"case_id": str(debt.case_id), "account": "NB-1", "terms": TERMS}
    key = {"Idempotency-Key": "eager"}
    answers = at_once(lambda _: house.client.post("/v1/plans", json=body, headers=key), 100)
    codes = {answer.status_code for answer in answers}
    assert codes <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {
        "idempotency_in_progress"
    }
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert house.count("plan") == 1


def test_one_of_many_offers_on_an_account_wins(house: House, debt: Debt) -> None:
    body = {"case_id": str(debt.case_id), "account": "NB-1", "terms": TERMS}
    answers = at_once(lambda _: house.client.post("/v1/plans", json=body))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (RACERS - 1)
    losers = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert losers == {"plan_already_live"}


def test_consent_and_cancellation_at_once_leave_one_outcome(house: House, debt: Debt) -> None:
    plan = house.offer(debt)

    def decide(number: int) -> int:
        path, body = (
            ("consent", {"form": "written"}) if number % 2 else ("cancel", {"reason": "no"})
        )
        return int(house.client.post(f"/v1/plans/{plan['id']}/{path}", json=body).status_code)

    codes = at_once(decide)
    history = [each["to_status"] for each in house.plan(plan["id"])["history"]]
    assert history in (
        ["offered", "cancelled"],
        ["offered", "consented", "active"],
        ["offered", "consented", "active", "cancelled"],
    )
    assert codes.count(200) == history.count("active") + history.count("cancelled")
    assert len(house.announced("plans.plan-activated.v1")) == history.count("active")


def test_a_case_that_closes_while_its_plan_is_offered_leaves_no_live_plan(house: House) -> None:
    for number in range(6):
        debt = house.know(Debt(external_id=f"NB-{number}"))
        body = {"case_id": str(debt.case_id), "account": debt.external_id, "terms": TERMS}

        def act(racer: int, debt: Debt = debt, body: dict[str, Any] = body) -> None:
            if racer:
                house.client.post("/v1/plans", json=body)
            else:
                house.handle((debt.person_id, debt.closed(house.clock())))

        at_once(act, 4)
        listed = house.ok(house.client.get(f"/v1/plans?case_id={debt.case_id}"))["items"]
        assert {plan["status"] for plan in listed} <= {"cancelled"}


def test_statements_and_payments_at_once_never_lose_a_payment(house: House, debt: Debt) -> None:
    house.clock.advance(days=30)

    def act(number: int) -> None:
        if number % 4 == 0:
            as_of = house.clock().replace(microsecond=0, second=number)
            house.handle((debt.person_id, debt.stated(f"{5000 + number}.00", as_of)))
        else:
            house.pay(debt, "1.00", f"slip-{number}")

    at_once(act)
    house.ledger(debt)


def test_batches_that_name_the_same_accounts_in_other_orders_do_not_deadlock(house: House) -> None:
    debts = [house.know(Debt(external_id=f"NB-{number}")) for number in range(8)]

    def pay(number: int) -> int:
        order = debts if number % 2 else debts[::-1]
        batch = [house.slip(debt, "1.00", f"{debt.external_id}-{number}") for debt in order]
        return int(house.client.post("/v1/payments", json=batch).status_code)

    assert at_once(pay) == [201] * RACERS
    for debt in debts:
        assert house.ledger(debt)["balance"] == "9984.00"
