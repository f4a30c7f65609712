"""Accounts that cases announced: whose they are, by the newest word of it."""

from __future__ import annotations

from datetime import timedelta

from contact_rules.consumers.accounts import QUEUE, of_accounts
from rules_house import Debtor, House
from shared.ids import new_id
from told_contacts import MONDAY, account_of, call, make_known, received, tell, tell_accounts


def owners(house: House) -> list[tuple[str, str, object]]:
    return [
        (row.lender, row.external_id, row.person_id) for row in house.rows("account", "external_id")
    ]


def test_an_account_is_known_by_its_lenders_own_id(house: House) -> None:
    debtor, other = Debtor(), Debtor(lender="southbank")
    make_known(house, debtor, other)
    assert sorted(owners(house)) == sorted(
        [
            ("northbank", account_of(debtor), debtor.person_id),
            ("southbank", account_of(other), other.person_id),
        ]
    )


def test_the_newest_word_counts_whatever_comes_last(house: House) -> None:
    debtor = Debtor()
    new_person = new_id()
    newer = received(debtor, MONDAY + timedelta(days=1), person_id=new_person)
    tell_accounts(house, newer)
    tell_accounts(house, received(debtor))
    assert owners(house) == [("northbank", account_of(debtor), new_person)]


def test_of_two_words_of_one_moment_the_later_counts(house: House) -> None:
    debtor = Debtor()
    other_person = new_id()
    # In one batch, under two keys.
    tell_accounts(house, received(debtor), received(debtor, person_id=other_person))
    assert owners(house) == [("northbank", account_of(debtor), other_person)]


def test_accounts_have_a_queue_of_their_own(house: House) -> None:
    assert QUEUE == "contact-rules-accounts"
    ours = {handler.type for handler in of_accounts(house.kept_desk)}
    assert ours == {"cases.account-received.v1"}
    assert not ours & {handler.type for handler in house.handlers}
    names = [loop.name for loop in house.service.loops]
    assert {"contact-rules consumer", "contact-rules-accounts consumer"} <= set(names)


def test_a_contact_told_before_its_account_is_taken_once_that_is_there(house: House) -> None:
    debtor = Debtor()
    refused = tell(house, call(debtor))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_such_account")
    make_known(house, debtor)
    assert tell(house, call(debtor)).status_code == 201
