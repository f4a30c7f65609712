"""Contact-rules as its tests meet it: a real database, rules of nowhere, visits cases asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from contact_rules.api.served import ContactRulesService
from contact_rules.consumers import handlers, lock_batch
from contact_rules.domain import load
from contact_rules.handlers.decide_visits import Desk
from contact_rules.store.packs_kept import kept_first
from credentials import Keys, TokenMint
from delivery import announced, deliver
from fastapi.testclient import TestClient
from settable_clock import SettableClock
from shared.ids import new_id
from shared.inbox import Handler
from shared.messages import Event, Message, message_of
from sqlalchemy import Engine, text

RULEBOOK = Path(__file__).parents[1] / "contact_rules" / "rulebook"

TUESDAY = datetime.fromisoformat("2026-12-01T10:00:00+08:00")
"""Ten in the morning in Taipei, eight days after the tests' clock."""


class VisitRequested(Event):
    TYPE: ClassVar[str] = "cases.visit-requested.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    place: dict[str, Any]
    residence: dict[str, Any] | None
    starts_at: datetime
    ends_at: datetime
    party: dict[str, Any]
    purpose: str
    debts: list[dict[str, Any]]
    collector: dict[str, Any]
    team: list[dict[str, Any]]
    language: str = "zh"
    requested_at: datetime
    requested_by: str | None = "Petra Planner"


class VisitCancelled(Event):
    TYPE: ClassVar[str] = "cases.visit-cancelled.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    reason: str = "plan"
    cancelled_at: datetime


class VisitCompleted(Event):
    TYPE: ClassVar[str] = "cases.visit-completed.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    outcome: str
    contact_outcome: str
    started_at: datetime
    ended_at: datetime


TAIPEI = {"country": "TW", "region": "TPE", "timezone": "Asia/Taipei"}


@dataclass(frozen=True)
class Debtor:
    """Somebody who owes one lender, and lives in Taipei."""

    lender: str = "northbank"
    person_id: UUID = field(default_factory=new_id)
    case_id: UUID = field(default_factory=new_id)
    account_id: UUID = field(default_factory=new_id)
    address_id: UUID = field(default_factory=new_id)

    def visit(
        self,
        starts_at: datetime = TUESDAY,
        *,
        minutes: int = 30,
        visit_id: UUID | None = None,
        team: int = 2,
        role: str = "debtor",
        where: dict[str, Any] | None = None,
        **changed: Any,
    ) -> VisitRequested:
        """A visit to his home by a team of two, unless told otherwise."""
        where = TAIPEI if where is None else where
        said: dict[str, Any] = {
            "visit_id": visit_id or new_id(),
            "case_id": self.case_id,
            "person_id": self.person_id,
            "lender": self.lender,
            "place": {"address_id": str(self.address_id), "kind": "home", **where},
            "residence": where,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=minutes),
            "party": {"id": str(self.person_id), "role": role, "age": 38},
            "purpose": "collect",
            "debts": [
                {
                    "id": str(self.account_id),
                    "product": "credit_card",
                    "days_past_due": 108,
                    "annual_rate": "0.15",
                }
            ],
            "collector": {"id": self.lender, "class": "creditor"},
            "team": [
                {"id": str(new_id()), "credentials": ["work_id", "authorisation_letter"]}
                for _ in range(team)
            ],
            "requested_at": starts_at - timedelta(days=7),
        }
        return VisitRequested(**(said | changed))


def cancelled(visit: VisitRequested, at: datetime, reason: str = "plan") -> VisitCancelled:
    """The visit will not happen."""
    return VisitCancelled(
        visit_id=visit.visit_id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        reason=reason,
        cancelled_at=at,
    )


def completed(
    visit: VisitRequested, contact_outcome: str, outcome: str = "not_home"
) -> VisitCompleted:
    """The visit took place, a minute late and five minutes short."""
    return VisitCompleted(
        visit_id=visit.visit_id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        approval_id=new_id(),
        outcome=outcome,
        contact_outcome=contact_outcome,
        started_at=visit.starts_at + timedelta(minutes=1),
        ended_at=visit.ends_at - timedelta(minutes=5),
    )


class House:
    """The service with its routes and its consumer; every message reaches it twice."""

    def __init__(
        self, service: ContactRulesService, keys: Keys, token: TokenMint, clock: SettableClock
    ) -> None:
        self.service = service
        self.engine: Engine = service.engine
        self.keys = keys
        self.token = token
        self.clock = clock
        self.desk = Desk(load(RULEBOOK), keys.approvals)
        self.handlers: list[Handler[Any]] = handlers(self.kept_desk)
        self.client = TestClient(service.app, raise_server_exceptions=False)
        self.client.headers.update(token.header("ops"))

    def kept_desk(self) -> Desk:
        """The desk, its packs kept as the service keeps them before it decides by them."""
        digest = kept_first(self.engine, self.desk.library, self.clock())
        return replace(self.desk, library_digest=digest)

    def deliver(self, *given: Event | Message) -> list[Message]:
        """Have the messages handled, each twice; the key of an event is its person."""
        return deliver(
            self.engine,
            self.handlers,
            *[one if isinstance(one, Message) else self.message(one) for one in given],
            clock=self.clock,
            lock=lock_batch,
        )

    def message(self, event: Any) -> Message:
        """A message of its own about this event."""
        return message_of(event, message_id=new_id(), key=str(event.person_id), now=self.clock())

    def ask(self, *visits: VisitRequested) -> list[dict[str, Any]]:
        """Ask for the visits one after another; the answers, in order, with their types."""
        answers = []
        for visit in visits:
            self.deliver(visit)
            (answer,) = self.answers(visit)
            answers.append(answer)
        return answers

    def answers(self, visit: VisitRequested) -> list[dict[str, Any]]:
        """What was announced about a visit, oldest first."""
        return [
            {"type": message.type.removeprefix("contact-rules.visit-").removesuffix(".v1")}
            | message.data
            for message in announced(self.engine)
            if message.data.get("visit_id") == str(visit.visit_id)
        ]

    def rows(self, table: str, order: str = "1") -> Sequence[Any]:
        """All rows of a table."""
        with self.engine.connect() as connection:
            return connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}")).all()

    def ledger(self, debtor: Debtor) -> list[tuple[str, str | None]]:
        """Kind and outcome of each line of a person's ledger."""
        return [
            (row.kind, row.outcome)
            for row in self.rows("ledger", "seq")
            if row.person_id == debtor.person_id
        ]

    def header(self, role: str, lender: str | None = None) -> dict[str, str]:
        return self.token.header(role, lender=lender)
