"""Plans as its tests meet it: a real database, its routes, and accounts as cases announces them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from credentials import TokenMint
from delivery import announced, deliver
from fastapi.testclient import TestClient
from plans.api.served import PlansService
from plans.consumers import HANDLERS, lock_batch
from plans.domain.money import Money
from settable_clock import SettableClock
from shared.db import transaction
from shared.ids import new_id
from shared.inbox import Delivered
from shared.messages import Event, Message, message_of
from sqlalchemy import Engine, text

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)

TERMS: dict[str, Any] = {
    "kind": "equal_instalments",
    "amount": "10000.00",
    "currency": "CNY",
    "instalments": 12,
    "annual_rate": "0.12",
    "agreed_on": "2026-11-15",
    "first_due_on": "2026-12-15",
    "frequency": "monthly",
}


class AccountReceived(Event):
    """As cases announces it, whole."""

    TYPE = "cases.account-received.v1"
    lender: str
    account_id: UUID
    external_id: str
    person_id: UUID
    case_id: UUID | None
    product: str = "credit_card"
    currency: str
    balance: dict[str, str]
    overdue: str = "0"
    due_since: str | None = None
    annual_rate: str | None = None
    as_of: datetime


class CaseOpened(Event):
    TYPE = "cases.case-opened.v1"
    case_id: UUID
    lender: str
    person_id: UUID
    opened_at: datetime


class CaseClosed(Event):
    TYPE = "cases.case-closed.v1"
    case_id: UUID
    lender: str
    person_id: UUID
    reason: str
    closed_at: datetime


@dataclass(frozen=True)
class Debt:
    """One account with its case and person, as cases knows it."""

    lender: str = "northbank"
    external_id: str = "NB-1"
    currency: str = "CNY"
    account_id: UUID = field(default_factory=new_id)
    case_id: UUID | None = field(default_factory=new_id)
    person_id: UUID = field(default_factory=new_id)

    def stated(self, balance: str = "10000.00", as_of: datetime = AS_OF) -> AccountReceived:
        return AccountReceived(
            lender=self.lender,
            account_id=self.account_id,
            external_id=self.external_id,
            person_id=self.person_id,
            case_id=self.case_id,
            currency=self.currency,
            balance={"principal": balance, "interest": "0", "fees": "0"},
            as_of=as_of,
        )

    def opened(self, at: datetime = AS_OF) -> CaseOpened:
        assert self.case_id
        return CaseOpened(
            case_id=self.case_id, lender=self.lender, person_id=self.person_id, opened_at=at
        )

    def closed(self, at: datetime, reason: str = "recalled") -> CaseClosed:
        assert self.case_id
        return CaseClosed(
            case_id=self.case_id,
            lender=self.lender,
            person_id=self.person_id,
            reason=reason,
            closed_at=at,
        )


class House:
    """The service with its routes and its consumer; every message reaches it twice."""

    def __init__(self, service: PlansService, token: TokenMint, clock: SettableClock) -> None:
        self.service = service
        self.engine: Engine = service.engine
        self.clock = clock
        self.token = token
        self.client = TestClient(service.app, raise_server_exceptions=False)
        self.client.headers.update(token.header("lender", lender="northbank"))

    def deliver(self, *messages: tuple[UUID | str, Event] | Message) -> list[Message]:
        return deliver(self.engine, HANDLERS, *messages, clock=self.clock, lock=lock_batch)

    def handle(self, *keyed: tuple[UUID, Event]) -> None:
        """Handle each message once, in a transaction of its own, as a worker beside others does."""
        handlers = {handler.type: handler for handler in HANDLERS}
        for key, event in keyed:
            message = message_of(event, message_id=new_id(), key=str(key), now=self.clock())
            handler = handlers[message.type]
            received = handler.model.model_validate(message.data)
            with transaction(self.engine) as session:
                lock_batch(session, [message])
                handler.handle(session, [Delivered(message, received)], self.clock())

    def know(self, debt: Debt, balance: str = "10000.00", as_of: datetime = AS_OF) -> Debt:
        """Have the account stated and its case opened."""
        messages: list[tuple[UUID | str, Event] | Message] = [
            (debt.person_id, debt.stated(balance, as_of))
        ]
        if debt.case_id is not None:
            messages.append((debt.person_id, debt.opened(as_of)))
        self.deliver(*messages)
        return debt

    def offer(self, debt: Debt, **terms: Any) -> dict[str, Any]:
        body = {
            "case_id": str(debt.case_id),
            "account": debt.external_id,
            "terms": TERMS | {"currency": debt.currency} | terms,
        }
        return self.ok(self.client.post("/v1/plans", json=body), 201)

    def activate(self, debt: Debt, **terms: Any) -> dict[str, Any]:
        plan = self.offer(debt, **terms)
        return self.ok(
            self.client.post(f"/v1/plans/{plan['id']}/consent", json={"form": "written"})
        )

    def pay(self, debt: Debt, amount: str, slip: str, /, **changed: Any) -> dict[str, Any]:
        return self.ok(
            self.client.post("/v1/payments", json=self.slip(debt, amount, slip, **changed)), 201
        )

    def slip(self, debt: Debt, amount: str, slip: str, /, **changed: Any) -> dict[str, Any]:
        return {
            "external_id": slip,
            "account": debt.external_id,
            "amount": amount,
            "currency": debt.currency,
            "paid_at": self.clock().isoformat(),
            "method": "bank_transfer",
        } | changed

    def plan(self, plan_id: str) -> dict[str, Any]:
        return self.ok(self.client.get(f"/v1/plans/{plan_id}"))

    def ledger(self, debt: Debt) -> dict[str, Any]:
        """The whole ledger, after checking that it adds up to the balance on every line."""
        found = self.ok(self.client.get(f"/v1/accounts/{debt.external_id}/ledger?limit=200"))
        assert found["next"] is None
        running = Money.zero(found["currency"])
        for line in found["items"]:
            running += Money.parse(line["change"], found["currency"])
            assert line["balance_after"] == str(running)
        assert found["balance"] == str(running)
        return found

    def announced(self, *types: str) -> list[Message]:
        return announced(self.engine, *types)

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    def header(self, role: str, lender: str | None = None) -> dict[str, str]:
        return self.token.header(role, lender=lender)

    @staticmethod
    def ok(answer: Any, status: int = 200) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body
