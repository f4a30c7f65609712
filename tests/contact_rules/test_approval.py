"""The life of an approval, and what its token says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contact_rules.domain import Result, Verdict
from contact_rules.domain.approval import (
    Approval,
    ApprovalHasExpired,
    ApprovalRefusal,
    ApprovalState,
    ApprovalWasConsumed,
    ApprovalWasReleased,
    ApprovalWasRevoked,
    Subject,
    claims,
    consume,
    expire,
    may_begin,
    release,
    reserve,
    revoke,
)
from contact_rules.domain.approval_checks import (
    approval_state,
    approved_team,
    approved_time,
    in_force,
    nothing_owed,
)

LATER = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
TAIPEI_TEN = datetime.fromisoformat("2026-12-01T10:00:00+08:00")
SUBJECT = Subject(
    visit_id=UUID(int=1),
    case_id=UUID(int=2),
    person_id=UUID(int=3),
    lender="northbank",
    address_id=UUID(int=4),
    team=(UUID(int=5), UUID(int=6)),
)


@pytest.fixture
def approval() -> Approval:
    return reserve(
        UUID(int=7),
        UUID(int=8),
        SUBJECT,
        starts_at=TAIPEI_TEN,
        ends_at=TAIPEI_TEN + timedelta(minutes=30),
        must_end_by=None,
        now=datetime(2026, 11, 23, 2, 0, 0, 250_000, tzinfo=UTC),
    )


def test_it_can_be_shown_until_an_hour_after_the_planned_end(approval: Approval) -> None:
    assert approval.expires_at == datetime(2026, 12, 1, 3, 30, tzinfo=UTC)
    assert approval.state is ApprovalState.RESERVED


ENDS: dict[ApprovalState, Callable[[Approval], Approval]] = {
    ApprovalState.RELEASED: lambda approval: release(approval, "agent", LATER),
    ApprovalState.CONSUMED: lambda approval: consume(approval, LATER),
    ApprovalState.EXPIRED: lambda approval: expire(approval, LATER),
    ApprovalState.REVOKED: lambda approval: revoke(approval, "deceased", LATER),
}


def test_every_way_in_which_it_ends_is_written_down(approval: Approval) -> None:
    assert (approval.ended_at, approval.ended_why) == (None, None)
    assert set(ENDS) == set(ApprovalState) - {ApprovalState.RESERVED}
    whys = {}
    for state, end in ENDS.items():
        ended = end(approval)
        assert (ended.state, ended.ended_at) == (state, LATER)
        whys[state.value] = ended.ended_why
    assert whys == {
        "released": "agent",
        "consumed": "took_place",
        "expired": "expired",
        "revoked": "deceased",
    }


@pytest.mark.parametrize(
    ("state", "refusal", "code"),
    [
        (ApprovalState.RELEASED, ApprovalWasReleased, "approval_was_released"),
        (ApprovalState.CONSUMED, ApprovalWasConsumed, "approval_was_consumed"),
        (ApprovalState.EXPIRED, ApprovalHasExpired, "approval_has_expired"),
        (ApprovalState.REVOKED, ApprovalWasRevoked, "approval_was_revoked"),
    ],
)
def test_it_ends_once(
    approval: Approval, state: ApprovalState, refusal: type[ApprovalRefusal], code: str
) -> None:
    over = ENDS[state](approval)
    for end in ENDS.values():
        with pytest.raises(refusal, match=f"{state} already") as refused:
            end(over)
        assert refused.value.code == code


def test_its_visit_may_begin_from_an_hour_before_until_it_expires(approval: Approval) -> None:
    first, last = may_begin(approval)
    assert first == datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    assert last == approval.expires_at
    second = timedelta(seconds=1)
    for at, rule in (
        (first - second, "approval.time"),
        (first, None),
        (last - second, None),
        (last, "approval.time"),
    ):
        found = approved_time(approval, at)
        assert (None if found is None else found.rule) == rule, at
    early, late = approved_time(approval, first - second), approved_time(approval, last)
    assert early is not None
    assert late is not None
    assert "too early" in early.message.en
    assert "too late" in late.message.en


def test_what_stands_against_a_visit_beside_the_rules_says_so_in_both_languages(
    approval: Approval,
) -> None:
    assert in_force(approval) is None
    assert approval_state(approval) is None
    said = [approval_state(None), approval_state(replace(approval, checked_in_at=LATER))]
    said += [in_force(end(approval)) for end in ENDS.values()]
    said += [approved_team(["a"], ["a", "b"]), nothing_owed(())]
    assert approved_team(["a", "b"], ["a"]) is None
    assert nothing_owed(["d1"]) is None
    checks = [each for each in said if each is not None]
    assert len(checks) == len(said)
    assert [check.measured for check in checks[:-2]] == [
        "none",
        "checked_in",
        *(state.value for state in ENDS),
    ]
    for check in checks:
        assert (check.result, check.verdict) == (Result.FAIL, Verdict.DENY)
        assert check.message.en.isascii()
        assert not check.message.zh.isascii()


def test_its_claims_name_the_visit_the_team_and_the_time_in_utc(approval: Approval) -> None:
    said = claims(approval, SUBJECT)
    assert said["sub"] == str(SUBJECT.visit_id)
    assert said["jti"] == str(approval.id)
    assert said["team"] == [str(UUID(int=5)), str(UUID(int=6))]
    assert said["starts_at"] == "2026-12-01T02:00:00Z"
    assert said["must_end_by"] is None
    assert said["exp"] == 1796095800
    assert isinstance(said["iat"], int)
    limited = replace(approval, must_end_by=TAIPEI_TEN + timedelta(hours=8))
    assert claims(limited, SUBJECT, issuer="test")["must_end_by"] == "2026-12-01T10:00:00Z"
    assert claims(limited, SUBJECT, issuer="test")["iss"] == "test"
