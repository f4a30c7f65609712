"""Diallers and message senders tell of contacts: they are written down and count at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain.breaches import Cause
from contact_rules.domain.ledger import HAPPENED, Entry, EntryKind, standing
from contact_rules.domain.recording import (
    ContactRefused,
    Status,
    ToldContact,
    Withdrawal,
    said_before,
    telling,
    withdrawn,
)
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.move_accounts import follow_corrections
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.handlers.report_breaches import report_breaches
from contact_rules.store import accounts, ledger, persons
from contact_rules.store.accounts import Account


class NoSuchPerson(ContactRefused):
    """There is none, or none that this lender may write about: the sender can't tell which."""

    code: ClassVar[str] = "no_such_person"
    en = "is no person this lender has an account of"
    zh = "该机构没有此人的账户"


class NoSuchAccount(ContactRefused):
    code = "no_such_account"
    en = "is no account of this lender"
    zh = "该机构没有此账户"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one contact that was told of; ``kind`` is that of the line that stands."""

    contact_id: UUID
    status: Status
    kind: EntryKind


Told = ToldContact | Withdrawal


def record_contacts(
    session: Session,
    told: Sequence[Told],
    now: datetime,
    *,
    desk: Desk,
    any_person: bool = False,
) -> list[Recorded | ContactRefused]:
    """Write these contacts down in order; for each what became of it, or why it was refused.

    A refusal of one keeps no other from being written. What is told twice is written once. Visits
    still planned are asked again at once, and what turns out to have been unlawful is reported.

    ``any_person``: persons of whom the lender has no account will do, as long as they are known.
    """
    if not told:
        return []
    batch = _Batch.looked_up(session, told, any_person=any_person)
    answers = [batch.take(one, now) for one in told]
    ledger.add(session, batch.written)
    _follow(session, batch, now, desk)
    anew = {entry.contact_id for entry in batch.written if entry.contact_id in batch.begun_before}
    follow_corrections(session, anew, now, desk=desk)
    return answers


@dataclass(slots=True)
class _Batch:
    """What is known about a batch, its persons locked, and what is to be written."""

    accounts: Mapping[tuple[str, str], Account]
    persons: Collection[tuple[UUID, str]]
    """Whom each lender may write about."""
    earlier: dict[UUID, list[Entry]]
    """What was told of each contact, and that which is to be written."""
    written: list[Entry] = field(default_factory=list)
    begun_before: dict[UUID, datetime] = field(default_factory=dict)
    """When contacts that are told anew were said to have begun before."""

    @classmethod
    def looked_up(cls, session: Session, told: Sequence[Told], *, any_person: bool) -> "_Batch":
        """One statement a table; the ledger before the lock, to know whom to lock, and after."""
        contacts = [one for one in told if isinstance(one, ToldContact)]
        ids = list({one.contact_id for one in told})
        named = accounts.named(session, {pair for one in contacts for pair in _accounts(one)})
        asked = {(one.person_id, one.lender) for one in contacts if one.person_id is not None}
        people = {person_id for person_id, _ in asked}
        allowed = accounts.debtors(session, people)
        if any_person:
            known = accounts.known(session, people) | {person_id for person_id, _ in allowed}
            allowed = {pair for pair in asked if pair[0] in known}
        people = ledger.with_whom(session, ids)
        people |= {person_id for person_id, _ in allowed & asked}
        people |= {named[pair].person_id for one in contacts for pair in _whom(one) & named.keys()}
        persons.lock(session, people)
        if named:
            # Accounts may have moved while the locks were waited for.
            named = accounts.named(session, named.keys())
            owners = {
                named[pair].person_id for one in contacts for pair in _whom(one) & named.keys()
            }
            if new := owners - people:
                persons.lock(session, new)
                people |= new
        earlier = {
            contact_id: entries
            for contact_id, entries in ledger.of_contacts(session, ids).items()
            if all(entry.person_id in people for entry in entries)
        }
        return cls(named, allowed, earlier)

    def take(self, told: Told, now: datetime) -> Recorded | ContactRefused:
        """What becomes of one; a line to be written is remembered for those after it."""
        earlier = self.earlier.setdefault(told.contact_id, [])
        try:
            if said_before(told.said, earlier):
                status, entry = Status.DUPLICATE, None
            elif isinstance(told, Withdrawal):
                status, entry = withdrawn(told, earlier, new_id(), now)
            else:
                person_id, debts = self._resolved(told)
                status, entry = telling(told, person_id, debts, earlier, new_id(), now)
        except ContactRefused as refusal:
            return refusal
        if entry is not None:
            self._write(entry, earlier)
        return Recorded(told.contact_id, status, standing(earlier)[str(told.contact_id)].kind)

    def _resolved(self, told: ToldContact) -> tuple[UUID, tuple[str, ...]]:
        """With whom it was, and about which debts. Raises a `ContactRefused`."""
        debts: list[str] = []
        person_id = told.person_id
        if person_id is not None:
            if (person_id, told.lender) not in self.persons:
                raise NoSuchPerson("/person_id")
        else:
            assert told.account is not None
            account = self.accounts.get((told.lender, told.account))
            if account is None:
                raise NoSuchAccount("/account")
            person_id = account.person_id
            debts = [str(account.id)]
        if told.accounts is not None:
            debts = []
            for place, external_id in enumerate(told.accounts):
                account = self.accounts.get((told.lender, external_id))
                if account is None:
                    raise NoSuchAccount(f"/accounts/{place}")
                debts.append(str(account.id))
        return person_id, tuple(dict.fromkeys(debts))

    def _write(self, entry: Entry, earlier: list[Entry]) -> None:
        begun = [each.starts_at for each in earlier if each.starts_at is not None]
        if begun:
            self.begun_before.setdefault(entry.contact_id, min(begun))
        earlier.append(entry)
        self.written.append(entry)


def _accounts(told: ToldContact) -> Iterator[tuple[str, str]]:
    yield from _whom(told)
    for external_id in told.accounts or ():
        yield told.lender, external_id


def _whom(told: ToldContact) -> set[tuple[str, str]]:
    return set() if told.account is None else {(told.lender, told.account)}


def _follow(session: Session, batch: _Batch, now: datetime, desk: Desk) -> None:
    """What was written has its consequences: for what is planned, and for what has been.

    A plan takes no approved visit's place: only what took place, or did not, changes anything.
    """
    told = [entry for entry in batch.written if entry.kind in HAPPENED]
    corrected = {entry.person_id for entry in told if entry.reason is not None}
    since: dict[UUID, datetime] = {}
    for entry in told:
        assert entry.starts_at is not None
        begun = min(entry.starts_at, batch.begun_before.get(entry.contact_id, entry.starts_at))
        since[entry.person_id] = min(begun, since.get(entry.person_id, begun))
    consequences: tuple[tuple[Collection[UUID], str, Cause], ...] = (
        (since.keys() - corrected, "contact", "late_contact"),
        (corrected, "correction", "correction"),
    )
    for people, why, cause in consequences:
        reconsider_visits(session, people, now, desk=desk, why=why)
        report_breaches(
            session,
            people,
            now,
            desk=desk,
            cause=cause,
            since=since,
            told={entry.contact_id for entry in told},
        )
