"""A lender states accounts: they are stored, their persons recognised, cases opened or ended.

Tens of thousands go through here in one call: every step is one statement for all of them, and
whatever is locked is locked in sorted order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.ids import new_id
from shared.messages import Event
from sqlmodel import Session

from cases.domain import case as domain
from cases.domain.account import Account
from cases.domain.case import CaseStatus, CaseStep
from cases.domain.money import to_text
from cases.domain.person import Identities
from cases.domain.refusal import Refusal
from cases.events import AccountReceived, AccountReturned, Balance, CaseOpened
from cases.handlers.case_ends import settle
from cases.handlers.complaints import carry_complaints
from cases.handlers.holds import carry_holds
from cases.store import accounts as stored
from cases.store import addresses, cases, documents, flags, persons
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
            _Stated.of(lender, external_id, account, identities)
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


@dataclass(frozen=True, slots=True)
class _Stated:
    """An account as stated, with the identities of the people in it."""

    external_id: str
    account: Account
    identity: bytes
    related: tuple[bytes, ...]
    document: str
    content: bytes

    @property
    def numbered(self) -> bool:
        return self.account.debtor.number is not None

    @classmethod
    def of(
        cls, lender: str, external_id: str, account: Account, identities: Identities
    ) -> "_Stated":
        number = account.debtor.number
        identity = (
            identities.of_account(lender, external_id)
            if number is None
            else identities.of_number(number)
        )
        related = tuple(
            identities.of_related(lender, external_id, each.role.value, each.name, each.phone or "")
            if each.number is None
            else identities.of_number(each.number)
            for each in account.related
        )
        document = documents.stated(account)
        content = documents.content(document, account, [identity, *related])
        return cls(external_id, account, identity, related, document, content)


@dataclass(slots=True)
class _Push:
    """One wave of accounts on its way into the tables."""

    session: Session
    lender: str
    now: datetime
    by: str
    notes: list[cases.Note] = field(default_factory=list)
    events: list[tuple[UUID | str, Event]] = field(default_factory=list)
    moves: dict[UUID, UUID] = field(default_factory=dict)
    """Cases that accounts left for another person's, by the case they left."""

    def take(self, stated: Sequence[_Stated]) -> list[Received]:
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
        stated: Iterable[_Stated],
        known: Mapping[str, stored.Known],
        results: dict[str, Received],
    ) -> list[_Stated]:
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
        self, fresh: Sequence[_Stated], known: Mapping[str, stored.Known]
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
        fresh: Sequence[_Stated],
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
        fresh: Sequence[_Stated],
        known: Mapping[str, stored.Known],
        owners: Mapping[str, UUID],
        people: Mapping[bytes, UUID],
        results: dict[str, Received],
    ) -> None:
        in_case, ending = self._assign_cases(fresh, known, owners)
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
                case_id=in_case[each.external_id],
                related_ids=[people[identity] for identity in each.related],
                address_ids=_home_first(each.account, owner, kept),
                content=each.content,
            )
            lines[before is None].append(line)
            if before is not None and _returns(each, before):
                returned.append(line.id)
                self.events.append((owner, _returned(self.lender, line, before, self.now)))
            outcome = Result.CREATED if before is None else Result.UPDATED
            results[each.external_id] = Received(outcome, line.id, line.case_id)
            self.events.append((owner, _received(self.lender, line)))
        if stored.insert(self.session, self.lender, lines[True], self.now) != len(lines[True]):
            raise ChangedMeanwhile
        stored.update(self.session, lines[False], self.now)
        stored.bring_back(self.session, returned)
        cases.note(self.session, self.notes, self.now)
        outbox.add_many(self.session, self.events, now=self.now)
        settle(self.session, ending, self.now, by=self.by)
        self._carry()

    def _carry(self) -> None:
        """What keeps everybody from the door does so in the case that another was merged into."""
        merged: dict[UUID, CaseRow] = {}
        for left in cases.standing(self.session, self.moves):
            if left.status is CaseStatus.CLOSED:
                into = cases.get(self.session, self.moves[left.id], self.lender)
                assert into is not None, "an account was put into it just now"
                merged[left.id] = into
        if merged:
            carry_holds(self.session, merged, self.now, by=self.by)
            carry_complaints(self.session, merged, self.now, by=self.by)

    def _assign_cases(
        self,
        fresh: Sequence[_Stated],
        known: Mapping[str, stored.Known],
        owners: Mapping[str, UUID],
    ) -> tuple[dict[str, UUID | None], set[UUID]]:
        """The case of each account, opened or reopened as needed; and cases that may be over."""
        live = {
            person_id: (row.id, CaseStatus(row.status))
            for person_id, row in cases.live_of(
                self.session, self.lender, set(owners.values())
            ).items()
        }
        opened: list[tuple[UUID, UUID]] = []
        reopened: set[UUID] = set()
        in_case: dict[str, UUID | None] = {}
        ending: set[UUID] = set()
        moved_flags: list[tuple[UUID, str, UUID]] = []
        for each in fresh:
            before, owner = known.get(each.external_id), owners[each.external_id]
            former = None if before is None else before.case_id
            moved = before is not None and before.person_id != owner
            paid_at = None if before is None else before.paid_at
            recalled_at = None if before is None else before.recalled_at
            returns = before is not None and _returns(each, before)
            if returns:
                recalled_at = None
            case_id = None if moved else former
            account = each.account
            if domain.still_owed(account.overdue, account.as_of, paid_at, recalled_at):
                if owner not in live:
                    live[owner] = (new_id(), CaseStatus.OPEN)
                    opened.append((live[owner][0], owner))
                case_id, status = live[owner]
                if status is CaseStatus.RESOLVED:
                    live[owner] = (case_id, domain.after(status, CaseStep.REOPEN))
                    reopened.add(case_id)
                if case_id != former:
                    self._note(case_id, "account_added", each.external_id)
            elif case_id is not None:
                ending.add(case_id)
            if moved and former is not None:
                ending.add(former)
                self._note(former, "account_moved", each.external_id)
                if case_id is not None:
                    self.moves[former] = case_id
            if former is not None and case_id is not None and case_id != former:
                moved_flags.append((former, each.external_id, case_id))
            if returns and case_id is not None:
                self._note(case_id, "account_returned", each.external_id)
            in_case[each.external_id] = case_id
        cases.open_new(self.session, self.lender, opened, self.now)
        cases.reopen(self.session, reopened, self.now)
        flags.follow(self.session, opened, self.lender)
        flags.move(self.session, moved_flags)
        # Before what was noted above: a case is opened before it is filled.
        self.notes[:0] = [
            cases.Note(case_id, kind, self.by, self.now)
            for kind, ids in (("opened", [each for each, _ in opened]), ("reopened", reopened))
            for case_id in ids
        ]
        for case_id, person_id in opened:
            event = CaseOpened(
                case_id=case_id, lender=self.lender, person_id=person_id, opened_at=self.now
            )
            self.events.append((person_id, event))
        return in_case, ending

    def _note(self, case_id: UUID, kind: str, external_id: str) -> None:
        self.notes.append(cases.Note(case_id, kind, self.by, self.now, {"account": external_id}))


def _home_first(account: Account, owner: UUID, kept: Mapping[addresses.Key, UUID]) -> list[UUID]:
    """The ids of the listed addresses, each once, the home before the others."""
    home = account.home
    ordered = sorted(account.addresses, key=lambda address: address is not home)
    return list(dict.fromkeys(kept[owner, address.fingerprint] for address in ordered))


def _returns(each: _Stated, before: stored.Known) -> bool:
    return domain.is_back(
        each.account.as_of, known_as_of=before.as_of, recalled_at=before.recalled_at
    )


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
