"""Rules leave a visit to people: a review is opened; the visit is cancelled: it is withdrawn."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import Verdict
from contact_rules.domain.review import USUAL_LENGTH, Review, ReviewState, closed, lapses_at
from contact_rules.handlers.deciding import VisitRequest
from contact_rules.store import reviews
from contact_rules.store.decisions import DecisionRecord


def open_reviews(
    session: Session,
    records: Sequence[DecisionRecord],
    requests: Sequence[VisitRequest],
    now: datetime,
    *,
    length: timedelta = USUAL_LENGTH,
) -> list[Review]:
    """Open a review for each decision of ``needs_review`` among these, which are new.

    ``requests`` are those the decisions answered, in any order, and may be more. The decisions are
    saved before, and the caller holds their persons' locks.
    """
    starts = {
        request.request_id or request.subject.visit_id: request.contact.starts_at
        for request in requests
    }
    opened = [
        Review(
            id=new_id(),
            decision_id=record.id,
            visit_id=record.visit_id,
            case_id=record.case_id,
            person_id=record.person_id,
            lender=record.lender,
            requested_by=record.requested_by,
            starts_at=starts[record.request],
            opened_at=now,
            lapses_at=lapses_at(starts[record.request], now, length),
        )
        for record in records
        if record.verdict is Verdict.NEEDS_REVIEW
    ]
    reviews.add(session, opened)
    return opened


def withdraw_reviews(session: Session, visit_ids: Collection[UUID], now: datetime) -> None:
    """Close what is pending about these visits: there is nothing left to decide.

    The caller holds their persons' locks.
    """
    if visit_ids:
        pending = reviews.pending_of(session, list(visit_ids))
        reviews.close(session, [closed(review, ReviewState.WITHDRAWN, now) for review in pending])
