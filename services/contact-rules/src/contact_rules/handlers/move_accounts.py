"""Accounts turn out to be other persons': what was told of the debts goes with them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from itertools import chain
from uuid import UUID

import structlog
from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain.ledger import Entry
from contact_rules.domain.moved_account import Moved, contacts_to_tell, facts_to_tell
from contact_rules.domain.told import Told
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.handlers.report_breaches import report_breaches
from contact_rules.store import accounts, facts, ledger, persons

_log = structlog.get_logger(__name__)

WHY = "correction"
"""What planned visits are revoked for: who the debtor is was told wrong."""


def move_accounts(
    session: Session, moved: Sequence[Moved], now: datetime, *, desk: Callable[[], Desk]
) -> None:
    """Tell for the present debtors what was told of these debts while they were taken for others'.

    Otherwise somebody whose number was mistyped would begin with no visit and no protection. What
    is told for the former debtors stays as it is. Visits planned for the present ones, approved
    before this was known, are asked again once, and contacts that were unlawful are reported.

    Told already, it is not told again. Locks all of these persons, if the caller did not.
    """
    if not moved:
        return
    people = {each.former for each in moved} | {each.present for each in moved}
    persons.lock(session, people)
    histories = ledger.histories(session, sorted(people))
    standing = facts.told_of(session, sorted(people))
    ids: Iterator[UUID] = iter(new_id, None)
    lines: list[Entry] = []
    learned: list[Told] = []
    for each in moved:
        told = contacts_to_tell(each, histories[each.former], histories[each.present], ids, now)
        histories[each.present] += told
        lines += told
        known = [
            fact
            for fact in facts_to_tell(each, standing[each.former], ids, now)
            if facts.add(session, fact)
        ]
        standing[each.present] += known
        learned += known
    if not lines and not learned:
        return
    ledger.add(session, lines)
    _log.info("accounts_moved", accounts=len(moved), contacts=len(lines), facts=len(learned))
    _follow(session, lines, learned, now, desk())


def follow_late(
    session: Session, visits: Collection[UUID], now: datetime, *, desk: Callable[[], Desk]
) -> None:
    """What was just written of these visits is told for the present debtors too, where the
    accounts they were about have moved meanwhile: visits and accounts are announced in no order.

    One statement where nothing moved.
    """
    move_accounts(session, accounts.moved_since(session, visits), now, desk=desk)


def follow_corrections(
    session: Session, contacts: Collection[UUID], now: datetime, *, desk: Desk
) -> None:
    """These contacts were just told otherwise, or withdrawn: so they are for the present debtors,
    as far as they had been told for them. One statement where nothing moved, none for no contacts.
    """
    moved = accounts.moved_since(session, contacts)
    if not moved:
        return
    people = {each.former for each in moved} | {each.present for each in moved}
    persons.lock(session, people)
    histories = ledger.histories(session, sorted(people))
    ids: Iterator[UUID] = iter(new_id, None)
    lines: list[Entry] = []
    for each in moved:
        corrected = [line for line in histories[each.former] if line.contact_id in contacts]
        there = histories[each.present]
        told = contacts_to_tell(each, corrected, there, ids, now, told_before=True)
        there += told
        lines += told
    ledger.add(session, lines)
    _follow(session, lines, (), now, desk)


def _follow(
    session: Session, lines: Sequence[Entry], learned: Sequence[Told], now: datetime, desk: Desk
) -> None:
    since: dict[UUID, datetime] = {}
    begun = chain(
        ((line.person_id, line.starts_at) for line in lines),
        # When a day began is not known without its zone: as early as it can have anywhere.
        ((fact.person_id, fact.began_before(now.date())) for fact in learned),
    )
    for person_id, at in begun:
        if at is not None:
            since[person_id] = min(at, since.get(person_id, at))
    people = {line.person_id for line in lines} | {fact.person_id for fact in learned}
    reconsider_visits(session, people, now, desk=desk, why=WHY)
    report_breaches(
        session,
        list(since),
        now,
        desk=desk,
        cause="correction",
        since=since,
        told={line.contact_id for line in lines},
    )
