"""What a visit looks like from outside: its plan, what contact-rules said, how far it has come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue
from shared.etags import etag
from shared.http import Answer
from shared.problems import Language
from sqlmodel import Session

from cases.api.served import said
from cases.domain.account import Role as PartyRole
from cases.domain.presence import PlaceCheck
from cases.domain.visit import Purpose, VisitStatus
from cases.store import decisions, reschedules, visit_list, visits
from cases.store.reschedules import RescheduleStatus
from cases.store.tables import (
    ApprovalRow,
    RescheduleRow,
    RevocationRow,
    VisitRow,
)


class PartyAnswer(Answer):
    """Who is to be met; `id` null: somebody not known by name."""

    role: PartyRole
    id: UUID | None


class ObligationAnswer(Answer):
    """What a rule asks to be done."""

    rule: str
    what: str
    when: str


class ApprovalAnswer(Answer):
    """Contact-rules' signed yes; the token proves it to anybody with the public key."""

    id: UUID
    expires_at: datetime
    must_end_by: datetime | None
    obligations: list[ObligationAnswer]
    token: str


class DenialAnswer(Answer):
    """Why not (or not without people deciding), and when it would be lawful."""

    verdict: str
    checks: list[dict[str, JsonValue]]
    next_lawful: list[dict[str, JsonValue]]


class RevocationAnswer(Answer):
    """The approval was taken back: the code of what changed, and the rules that say no now."""

    reason: str
    revoked_at: datetime
    checks: list[dict[str, JsonValue]]


class CheckInAnswer(Answer):
    """The team was at the door: when, when that was known, and how far from the address."""

    at: datetime
    recorded_at: datetime
    place_check: PlaceCheck
    distance_m: int | None


class MustLeaveAnswer(Answer):
    """The team at the door has to go at once. `checks` where a rule says so."""

    at: datetime
    reason: str
    checks: list[dict[str, JsonValue]]


class RescheduleAnswer(Answer):
    """What the visit was asked to become. Until `done` it stands as it was."""

    id: UUID
    status: RescheduleStatus
    address_id: UUID
    starts_at: datetime
    ends_at: datetime
    team: list[UUID]
    requested_by: str
    requested_at: datetime
    answered_at: datetime | None
    denial: DenialAnswer | None


class VisitAnswer(Answer):
    """A visit. What is null has not happened (yet): `dispatched_at` to `ended_at`, `outcome`."""

    id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    status: VisitStatus
    address_id: UUID
    starts_at: datetime
    ends_at: datetime
    party: PartyAnswer
    purpose: Purpose
    team: list[UUID]
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    cancel_reason: str | None
    dispatched_at: datetime | None
    checked_in_at: datetime | None
    must_leave_at: Annotated[
        datetime | None, Field(description="Since when the team at the door has to go.")
    ]
    outcome: str | None
    started_at: datetime | None
    ended_at: datetime | None
    note: str | None


class DecidedVisitAnswer(VisitAnswer):
    """A visit with the last word on it: an approval, a denial, or neither yet.

    `revocation` says why contact-rules took the approval back. `reschedule` is the last time that
    somebody asked to move it.
    """

    approval: ApprovalAnswer | None
    denial: DenialAnswer | None
    revocation: RevocationAnswer | None
    check_in: CheckInAnswer | None
    must_leave: MustLeaveAnswer | None
    reschedule: RescheduleAnswer | None


def visit_etag(row: VisitRow) -> str:
    """Changes with every step of the visit."""
    return etag(row.id, row.status, row.updated_at)


def visit_answers(session: Session, rows: Sequence[VisitRow]) -> list[VisitAnswer]:
    """Visits with their teams."""
    teams = visits.teams(session, [row.id for row in rows])
    return [VisitAnswer(**_facts(row, teams[row.id])) for row in rows]


