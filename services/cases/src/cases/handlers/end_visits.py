"""People end visits: they cancel one, or tell what came of one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session

from cases.domain import visit as domain
from cases.domain import visit_times
from cases.domain.outcome import MEANINGS, Outcome
from cases.domain.refusal import NoSuch
from cases.domain.visit import VisitStep
from cases.events import VisitCompleted
from cases.handlers.cancel_visits import cancel
from cases.store import persons, reschedules, visits
from cases.store.visits import Planned
from shared import outbox


@dataclass(frozen=True, slots=True)
class Sees:
    """Whose visits may be seen: those of a lender, of an agent, or both None: all."""

    lender: str | None
    agent: UUID | None

    def shows(self, planned: Planned) -> bool:
        """Whether this visit is one of them."""
        return self.lender in (None, planned.visit.lender) and (
            self.agent is None or self.agent in planned.team
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a visit, as those who went tell it."""

    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    note: str | None


def cancel_visit(
    session: Session, visit_id: UUID, reason: str, now: datetime, *, sees: Sees, by: str
) -> None:
    """Cancel a visit for a reason in words. Raises `NoSuch`, `VisitAtTheDoor`, `VisitOver`."""
    planned = lock_visit(session, visit_id, sees)
    cancel(session, [planned], domain.reason_given(reason), now, by=by, words=reason)


def complete_visit(
    session: Session, visit_id: UUID, done: Done, now: datetime, *, sees: Sees, by: str
) -> None:
    """Record what came of a visit, for the ledger of contacts too.

    A visit outside its approved hours is recorded like any other: what happened, happened. Raises
    `NoSuch`, `VisitNotScheduled`, `VisitOver`, `TimesNotPlausible`.
    """
    planned = lock_visit(session, visit_id, sees)
    visit = planned.visit
    to = domain.after(visit.status, VisitStep.COMPLETE)
    visit_times.check_times(visit, done.started_at, done.ended_at, now)
    assert visit.approval_id is not None, "a visit that was scheduled has an approval"
    started_at, ended_at = done.started_at.astimezone(UTC), done.ended_at.astimezone(UTC)
    visits.complete(
        session,
        visits.Step(visit, VisitStep.COMPLETE, to, done.outcome.value),
        outcome=done.outcome.value,
        started_at=started_at,
        ended_at=ended_at,
        note=done.note,
        by=by,
        now=now,
    )
    reschedules.withdraw(session, [visit.id], now)
    event = VisitCompleted(
        visit_id=visit.id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        approval_id=visit.approval_id,
        outcome=done.outcome.value,
        contact_outcome=MEANINGS[done.outcome].contact.value,
        started_at=started_at,
        ended_at=ended_at,
    )
    outbox.add(session, event, key=visit.person_id, now=now)


def seen_visit(session: Session, visit_id: UUID, sees: Sees) -> Planned:
    """A visit as it is now, its person not locked. Raises `NoSuch`."""
    planned = visits.load(session, [visit_id]).get(visit_id)
    if planned is None or not sees.shows(planned):
        raise NoSuch("visit", "外访")
    return planned


def lock_visit(session: Session, visit_id: UUID, sees: Sees) -> Planned:
    """Lock the person of a visit; the visit as it is then. Raises `NoSuch`."""
    persons.lock(session, [seen_visit(session, visit_id, sees).visit.person_id])
    # Once more with the lock: its team may be another one since.
    return seen_visit(session, visit_id, sees)
