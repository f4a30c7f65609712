"""Something changed: visits still planned are asked again, and the unlawful ones are revoked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared.messages import Event
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import Check, Verdict
from contact_rules.domain import check as check_by
from contact_rules.domain.approval import Approval, revoke
from contact_rules.domain.ledger import Entry, EntryKind
from contact_rules.handlers.deciding import (
    Desk,
    Standing,
    VisitRequest,
    asked_of,
    look_up,
    objections,
    request_again,
    reservation,
    verdict_but_for,
)
from contact_rules.store import approvals, decisions, ledger, persons
from contact_rules.store.decisions import DecisionRecord
from shared import outbox

_log = structlog.get_logger(__name__)


def reconsider_visits(
    session: Session, people: Collection[UUID], now: datetime, *, desk: Desk, why: str
) -> None:
    """Ask again for each visit that these persons still have before them, as things stand now.

    One the rules no longer allow is revoked for the reason ``why`` (a code), which is announced;
    its place is free again, unless somebody is at the door already: that counts, and the team must
    leave. The oldest approval is kept first, and only what was kept counts against the next, so no
    more are revoked than must be. Visits whose time is over are left to `expire_approvals`.

    Costs one statement where nobody has a visit planned. Locks the persons, if the caller did not;
    what changed must be written already.
    """
    if not people:
        return
    persons.lock(session, people)
    found = planned_visits(session, people, now)
    if not found:
        return
    standing = look_up(session, list(found))
    revoked = Revocations(now)
    for person_id, visits in found.items():
        _reconsider(visits, standing[person_id], desk, revoked, why)
    revoked.write(session)


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit with an approval that is reserved, and the latest decision its place rests on."""

    approval: Approval
    record: DecisionRecord

    @property
    def at_the_door(self) -> bool:
        return self.approval.checked_in_at is not None


def planned_visits(
    session: Session, people: Collection[UUID], now: datetime
) -> dict[UUID, list[PlannedVisit]]:
    """What these persons have before them: the oldest approval first, whoever is at the door
    before all others. Persons without any are left out; one statement if that is everybody."""
    planned = {
        person_id: ahead
        for person_id, signed in approvals.planned(session, list(people)).items()
        if (ahead := [one.approval for one in signed if not _is_over(one.approval, now)])
    }
    if not planned:
        return {}
    visits = [approval.visit_id for ahead in planned.values() for approval in ahead]
    records = decisions.behind(session, visits)
    return {
        person_id: [
            PlannedVisit(approval, records[approval.visit_id])
            # What happens at a door counts whether it is revoked or not: it is asked first, and
            # nothing that could still be called off stands in its way.
            for approval in sorted(ahead, key=lambda each: each.checked_in_at is None)
        ]
        for person_id, ahead in planned.items()
    }


def _is_over(approval: Approval, now: datetime) -> bool:
    """Nobody will go any more; or nobody can still be at the door, though no end was told."""
    ends = approval.ends_at if approval.checked_in_at is None else approval.expires_at
    return ends <= now


def _reconsider(
    visits: Sequence[PlannedVisit],
    standing: Standing,
    desk: Desk,
    revoked: "Revocations",
    why: str,
) -> None:
    """Ask for one person's visits, one after another."""
    waiting = {str(visit.approval.visit_id): visit for visit in visits if not visit.at_the_door}
    lines = [line for line in standing.lines if line.contact_id not in waiting]
    for visit in visits:
        visit_id = visit.approval.visit_id
        request = request_again(visit.record)
        asked = asked_of(
            request.contact,
            request.residence,
            Standing(lines, standing.known),
            desk,
            without=visit_id,
        )
        decision = check_by(asked.contact, asked.packs())
        if verdict_but_for(decision, visit.record.overridden) is not Verdict.ALLOW:
            revoked.add(visit, request, objections(decision, visit.record.overridden), why)
        elif not visit.at_the_door:
            lines += [line for line in standing.lines if line.contact_id == str(visit_id)]


@dataclass(slots=True)
class Revocations:
    """Approvals to be revoked together: written in one statement a table."""

    now: datetime
    _approvals: list[Approval] = field(default_factory=list)
    _entries: list[Entry] = field(default_factory=list)
    _announced: list[tuple[UUID | str, Event]] = field(default_factory=list)

    def add(
        self, visit: PlannedVisit, request: VisitRequest, checks: Sequence[Check], why: str
    ) -> None:
        """Revoke this one, for what ``checks`` found since ``why`` happened."""
        approval, record = visit.approval, visit.record
        told = [events.check_data(each) for each in checks]
        self._approvals.append(revoke(approval, why, self.now))
        if not visit.at_the_door:
            self._entries.append(
                replace(
                    reservation(request, record, self.now),
                    kind=EntryKind.RELEASED,
                    reason=why,
                    details={"checks": told},
                )
            )
        event = events.ApprovalRevoked(
            visit_id=approval.visit_id,
            case_id=record.case_id,
            person_id=approval.person_id,
            lender=approval.lender,
            approval_id=approval.id,
            decision_id=approval.decision_id,
            reason=why,
            checks=told,
            must_leave=visit.at_the_door,
            revoked_at=self.now,
        )
        self._announced.append((approval.person_id, event))
        _log.info(
            "approval_revoked",
            visit_id=str(approval.visit_id),
            why=why,
            rules=[each.rule for each in checks],
            at_the_door=visit.at_the_door,
        )

    def write(self, session: Session) -> None:
        """Save and announce what was added."""
        ledger.add(session, self._entries)
        approvals.end(session, self._approvals)
        outbox.add_many(session, self._announced, now=self.now)
