"""Pushes at the same moment: nothing is lost, nobody is doubled, nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cases.api.account_body import AccountBody, account_of
from cases.handlers.accounts import Received, receive_accounts
from cases_house import LENDER, House, account
from shared.db import transaction


def receive(house: House, batch: list[tuple[str, dict[str, Any]]]) -> list[Received]:
    now = house.clock()
    stated = [(each, account_of(AccountBody.model_validate(body), now)) for each, body in batch]
    with transaction(house.engine) as session:
        return receive_accounts(
            session, LENDER, stated, now, identities=house.service.identities, by="test"
        )


def debtor(number: int) -> dict[str, Any]:
    return {"name": "M", "id_number": f"A1{number:07d}9"}


def test_one_account_pushed_by_many_at_once_is_one_account(house: House) -> None:
    def push(_: int) -> int:
        return int(house.client.put("/v1/accounts/YS-1", json=account()).status_code)

    with ThreadPoolExecutor(12) as racers:
        statuses = sorted(racers.map(push, range(24)))
    assert statuses == [200] * 23 + [201]
    assert house.count("account") == house.count("debt_case") == house.count("person") == 1
    assert len(house.announced("cases.account-received.v1")) == 1


def test_many_accounts_of_one_person_at_once_are_one_case(house: House) -> None:
    def push(at: int) -> int:
        return int(house.client.put(f"/v1/accounts/YS-{at}", json=account()).status_code)

    with ThreadPoolExecutor(12) as racers:
        statuses = set(racers.map(push, range(24)))
    assert statuses == {201}
    assert house.count("account") == 24
    assert house.count("debt_case") == house.count("person") == 1
    assert len(house.announced("cases.case-opened.v1")) == 1


def test_files_with_the_same_people_in_other_orders_do_not_block_each_other(house: House) -> None:
    def batch(at: int) -> list[tuple[str, dict[str, Any]]]:
        order = range(60) if at % 2 else range(59, -1, -1)
        day = f"2026-11-{10 + at:02d}T00:00:00Z"
        return [(f"YS-{each}", account(as_of=day, debtor=debtor(each), due_since="2026-08-15"))
                for each in order]  # fmt: skip

    with ThreadPoolExecutor(8) as racers:
        list(racers.map(lambda at: receive(house, batch(at)), range(8)))
    assert house.count("account") == house.count("debt_case") == house.count("person") == 60
    assert house.count("account", "as_of = '2026-11-17T00:00:00Z'") == 60


def test_two_truths_about_one_account_at_once_leave_one(house: House) -> None:
    """Each names another person for an account nobody knew; one of them must do it again."""

    def push(at: int) -> int:
        body = account(debtor=debtor(at))
        return int(house.client.put("/v1/accounts/YS-1", json=body).status_code)

    with ThreadPoolExecutor(8) as racers:
        statuses = list(racers.map(push, range(16)))
    assert set(statuses) <= {200, 201, 409}
    assert statuses.count(201) == 1
    assert house.count("account") == 1
    owner = "(SELECT person_id FROM account)"
    assert house.count("debt_case", f"status <> 'closed' AND person_id = {owner}") == 1
    assert house.count("debt_case", f"status <> 'closed' AND person_id <> {owner}") == 0
