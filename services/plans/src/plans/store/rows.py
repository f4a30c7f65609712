"""The tables as the migrations made them. Amounts are minor units of the row's currency."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Numeric, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Row(SQLModel, registry=registry()):
    """A row of this service. Its own registry: SQLModel's default one is shared by everybody."""


def _text(*, key: bool = False) -> Any:
    return Field(sa_type=Text, primary_key=key)


def _moment() -> Any:
    return Field(sa_type=DateTime(timezone=True))


def _minor() -> Any:
    return Field(sa_type=BigInteger)


class AccountRow(Row, table=True):
    __tablename__ = "account"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    external_id: str = _text()
    case_id: UUID | None
    person_id: UUID
    currency: str = _text()
    balance_minor: int = _minor()
    as_of: datetime = _moment()
    updated_at: datetime = _moment()


class CaseRow(Row, table=True):
    __tablename__ = "collection_case"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    person_id: UUID
    opened_at: datetime | None = _moment()
    closed_at: datetime | None = _moment()
    close_reason: str | None = _text()


class StatementRow(Row, table=True):
    __tablename__ = "statement"

    id: UUID = Field(primary_key=True)
    account_id: UUID
    currency: str = _text()
    balance_minor: int = _minor()
    as_of: datetime = _moment()
    recorded_at: datetime = _moment()


class PlanRow(Row, table=True):
    __tablename__ = "plan"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    account_id: UUID
    account: str = _text()
    case_id: UUID
    person_id: UUID
    kind: str = _text()
    currency: str = _text()
    amount_minor: int = _minor()
    instalments: int
    annual_rate: Decimal = Field(sa_type=Numeric(12, 8))
    agreed_on: date
    first_due_on: date
    frequency: str = _text()
    total_minor: int = _minor()
    effective_annual_rate: Decimal = Field(sa_type=Numeric(20, 6))
    state: str = _text()
    offered_at: datetime = _moment()
    expires_at: datetime = _moment()
    consent_form: str | None = _text()
    consent_evidence: str | None = _text()
    consented_at: datetime | None = _moment()
    activated_at: datetime | None = _moment()
    basis_as_of: datetime | None = _moment()
    ended_at: datetime | None = _moment()


class InstalmentRow(Row, table=True):
    __tablename__ = "instalment"

    plan_id: UUID = Field(primary_key=True)
    no: int = Field(primary_key=True)
    due_on: date
    principal_minor: int = _minor()
    interest_minor: int = _minor()
    balance_after_minor: int = _minor()
    paid_principal_minor: int = _minor()
    paid_interest_minor: int = _minor()


class HistoryRow(Row, table=True):
    __tablename__ = "plan_history"

    id: UUID = Field(primary_key=True)
    plan_id: UUID
    before: str | None = _text()
    after: str = _text()
    at: datetime = _moment()
    by: str = _text()
    by_role: str = _text()
    why: str | None = _text()


class PaymentRow(Row, table=True):
    __tablename__ = "payment"

    id: UUID = Field(primary_key=True)
    lender: str = _text()
    external_id: str = _text()
    account_id: UUID
    account: str = _text()
    currency: str = _text()
    amount_minor: int = _minor()
    paid_at: datetime = _moment()
    method: str | None = _text()
    recorded_at: datetime = _moment()
    recorded_by: str = _text()
    plan_id: UUID | None
    interest_minor: int = _minor()
    principal_minor: int = _minor()
    credit_minor: int = _minor()
    balance_after_minor: int = _minor()


class AllocationRow(Row, table=True):
    __tablename__ = "allocation"

    payment_id: UUID = Field(primary_key=True)
    plan_id: UUID = Field(primary_key=True)
    no: int = Field(primary_key=True)
    interest_minor: int = _minor()
    principal_minor: int = _minor()
