"""A question that rules leave to people: who may decide it, what their votes come to, its end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

from contact_rules.domain.decision import (
    Check,
    Result,
    Severity,
    SourceQuality,
    Span,
    Text,
    Verdict,
)

APPROVALS_NEEDED: Final = 2
"""Different persons, neither of them whoever asked for the visit."""
USUAL_LENGTH: Final = timedelta(hours=72)
SHORTEST_REASON: Final = 10
"""Characters of a reason: what is shorter is none."""

# Those who plan visits (lenders, ops) and those who make them (agents) propose; who checks is
# neither: maker-checker. So ops has no vote though it may read everything, and an administrator's
# is worth nothing on a visit he asked for himself.
COMPLIANCE: Final = "compliance"
ADMIN: Final = "admin"
VOTERS: Final = frozenset({COMPLIANCE, ADMIN})

_CITATION: Final = "Doorstep house rule, two persons decide what rules leave open (no law)"


class ReviewState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    """One person said no; or, when the second said yes, a rule did that nobody can override."""
    LAPSED = "lapsed"
    """Nobody decided in time: that is a no."""
    WITHDRAWN = "withdrawn"
    """The visit was cancelled, or new doubts came up and are another review's."""


_NEXT: Final[Mapping[ReviewState, frozenset[ReviewState]]] = {
    ReviewState.PENDING: frozenset(ReviewState) - {ReviewState.PENDING},
    ReviewState.APPROVED: frozenset(),
    ReviewState.REJECTED: frozenset(),
    ReviewState.LAPSED: frozenset(),
    ReviewState.WITHDRAWN: frozenset(),
}


class VoteVerdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class ReviewRefusal(Exception):
    """What can't be done with a review, in both languages."""

    code: ClassVar[str]
    zh: ClassVar[str]


class ReviewIsOver(ReviewRefusal):
    """It was decided, or there is nothing left to decide."""

    code = "review_over"
    zh = "该复核已结束。"


class ReviewHasLapsed(ReviewRefusal):
    """Its time has passed: the visit is denied, whether or not somebody wrote that down yet."""

    code = "review_lapsed"
    zh = "该复核已超时，外访视为不予批准。"


class AlreadyVoted(ReviewRefusal):
    """One person has one vote, and it stays as it was given."""

    code = "already_voted"
    zh = "您已对该复核投票，投票不可更改。"


class MayNotVote(ReviewRefusal):
    """Whoever plans visits or makes them does not decide about them."""

    code = "may_not_vote"
    zh = "外访的委托、安排与执行人员不得参与复核。"


class OwnRequest(MayNotVote):
    """Nobody checks what he asked for himself."""

    code = "own_request"
    zh = "不得复核本人提出的外访申请。"


@dataclass(frozen=True, slots=True)
class Voter:
    """Who wants to vote: the subject of the token, its role, and whose it is if it names one."""

    subject: str
    role: str
    lender: str | None = None
    agent: UUID | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person said, and why."""

    voter: str
    role: str
    verdict: VoteVerdict
    reason: str
    voted_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """A question left to people by the decision ``decision_id``, with their votes, oldest first.

    ``requested_by`` is the subject of whoever asked for the visit, None where nobody told.
    ``outcome_id`` is the decision it came to, None as long as it is pending or if it is withdrawn
    because there is no visit any more.
    """

    id: UUID
    decision_id: UUID
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    requested_by: str | None
    starts_at: datetime
    opened_at: datetime
    lapses_at: datetime
    state: ReviewState = ReviewState.PENDING
    closed_at: datetime | None = None
    outcome_id: UUID | None = None
    votes: tuple[Vote, ...] = ()

    @property
    def approvals(self) -> int:
        """How many said yes."""
        return sum(vote.verdict is VoteVerdict.APPROVE for vote in self.votes)

    def is_over_at(self, now: datetime) -> bool:
        """Can nothing be decided any more? At its last instant it has lapsed."""
        return self.state is not ReviewState.PENDING or now >= self.lapses_at

    def left_at(self, now: datetime) -> timedelta:
        """How long people may still decide."""
        return timedelta() if self.is_over_at(now) else self.lapses_at - now


def lapses_at(starts_at: datetime, opened_at: datetime, length: timedelta) -> datetime:
    """When a review lapses: ``length`` after it was opened, and never after the visit's start."""
    return min(starts_at, opened_at + length)


