"""An account turns out to be another person's: nobody begins anew, with all visits to come."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
from known_facts import revoked, state
from known_facts import tell as tell_fact
from moved_accounts import LATER, asked, lines_of, move, other_than, told_of, visited
from rules_house import TUESDAY, Debtor, House, completed
from shared.ids import new_id
from sqlalchemy import Engine
from told_contacts import (
    MONDAY,
    breaches,
    call,
    make_known,
    received,
    tell,
    tell_accounts,
    visit_told,
    withdrawal,
)
from visit_life import checked_in, refused_by

Count = Callable[[Engine], AbstractContextManager[list[str]]]


def test_caps_go_on_for_whoever_the_debtor_turns_out_to_be(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    day = timedelta(days=1)
    visited(house, taken_for, TUESDAY, TUESDAY + day)
    assert asked(house, debtor, TUESDAY + 2 * day)[0] == "approved"
    before = lines_of(house, taken_for)
    move(house, debtor)
    answer, rules = asked(house, debtor, TUESDAY + 2 * day)
    assert (answer, "person-protection.visits-7d" in rules) == ("denied", True)
    assert asked(house, debtor, TUESDAY + 9 * day)[0] == "approved"
    # Nothing is taken from whom it was told of.
    assert lines_of(house, taken_for) == before


def test_a_contact_is_told_as_it_was_made(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    tell(house, call(taken_for, "call-1", outcome="conversation"))
    tell(house, visit_told(taken_for, "door-1", MONDAY - timedelta(days=9)))
    move(house, debtor)
    was, now = lines_of(house, taken_for), lines_of(house, debtor)
    same = "kind lender channel direction starts_at ends_at purpose place debts point outcome"
    for column in (*same.split(), "external_id", "collector", "occurred_at"):
        assert [getattr(row, column) for row in now] == [getattr(row, column) for row in was]
    assert {row.party_id for row in now} == {str(debtor.person_id)}
    assert {row.reason for row in now} == {"account_moved"}
    assert not {row.contact_id for row in now} & {row.contact_id for row in was}
    assert [row.details["carried"]["contact_id"] for row in now] == [
        str(row.contact_id) for row in was
    ]


def test_only_what_took_place_about_this_debt_goes_along(house: House) -> None:
    taken_for = Debtor()
    second = replace(taken_for, account_id=new_id())
    elsewhere = Debtor(lender="southbank", person_id=taken_for.person_id)
    debtor = other_than(taken_for)
    make_known(house, taken_for, second, elsewhere)
    tell(house, call(second, "of-another-debt"))
    tell(house, call(elsewhere, "of-another-lender"), lender="southbank")
    tell(house, call(taken_for, "planned", house.clock() + timedelta(days=1), None))
    tell(house, call(taken_for, "withdrawn"))
    tell(house, withdrawal("withdrawn"))
    unnamed = call(taken_for, "of-no-debt", account=None, person_id=str(taken_for.person_id))
    tell(house, unnamed)
    tell(
        house, call(taken_for, "both", accounts=[call(second)["account"], call(debtor)["account"]])
    )
    house.ask(taken_for.visit())
    move(house, debtor)
    assert [row.external_id for row in lines_of(house, debtor)] == ["of-no-debt", "both"]


@pytest.mark.parametrize("outcome", ["notice_given", "conversation"])
def test_what_opens_a_door_does_not_go_along(house: House, outcome: str) -> None:
    """A notice, or a call that asks for a visit, is their own; it counts all the same."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    inbound = {"direction": "inbound"} if outcome == "conversation" else {"channel": "letter"}
    assert tell(house, call(taken_for, outcome=outcome, **inbound)).status_code == 201
    move(house, debtor)
    (line,) = lines_of(house, debtor)
    assert (line.kind, line.outcome) == ("attempted", None)


def test_a_visit_approved_before_the_move_was_heard_of_is_revoked(house: House) -> None:
    """Visits and accounts have queues of their own."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    tell_fact(house, taken_for, "cease", form="written")
    visits = [debtor.visit(TUESDAY + timedelta(days=days)) for days in (0, 4)]
    house.ask(*visits)
    move(house, debtor)
    assert [state(house, visit) for visit in visits] == ["revoked", "revoked"]
    assert {each["reason"] for each in revoked(house)} == {"correction"}
    assert {rule for each in revoked(house) for rule in refused_by(each)} == {
        "person-protection.left-in-peace"
    }


def test_no_more_visits_are_revoked_than_must_be(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    tell(house, visit_told(taken_for, "door-1", house.clock() - timedelta(days=1)))
    visits = [debtor.visit(house.clock() + timedelta(days=1, hours=hours)) for hours in (1, 73)]
    house.ask(*visits)
    move(house, debtor)
    assert [state(house, visit) for visit in visits] == ["reserved", "revoked"]


def test_there_and_back_again_doubles_nothing(house: House) -> None:
    taken_for = Debtor()
    debtor, third = other_than(taken_for), other_than(taken_for)
    make_known(house, taken_for)
    tell(house, call(taken_for))
    tell_fact(house, taken_for, "cease")
    hours = (LATER + timedelta(hours=number) for number in range(9))
    move(house, debtor, next(hours))
    tell(house, call(debtor, "call-2", MONDAY + timedelta(minutes=5)))
    for to in (taken_for, debtor, third, taken_for, debtor):
        move(house, to, next(hours))
    for person in (taken_for, debtor, third):
        assert sorted(row.external_id for row in lines_of(house, person)) == ["call-1", "call-2"]
        assert told_of(house, person) == [("cease", "northbank", True)]


def test_what_is_told_otherwise_since_follows_when_the_account_comes_again(house: House) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    for id_ in ("wrong", "never"):
        tell(house, call(taken_for, id_))
    move(house, debtor, LATER)
    move(house, taken_for, LATER + timedelta(hours=1))
    better = {"outcome": "conversation", "correction": {"reason": "mixed_up"}}
    assert tell(house, call(taken_for, "wrong") | better).status_code == 201
    tell(house, withdrawal("never"))
    move(house, debtor, LATER + timedelta(hours=2))
    last = {row.external_id: (row.kind, row.outcome) for row in lines_of(house, debtor)}
    assert last == {"wrong": ("corrected", "conversation"), "never": ("corrected", None)}


def test_older_words_that_come_late_say_whose_it_was(house: House) -> None:
    """They change nothing in whose it is. What was told meanwhile goes to whom it is."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    visited(house, taken_for, TUESDAY)
    move(house, debtor)
    assert lines_of(house, debtor) == []
    tell_accounts(house, received(taken_for, MONDAY))
    assert [row.person_id for row in house.rows("account")] == [debtor.person_id]
    assert [row.kind for row in lines_of(house, debtor)] == ["attempted"]


