"""Takes lenders' statements of their accounts: the newest counts, an older one is ignored."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from plans.domain.account import Account
from plans.domain.ledger import Statement
from plans.domain.money import Money
from plans.store import accounts, payments


class CurrencyChanged(Exception):
    """A statement is in another currency than the account's payments or plan."""


def receive_accounts(session: Session, stated: Sequence[Account], *, now: datetime) -> None:
    """Store accounts as lenders state them; ``balance`` and ``as_of`` are the statement's.

    A statement replaces the balance, less what was paid at its ``as_of`` or later: that it can't
    contain. One older than the newest is ignored, whatever else it says. Raises `CurrencyChanged`,
    so that the message parks: amounts of two currencies never add up.
    """
    newest: dict[UUID, Account] = {}
    for each in stated:
        if each.id not in newest or newest[each.id].as_of <= each.as_of:
            newest[each.id] = each
    known = accounts.lock(session, set(newest))
    unknown = [each for id_, each in newest.items() if id_ not in known]
    added = accounts.add(session, unknown, now=now)
    # Another worker may have been the first with one of these: then it is there now.
    known |= accounts.lock(session, {each.id for each in unknown} - added)
    taken = [
        each for id_, each in newest.items() if id_ in known and known[id_].as_of <= each.as_of
    ]
    _refuse_changed_currency(session, taken, known)
    moved = accounts.moved_since(session, {each.id: each.as_of for each in taken})
    now_owed = {
        each.id: replace(
            each,
            balance=Money(each.balance.minor + moved.get(each.id, 0), each.balance.currency),
        )
        for each in taken
    }
    accounts.save(session, list(now_owed.values()), now=now)
    # The same statement again, perhaps with another case: no new line in the ledger.
    news = [
        each
        for each in taken
        if (known[each.id].as_of, known[each.id].balance) != (each.as_of, now_owed[each.id].balance)
    ]
    payments.add_statements(
        session,
        [
            (each, Statement(new_id(), each.balance, each.as_of, now))
            for each in [*(newest[id_] for id_ in added), *news]
        ],
    )


def _refuse_changed_currency(
    session: Session, taken: Sequence[Account], known: Mapping[UUID, Account]
) -> None:
    changed = {
        each.id for each in taken if each.balance.currency != known[each.id].balance.currency
    }
    if accounts.used(session, changed):
        raise CurrencyChanged("the account has payments or a plan in its former currency")
