"""Cases come to an end: nothing is overdue any more, or nothing is left in them."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session

from cases.domain import case as domain
from cases.domain.case import CaseStatus, CaseStep, CloseReason, Resolution
from cases.domain.visit import CancelReason
from cases.events import CaseClosed
from cases.handlers.cancel_visits import cancel_live_visits
from cases.store import cases
from shared import outbox

_CANCELLED_FOR: Final = {
    CloseReason.MERGED: CancelReason.MERGED,
    CloseReason.RECALLED: CancelReason.RECALL,
}


def settle(
    session: Session,
    case_ids: Collection[UUID],
    now: datetime,
    *,
    by: str,
    recalled: Collection[UUID] = (),
) -> None:
    """Look whether these cases of locked persons are over, and end those that are.

    Without accounts: closed as merged. With nothing overdue: closed as recalled, if an account of
    it was ``recalled`` just now or all of them are, else resolved as paid or cured. Their visits
    are cancelled. Others, and those ended before, stay as they are.
    """
    resolved: list[tuple[UUID, Resolution]] = []
    closed: list[tuple[cases.Standing, CloseReason]] = []
    notes: list[cases.Note] = []
    for case in cases.standing(session, case_ids):
        if case.status is CaseStatus.CLOSED or case.owed:
            continue
        if case.recalled == case.accounts or case.id in recalled:
            domain.after(case.status, CaseStep.CLOSE)
            reason = CloseReason.RECALLED if case.accounts else CloseReason.MERGED
            closed.append((case, reason))
            notes.append(cases.Note(case.id, "closed", by, now, {"reason": reason.value}))
        elif case.status is not CaseStatus.RESOLVED:
            domain.after(case.status, CaseStep.RESOLVE)
            resolution = domain.resolution(case.total)
            resolved.append((case.id, resolution))
            notes.append(cases.Note(case.id, "resolved", by, now, {"resolution": resolution.value}))
    cases.resolve(session, resolved, now)
    cases.note(session, notes, now)
    cancel_live_visits(
        session, [case_id for case_id, _ in resolved], CancelReason.PAYMENT, now, by=by
    )
    for reason, cancelled_for in _CANCELLED_FOR.items():
        ids = [case.id for case, why in closed if why is reason]
        cases.close(session, ids, reason, now)
        cancel_live_visits(session, ids, cancelled_for, now, by=by)
    outbox.add_many(
        session,
        [
            (
                case.person_id,
                CaseClosed(
                    case_id=case.id,
                    lender=case.lender,
                    person_id=case.person_id,
                    reason=reason.value,
                    closed_at=now,
                ),
            )
            for case, reason in closed
        ],
        now=now,
    )
