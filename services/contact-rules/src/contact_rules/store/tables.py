"""The tables, as migrations made them, on a registry of this service's own."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Identity, Table, Text, Uuid
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
    external_id: str | None = Field(sa_type=Text)
    details: dict[str, Any] | None = Field(sa_type=JSON)


class DecisionRow(Row, table=True):
    """One answer to one request for a visit. Never updated, never deleted: the database refuses it.

    ``facts`` is the question in the shape of ``POST /v1/checks`` without its history: that is the
    person's ledger up to and including ``ledger_seq`` (0: nothing was in it).
    """

    __tablename__ = "decision"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    visit_id: UUID = Field(sa_type=Uuid)
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
    request_id: UUID | None = Field(sa_type=Uuid)
    requested_by: str | None = Field(sa_type=Text)
    library: str | None = Field(sa_type=Text)
    overridden: list[str] = Field(sa_type=ARRAY(Text))
    review_id: UUID | None = Field(sa_type=Uuid)
    key_id: str | None = Field(sa_type=Text)
    signature: str | None = Field(sa_type=Text)
    history: str | None = Field(sa_type=Text)


class ApprovalRow(Row, table=True):
    """One signed yes and what became of it; the ledger says when and why."""

    __tablename__ = "approval"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    decision_id: UUID = Field(sa_type=Uuid)
    visit_id: UUID = Field(sa_type=Uuid)
    person_id: UUID = Field(sa_type=Uuid)
    lender: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_type=_AT)
    ends_at: datetime = Field(sa_type=_AT)
    must_end_by: datetime | None = Field(sa_type=_AT)
    expires_at: datetime = Field(sa_type=_AT)
    issued_at: datetime = Field(sa_type=_AT)
    token: str = Field(sa_type=Text)
    checked_in_at: datetime | None = Field(sa_type=_AT)
    ended_at: datetime | None = Field(sa_type=_AT)
    ended_why: str | None = Field(sa_type=Text)


class AccountRow(Row, table=True):
    """Whose account is whose, as cases announced it."""

    __tablename__ = "account"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    lender: str = Field(sa_type=Text)
    external_id: str = Field(sa_type=Text)
    person_id: UUID = Field(sa_type=Uuid)
    as_of: datetime = Field(sa_type=_AT)


class KnownFactRow(Row, table=True):
    """A fact or a consent, who told it and when. Never changed; its end is a row of its own."""

    __tablename__ = "known_fact"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    person_id: UUID = Field(sa_type=Uuid)
    record: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    lender: str | None = Field(sa_type=Text)
    debts: list[str] = Field(sa_type=ARRAY(Text))
    data: dict[str, Any] = Field(sa_type=JSON)
    evidence: list[Any] = Field(sa_type=JSON)
    reference: str | None = Field(sa_type=Text)
    matter: str | None = Field(sa_type=Text)
    told_by: str = Field(sa_type=Text)
    told_for: str | None = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=_AT)
    recorded_at: datetime = Field(sa_type=_AT)


class KnownFactEndRow(Row, table=True):
    """The end of a fact: withdrawn, over, or never true."""

    __tablename__ = "known_fact_end"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    fact_id: UUID | None = Field(sa_type=Uuid)
    matter: str | None = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    in_error: bool = Field(sa_type=Boolean)
    told_by: str = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=_AT)
    recorded_at: datetime = Field(sa_type=_AT)


class ReviewRow(Row, table=True):
    """A question that rules leave to people."""

    __tablename__ = "review"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    decision_id: UUID = Field(sa_type=Uuid)
    visit_id: UUID = Field(sa_type=Uuid)
    case_id: UUID = Field(sa_type=Uuid)
    person_id: UUID = Field(sa_type=Uuid)
    lender: str = Field(sa_type=Text)
    requested_by: str | None = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_type=_AT)
    opened_at: datetime = Field(sa_type=_AT)
    lapses_at: datetime = Field(sa_type=_AT)
    closed_at: datetime | None = Field(sa_type=_AT)
    outcome_id: UUID | None = Field(sa_type=Uuid)


class ReviewVoteRow(Row, table=True):
    """What one person said of it, and why."""

    __tablename__ = "review_vote"

    review_id: UUID = Field(sa_type=Uuid, primary_key=True)
    voter: str = Field(sa_type=Text, primary_key=True)
    role: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    voted_at: datetime = Field(sa_type=_AT)


class BreachRow(Row, table=True):
    """A rule that a contact which took place turned out to break. Never changed."""

    __tablename__ = "breach"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    contact_id: UUID = Field(sa_type=Uuid)
    person_id: UUID = Field(sa_type=Uuid)
    lender: str = Field(sa_type=Text)
    rule: str = Field(sa_type=Text)
    pack: str = Field(sa_type=Text)
    cause: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_type=_AT)
    channel: str = Field(sa_type=Text)
    trace: dict[str, Any] = Field(sa_type=JSON)
    facts: dict[str, Any] = Field(sa_type=JSON)
    ledger_seq: int = Field(sa_type=BigInteger)
    found_at: datetime = Field(sa_type=_AT)


class PackTextRow(Row, table=True):
    """The text of a version of a pack, by its digest. Never changed."""

    __tablename__ = "pack_text"

    digest: str = Field(sa_type=Text, primary_key=True)
    pack_id: str = Field(sa_type=Text)
    version: str = Field(sa_type=Text)
    file: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    stored_at: datetime = Field(sa_type=_AT)


class LibraryRow(Row, table=True):
    """Packs that were in use together: ``[{digest, effective_from, effective_to}]``."""

    __tablename__ = "library"

    digest: str = Field(sa_type=Text, primary_key=True)
    packs: list[Any] = Field(sa_type=JSON)
    stored_at: datetime = Field(sa_type=_AT)


class PackVersionRow(Row, table=True):
    """A version of a pack on its way into force, and out of it again."""

    __tablename__ = "pack_version"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    pack_id: str = Field(sa_type=Text)
    version: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    effective_from: date | None = Field(sa_type=Date)
    effective_to: date | None = Field(sa_type=Date)
    author: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=_AT)
    changed_at: datetime = Field(sa_type=_AT)


class PackStepRow(Row, table=True):
    """A step of a version of a pack: who, when, why. Never changed."""

    __tablename__ = "pack_step"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    version_id: UUID = Field(sa_type=Uuid)
    step: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    reason: str | None = Field(sa_type=Text)
    data: dict[str, Any] | None = Field(sa_type=JSON)
    at: datetime = Field(sa_type=_AT)


class RulesRevisionRow(Row, table=True):
    """The one row that counts how often the rules put in force here have changed."""

    __tablename__ = "rules_revision"

    one: bool = Field(sa_type=Boolean, primary_key=True)
    revision: int = Field(sa_type=BigInteger)


class LibraryRevisionRow(Row, table=True):
    """For which revision of the rules a library was taken up."""

    __tablename__ = "library_revision"

    library: str = Field(sa_type=Text, primary_key=True)
    revision: int = Field(sa_type=BigInteger)


class RuleChangeRow(Row, table=True):
    """A change of the rules for visits from a day on, and how far planned ones were asked again."""

    __tablename__ = "rule_change"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    version_id: UUID | None = Field(sa_type=Uuid)
    files: str | None = Field(sa_type=Text)
    cause: str = Field(sa_type=Text)
    from_on: date = Field(sa_type=Date)
    revision: int = Field(sa_type=BigInteger)
    total: int = Field(sa_type=BigInteger)
    done: int = Field(sa_type=BigInteger)
    revoked: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    position: list[Any] | None = Field(sa_type=JSON)
    begun_at: datetime = Field(sa_type=_AT)
    ended_at: datetime | None = Field(sa_type=_AT)


class SimulationRow(Row, table=True):
    """A draft of a pack tried on what was decided; ``position`` is where it goes on."""

    __tablename__ = "simulation"

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    version_id: UUID = Field(sa_type=Uuid)
    from_at: datetime = Field(sa_type=_AT)
    to_at: datetime = Field(sa_type=_AT)
    planned: bool = Field(sa_type=Boolean)
    state: str = Field(sa_type=Text)
    total: int = Field(sa_type=BigInteger)
    done: int = Field(sa_type=BigInteger)
    position: dict[str, Any] | None = Field(sa_type=JSON)
    result: dict[str, Any] = Field(sa_type=JSON)
    error: str | None = Field(sa_type=Text)
    asked_by: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=_AT)
    started_at: datetime | None = Field(sa_type=_AT)
    beat_at: datetime | None = Field(sa_type=_AT)
    ended_at: datetime | None = Field(sa_type=_AT)
    runner: UUID | None = Field(sa_type=Uuid)
    attempts: int = Field(sa_type=BigInteger)


PERSON: Final[Table] = Row.metadata.tables["person"]
LEDGER: Final[Table] = Row.metadata.tables["ledger"]
DECISION: Final[Table] = Row.metadata.tables["decision"]
APPROVAL: Final[Table] = Row.metadata.tables["approval"]
ACCOUNT: Final[Table] = Row.metadata.tables["account"]
KNOWN_FACT: Final[Table] = Row.metadata.tables["known_fact"]
KNOWN_FACT_END: Final[Table] = Row.metadata.tables["known_fact_end"]
REVIEW: Final[Table] = Row.metadata.tables["review"]
REVIEW_VOTE: Final[Table] = Row.metadata.tables["review_vote"]
BREACH: Final[Table] = Row.metadata.tables["breach"]
PACK_TEXT: Final[Table] = Row.metadata.tables["pack_text"]
LIBRARY: Final[Table] = Row.metadata.tables["library"]
PACK_VERSION: Final[Table] = Row.metadata.tables["pack_version"]
PACK_STEP: Final[Table] = Row.metadata.tables["pack_step"]
SIMULATION: Final[Table] = Row.metadata.tables["simulation"]
RULES_REVISION: Final[Table] = Row.metadata.tables["rules_revision"]
LIBRARY_REVISION: Final[Table] = Row.metadata.tables["library_revision"]
RULE_CHANGE: Final[Table] = Row.metadata.tables["rule_change"]