@pytest.mark.parametrize("swapped", [False, True])
def test_both_words_in_one_batch_move_it_all_the_same(house: House, swapped: bool) -> None:
    taken_for = Debtor()
    debtor = other_than(taken_for)
    visited(house, taken_for, TUESDAY)
    words = [received(taken_for, MONDAY), received(debtor, LATER)]
    tell_accounts(house, *(reversed(words) if swapped else words))
    assert [row.person_id for row in house.rows("account")] == [debtor.person_id]
    assert [row.kind for row in lines_of(house, debtor)] == ["attempted"]


def test_a_team_that_came_meanwhile_counts_too(house: House) -> None:
    """What came of a visit may be heard of after the account has moved."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    visit = taken_for.visit()
    house.ask(visit)
    house.clock.set(visit.starts_at + timedelta(minutes=2))
    move(house, debtor)
    assert lines_of(house, debtor) == []
    house.deliver(checked_in(visit))
    assert [(row.kind, row.outcome) for row in lines_of(house, debtor)] == [("attempted", None)]
    house.clock.set(visit.ends_at)
    house.deliver(completed(visit, "conversation", "disputes_debt"))
    assert [(row.kind, row.outcome) for row in lines_of(house, debtor)] == [
        ("attempted", None),
        ("corrected", "conversation"),
    ]
    assert told_of(house, debtor) == [("dispute", "northbank", True)]


def test_what_was_one_too_many_is_reported_once(house: House) -> None:
    """With whom it was told of at first; of whom the debtor turns out to be, only what is new."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    own = replace(debtor, account_id=new_id())
    make_known(house, taken_for, own)
    tell(house, visit_told(taken_for, "one", MONDAY - timedelta(hours=3)))
    tell(house, visit_told(taken_for, "two", MONDAY - timedelta(hours=1)))
    found = breaches(house)
    assert ("everyone.visit-1d", "contact") in found
    move(house, debtor)
    assert breaches(house) == found
    # Told by all there is to know of one person, a visit of the day before fills the week.
    tell(house, visit_told(own, "own", MONDAY - timedelta(days=1)))
    new = {rule for rule, _ in set(breaches(house)) - set(found)}
    assert new == {"everyone.visit-7d", "everyone.met-30d", "person-protection.visits-7d"}


def test_what_never_was_is_told_of_nobody(house: House) -> None:
    """Whoever told of it knows it by an id of its own, and can't take back what they don't see."""
    taken_for = Debtor()
    debtor = other_than(taken_for)
    make_known(house, taken_for)
    tell(house, call(taken_for, "call-1"))
    tell(house, call(taken_for, "call-2"))
    move(house, debtor)
    assert tell(house, withdrawal("call-1")).json()["status"] == "withdrawn"
    stands = [(row.external_id, row.kind, row.outcome) for row in lines_of(house, debtor)]
    assert stands[2:] == [("call-1", "corrected", None)]
    assert tell(house, call(debtor, "call-1b")).status_code == 201


def test_what_was_told_of_somebody_else_who_owes_stays_with_them(house: House) -> None:
    """A contact with a guarantor about the debt of another: that account never was theirs."""
    guarantor, debtor = Debtor(), Debtor()
    make_known(house, guarantor, debtor)
    said = {"account": None, "person_id": str(guarantor.person_id)}
    about = {"accounts": [call(debtor)["account"]]}
    assert tell(house, call(guarantor, **said, **about)).status_code == 201
    better = {"outcome": "conversation", "correction": {"reason": "mixed_up"}}
    assert tell(house, call(guarantor, **said, **about) | better).status_code == 201
    assert lines_of(house, debtor) == []


def test_accounts_that_do_not_move_cost_two_statements_a_batch(
    house: House, count_statements: Count
) -> None:
    debtors = [Debtor() for _ in range(90)]
    for number, as_of in enumerate((MONDAY, LATER)):
        with count_statements(house.engine) as seen:
            tell_accounts(house, *[received(each, as_of) for each in debtors])
        about = [each for each in seen if "FROM account" in each or "INTO account" in each]
        # The batch comes twice: held both times, written once.
        assert len(about) == 3, number
        assert not [each for each in seen if "FROM ledger" in each or "FROM known_fact" in each]
