"""Which case each stated account belongs to: cases are opened, reopened, joined and left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from cases.domain import case as domain
from cases.domain.case import CaseStatus, CaseStep
from cases.events import CaseOpened
from cases.handlers.stated import Stated
from cases.store import accounts as stored
from cases.store import cases, flags


@dataclass(slots=True)
class Assigned:
    """What became of cases when accounts were stated."""

    lender: str
    now: datetime
    by: str
    live: dict[UUID, tuple[UUID, CaseStatus]]
    """The case of each debtor that is not closed."""
    case_of: dict[str, UUID | None] = field(default_factory=dict)
    """By the account's external id; None: it was never overdue."""
    ending: set[UUID] = field(default_factory=set)
    """Cases that may be over now."""
    merging: dict[UUID, UUID] = field(default_factory=dict)
    """Cases that accounts left for another person's, by the case they left."""
    opened: list[tuple[UUID, UUID]] = field(default_factory=list)
    """Case and person."""
    _reopened: set[UUID] = field(default_factory=set)
    _moved: list[tuple[UUID, str, UUID]] = field(default_factory=list)
    _notes: list[cases.Note] = field(default_factory=list)

    def take(self, each: Stated, before: stored.Known | None, owner: UUID) -> None:
        """Find the case of one account, which is ``owner``'s now."""
        name = each.external_id
        former = None if before is None else before.case_id
        moved = before is not None and before.person_id != owner
        case_id = None if moved else former
        if self._owed(each, before):
            case_id = self._of(owner)
            if case_id != former:
                self._note(case_id, "account_added", name)
        elif case_id is not None:
            self.ending.add(case_id)
        if moved and former is not None:
            self.ending.add(former)
            self._note(former, "account_moved", name)
            if case_id is not None:
                self.merging[former] = case_id
        if case_id is not None:
            if former is not None and case_id != former:
                self._moved.append((former, name, case_id))
            if each.returns(before):
                self._note(case_id, "account_returned", name)
        self.case_of[name] = case_id

    def events(self) -> list[tuple[UUID, CaseOpened]]:
        """What to announce, with the person each is about."""
        return [
            (
                person_id,
                CaseOpened(
                    case_id=case_id, lender=self.lender, person_id=person_id, opened_at=self.now
                ),
            )
            for case_id, person_id in self.opened
        ]

    def store(self, session: Session) -> None:
        """Write the cases, their flags and what they note."""
        cases.open_new(session, self.lender, self.opened, self.now)
        cases.reopen(session, self._reopened, self.now)
        flags.follow(session, self.opened, self.lender)
        flags.move(session, self._moved)
        # A case is opened before it is filled.
        begun = [cases.Note(case_id, "opened", self.by, self.now) for case_id, _ in self.opened]
        begun += [cases.Note(each, "reopened", self.by, self.now) for each in self._reopened]
        cases.note(session, begun + self._notes, self.now)

    @staticmethod
    def _owed(each: Stated, before: stored.Known | None) -> bool:
        paid_at = None if before is None else before.paid_at
        recalled_at = None if before is None or each.returns(before) else before.recalled_at
        account = each.account
        return domain.still_owed(account.overdue, account.as_of, paid_at, recalled_at)

    def _of(self, owner: UUID) -> UUID:
        """The debtor's case, opened or reopened if need be."""
        if owner not in self.live:
            self.live[owner] = (new_id(), CaseStatus.OPEN)
            self.opened.append((self.live[owner][0], owner))
        case_id, status = self.live[owner]
        if status is CaseStatus.RESOLVED:
            self.live[owner] = (case_id, domain.after(status, CaseStep.REOPEN))
            self._reopened.add(case_id)
        return case_id

    def _note(self, case_id: UUID, kind: str, external_id: str) -> None:
        self._notes.append(cases.Note(case_id, kind, self.by, self.now, {"account": external_id}))


def assign_cases(
    session: Session,
    lender: str,
    fresh: Sequence[Stated],
    known: Mapping[str, stored.Known],
    owners: Mapping[str, UUID],
    now: datetime,
    *,
    by: str,
) -> Assigned:
    """The case of each account stated, by what is ``known`` of it and whose it is now.

    The persons are locked. Nothing is announced yet, and no case that is left is ended.
    """
    live = {
        person_id: (row.id, CaseStatus(row.status))
        for person_id, row in cases.live_of(session, lender, set(owners.values())).items()
    }
    assigned = Assigned(lender, now, by, live)
    for each in fresh:
        assigned.take(each, known.get(each.external_id), owners[each.external_id])
    assigned.store(session)
    return assigned
