"""Who may decide what rules leave open, what their votes come to, and when it is too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contact_rules.domain import Check, Result, Severity, SourceQuality, Text, Verdict
from contact_rules.domain.review import (
    USUAL_LENGTH,
    AlreadyVoted,
    Doubt,
    MayNotVote,
    OwnRequest,
    Review,
    ReviewHasLapsed,
    ReviewIsOver,
    ReviewRefusal,
    ReviewState,
    Voter,
    VoteVerdict,
    closed,
    denied_by_people,
    doubts,
    doubts_kept,
    lapses_at,
    may_vote,
    outcome,
    with_vote,
)

OPENED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
START = OPENED + timedelta(days=8)
SECOND = timedelta(seconds=1)
REASON = "Both flats are on the same floor."
YES, NO = VoteVerdict.APPROVE, VoteVerdict.REJECT

VERA = Voter("Vera", "compliance")
VICTOR = Voter("Victor", "compliance")
ADA = Voter("Ada", "admin")

REVIEW = Review(
    id=UUID(int=1),
    decision_id=UUID(int=2),
    visit_id=UUID(int=3),
    case_id=UUID(int=4),
    person_id=UUID(int=5),
    lender="northbank",
    requested_by="Petra Planner",
    starts_at=START,
    opened_at=OPENED,
    lapses_at=lapses_at(START, OPENED, USUAL_LENGTH),
)


def voted(*votes: tuple[Voter, VoteVerdict], review: Review = REVIEW) -> Review:
    for voter, verdict in votes:
        review = with_vote(review, voter, verdict, REASON, OPENED)
    return review


def refused(voter: Voter, now: datetime = OPENED, review: Review = REVIEW) -> str | None:
    """Why this vote is refused, in a code; None: it is taken."""
    if may_vote(review, voter, now):
        with_vote(review, voter, YES, REASON, now)
        return None
    with pytest.raises(ReviewRefusal) as caught:
        with_vote(review, voter, YES, REASON, now)
    assert str(caught.value).endswith(".")
    assert caught.value.zh.endswith("。")
    return caught.value.code


@pytest.mark.parametrize(
    ("votes", "comes_to"),
    [
        ([], ReviewState.PENDING),
        ([(VERA, YES)], ReviewState.PENDING),
        ([(VERA, YES), (VICTOR, YES)], ReviewState.APPROVED),
        ([(VERA, YES), (ADA, YES)], ReviewState.APPROVED),
        ([(VERA, NO)], ReviewState.REJECTED),
        ([(VERA, YES), (VICTOR, NO)], ReviewState.REJECTED),
    ],
)
def test_two_approve_and_one_rejects(
    votes: list[tuple[Voter, VoteVerdict]], comes_to: ReviewState
) -> None:
    assert outcome(voted(*votes)) is comes_to


def test_one_person_has_one_vote_under_whatever_role() -> None:
    review = voted((VERA, YES))
    with pytest.raises(AlreadyVoted):
        voted((VERA, YES), review=review)
    assert refused(Voter("Vera", "admin"), review=review) == "already_voted"
    assert refused(Voter("vera", "compliance"), review=review) is None, "another subject"


@pytest.mark.parametrize("role", ["lender", "ops", "agent", "auditor", "service", "", "Admin"])
def test_whoever_plans_visits_or_makes_them_has_no_vote(role: str) -> None:
    assert refused(Voter("Olga", role)) == "may_not_vote"


def test_a_token_that_belongs_to_a_lender_or_an_agent_has_no_vote_whatever_its_role() -> None:
    assert refused(Voter("Lena", "compliance", lender="northbank")) == "may_not_vote"
    assert refused(Voter("Lena", "admin", lender="southbank")) == "may_not_vote"
    assert refused(Voter("Alan", "compliance", agent=UUID(int=9))) == "may_not_vote"


def test_nobody_checks_his_own_request() -> None:
    for role in ("compliance", "admin"):
        with pytest.raises(OwnRequest):
            voted((Voter("Petra Planner", role), NO))
    assert issubclass(OwnRequest, MayNotVote)


def test_where_nobody_knows_who_asked_no_administrator_may_check() -> None:
    review = replace(REVIEW, requested_by=None)
    assert refused(ADA, review=review) == "may_not_vote"
    assert outcome(voted((VERA, YES), (VICTOR, YES), review=review)) is ReviewState.APPROVED


def test_at_its_last_instant_it_has_lapsed() -> None:
    last = REVIEW.lapses_at - SECOND
    assert refused(VERA, last) is None
    assert REVIEW.left_at(last) == SECOND
    with pytest.raises(ReviewHasLapsed):
        with_vote(REVIEW, VERA, NO, REASON, REVIEW.lapses_at)
    assert REVIEW.left_at(REVIEW.lapses_at) == timedelta()
    assert REVIEW.left_at(REVIEW.lapses_at + timedelta(days=9)) == timedelta()


def test_it_lapses_after_its_length_and_never_after_the_visits_start() -> None:
    length = timedelta(hours=72)
    assert lapses_at(OPENED + timedelta(hours=73), OPENED, length) == OPENED + length
    assert lapses_at(OPENED + timedelta(hours=71), OPENED, length) == OPENED + timedelta(hours=71)
    begun = OPENED - timedelta(minutes=1)
    assert lapses_at(begun, OPENED, length) == begun
    assert refused(VERA, review=replace(REVIEW, lapses_at=begun)) == "review_lapsed"


@pytest.mark.parametrize("state", [each for each in ReviewState if each != "pending"])
def test_an_end_is_final(state: ReviewState) -> None:
    ended = closed(REVIEW, state, OPENED)
    assert (ended.state, ended.closed_at) == (state, OPENED)
    assert refused(VERA, review=ended) == "review_over"
    for other in ReviewState:
        with pytest.raises(ReviewIsOver):
            closed(ended, other, OPENED)


def test_nothing_is_closed_as_pending() -> None:
    with pytest.raises(ReviewIsOver):
        closed(REVIEW, ReviewState.PENDING, OPENED)


def check(rule: str, result: Result, verdict: Verdict, measured: int | None = None) -> Check:
    return Check(
        rule=rule,
        pack="made@up",
        kind="cap",
        severity=Severity.GUIDANCE,
        result=result,
        verdict=verdict,
        measured=measured,
        limit=2,
        window=None,
        citation="made up",
        source_quality=SourceQuality.TEXT,
        message=Text("Made up.", "虚构。"),
    )


def test_people_are_asked_about_doubts_and_never_about_a_no() -> None:
    checks = [
        check("kept", Result.PASS, Verdict.ALLOW, 1),
        check("elsewhere", Result.NOT_APPLICABLE, Verdict.ALLOW),
        check("unclear", Result.UNKNOWN, Verdict.NEEDS_REVIEW),
        check("guidance", Result.FAIL, Verdict.NEEDS_REVIEW, 3),
        check("prohibition", Result.FAIL, Verdict.DENY, 3),
    ]
    found = doubts(checks)
    assert found == {Doubt("unclear", "unknown", None, 2), Doubt("guidance", "fail", 3, 2)}
    kept = [
        {"rule": each.rule, "result": each.result.value, "measured": each.measured, "limit": 2}
        for each in checks[:4]
    ]
    assert doubts_kept(kept) == found


def test_with_another_figure_it_is_another_doubt() -> None:
    before = doubts([check("guidance", Result.FAIL, Verdict.NEEDS_REVIEW, 3)])
    now = doubts([check("guidance", Result.FAIL, Verdict.NEEDS_REVIEW, 4)])
    assert now - before == now


@pytest.mark.parametrize("state", [ReviewState.REJECTED, ReviewState.LAPSED])
def test_the_no_of_people_reads_like_a_rules_and_names_nobody(state: ReviewState) -> None:
    ended = closed(voted((VERA, YES)), state, START)
    said = denied_by_people(ended)
    assert said.rule == f"review.{state}"
    assert (said.result, said.verdict) == (Result.FAIL, Verdict.DENY)
    assert (said.measured, said.limit) == (1, 2)
    assert said.window is not None
    ends = START if state is ReviewState.REJECTED else REVIEW.lapses_at
    assert said.window == (OPENED, ends)
    assert said.message.en != said.message.zh
    assert "Vera" not in str(said)
    assert REASON not in str(said)
