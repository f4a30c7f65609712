"""Contact-rules takes approvals back or lets them expire: nobody goes, whoever is there leaves."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import Session

from cases.domain import visit as domain
from cases.domain.visit import VisitStep
from cases.handlers.cancel_visits import stop
from cases.handlers.decide_visits import BY, DecisionOutOfPlace
from cases.store import decisions, reschedules, visits
from cases.store.decisions import Revocation
from cases.store.visits import Planned

_log = structlog.get_logger(__name__)


def revoke_visits(session: Session, told: Sequence[tuple[UUID, Revocation]], now: datetime) -> None:
    """Stop the visits of approvals taken back, given as (locked person, revocation).

    A visit to come is cancelled for what changed, a team at the door must leave, one that is over
    stays as it is. An approval that did not arrive yet will schedule nothing. Raises
    `DecisionOutOfPlace` for a visit that is not here.
    """
    decisions.revoke(session, [revocation for _, revocation in told], now)
    for person_id, revocation in told:
        planned = _planned(session, revocation.visit_id, person_id)
        if planned.visit.approval_id == revocation.approval_id:
            reason = domain.reason_of_revocation(revocation.reason)
            stop(session, [planned], reason, now, by=BY)
        else:
            _log.info("revoked_unused", approval_id=str(revocation.approval_id))


def expire_visits(session: Session, told: Sequence[tuple[UUID, UUID, UUID]], now: datetime) -> None:
    """The times of approvals passed, given as (locked person, visit, approval).

    A visit that rests on such a one and that nobody checked in is expired; what came of it may be
    told all the same. Raises `DecisionOutOfPlace` for a visit that is not here.
    """
    for person_id, visit_id, approval_id in told:
        visit = _planned(session, visit_id, person_id).visit
        if visit.approval_id != approval_id or (
            (visit.status, VisitStep.EXPIRE) not in domain.TRANSITIONS
        ):
            continue
        to = domain.after(visit.status, VisitStep.EXPIRE)
        visits.move(session, [visits.Step(visit, VisitStep.EXPIRE, to)], by=BY, now=now)
        reschedules.withdraw(session, [visit.id], now)


def _planned(session: Session, visit_id: UUID, person_id: UUID) -> Planned:
    planned = visits.load(session, [visit_id]).get(visit_id)
    if planned is None or planned.visit.person_id != person_id:
        raise DecisionOutOfPlace(f"no visit {visit_id} of that person is known")
    return planned
