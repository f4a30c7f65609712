"""The tables as rows for reading and for single inserts; the schema itself is in ``migrations``.

Many rows at once are written by the statements of the other modules here. A test compares these
classes with a migrated database.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Float, LargeBinary, Numeric, SmallInteger, Text
from sqlalchemy import Uuid as SqlUuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class _Table(SQLModel, registry=registry()):
    """The tables of cases, apart from every other service's in the same process."""


def _text(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def _time(**more: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **more)


def _json() -> Any:
    return Field(sa_type=JSONB)


class PersonRow(_Table, table=True):
    """A human or firm, known by a keyed hash."""

    __tablename__ = "person"

    id: UUID = Field(primary_key=True)
    identity: bytes = Field(sa_type=LargeBinary)
    numbered: bool
    created_at: datetime = _time()


class CaseRow(_Table, table=True):
    """The work on one person for one lender."""

    __tablename__ = "debt_case"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    person_id: UUID
    status: str = _text()
    stage: str = _text()
    resolution: str | None = _text()
    close_reason: str | None = _text()
    opened_at: datetime = _time()
    updated_at: datetime = _time()
    resolved_at: datetime | None = _time()
    closed_at: datetime | None = _time()


class AccountRow(_Table, table=True):
    """A debt as its lender states it."""

    __tablename__ = "account"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    external_id: str = _text()
    person_id: UUID
    case_id: UUID | None
    as_of: datetime = _time()
    product: str = _text()
    currency: str = _text()
    principal: int = Field(sa_type=BigInteger)
    interest: int = Field(sa_type=BigInteger)
    fees: int = Field(sa_type=BigInteger)
    overdue: int = Field(sa_type=BigInteger)
    due_since: date | None
    annual_rate: Decimal | None = Field(sa_type=Numeric(13, 10))
    opened_on: date | None
    paid_at: datetime | None = _time()
    recalled_at: datetime | None = _time(default=None)
    recall_reason: str | None = _text(default=None)
    calendar: str = _text()
    debtor: dict[str, Any] = _json()
    contacts: list[dict[str, Any]] = _json()
    related: list[dict[str, Any]] = _json()
    history: list[dict[str, Any]] = _json()
    extra: dict[str, Any] = _json()
    related_ids: list[UUID] = Field(sa_type=ARRAY(SqlUuid))
    address_ids: list[UUID] = Field(sa_type=ARRAY(SqlUuid))
    content: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = _time()
    updated_at: datetime = _time()


class AddressRow(_Table, table=True):
    """An address of a person as one lender knows it."""

    __tablename__ = "address"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    person_id: UUID
    fingerprint: bytes = Field(sa_type=LargeBinary)
    kind: str = _text()
    text: str = _text()
    country: str | None = _text()
    region: str | None = _text()
    city: str | None = _text(default=None)
    latitude: float | None = Field(sa_type=Float(53))
    longitude: float | None = Field(sa_type=Float(53))
    timezone: str | None = _text()
    created_at: datetime = _time()
    updated_at: datetime = _time()


class CaseHistoryRow(_Table, table=True):
    """Something that happened to a case."""

    __tablename__ = "case_history"

    id: UUID = Field(primary_key=True)
    case_id: UUID
    at: datetime = _time()
    recorded_at: datetime = _time()
    kind: str = _text()
    by: str = _text()
    data: dict[str, Any] = _json()


class CaseFlagRow(_Table, table=True):
    """What holds for a case for a time."""

    __tablename__ = "case_flag"

    kind: str = _text(primary_key=True)
    reference: UUID = Field(primary_key=True)
    case_id: UUID
    account: str = _text()
    since: datetime | None = _time()
    until: datetime | None = _time()


class HoldRow(_Table, table=True):
    """No collection on a case from a day to a day."""

    __tablename__ = "case_hold"

    id: UUID = Field(primary_key=True)
    case_id: UUID
    person_id: UUID
    lender: str = _text()
    reason: str = _text()
    note: str | None = _text()
    calendar: str = _text()
    from_on: date
    until_on: date | None
    begins_at: datetime = _time()
    ends_at: datetime | None = _time()
    placed_at: datetime = _time()
    placed_by: str = _text()
    lifted_at: datetime | None = _time()
    lifted_by: str | None = _text()
    lift_reason: str | None = _text()


class ComplaintRow(_Table, table=True):
    """A complaint about how a debt is collected."""

    __tablename__ = "complaint"

    id: UUID = Field(primary_key=True)
    case_id: UUID
    person_id: UUID
    lender: str = _text()
    about: str = _text()
    channel: str | None = _text()
    external_id: str | None = _text()
    received_on: date
    opened_at: datetime = _time()
    opened_by: str = _text()
    outcome: str | None = _text()
    closed_on: date | None
    closed_at: datetime | None = _time()
    closed_by: str | None = _text()


class AgentRow(_Table, table=True):
    """Somebody who goes to the door."""

    __tablename__ = "agent"

    id: UUID = Field(primary_key=True)
    lender: str | None = _text()
    name: str = _text()
    employer: str = _text()
    credentials: list[dict[str, Any]] = _json()
    created_at: datetime = _time()
    created_by: str = _text()
    version: int = 1


class AgentHistoryRow(_Table, table=True):
    """What an agent was before a change, and after it."""

    __tablename__ = "agent_history"

    id: UUID = Field(primary_key=True)
    agent_id: UUID
    at: datetime = _time()
    by: str = _text()
    was: dict[str, Any] = _json()
    became: dict[str, Any] = _json()


class VisitRow(_Table, table=True):
    """A visit as its history has left it."""

    __tablename__ = "visit"

    id: UUID = Field(primary_key=True)
    case_id: UUID
    person_id: UUID
    lender: str = _text()
    address_id: UUID
    status: str = _text()
    starts_at: datetime = _time()
    ends_at: datetime = _time()
    party_role: str = _text()
    party_id: UUID | None
    purpose: str = _text()
    approval_id: UUID | None = None
    requested_by: str = _text()
    requested_at: datetime = _time()
    updated_at: datetime = _time()
    cancel_reason: str | None = _text(default=None)
    outcome: str | None = _text(default=None)
    started_at: datetime | None = _time(default=None)
    ended_at: datetime | None = _time(default=None)
    note: str | None = _text(default=None)
    dispatched_at: datetime | None = _time(default=None)
    checked_in_at: datetime | None = _time(default=None)
    check_in_recorded_at: datetime | None = _time(default=None)
    place_check: str | None = _text(default=None)
    place_distance_m: int | None = None
    must_leave_at: datetime | None = _time(default=None)
    must_leave_why: str | None = _text(default=None)


class VisitTeamRow(_Table, table=True):
    """One agent of a visit's team."""

    __tablename__ = "visit_team"

    visit_id: UUID = Field(primary_key=True)
    agent_id: UUID = Field(primary_key=True)
    place: int = Field(sa_type=SmallInteger)


class VisitHistoryRow(_Table, table=True):
    """One step of a visit."""

    __tablename__ = "visit_history"

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    case_id: UUID
    at: datetime = _time()
    step: str = _text()
    from_status: str | None = _text()
    to_status: str = _text()
    by: str = _text()
    reason: str | None = _text()


class ApprovalRow(_Table, table=True):
    """Contact-rules' signed yes for one visit."""

    __tablename__ = "approval"

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    decision_id: UUID
    starts_at: datetime = _time()
    ends_at: datetime = _time()
    token: str = _text()
    expires_at: datetime = _time()
    must_end_by: datetime | None = _time()
    obligations: list[dict[str, Any]] = _json()
    received_at: datetime = _time()


class RevocationRow(_Table, table=True):
    """An approval that contact-rules took back."""

    __tablename__ = "revocation"

    approval_id: UUID = Field(primary_key=True)
    visit_id: UUID
    reason: str = _text()
    checks: list[dict[str, Any]] = _json()
    revoked_at: datetime = _time()
    received_at: datetime = _time()


class RescheduleRow(_Table, table=True):
    """Somebody's asking to move a visit, and the answer."""

    __tablename__ = "reschedule"

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    address_id: UUID
    starts_at: datetime = _time()
    ends_at: datetime = _time()
    team: list[UUID] = Field(sa_type=ARRAY(SqlUuid))
    status: str = _text()
    requested_by: str = _text()
    requested_at: datetime = _time()
    answered_at: datetime | None = _time()
    verdict: str | None = _text()
    checks: list[dict[str, Any]] | None = _json()
    next_lawful: list[dict[str, Any]] | None = _json()


class DenialRow(_Table, table=True):
    """Contact-rules' no, or its word that people must decide."""

    __tablename__ = "denial"

    decision_id: UUID = Field(primary_key=True)
    visit_id: UUID
    verdict: str = _text()
    checks: list[dict[str, Any]] = _json()
    next_lawful: list[dict[str, Any]] = _json()
    received_at: datetime = _time()


METADATA = _Table.metadata
