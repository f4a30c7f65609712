"""A lender states accounts: they are stored, their persons recognised, cases opened or ended.

Tens of thousands go through here in one call: every step is one statement for all of them, and
whatever is locked is locked in sorted order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.ids import new_id
from shared.messages import Event
from sqlmodel import Session

from cases.domain.account import Account
from cases.domain.case import CaseStatus
from cases.domain.money import to_text
from cases.domain.person import Identities
from cases.domain.refusal import Refusal
from cases.events import AccountReceived, AccountReturned, Balance
from cases.handlers.assign_cases import assign_cases
from cases.handlers.case_ends import settle
from cases.handlers.complaints import carry_complaints
from cases.handlers.holds import carry_holds
from cases.handlers.stated import Stated
from cases.store import accounts as stored
from cases.store import addresses, cases, persons
from cases.store.tables import CaseRow
from shared import outbox


class Result(StrEnum):
    """What a push did to one account."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """The same was pushed before."""
    STALE = "stale"
    """Something newer is stored; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one stated account. ``case_id`` None: it was never overdue."""

    outcome: Result
    account_id: UUID
    case_id: UUID | None


class ChangedMeanwhile(Refusal):
    """Another push named another person for the same account at the same moment. Send it again."""

    code: ClassVar[str] = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "Another push changed the same account at the same moment; send this one again.",
            "同一账户正被另一次推送修改，请重新提交。",
        )


def receive_accounts(
    session: Session,
    lender: str,
    accounts: Sequence[tuple[str, Account]],
    now: datetime,
    *,
    identities: Identities,
    by: str,
) -> list[Received]:
    """Take (external id, account) as stated; the answers are in the same order.

    An account older (`as_of`) than what is stored is `Result.STALE` and changes nothing; the same
    once more is `Result.UNCHANGED`; of two with the same ``as_of`` and other content the later
    call counts. An id that comes twice in one call is taken twice, in order.

    What follows from a statement: something overdue opens a case, or reopens a resolved one;
    nothing overdue any more resolves it and cancels its visits. When the debtor turns out to be
    another person, the account moves to that person's case, and a case left empty is closed as
    merged; its holds and open complaints go with it. An account that was recalled takes no part
    until it is stated as of a time after the recall. ``accounts`` were checked
    (`cases.domain.account.check`).

    Raises `ChangedMeanwhile` in a rare race; the caller's transaction must then be given up.
    """
    results: list[Received | None] = [None] * len(accounts)
    for wave in _waves(accounts):
        stated = [
            Stated.of(lender, external_id, account, identities)
            for external_id, account in (accounts[at] for at in wave)
        ]
        for at, result in zip(wave, _Push(session, lender, now, by).take(stated), strict=True):
            results[at] = result
    return [result for result in results if result is not None]


def _waves(accounts: Sequence[tuple[str, Account]]) -> list[list[int]]:
    """Positions such that no wave names an external id twice, in order."""
    waves: list[list[int]] = []
    seen: dict[str, int] = {}
    for at, (external_id, _) in enumerate(accounts):
        wave = seen.get(external_id, 0)
        seen[external_id] = wave + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(at)
    return waves


@dataclass(slots=True)
class _Push:
    """One wave of accounts on its way into the tables."""

    session: Session
    lender: str
    now: datetime
    by: str

    def take(self, stated: Sequence[Stated]) -> list[Received]:
        results: dict[str, Received] = {}
        # Looked at once without a lock: a file sent again is read, not locked.
        known = stored.find(self.session, self.lender, [each.external_id for each in stated])
        fresh = self._judge(stated, known, results)
        if fresh:
            people = self._recognise(fresh, known)
            owners = self._owners(fresh, known, people)
            locked = {
                known[each.external_id].person_id for each in fresh if each.external_id in known
            }
            locked |= set(owners.values())
            persons.lock(self.session, locked)
            ids = [each.external_id for each in fresh]
            known = stored.find(self.session, self.lender, ids, lock=True)
            if any(each.person_id not in locked for each in known.values()):
                raise ChangedMeanwhile
            fresh = self._judge(fresh, known, results)
            self._store(fresh, known, owners, people, results)
        return [results[each.external_id] for each in stated]

    def _judge(
        self,
        stated: Iterable[Stated],
        known: Mapping[str, stored.Known],
        results: dict[str, Received],
    ) -> list[Stated]:
        """Those that say something new; the others have their results."""
        fresh = []
        for each in stated:
            before = known.get(each.external_id)
            if before is None or each.account.as_of > before.as_of:
                fresh.append(each)
            elif each.account.as_of < before.as_of:
                results[each.external_id] = Received(Result.STALE, before.id, before.case_id)
            elif each.content == before.content:
                results[each.external_id] = Received(Result.UNCHANGED, before.id, before.case_id)
            else:
                fresh.append(each)
        return fresh

    def _recognise(
        self, fresh: Sequence[Stated], known: Mapping[str, stored.Known]
    ) -> dict[bytes, UUID]:
        wanted: dict[bytes, bool] = {}
        for each in fresh:
            before = known.get(each.external_id)
            if before is None:
                wanted[each.identity] = each.numbered
            elif each.numbered:
                if not before.numbered:
                    persons.name(self.session, before.person_id, each.identity)
                wanted[each.identity] = True
            for identity, related in zip(each.related, each.account.related, strict=True):
                wanted.setdefault(identity, related.number is not None)
        return persons.recognise(self.session, wanted, self.now)

    @staticmethod
    def _owners(
        fresh: Sequence[Stated],
        known: Mapping[str, stored.Known],
        people: Mapping[bytes, UUID],
    ) -> dict[str, UUID]:
        """Whose account each is. A push without a number leaves the person known before."""
        return {
            each.external_id: (
                known[each.external_id].person_id
                if each.external_id in known and not each.numbered
                else people[each.identity]
            )
            for each in fresh
        }

    def _store(
        self,
        fresh: Sequence[Stated],
        known: Mapping[str, stored.Known],
        owners: Mapping[str, UUID],
        people: Mapping[bytes, UUID],
        results: dict[str, Received],
    ) -> None:
        assigned = assign_cases(
            self.session, self.lender, fresh, known, owners, self.now, by=self.by
        )
        events: list[tuple[UUID | str, Event]] = [*assigned.events()]
        kept = addresses.keep(
            self.session,
            self.lender,
            {
                (owners[each.external_id], address.fingerprint): address
                for each in fresh
                for address in each.account.addresses
            },
            self.now,
        )
        lines: dict[bool, list[stored.Line]] = {True: [], False: []}
        returned: list[UUID] = []
        for each in fresh:
            before = known.get(each.external_id)
            owner = owners[each.external_id]
            line = stored.Line(
                id=new_id() if before is None else before.id,
                external_id=each.external_id,
                account=each.account,
                document=each.document,
                person_id=owner,
                case_id=assigned.case_of[each.external_id],
                related_ids=[people[identity] for identity in each.related],
                address_ids=_home_first(each.account, owner, kept),
                content=each.content,
            )
            lines[before is None].append(line)
            if before is not None and each.returns(before):
                returned.append(line.id)
                events.append((owner, _returned(self.lender, line, before, self.now)))
            outcome = Result.CREATED if before is None else Result.UPDATED
            results[each.external_id] = Received(outcome, line.id, line.case_id)
            events.append((owner, _received(self.lender, line)))
        if stored.insert(self.session, self.lender, lines[True], self.now) != len(lines[True]):
            raise ChangedMeanwhile
        stored.update(self.session, lines[False], self.now)
        stored.bring_back(self.session, returned)
        outbox.add_many(self.session, events, now=self.now)
        settle(self.session, assigned.ending, self.now, by=self.by)
        self._carry(assigned.merging)

    def _carry(self, merging: Mapping[UUID, UUID]) -> None:
        """What keeps everybody from the door does so in the case that another was merged into."""
        merged: dict[UUID, CaseRow] = {}
        for left in cases.standing(self.session, merging):
            if left.status is CaseStatus.CLOSED:
                into = cases.get(self.session, merging[left.id], self.lender)
                assert into is not None, "an account was put into it just now"
                merged[left.id] = into
        if merged:
            carry_holds(self.session, merged, self.now, by=self.by)
            carry_complaints(self.session, merged, self.now, by=self.by)


def _home_first(account: Account, owner: UUID, kept: Mapping[addresses.Key, UUID]) -> list[UUID]:
    """The ids of the listed addresses, each once, the home before the others."""
    home = account.home
    ordered = sorted(account.addresses, key=lambda address: address is not home)
    return list(dict.fromkeys(kept[owner, address.fingerprint] for address in ordered))


def _returned(
    lender: str, line: stored.Line, before: stored.Known, now: datetime
) -> AccountReturned:
    assert before.recalled_at is not None
    return AccountReturned(
        lender=lender,
        account_id=line.id,
        external_id=line.external_id,
        person_id=line.person_id,
        case_id=line.case_id,
        recalled_at=before.recalled_at,
        returned_at=now,
    )


def _received(lender: str, line: stored.Line) -> AccountReceived:
    account = line.account
    balance = account.balance
    return AccountReceived(
        lender=lender,
        account_id=line.id,
        external_id=line.external_id,
        person_id=line.person_id,
        case_id=line.case_id,
        product=account.product.value,
        currency=account.currency,
        balance=Balance(
            principal=to_text(balance.principal, account.currency),
            interest=to_text(balance.interest, account.currency),
            fees=to_text(balance.fees, account.currency),
        ),
        overdue=to_text(account.overdue, account.currency),
        due_since=account.due_since,
        annual_rate=None if account.annual_rate is None else format(account.annual_rate, "f"),
        as_of=account.as_of.astimezone(UTC),
    )
