"""Reviews: what rules left to people, the votes given, and voting."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import AfterValidator, Field, StringConstraints
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.etags import IfMatch, etag, if_match
from shared.http import Answer, Body, Text
from shared.idempotency import Once
from shared.paging import Listing
from shared.problems import MEDIA_TYPE, Language, Problem, Words, field_error, not_found
from sqlmodel import Session

from contact_rules.api.check_answers import CheckAnswer, KeptCheckAnswer
from contact_rules.api.readers import Reader
from contact_rules.api.served import FirstTime, Part, Served, Spoken
from contact_rules.domain.review import (
    APPROVALS_NEEDED,
    SHORTEST_REASON,
    Review,
    ReviewState,
    Vote,
    Voter,
    VoteVerdict,
    may_vote,
    says_why,
)
from contact_rules.handlers.vote_on_review import Voted, locked_review, vote_on_review
from contact_rules.store import decisions, reviews

router = APIRouter(tags=["reviews"])

_REVIEW = Words("review", "复核")


class ReviewAnswer(Answer):
    """A visit that rules left to people."""

    id: UUID
    state: ReviewState
    decision_id: UUID = Field(description="The decision of `needs_review` that asks for it.")
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    requested_by: str | None = Field(description="Who asked for the visit, and so has no vote.")
    starts_at: datetime = Field(description="The planned start of the visit.")
    opened_at: datetime
    lapses_at: datetime = Field(description="Undecided by then, it is a no.")
    seconds_left: int = Field(description="0 where nothing can be decided any more.")
    closed_at: datetime | None
    outcome_id: UUID | None = Field(description="The decision it came to.")
    approvals: int
    approvals_needed: int


class VoteAnswer(Answer):
    """What one person said. A lender is told neither who nor why."""

    verdict: VoteVerdict
    voted_at: datetime
    voter: str | None
    role: str | None
    reason: str | None


class WholeReviewAnswer(ReviewAnswer):
    """A review with all that people need to decide."""

    question: dict[str, Any] = Field(
        description="The facts of the visit, as `POST /v1/checks` takes them."
    )
    checks: Sequence[KeptCheckAnswer] = Field(
        description="What each rule found when the review was opened; `unknown` and `fail` are"
        " what people decide about."
    )
    votes: Sequence[VoteAnswer] = Field(description="The oldest first.")
    may_vote: bool = Field(description="Would a vote of yours be taken now?")


def _reason(reason: str) -> str:
    if not says_why(reason):
        raise field_error(
            "reason_too_short",
            f"must say why, in {SHORTEST_REASON} characters at least",
            f"请说明理由，至少 {SHORTEST_REASON} 个字符",
        )
    return reason


class VoteBody(Body):
    """A vote. It can't be changed."""

    verdict: VoteVerdict
    reason: Annotated[
        Text,
        AfterValidator(_reason),
        Field(description=f"Why, in {SHORTEST_REASON} characters at least; it is kept."),
    ]


_Voter = Annotated[Caller, Depends(allow(Role.COMPLIANCE))]
_Unchanged = Annotated[IfMatch, Depends(if_match)]

ReviewSort = Literal["opened_at:asc", "opened_at:desc", "lapses_at:asc", "lapses_at:desc"]


