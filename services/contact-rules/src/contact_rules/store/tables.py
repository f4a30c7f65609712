"""The tables, as migrations made them, on a registry of this service's own."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)

UUIDS: Final = ARRAY(Uuid)
"""The type of a parameter that lists ids: ``column = ANY(:ids)``."""


class Row(SQLModel, registry=registry()):
    """A row of one of this service's tables."""


class PersonRow(Row, table=True):
    """One person: the row that is locked while anything about that person is decided."""

    __tablename__ = "person"

    id: UUID = Field(sa_type=Uuid, primary_key=True)


class LedgerRow(Row, table=True):
    """One line of a person's ledger. Never updated, never deleted: the database refuses it."""

    __tablename__ = "ledger"

    seq: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    id: UUID = Field(sa_type=Uuid, unique=True)
    contact_id: UUID = Field(sa_type=Uuid)
    person_id: UUID = Field(sa_type=Uuid)
    kind: str = Field(sa_type=Text)
    lender: str = Field(sa_type=Text)
    channel: str | None = Field(sa_type=Text)
    direction: str | None = Field(sa_type=Text)
    starts_at: datetime | None = Field(sa_type=_AT)
    ends_at: datetime | None = Field(sa_type=_AT)
    purpose: str | None = Field(sa_type=Text)
    place: str | None = Field(sa_type=Text)
    party_id: str | None = Field(sa_type=Text)
    party_role: str | None = Field(sa_type=Text)
    debts: list[str] = Field(sa_type=ARRAY(Text))
    collector: str | None = Field(sa_type=Text)
    point: str | None = Field(sa_type=Text)
    outcome: str | None = Field(sa_type=Text)
    reason: str | None = Field(sa_type=Text)
    decision_id: UUID | None = Field(sa_type=Uuid)
    occurred_at: datetime = Field(sa_type=_AT)
    recorded_at: datetime = Field(sa_type=_AT)


class DecisionRow(Row, table=True):
    """One answer to one visit. Never updated, never deleted: the database refuses it.

    ``facts`` is the question in the shape of ``POST /v1/checks`` without its history: that is the
    person's ledger up to and including ``ledger_seq`` (0: nothing was in it).
    """

    __tablename__ = "decision"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    visit_id: UUID = Field(sa_type=Uuid, unique=True)
    case_id: UUID = Field(sa_type=Uuid)
    person_id: UUID = Field(sa_type=Uuid)
    lender: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    engine: str = Field(sa_type=Text)
    packs: list[str] = Field(sa_type=ARRAY(Text))
    facts: dict[str, Any] = Field(sa_type=JSON)
    ledger_seq: int = Field(sa_type=BigInteger)
    checks: list[Any] = Field(sa_type=JSON)
    obligations: list[Any] = Field(sa_type=JSON)
    must_end_by: datetime | None = Field(sa_type=_AT)
    next_lawful: list[Any] = Field(sa_type=JSON)
    decided_at: datetime = Field(sa_type=_AT)


class ApprovalRow(Row, table=True):
    """One signed yes and what became of it; the ledger says when and why."""

    __tablename__ = "approval"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    decision_id: UUID = Field(sa_type=Uuid)
    visit_id: UUID = Field(sa_type=Uuid, unique=True)
    person_id: UUID = Field(sa_type=Uuid)
    lender: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_type=_AT)
    ends_at: datetime = Field(sa_type=_AT)
    must_end_by: datetime | None = Field(sa_type=_AT)
    expires_at: datetime = Field(sa_type=_AT)
    issued_at: datetime = Field(sa_type=_AT)
    token: str = Field(sa_type=Text)


PERSON: Final[Table] = Row.metadata.tables["person"]
LEDGER: Final[Table] = Row.metadata.tables["ledger"]
DECISION: Final[Table] = Row.metadata.tables["decision"]
APPROVAL: Final[Table] = Row.metadata.tables["approval"]