def refuse_voter(review: Review, voter: Voter, now: datetime) -> None:
    """Raises the `ReviewRefusal` that keeps this person from voting now."""
    if voter.role not in VOTERS or voter.lender is not None or voter.agent is not None:
        raise MayNotVote("Whoever orders, plans or makes visits does not decide about them.")
    if voter.subject == review.requested_by:
        raise OwnRequest("You asked for this visit yourself: others must decide about it.")
    if review.requested_by is None and voter.role == ADMIN:
        # Administrators may ask for visits, compliance may not: so this might be his own.
        raise MayNotVote("Nobody knows who asked for this visit: compliance must decide about it.")
    if any(vote.voter == voter.subject for vote in review.votes):
        raise AlreadyVoted("You have voted on this already, and a vote can't be changed.")
    if review.state is not ReviewState.PENDING:
        raise ReviewIsOver(f"This review is over: it is {review.state}.")
    if now >= review.lapses_at:
        raise ReviewHasLapsed("The time to decide has passed, so the visit is denied.")


def may_vote(review: Review, voter: Voter, now: datetime) -> bool:
    """Would a vote of this person be taken now?"""
    try:
        refuse_voter(review, voter, now)
    except ReviewRefusal:
        return False
    return True


def with_vote(
    review: Review, voter: Voter, verdict: VoteVerdict, reason: str, now: datetime
) -> Review:
    """The review with one more vote. Raises a `ReviewRefusal`; what it comes to says `outcome`."""
    refuse_voter(review, voter, now)
    vote = Vote(voter.subject, voter.role, verdict, reason, now)
    return replace(review, votes=(*review.votes, vote))


def outcome(review: Review) -> ReviewState:
    """What the votes come to: one no ends it, enough yeses do; else it stays open."""
    if any(vote.verdict is VoteVerdict.REJECT for vote in review.votes):
        return ReviewState.REJECTED
    if review.approvals >= APPROVALS_NEEDED:
        return ReviewState.APPROVED
    return ReviewState.PENDING


def closed(review: Review, state: ReviewState, now: datetime) -> Review:
    """The review at its end. Raises `ReviewIsOver` for one that has ended before."""
    if state not in _NEXT[review.state]:
        raise ReviewIsOver(f"This review is over: it is {review.state}.")
    return replace(review, state=state, closed_at=now)


def says_why(reason: str) -> bool:
    """Is it long enough to be a reason? What nobody sees does not count, nor do gaps."""
    seen = (each for each in " ".join(reason.split()) if unicodedata.category(each)[0] != "C")
    return sum(1 for _ in seen) >= SHORTEST_REASON


class Doubt(NamedTuple):
    """What a rule found and left to people. With another figure it is another doubt."""

    rule: str
    result: str
    measured: int | str | None
    limit: int | str | None


def doubts(checks: Iterable[Check]) -> frozenset[Doubt]:
    """What rules leave to people now; of rules that say no there is nothing to leave."""
    return frozenset(
        Doubt(check.rule, check.result.value, check.measured, check.limit)
        for check in checks
        if check.verdict is Verdict.NEEDS_REVIEW
    )


def doubts_kept(checks: Iterable[Mapping[str, Any]]) -> frozenset[Doubt]:
    """The same of the checks that were kept with a decision of ``needs_review``."""
    return frozenset(
        Doubt(check["rule"], check["result"], check["measured"], check["limit"])
        for check in checks
        if check["result"] in (Result.FAIL, Result.UNKNOWN)
    )


def denied_by_people(review: Review) -> Check:
    """Why a visit is denied whose review was rejected or has lapsed, as if a rule had said it.

    Who said no and why stays with the review: a decision is shown to more people than that.
    """
    assert review.closed_at is not None
    lapsed = review.state is ReviewState.LAPSED
    return Check(
        rule=f"review.{review.state}",
        pack="review",
        kind="review",
        severity=Severity.POLICY,
        result=Result.FAIL,
        verdict=Verdict.DENY,
        measured=review.approvals,
        limit=APPROVALS_NEEDED,
        window=Span(review.opened_at, review.lapses_at if lapsed else review.closed_at),
        citation=_CITATION,
        source_quality=SourceQuality.TEXT,
        message=_LAPSED if lapsed else _REJECTED,
    )


_REJECTED: Final = Text(
    "A rule left this visit to people, and one of them said no; the reason is with the review.",
    "规则将本次外访交由人工复核，复核人员不予同意；理由见复核记录。",
)
_LAPSED: Final = Text(
    f"A rule left this visit to people, and no {APPROVALS_NEEDED} of them approved it in time:"
    " that is a no.",
    f"规则将本次外访交由人工复核，未在期限内获得 {APPROVALS_NEEDED} 人同意，视为不予批准。",
)
