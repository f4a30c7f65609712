"""Cases come to an end: nothing is overdue any more, or nothing is left in them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from cases.domain import case as domain
from cases.domain.case import CaseStatus, CaseStep, CloseReason, Resolution
from cases.domain.visit import CancelReason
from cases.events import CaseClosed
from cases.handlers.cancel_visits import cancel_live_visits
from cases.store import cases
from shared import outbox


def settle(session: Session, case_ids: Collection[UUID], now: datetime, *, by: str) -> None:
    """Look whether these cases of locked persons are over, and end those that are.

    Without accounts: closed as merged. With nothing overdue: resolved as paid or cured. Visits of
    either are cancelled. Others, and those ended before, stay as they are.
    """
    resolved: list[tuple[UUID, Resolution]] = []
    emptied: list[cases.Standing] = []
    notes: list[cases.Note] = []
    for case in cases.standing(session, case_ids):
        if case.status is CaseStatus.CLOSED or case.owed:
            continue
        if not case.accounts:
            domain.after(case.status, CaseStep.CLOSE)
            emptied.append(case)
            notes.append(
                cases.Note(case.id, "closed", by, now, {"reason": CloseReason.MERGED.value})
            )
        elif case.status is not CaseStatus.RESOLVED:
            domain.after(case.status, CaseStep.RESOLVE)
            resolution = domain.resolution(case.total)
            resolved.append((case.id, resolution))
            notes.append(cases.Note(case.id, "resolved", by, now, {"resolution": resolution.value}))
    cases.resolve(session, resolved, now)
    cases.close(session, [case.id for case in emptied], CloseReason.MERGED, now)
    cases.note(session, notes, now)
    cancel_live_visits(
        session, [case_id for case_id, _ in resolved], CancelReason.PAYMENT, now, by=by
    )
    cancel_live_visits(session, [case.id for case in emptied], CancelReason.MERGED, now, by=by)
    outbox.add_many(
        session,
        [
            (
                case.person_id,
                CaseClosed(
                    case_id=case.id,
                    lender=case.lender,
                    person_id=case.person_id,
                    reason=CloseReason.MERGED.value,
                    closed_at=now,
                ),
            )
            for case in emptied
        ],
        now=now,
    )
