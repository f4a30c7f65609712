"""Accounts move while visits are decided, contacts told and accounts pushed: nothing is missed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from contact_rules.consumers import VisitRequested, request_of
from contact_rules.consumers.accounts import lock_batch, of_accounts
from contact_rules.handlers.decide_visits import decide_visits
from contact_rules.store import accounts, approvals, facts, persons
from contact_rules.store.accounts import Account, ChangedMeanwhile
from known_facts import tell as tell_fact
from moved_accounts import LATER, lines_of, other_than
from rules_house import Debtor, House
from shared.db import transaction
from shared.inbox import Delivered
from told_contacts import MONDAY, call, make_known, received, tell
from two_at_once import LONGEST_WAIT, admit, waits


def stated(debtor: Debtor, minutes: int = 0) -> Account:
    as_of = MONDAY + timedelta(minutes=minutes)
    return Account(debtor.account_id, debtor.lender, "CARD-1", debtor.person_id, as_of)


def push_again(house: House, debtor: Debtor) -> None:
    """What the consumer of accounts does about one message."""
    message = house.message(received(debtor, LATER))
    (handler,) = of_accounts(house.kept_desk)
    delivered = [Delivered(message, handler.model.model_validate(message.data))]
    with transaction(house.engine) as session:
        lock_batch(session, [message])
        handler.handle(session, delivered, house.clock())


def race(house: House, monkeypatch: pytest.MonkeyPatch, *, move_first: bool) -> str:
    """What becomes of a visit of whom the account turns out to belong to."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    assert tell_fact(house, taken_for, "cease").status_code == 201
    with transaction(house.engine) as session:
        persons.lock(session, [debtor.person_id])
    meeting = threading.Barrier(2)
    monkeypatch.setattr(facts, "standing", waits(facts.standing, meeting))
    monkeypatch.setattr(approvals, "planned", waits(approvals.planned, meeting))
    visit = VisitRequested.model_validate(debtor.visit().model_dump(mode="json"))
    now, desk = house.clock(), house.kept_desk()
    begun = threading.Event()

    def ask() -> None:
        with transaction(house.engine) as session:
            begun.set()
            decide_visits(session, [request_of(visit)], now, desk=desk)

    def push() -> None:
        begun.set()
        push_again(house, debtor)

    first, second = (push, ask) if move_first else (ask, push)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert begun.wait(10)
        threading.Event().wait(0.1)
        other = pool.submit(second)
        one.result()
        other.result()
    rows = house.rows("approval")
    return str(rows[-1].state) if rows else "denied"


@pytest.mark.parametrize(("move_first", "ends"), [(True, "denied"), (False, "revoked")])
def test_whoever_is_second_sees_the_first(
    house: House, monkeypatch: pytest.MonkeyPatch, move_first: bool, ends: str
) -> None:
    assert race(house, monkeypatch, move_first=move_first) == ends


@pytest.mark.parametrize("move_first", [True, False])
def test_without_the_lock_somebody_is_visited_who_asked_for_peace(
    house: House, monkeypatch: pytest.MonkeyPatch, move_first: bool
) -> None:
    monkeypatch.setattr(persons, "lock", admit)
    assert race(house, monkeypatch, move_first=move_first) == "reserved"


def test_a_contact_told_while_the_account_moves_is_told_of_its_debtor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose account it is was read before the locks, and moved until they were held."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    named: Callable[..., Any] = accounts.named
    pushed: list[bool] = []

    def moves_meanwhile(*args: Any) -> Any:
        found = named(*args)
        if not pushed:
            pushed.append(True)
            push_again(house, debtor)
        return found

    monkeypatch.setattr(accounts, "named", moves_meanwhile)
    assert tell(house, call(taken_for)).status_code == 201
    assert [row.external_id for row in lines_of(house, debtor)] == ["call-1"]
    assert lines_of(house, taken_for) == []


def test_of_two_who_tell_of_a_new_account_at_once_one_tells_again(house: House) -> None:
    """The second did not see the first's: who it was taken for would be lost."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    written = threading.Event()
    told: list[Any] = []

    def tells_second() -> None:
        assert written.wait(10)
        with contextlib.suppress(ChangedMeanwhile), transaction(house.engine) as session:
            told.append(accounts.keep(session, [stated(debtor, 1)]))

    with ThreadPoolExecutor(1) as pool:
        with transaction(house.engine) as session:
            assert accounts.keep(session, [stated(taken_for)]) == []
            second = pool.submit(tells_second)
            written.set()
            threading.Event().wait(LONGEST_WAIT)
        second.result()
    assert told == []
    with transaction(house.engine) as session:
        (moved,) = accounts.keep(session, [stated(debtor, 1)])
    assert (moved.former, moved.present) == (taken_for.person_id, debtor.person_id)


def test_accounts_that_move_to_and_fro_at_once_wait_for_each_other(house: House) -> None:
    taken_for = Debtor()
    others = [other_than(taken_for) for _ in range(6)]
    make_known(house, taken_for)
    tell(house, call(taken_for))
    with ThreadPoolExecutor(len(others)) as pool:
        list(pool.map(lambda each: push_again(house, each), others))
    (row,) = house.rows("account")
    (present,) = [each for each in others if each.person_id == row.person_id]
    assert [line.external_id for line in lines_of(house, present)] == ["call-1"]
