"""What becomes of accounts: stated, recalled, back again."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.messages import Event

from cases.events.parts import (
    ACCOUNT,
    CASE,
    PERSON,
    Balance,
)


class AccountReceived(Event):
    """A lender stated an account as of a moment, newer than what was known."""

    TYPE: ClassVar[str] = "cases.account-received.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "lender": "yushan-bank",
        "account_id": ACCOUNT,
        "external_id": "YS-2021-000417",
        "person_id": PERSON,
        "case_id": CASE,
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000.00", "interest": "1830.00", "fees": "600.00"},
        "overdue": "9300.00",
        "due_since": "2026-08-15",
        "annual_rate": "0.15",
        "as_of": "2026-11-19T16:00:00Z",
    }

    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    case_id: UUID | None
    product: str
    currency: str
    balance: Balance
    overdue: str
    due_since: date | None
    annual_rate: str | None
    as_of: datetime


class AccountRecalled(Event):
    """A lender took an account back. ``reason`` is a code; ``case_id`` null: never overdue."""

    TYPE: ClassVar[str] = "cases.account-recalled.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "lender": "yushan-bank",
        "account_id": ACCOUNT,
        "external_id": "YS-2021-000417",
        "person_id": PERSON,
        "case_id": CASE,
        "reason": "term_ended",
        "recalled_at": "2026-11-24T02:00:00Z",
    }

    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    case_id: UUID | None
    reason: str
    recalled_at: datetime


class AccountReturned(Event):
    """A recalled account was stated anew: its lender has it worked on again.

    ``recalled_at`` says which recall is over.
    """

    TYPE: ClassVar[str] = "cases.account-returned.v1"
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "lender": "yushan-bank",
        "account_id": ACCOUNT,
        "external_id": "YS-2021-000417",
        "person_id": PERSON,
        "case_id": CASE,
        "recalled_at": "2026-11-24T02:00:00Z",
        "returned_at": "2026-12-07T02:00:00Z",
    }

    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    case_id: UUID | None
    recalled_at: datetime
    returned_at: datetime
