"""Saves, finds and closes reviews, and the votes given in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from prometheus_client import Gauge
from shared.metrics import REGISTRY
from sqlalchemy import Row, bindparam, insert, select, text, tuple_, update
from sqlmodel import Session

from contact_rules.domain.review import Review, ReviewState, Vote, VoteVerdict
from contact_rules.store.tables import PERSON, REVIEW, REVIEW_VOTE, UUIDS

_PENDING: Final = REVIEW.c.state == ReviewState.PENDING.value
_VOTE: Final = tuple(column for column in REVIEW_VOTE.c if column.name != "review_id")
# One statement, so that whoever reads without a lock sees no vote without what it came to.
_OF: Final = (
    select(REVIEW, *_VOTE)
    .outerjoin(REVIEW_VOTE, REVIEW_VOTE.c.review_id == REVIEW.c.id)
    .where(REVIEW.c.id == bindparam("ids", type_=UUIDS).any_())
    .order_by(REVIEW.c.id, REVIEW_VOTE.c.voted_at, REVIEW_VOTE.c.voter)
)
_PENDING_OF: Final = (
    select(REVIEW.c.id)
    .where(REVIEW.c.visit_id == bindparam("visits", type_=UUIDS).any_(), _PENDING)
    .order_by(REVIEW.c.id)
)
_CLOSE: Final = (
    update(REVIEW)
    .where(REVIEW.c.id == bindparam("review"), _PENDING)
    .values(state=bindparam("to"), closed_at=bindparam("closed"), outcome_id=bindparam("outcome"))
)
# A person whom somebody else holds is left for the next time: waiting for one while others are held
# could be waiting in a circle.
_LAPSED: Final = (
    select(REVIEW.c.id, REVIEW.c.person_id)
    .join(PERSON, PERSON.c.id == REVIEW.c.person_id)
    .where(_PENDING, REVIEW.c.lapses_at <= bindparam("now"))
    .order_by(REVIEW.c.lapses_at, REVIEW.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=PERSON, skip_locked=True)
)
_WAITING: Final = text("SELECT count(*), min(opened_at) FROM review WHERE state = 'pending'")

_PENDING_NOW: Final = Gauge(
    "doorstep_reviews_pending", "Visits that people have to decide about, now.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_OLDEST: Final = Gauge(
    "doorstep_reviews_oldest_seconds", "For how long the oldest of them has waited.", ["service"],
    registry=REGISTRY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reviews are wanted; None = any."""

    state: ReviewState | None = None
    lender: str | None = None


def add(session: Session, reviews: Sequence[Review]) -> None:
    """Save new reviews in one statement."""
    if reviews:
        session.execute(insert(REVIEW), [_values(review) for review in reviews])


def person_of(session: Session, review_id: UUID) -> UUID | None:
    """Whose lock protects a review: it never changes, so no lock is needed to ask."""
    query = select(REVIEW.c.person_id).where(REVIEW.c.id == review_id)
    return session.execute(query).scalar_one_or_none()


def of(session: Session, reviews: Sequence[UUID]) -> dict[UUID, Review]:
    """These reviews with their votes. To decide by them, hold their persons' locks."""
    if not reviews:
        return {}
    rows = session.execute(_OF, {"ids": list(reviews)})
    together = {each: list(same) for each, same in groupby(rows, attrgetter("id"))}
    return {each: _review(same) for each, same in together.items()}


def pending_of(session: Session, visits: Sequence[UUID]) -> list[Review]:
    """The reviews of these visits that are pending."""
    ids = session.execute(_PENDING_OF, {"visits": list(visits)}).scalars().all()
    return list(of(session, ids).values())


def lock_lapsed(session: Session, now: datetime, *, most: int) -> list[UUID]:
    """Locks persons with reviews whose time has passed and returns those, the longest due first.

    Nobody is waited for: a person held elsewhere comes the next time. Read the reviews after it;
    they may have been closed a moment before.
    """
    return [row.id for row in session.execute(_LAPSED, {"now": now, "most": most})]


def add_vote(session: Session, review_id: UUID, vote: Vote) -> None:
    """Save a vote. The caller holds the person's lock."""
    session.execute(
        insert(REVIEW_VOTE).values(
            review_id=review_id,
            voter=vote.voter,
            role=vote.role,
            verdict=vote.verdict.value,
            reason=vote.reason,
            voted_at=vote.voted_at,
        )
    )


def close(session: Session, reviews: Sequence[Review]) -> None:
    """Save how these reviews ended; an end is final. The caller holds their persons' locks."""
    if reviews:
        session.execute(
            _CLOSE,
            [
                {
                    "review": review.id,
                    "to": review.state.value,
                    "closed": review.closed_at,
                    "outcome": review.outcome_id,
                }
                for review in reviews
            ],
        )


def page(
    session: Session,
    wanted: Wanted,
    *,
    sort: str,
    descending: bool,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[Review]:
    """The reviews wanted, sorted by the column ``sort`` and their ids."""
    keys = (REVIEW.c[sort], REVIEW.c.id)
    query = select(REVIEW.c.id).limit(limit)
    query = query.order_by(*(key.desc() if descending else key.asc() for key in keys))
    if wanted.state is not None:
        query = query.where(REVIEW.c.state == wanted.state.value)
    if wanted.lender is not None:
        query = query.where(REVIEW.c.lender == wanted.lender)
    if after is not None:
        here = tuple_(*keys)
        query = query.where(here < tuple_(*after) if descending else here > tuple_(*after))
    ids = session.execute(query).scalars().all()
    found = of(session, ids)
    return [found[each] for each in ids]


def measure(session: Session, service: str, now: datetime) -> None:
    """Bring the gauges of reviews up to date."""
    count, oldest = session.execute(_WAITING).one()
    _PENDING_NOW.labels(service).set(count)
    age = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    _OLDEST.labels(service).set(age)


def _values(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "decision_id": review.decision_id,
        "visit_id": review.visit_id,
        "case_id": review.case_id,
        "person_id": review.person_id,
        "lender": review.lender,
        "requested_by": review.requested_by,
        "state": review.state.value,
        "starts_at": review.starts_at,
        "opened_at": review.opened_at,
        "lapses_at": review.lapses_at,
        "closed_at": review.closed_at,
        "outcome_id": review.outcome_id,
    }


def _review(rows: Sequence[Row[Any]]) -> Review:
    row = rows[0]
    return Review(
        id=row.id,
        decision_id=row.decision_id,
        visit_id=row.visit_id,
        case_id=row.case_id,
        person_id=row.person_id,
        lender=row.lender,
        requested_by=row.requested_by,
        state=ReviewState(row.state),
        starts_at=row.starts_at,
        opened_at=row.opened_at,
        lapses_at=row.lapses_at,
        closed_at=row.closed_at,
        outcome_id=row.outcome_id,
        votes=tuple(_vote(row) for row in rows if row.voter is not None),
    )


def _vote(row: Row[Any]) -> Vote:
    return Vote(
        voter=row.voter,
        role=row.role,
        verdict=VoteVerdict(row.verdict),
        reason=row.reason,
        voted_at=row.voted_at,
    )
