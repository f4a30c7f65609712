"""Somebody votes on a visit that rules left to people; the vote that settles it asks them again."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import Session

from contact_rules.domain import Check, Verdict
from contact_rules.domain.review import (
    Review,
    ReviewState,
    Voter,
    VoteVerdict,
    closed,
    outcome,
    with_vote,
)
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.open_reviews import open_reviews
from contact_rules.handlers.settle_reviews import (
    AskedAgain,
    approve_reviewed,
    ask_again,
    deny_reviewed,
    leave_to_rules,
)
from contact_rules.store import persons, reviews

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Voted:
    """The review with the vote in it, and what it came to.

    Where rules stood against the vote, ``objections`` says which: the vote does not count, and the
    review is closed. ``opened`` is there if it was for doubts that nobody had been asked about: the
    review that asks about them.
    """

    review: Review
    objections: tuple[Check, ...] = ()
    opened: Review | None = None


def locked_review(session: Session, review_id: UUID) -> Review | None:
    """The review with its person's lock held until the transaction ends; None: no such one."""
    person_id = reviews.person_of(session, review_id)
    if person_id is None:
        return None
    persons.lock(session, [person_id])
    return reviews.of(session, [review_id])[review_id]


def vote_on_review(
    session: Session,
    review: Review,
    voter: Voter,
    verdict: VoteVerdict,
    reason: str,
    now: datetime,
    *,
    desk: Desk,
) -> Voted:
    """Take a vote on a review from `locked_review`.

    - A no ends it: the visit is denied.
    - The yes that is still missing has the rules asked again, with all that is known by now. One
      that says no can't be overridden by anyone: the vote does not count, the review is rejected
      and the visit denied. Doubts nobody was asked about are not settled either: they get a review
      of their own. Else the doubts are overridden, the visit's place is reserved and its approval
      is signed.

    Raises a `ReviewRefusal` for a vote that can't be taken; nothing has changed then.
    """
    voted = with_vote(review, voter, verdict, reason, now)
    to = outcome(voted)
    if to is ReviewState.PENDING:
        reviews.add_vote(session, review.id, voted.votes[-1])
        return Voted(voted)
    again = ask_again(session, [review], desk)[review.id]
    if to is ReviewState.APPROVED and (again.decision.verdict is Verdict.DENY or again.unseen):
        return _refused(session, review, again, now, desk)
    reviews.add_vote(session, review.id, voted.votes[-1])
    ended = closed(voted, to, now)
    if to is ReviewState.APPROVED:
        record = approve_reviewed(session, ended, again, now, desk=desk)
    else:
        (record,) = deny_reviewed(session, [(ended, again)], now, desk=desk)
    ended = replace(ended, outcome_id=record.id)
    reviews.close(session, [ended])
    _log.info("review_ended", review_id=str(review.id), state=ended.state)
    return Voted(ended)


def _refused(
    session: Session, review: Review, again: AskedAgain, now: datetime, desk: Desk
) -> Voted:
    """What people were asked is not the question any more."""
    denied = again.decision.verdict is Verdict.DENY
    record = leave_to_rules(session, review, again, now, desk=desk)
    ended = closed(review, ReviewState.REJECTED if denied else ReviewState.WITHDRAWN, now)
    ended = replace(ended, outcome_id=record.id)
    reviews.close(session, [ended])
    opened = open_reviews(session, [record], [again.request], now, length=desk.review_length)
    _log.info("review_overtaken", review_id=str(review.id), verdict=record.verdict)
    against = Verdict.DENY if denied else Verdict.NEEDS_REVIEW
    return Voted(
        ended,
        tuple(check for check in again.decision.checks if check.verdict is against),
        opened[0] if opened else None,
    )
