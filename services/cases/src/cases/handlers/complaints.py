"""Complaints are opened and closed; while one is open nobody comes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from cases.domain import complaint as domain
from cases.domain.account import local_day
from cases.domain.case import CaseIsClosed, CaseStatus
from cases.domain.complaint import Complaint, ComplaintOutcome
from cases.domain.refusal import NoSuch
from cases.domain.visit import CancelReason
from cases.events import ComplaintClosed, ComplaintOpened
from cases.handlers.cancel_visits import cancel_live_visits
from cases.handlers.holds import calendar_of, lock_case
from cases.store import cases, complaints, persons
from cases.store.tables import CaseRow
from shared import outbox


def open_complaint(
    session: Session,
    case_id: UUID,
    *,
    about: str,
    received_on: date,
    channel: str | None,
    external_id: str | None,
    now: datetime,
    scope: str | None,
    by: str,
) -> tuple[Complaint, bool]:
    """Record a complaint and cancel the live visits of its case; also whether it is new.

    Told again alike under the lender's ``external_id``, it is the one known before. Raises
    `NoSuch`, `CaseIsClosed`, `ReceivedInFuture` and `ComplaintKnown`.
    """
    case = lock_case(session, case_id, scope)
    domain.check_received(received_on, now)
    complaint = Complaint(
        id=new_id(),
        case_id=case.id,
        person_id=case.person_id,
        lender=case.lender,
        about=about,
        channel=channel,
        external_id=external_id,
        received_on=received_on,
        opened_at=now,
        opened_by=by,
    )
    if external_id is not None:
        known = complaints.named(session, case.lender, external_id)
        if known is not None:
            if known.same_as(complaint):
                return known, False
            raise domain.ComplaintKnown
    if case.status == CaseStatus.CLOSED.value:
        raise CaseIsClosed
    _open(session, [complaint], now)
    return complaint, True


def close_complaint(
    session: Session,
    complaint_id: UUID,
    outcome: ComplaintOutcome,
    closed_on: date | None,
    now: datetime,
    *,
    scope: str | None,
    by: str,
) -> Complaint:
    """Record what came of a complaint, on ``closed_on`` (None: today). Told again, it stays so.

    Raises `NoSuch`, `ClosedOnImpossible`, and `ComplaintOver` when it was closed otherwise.
    """
    complaint = complaints.get(session, complaint_id, scope)
    if complaint is None:
        raise NoSuch("complaint", "投诉")
    persons.lock(session, [complaint.person_id])
    complaint = complaints.get(session, complaint_id, scope)
    assert complaint is not None, "complaints are never deleted"
    if complaint.closed_at is not None:
        if complaint.outcome is outcome and closed_on in (None, complaint.closed_on):
            return complaint
        raise domain.ComplaintOver
    if closed_on is None:
        today = local_day(now, calendar_of(session, complaint.case_id))
        closed_on = max(today, complaint.received_on)
    domain.check_closed(closed_on, complaint, now)
    closed = replace(complaint, outcome=outcome, closed_on=closed_on, closed_at=now, closed_by=by)
    _close(session, [closed], now)
    return closed


def carry_complaints(
    session: Session, merged: Mapping[UUID, CaseRow], now: datetime, *, by: str
) -> None:
    """Open complaints on closed cases stand anew on those they were merged into, by the old id."""
    standing = [
        each for of_case in complaints.open_of(session, list(merged)).values() for each in of_case
    ]
    closed, moved = [], []
    for each in standing:
        case = merged[each.case_id]
        closed.append(
            replace(
                each,
                outcome=ComplaintOutcome.MERGED,
                closed_on=max(local_day(now, "UTC"), each.received_on),
                closed_at=now,
                closed_by=by,
            )
        )
        moved.append(replace(each, id=new_id(), case_id=case.id, person_id=case.person_id))
    _close(session, closed, now)
    _open(session, moved, now)


def _open(session: Session, opened: Sequence[Complaint], now: datetime) -> None:
    complaints.add(session, opened)
    for each in opened:
        data = {"complaint_id": str(each.id), "about": each.about}
        data |= {"received_on": each.received_on.isoformat()}
        cases.note(
            session,
            [cases.Note(each.case_id, "complaint_opened", each.opened_by, now, data)],
            now,
        )
        event = ComplaintOpened(
            complaint_id=each.id,
            case_id=each.case_id,
            person_id=each.person_id,
            lender=each.lender,
            about=each.about,
            received_on=each.received_on,
            opened_at=now,
        )
        outbox.add(session, event, key=each.person_id, now=now)
        cancel_live_visits(session, [each.case_id], CancelReason.COMPLAINT, now, by=each.opened_by)


def _close(session: Session, closed: Sequence[Complaint], now: datetime) -> None:
    complaints.close(session, closed)
    for each in closed:
        assert each.outcome is not None
        assert each.closed_by is not None
        data = {"complaint_id": str(each.id), "outcome": each.outcome.value}
        cases.note(
            session,
            [cases.Note(each.case_id, "complaint_closed", each.closed_by, now, data)],
            now,
        )
        event = ComplaintClosed(
            complaint_id=each.id,
            case_id=each.case_id,
            person_id=each.person_id,
            lender=each.lender,
            outcome=each.outcome.value,
            closed_at=now,
        )
        outbox.add(session, event, key=each.person_id, now=now)