@router.get("/v1/reviews")
def list_reviews(
    service: Served,
    caller: Reader,
    page: Part,
    state: ReviewState | None = None,
    lender: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=64),
        Query(description="Of this lender only; needless with a lender's own token."),
    ] = None,
    sort: ReviewSort = "opened_at:desc",
) -> Listing[ReviewAnswer]:
    """Reviews, the newest first. What is most urgent: `?state=pending&sort=lapses_at:asc`."""
    scope = caller.lender_scope()
    if scope is not None and lender not in (None, scope):
        raise not_found(Words("lender", "机构"))
    now = service.clock()
    column, _, direction = sort.partition(":")
    with transaction(service.engine) as session:
        found = reviews.page(
            session,
            reviews.Wanted(state=state, lender=scope or lender),
            sort=column,
            descending=direction == "desc",
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    shown, following = page.cut(found, lambda review: (getattr(review, column), review.id))
    return Listing(items=[ReviewAnswer(**_facts(review, now)) for review in shown], next=following)


@router.get("/v1/reviews/{review_id}")
def get_review(
    response: Response, service: Served, caller: Reader, spoken: Spoken, review_id: UUID
) -> WholeReviewAnswer:
    """One review with its question, every rule's finding and the votes.

    A lender sees those about its own visits, without who voted and why.
    """
    with transaction(service.engine) as session:
        review = reviews.of(session, [review_id]).get(review_id)
        scope = caller.lender_scope()
        if review is None or scope not in (None, review.lender):
            raise not_found(_REVIEW)
        response.headers["ETag"] = _etag(review)
        return _whole(session, review, caller, spoken, service.clock())


@router.post("/v1/reviews/{review_id}/votes", status_code=201, response_model=WholeReviewAnswer)
def create_vote(
    service: Served,
    caller: _Voter,
    spoken: Spoken,
    once: FirstTime,
    unchanged: _Unchanged,
    review_id: UUID,
    body: VoteBody,
) -> Response:
    """Vote on a visit that rules left to people.

    Two different persons of compliance (or admin) must approve; one rejection ends it. Never
    whoever asked for the visit (403 `own_request`), nor a token that belongs to a lender or an
    agent (403 `may_not_vote`).

    The approval that completes it has the rules asked again. One that says no can't be overridden
    by anyone: 409 `rules_say_no` with `checks`; the vote does not count, the review is rejected and
    the visit denied. If they leave something else to people than was asked: 409 `new_doubts` with
    `checks`; the vote does not count, and the review `review_id` asks about those.

    409 `already_voted`, `review_over`, or `review_lapsed`: undecided in time, it is a no.
    """
    voter = Voter(caller.subject, caller.role, caller.lender, caller.agent)
    now = service.clock()
    desk = service.desk()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        review = locked_review(session, review_id)
        if review is None or caller.lender_scope() not in (None, review.lender):
            raise not_found(_REVIEW)
        unchanged.check(_etag(review))
        voted = vote_on_review(session, review, voter, body.verdict, body.reason, now, desk=desk)
        if voted.objections:
            # Not raised: what the rules say now has its effect.
            return _refused(session, once, voted, spoken)
        answer = _whole(session, voted.review, caller, spoken, now)
        return once.answer(session, 201, answer, {"ETag": _etag(voted.review)})


def _etag(review: Review) -> str:
    """Changes with every vote, and at the end."""
    return etag(review.id, review.state.value, len(review.votes))


def _refused(session: Session, once: Once, voted: Voted, language: Language) -> Response:
    checks = [
        CheckAnswer.of(check, language).model_dump(mode="json", by_alias=True)
        for check in voted.objections
    ]
    opened = voted.opened
    problem = _RULES_SAY_NO if opened is None else _NEW_DOUBTS
    told: dict[str, Any] = {"decision_id": str(voted.review.outcome_id), "checks": checks}
    if opened is not None:
        told["review_id"] = str(opened.id)
    return once.answer(
        session,
        problem.status,
        problem.document(language, **told),
        {"Content-Type": MEDIA_TYPE, "Content-Language": language, "Vary": "Accept-Language"},
    )


def _whole(
    session: Session,
    review: Review,
    caller: Caller,
    language: Language,
    now: datetime,
) -> WholeReviewAnswer:
    record = decisions.find(session, review.decision_id, lender=None)
    assert record is not None, "a review refers to its decision"
    inside = caller.lender_scope() is None
    voter = Voter(caller.subject, caller.role, caller.lender, caller.agent)
    return WholeReviewAnswer(
        **_facts(review, now),
        question=record.facts,
        checks=[
            KeptCheckAnswer.of(check, None, language)  # kept with its law
            for check in record.checks
        ],
        votes=[_vote(vote, inside) for vote in review.votes],
        may_vote=may_vote(review, voter, now),
    )


def _facts(review: Review, now: datetime) -> dict[str, Any]:
    return {
        "id": review.id,
        "state": review.state,
        "decision_id": review.decision_id,
        "visit_id": review.visit_id,
        "case_id": review.case_id,
        "person_id": review.person_id,
        "lender": review.lender,
        "requested_by": review.requested_by,
        "starts_at": review.starts_at,
        "opened_at": review.opened_at,
        "lapses_at": review.lapses_at,
        "seconds_left": int(review.left_at(now).total_seconds()),
        "closed_at": review.closed_at,
        "outcome_id": review.outcome_id,
        "approvals": review.approvals,
        "approvals_needed": APPROVALS_NEEDED,
    }


def _vote(vote: Vote, inside: bool) -> VoteAnswer:
    # A reason may tell of another lender's visits to the same person.
    return VoteAnswer(
        verdict=vote.verdict,
        voted_at=vote.voted_at,
        voter=vote.voter if inside else None,
        role=vote.role if inside else None,
        reason=vote.reason if inside else None,
    )


_RULES_SAY_NO = Problem(
    409,
    "rules_say_no",
    Words(
        "By now a rule forbids the visit, and nobody can override that: the visit is denied.",
        "现已有规则禁止本次外访，任何人不得豁免：外访不予批准。",
    ),
)
_NEW_DOUBTS = Problem(
    409,
    "new_doubts",
    Words(
        "Since the review was opened, rules leave something else to people: another review asks"
        " about that.",
        "复核开始后出现了新的待定事项，已就此另开复核。",
    ),
)