def decided_answer(session: Session, row: VisitRow, language: Language) -> DecidedVisitAnswer:
    """A visit with what contact-rules said of it, in the reader's language."""
    team = visits.teams(session, [row.id])[row.id]
    approval = denial = None
    if row.approval_id is not None:
        approval = _approval(decisions.approvals_of(session, [row.approval_id])[row.approval_id])
    elif (found := decisions.denials_of(session, [row.id]).get(row.id)) is not None:
        denial = _denial(found.verdict, found.checks, found.next_lawful, language)
    revocation = _revocation(decisions.last_revocation(session, row.id), language)
    return DecidedVisitAnswer(
        **_facts(row, team),
        approval=approval,
        denial=denial,
        revocation=revocation,
        check_in=_check_in(row),
        must_leave=_must_leave(row, revocation),
        reschedule=_reschedule(reschedules.last_of(session, row.id), language),
    )


def row_of(session: Session, visit_id: UUID) -> VisitRow:
    """The row of a visit that is there."""
    row = visit_list.get(session, visit_id)
    assert row is not None, "visits are never deleted"
    return row


def changed_answer(
    session: Session, visit_id: UUID, language: Language
) -> tuple[DecidedVisitAnswer, dict[str, str]]:
    """A visit as somebody has just changed it, with its new ETag."""
    row = row_of(session, visit_id)
    return decided_answer(session, row, language), {"ETag": visit_etag(row)}


def in_words(checks: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, JsonValue]]:
    """Checks of contact-rules with their messages in the reader's language."""
    return [
        {**check, "message": said(check["message"], language)}
        if isinstance(check.get("message"), dict)
        else dict(check)
        for check in checks
    ]


def _facts(row: VisitRow, team: Sequence[UUID]) -> dict[str, Any]:
    return {
        "id": row.id,
        "case_id": row.case_id,
        "person_id": row.person_id,
        "lender": row.lender,
        "status": VisitStatus(row.status),
        "address_id": row.address_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "party": PartyAnswer(role=PartyRole(row.party_role), id=row.party_id),
        "purpose": Purpose(row.purpose),
        "team": list(team),
        "requested_by": row.requested_by,
        "requested_at": row.requested_at,
        "updated_at": row.updated_at,
        "cancel_reason": row.cancel_reason,
        "dispatched_at": row.dispatched_at,
        "checked_in_at": row.checked_in_at,
        "must_leave_at": row.must_leave_at,
        "outcome": row.outcome,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "note": row.note,
    }


def _approval(row: ApprovalRow) -> ApprovalAnswer:
    return ApprovalAnswer(
        id=row.id,
        expires_at=row.expires_at,
        must_end_by=row.must_end_by,
        obligations=[ObligationAnswer(**each) for each in row.obligations],
        token=row.token,
    )


def _denial(
    verdict: str,
    checks: Sequence[Mapping[str, Any]],
    next_lawful: Sequence[Mapping[str, Any]],
    language: Language,
) -> DenialAnswer:
    return DenialAnswer(
        verdict=verdict,
        checks=in_words(checks, language),
        next_lawful=[dict(each) for each in next_lawful],
    )


def _revocation(row: RevocationRow | None, language: Language) -> RevocationAnswer | None:
    if row is None:
        return None
    return RevocationAnswer(
        reason=row.reason, revoked_at=row.revoked_at, checks=in_words(row.checks, language)
    )


def _check_in(row: VisitRow) -> CheckInAnswer | None:
    if row.checked_in_at is None:
        return None
    assert row.check_in_recorded_at is not None
    assert row.place_check is not None
    return CheckInAnswer(
        at=row.checked_in_at,
        recorded_at=row.check_in_recorded_at,
        place_check=PlaceCheck(row.place_check),
        distance_m=row.place_distance_m,
    )


def _must_leave(row: VisitRow, revocation: RevocationAnswer | None) -> MustLeaveAnswer | None:
    if row.must_leave_at is None:
        return None
    assert row.must_leave_why is not None
    checks = [] if revocation is None else revocation.checks
    return MustLeaveAnswer(at=row.must_leave_at, reason=row.must_leave_why, checks=checks)


def _reschedule(row: RescheduleRow | None, language: Language) -> RescheduleAnswer | None:
    if row is None:
        return None
    denial = None
    if row.verdict is not None:
        denial = _denial(row.verdict, row.checks or (), row.next_lawful or (), language)
    return RescheduleAnswer(
        id=row.id,
        status=RescheduleStatus(row.status),
        address_id=row.address_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        team=row.team,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        answered_at=row.answered_at,
        denial=denial,
    )
