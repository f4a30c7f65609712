"""Contact-rules answers: visits are scheduled by its signed approvals, denied, or left to people.

Scheduling is the one way to the state in which somebody goes to a door, so everything about the
approval is compared with the visit, and the database compares once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from shared.keys import KeySet, verify
from sqlmodel import Session

from cases.domain import approval as approvals
from cases.domain import visit as domain
from cases.domain.approval import Approval, Obligation
from cases.domain.visit import CancelReason, Visit, VisitStep
from cases.events import VisitScheduled
from cases.handlers.cancel_visits import cancel
from cases.store import decisions, visits
from cases.store.decisions import Denial
from cases.store.tables import RevocationRow
from shared import outbox

_log = structlog.get_logger(__name__)

BY = "contact-rules"


class DecisionOutOfPlace(Exception):
    """A decision on a visit that is not here, or that contradicts what was decided before.

    Somebody must look: the message is parked, and the visit stays as it is.
    """


@dataclass(frozen=True, slots=True)
class Answered:
    """A yes as it arrived, not believed yet. ``person_id`` is whose lock is held."""

    visit_id: UUID
    person_id: UUID
    decision_id: UUID
    approval_id: UUID
    token: str
    expires_at: datetime
    obligations: Sequence[Obligation]


def schedule_visits(
    session: Session, answers: Sequence[Answered], now: datetime, *, keys: KeySet
) -> None:
    """Schedule visits of locked persons, each by an approval that is signed and its own.

    A visit cancelled or denied meanwhile stays so; one whose approval is over already is
    cancelled as expired, one whose approval was taken back already for the reason of that. Raises
    `shared.keys.BadToken`, `ApprovalMismatch` or `DecisionOutOfPlace`; nothing is scheduled then.
    """
    planned = visits.load(session, [each.visit_id for each in answers])
    revoked = decisions.revocations_of(session, [each.approval_id for each in answers])
    approved: list[Approval] = []
    steps: list[visits.Step] = []
    for answer in answers:
        found = planned.get(answer.visit_id)
        if found is None or found.visit.person_id != answer.person_id:
            raise DecisionOutOfPlace(f"no visit {answer.visit_id} of that person is known")
        visit = found.visit
        approval = proven(answer, found, keys, now)
        if (visit.status, VisitStep.APPROVE) not in domain.TRANSITIONS:
            _log.info("approval_too_late", visit_id=str(visit.id), status=visit.status.value)
        elif (over := why_over(approval, revoked.get(approval.id), now)) is not None:
            cancel(session, [found], over, now, by=BY)
        else:
            to = domain.after(visit.status, VisitStep.APPROVE)
            approved.append(approval)
            steps.append(visits.Step(visit, VisitStep.APPROVE, to))
    decisions.approve(session, approved, now)
    by_visit = {approval.visit_id: approval.id for approval in approved}
    visits.schedule(session, steps, by_visit, by=BY, now=now)
    announce_scheduled(session, [(step.visit, by_visit[step.visit.id]) for step in steps], now)


def why_over(
    approval: Approval, revocation: RevocationRow | None, now: datetime
) -> CancelReason | None:
    """Why an approval that arrives now can't schedule anything any more; None: it can."""
    if revocation is not None:
        return domain.reason_of_revocation(revocation.reason)
    return CancelReason.EXPIRED if approval.expires_at <= now else None


def announce_scheduled(
    session: Session, scheduled: Sequence[tuple[Visit, UUID]], now: datetime
) -> None:
    """Tell that visits stand in the plan, each by the approval beside it."""
    outbox.add_many(
        session,
        [
            (
                visit.person_id,
                VisitScheduled(
                    visit_id=visit.id,
                    case_id=visit.case_id,
                    person_id=visit.person_id,
                    lender=visit.lender,
                    approval_id=approval_id,
                    starts_at=visit.starts_at,
                    ends_at=visit.ends_at,
                ),
            )
            for visit, approval_id in scheduled
        ],
        now=now,
    )


def proven(answer: Answered, planned: visits.Planned, keys: KeySet, now: datetime) -> Approval:
    """The approval in an answer, if it is signed and one for exactly this visit and team.

    Raises `shared.keys.BadToken` or `ApprovalMismatch`.
    """
    # An approval that waited too long in a queue is genuine all the same: it is judged at its
    # last moment here, and its own claim says below that it is over.
    moment = min(now, answer.expires_at - timedelta(seconds=1))
    claims = verify(
        answer.token,
        keys,
        audience=approvals.AUDIENCE,
        issuer=approvals.ISSUER,
        now=moment,
    )
    visit = planned.visit
    approvals.compare(claims, visit, planned.team, answer.approval_id)
    return Approval(
        id=answer.approval_id,
        visit_id=visit.id,
        decision_id=answer.decision_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        token=answer.token,
        expires_at=approvals.expiry(claims),
        must_end_by=approvals.must_end_by(claims),
        obligations=answer.obligations,
    )


def deny_visits(session: Session, denials: Sequence[tuple[UUID, Denial]], now: datetime) -> None:
    """Deny visits or leave them to people, given as (locked person, denial).

    The reasons are kept whatever became of the visit meanwhile. Raises `DecisionOutOfPlace` for
    the denial of a visit that was approved: a yes is taken back by revoking it, not by a no.
    """
    planned = visits.load(session, [denial.visit_id for _, denial in denials])
    steps: list[visits.Step] = []
    for person_id, denial in denials:
        found = planned.get(denial.visit_id)
        if found is None or found.visit.person_id != person_id:
            raise DecisionOutOfPlace(f"no visit {denial.visit_id} of that person is known")
        visit = found.visit
        step = VisitStep.DENY if denial.verdict == "deny" else VisitStep.REVIEW
        if (visit.status, step) in domain.TRANSITIONS:
            steps.append(visits.Step(visit, step, domain.after(visit.status, step)))
        elif step is VisitStep.DENY and visit.status in domain.APPROVED:
            raise DecisionOutOfPlace(f"visit {visit.id} is {visit.status} and can't be denied")
    decisions.deny(session, [denial for _, denial in denials], now)
    visits.move(session, steps, by=BY, now=now)
