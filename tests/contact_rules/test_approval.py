"""The life of an approval, and what its token says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contact_rules.domain.approval import (
    Approval,
    ApprovalState,
    ApprovalWasConsumed,
    ApprovalWasReleased,
    Subject,
    claims,
    consume,
    release,
    reserve,
)

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


def test_it_is_released_or_consumed_once(approval: Approval) -> None:
    assert release(approval).state is ApprovalState.RELEASED
    assert consume(approval).state is ApprovalState.CONSUMED
    for step in (release, consume):
        with pytest.raises(ApprovalWasReleased) as released:
            step(release(approval))
        assert released.value.code == "approval_was_released"
        with pytest.raises(ApprovalWasConsumed) as consumed:
            step(consume(approval))
        assert consumed.value.code == "approval_was_consumed"
        assert "consumed already" in str(consumed.value)


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
