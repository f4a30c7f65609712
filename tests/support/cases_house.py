"""Cases as its tests meet it: a real database, its routes, and others' messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cases.api.served import CasesService
from cases.consumers import handlers, lock
from credentials import Keys, TokenMint
from delivery import announced, deliver
from fastapi.testclient import TestClient
from settable_clock import SettableClock
from shared.ids import new_id
from shared.keys import KeySet
from shared.messages import Event, Message, message_of
from sqlalchemy import Engine, text

LENDER = "northbank"
HOME = {
    "kind": "home",
    "text": "臺北市大安區忘帳路 1 段 7 號",
    "country": "TW",
    "region": "TPE",
    "latitude": 25.026,
    "longitude": 121.543,
}


class VisitApproved(Event):
    """As contact-rules announces it, whole."""

    TYPE = "contact-rules.visit-approved.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    approval: dict[str, Any]
    checks: list[dict[str, Any]]


class VisitDenied(Event):
    TYPE = "contact-rules.visit-denied.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    decision_id: UUID
    verdict: str
    checks: list[dict[str, Any]]
    next_lawful: list[dict[str, str]]


class VisitNeedsReview(VisitDenied):
    TYPE = "contact-rules.visit-needs-review.v1"


class VisitRescheduled(VisitApproved):
    TYPE = "contact-rules.visit-rescheduled.v1"
    request_id: UUID
    starts_at: datetime
    ends_at: datetime


class RescheduleDenied(VisitDenied):
    TYPE = "contact-rules.reschedule-denied.v1"
    request_id: UUID


class ApprovalRevoked(Event):
    TYPE = "contact-rules.approval-revoked.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    decision_id: UUID
    reason: str
    checks: list[dict[str, Any]]
    must_leave: bool
    revoked_at: datetime


class ApprovalExpired(Event):
    TYPE = "contact-rules.approval-expired.v1"
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    approval_id: UUID
    decision_id: UUID
    expired_at: datetime


class PlanActivated(Event):
    """As plans announces it, whole."""

    TYPE = "plans.plan-activated.v1"
    plan_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    account: str
    currency: str = "TWD"
    total: str = "44430.00"
    first_due_on: str = "2026-12-15"
    activated_at: datetime


class PlanCompleted(Event):
    TYPE = "plans.plan-completed.v1"
    plan_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    account: str
    completed_at: datetime


class PlanCancelled(Event):
    TYPE = "plans.plan-cancelled.v1"
    plan_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    account: str
    cancelled_at: datetime


class PaymentReceived(Event):
    TYPE = "plans.payment-received.v1"
    payment_id: UUID
    external_id: str
    lender: str
    account: str
    case_id: UUID | None
    person_id: UUID
    amount: str
    currency: str
    paid_at: datetime
    balance_after: str


class AccountPaid(Event):
    TYPE = "plans.account-paid.v1"
    lender: str
    account: str
    case_id: UUID | None
    person_id: UUID
    paid_at: datetime


def account(**changes: Any) -> dict[str, Any]:
    """The body of a push; a change of None leaves the field out."""
    body: dict[str, Any] = {
        "as_of": "2026-11-20T00:00:00+08:00",
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000", "interest": "1830", "fees": "600"},
        "overdue": "9300",
        "due_since": "2026-08-15",
        "annual_rate": "0.15",
        "debtor": {
            "name": "王慢慢",
            "id_number": "A123456789",
            "born_on": "1988-05-04",
            "language": "zh-TW",
        },
        "addresses": [HOME],
    } | changes
    return {name: value for name, value in body.items() if value is not None}


PAID = {
    "balance": {"principal": "0", "interest": "0", "fees": "0"},
    "overdue": "0",
    "due_since": None,
}
CURED = {"overdue": "0", "due_since": None}


@dataclass(frozen=True)
class Debt:
    """An account that was pushed, with its case, its first address and an agent of its lender."""

    external_id: str
    lender: str
    case_id: UUID
    person_id: UUID
    address_id: UUID
    agent_id: UUID


class House:
    """The service with its routes and its consumer; every message reaches it twice."""

    def __init__(
        self, service: CasesService, keys: Keys, token: TokenMint, clock: SettableClock
    ) -> None:
        self.service = service
        self.engine: Engine = service.engine
        self.clock = clock
        self.keys = keys
        self.token = token
        self.client = TestClient(service.app, raise_server_exceptions=False)
        self.client.headers.update(token.header("lender", lender=LENDER))

    # --- asking

    def header(self, role: str, lender: str | None = None) -> dict[str, str]:
        return self.token.header(role, lender=lender)

    def agents_header(self, agent_id: UUID) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token('agent', agent=agent_id)}"}

    @staticmethod
    def ok(answer: Any, status: int = 200) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def push(
        self, external_id: str = "YS-1", *, lender: str = LENDER, status: int = 201, **changes: Any
    ) -> dict[str, Any]:
        answer = self.client.put(
            f"/v1/accounts/{external_id}",
            json=account(**changes),
            headers=self.header("lender", lender),
        )
        return self.ok(answer, status)

    def agent(self, lender: str = LENDER, **changes: Any) -> UUID:
        body = {
            "name": "Knock Twice",
            "credentials": [{"kind": "work_id", "expires_on": "2027-12-31"}],
        } | changes
        answer = self.client.post("/v1/agents", json=body, headers=self.header("lender", lender))
        return UUID(self.ok(answer, 201)["id"])

    def debt(self, external_id: str = "YS-1", *, lender: str = LENDER, **changes: Any) -> Debt:
        pushed = self.push(external_id, lender=lender, **changes)
        case = self.case(pushed["case_id"], lender=lender)
        return Debt(
            external_id=external_id,
            lender=lender,
            case_id=UUID(case["id"]),
            person_id=UUID(case["person_id"]),
            address_id=UUID(case["addresses"][0]["id"]),
            agent_id=self.agent(lender),
        )

    def case(self, case_id: UUID | str, lender: str = LENDER) -> dict[str, Any]:
        answer = self.client.get(f"/v1/cases/{case_id}", headers=self.header("lender", lender))
        return self.ok(answer)

    def timeline(self, case_id: UUID | str) -> list[str]:
        """The kinds of what happened to a case, the oldest first."""
        answer = self.client.get(f"/v1/cases/{case_id}/timeline?sort=at:asc&limit=200")
        return [entry["kind"] for entry in self.ok(answer)["items"]]

    def asking(self, debt: Debt, **changes: Any) -> dict[str, Any]:
        return {
            "address_id": str(debt.address_id),
            "starts_at": "2026-12-01T10:00:00+08:00",
            "duration_minutes": 30,
            "party": {"role": "debtor"},
            "purpose": "collect",
            "team": [str(debt.agent_id)],
        } | changes

    def ask(self, debt: Debt, **changes: Any) -> UUID:
        answer = self.client.post(
            f"/v1/cases/{debt.case_id}/visits",
            json=self.asking(debt, **changes),
            headers=self.header("lender", debt.lender),
        )
        return UUID(self.ok(answer, 202)["id"])

    def visit(self, visit_id: UUID, **headers: str) -> dict[str, Any]:
        headers = self.header("ops") | headers
        return self.ok(self.client.get(f"/v1/visits/{visit_id}", headers=headers))

    # --- being told

    def deliver(self, *messages: tuple[UUID | str, Event] | Message) -> list[Message]:
        keys = KeySet(self.keys.approval_jwks)
        return deliver(self.engine, handlers(keys), *messages, clock=self.clock, lock=lock)

    def approval(self, visit_id: UUID, **claimed: Any) -> tuple[UUID, VisitApproved]:
        """Contact-rules' yes for a visit, its claims changed as told (None: left out)."""
        visit = self.visit(visit_id)
        event = VisitApproved(**self._yes(visit, claimed))
        return UUID(visit["person_id"]), event

    def _yes(self, visit: dict[str, Any], claimed: dict[str, Any]) -> dict[str, Any]:
        visit_id = visit["id"]
        approval_id = UUID(claimed.get("jti") or str(new_id()))
        ends_at = datetime.fromisoformat(visit["ends_at"])
        claims = {
            "iss": "doorstep/contact-rules",
            "aud": "doorstep/approval",
            "sub": str(visit_id),
            "jti": str(approval_id),
            "case_id": visit["case_id"],
            "person_id": visit["person_id"],
            "lender": visit["lender"],
            "address_id": visit["address_id"],
            "team": visit["team"],
            "starts_at": visit["starts_at"],
            "ends_at": visit["ends_at"],
            "must_end_by": (ends_at + timedelta(hours=11.5)).isoformat(),
            "iat": int(self.clock().timestamp()),
            "exp": int((ends_at + timedelta(hours=1)).timestamp()),
        } | claimed
        claims = {name: value for name, value in claims.items() if value is not None}
        return {
            "visit_id": visit_id,
            "case_id": visit["case_id"],
            "person_id": visit["person_id"],
            "decision_id": new_id(),
            "approval": {
                "id": str(approval_id),
                "token": self.keys.approvals.sign(claims),
                "expires_at": datetime.fromtimestamp(
                    claims.get("exp", 2_000_000_000), UTC
                ).isoformat(),
                "must_end_by": claims.get("must_end_by"),
                "obligations": [{"rule": "tw.record", "what": "record", "when": "at_start"}],
            },
            "checks": [],
        }

    def rescheduled(self, visit_id: UUID, **claimed: Any) -> tuple[UUID, VisitRescheduled]:
        """Contact-rules' yes to the last asking to move a visit."""
        visit = self.visit(visit_id)
        asked = visit["reschedule"]
        for name in ("starts_at", "ends_at", "address_id", "team"):
            visit[name] = asked[name]
        event = VisitRescheduled(
            **self._yes(visit, claimed),
            request_id=asked["id"],
            starts_at=asked["starts_at"],
            ends_at=asked["ends_at"],
        )
        return UUID(visit["person_id"]), event

    def reschedule_denial(self, visit_id: UUID, **changes: Any) -> tuple[UUID, RescheduleDenied]:
        person_id, denial = self.denial(visit_id)
        asked = self.visit(visit_id)["reschedule"]["id"]
        facts = denial.model_dump() | {"request_id": asked} | changes
        return person_id, RescheduleDenied(**facts)

    def revocation(
        self, visit_id: UUID, reason: str = "deceased", **changes: Any
    ) -> tuple[UUID, ApprovalRevoked]:
        """Contact-rules takes the approval back on which a visit rests."""
        person_id, denial = self.denial(visit_id)
        facts = self._of_approval(visit_id) | {
            "reason": reason,
            "checks": denial.checks,
            "must_leave": False,
            "revoked_at": self.clock(),
        }
        return person_id, ApprovalRevoked(**facts | changes)

    def expiry(self, visit_id: UUID, **changes: Any) -> tuple[UUID, ApprovalExpired]:
        """Contact-rules says that the time of a visit's approval passed."""
        facts = self._of_approval(visit_id) | {"expired_at": self.clock()} | changes
        return UUID(str(facts["person_id"])), ApprovalExpired(**facts)

    def _of_approval(self, visit_id: UUID) -> dict[str, Any]:
        visit = self.visit(visit_id)
        approval_id = visit["approval"]["id"] if visit["approval"] else new_id()
        names = ("case_id", "person_id", "lender")
        facts = {name: visit[name] for name in names}
        return facts | {
            "visit_id": visit_id,
            "approval_id": approval_id,
            "decision_id": new_id(),
        }

    # --- going

    def post(
        self, visit_id: UUID, what: str, body: Any, headers: dict[str, str] | None = None
    ) -> Any:
        """A step of a visit, by its lender unless told otherwise."""
        return self.client.post(f"/v1/visits/{visit_id}/{what}", json=body, headers=headers or {})

    def dispatched(self, debt: Debt, **changes: Any) -> UUID:
        """A visit whose team was sent, a quarter of an hour before it begins: that is now."""
        visit_id = self.scheduled(debt, **changes)
        self.clock.set(datetime.fromisoformat(self.visit(visit_id)["starts_at"]))
        self.clock.advance(minutes=-15)
        self.ok(self.post(visit_id, "dispatch", {}))
        return visit_id

    def checked_in(self, debt: Debt, **changes: Any) -> UUID:
        """A visit whose team is at the door."""
        visit_id = self.dispatched(debt, **changes)
        self.ok(self.post(visit_id, "check-in", {"position": None}))
        return visit_id

    def approve(self, visit_id: UUID) -> None:
        self.deliver(self.approval(visit_id))

    def scheduled(self, debt: Debt, **changes: Any) -> UUID:
        """A visit asked for and approved."""
        visit_id = self.ask(debt, **changes)
        self.approve(visit_id)
        assert self.visit(visit_id)["status"] == "scheduled"
        return visit_id

    def denial(
        self, visit_id: UUID, *, kind: type[VisitDenied] = VisitDenied
    ) -> tuple[UUID, VisitDenied]:
        visit = self.visit(visit_id)
        event = kind(
            visit_id=visit_id,
            case_id=visit["case_id"],
            person_id=visit["person_id"],
            decision_id=new_id(),
            verdict="deny" if kind is VisitDenied else "needs_review",
            checks=[
                {
                    "rule": "tw.hours",
                    "pack": "tw@2026-01-01",
                    "kind": "window",
                    "severity": "prohibition",
                    "result": "fail",
                    "measured": "22:30",
                    "limit": "22:00",
                    "window": None,
                    "citation": "金融機構作業委託他人處理內部作業制度及程序辦法",
                    "source_quality": "report",
                    "message": {"en": "Too late in the evening.", "zh": "时间过晚。"},
                }
            ],
            next_lawful=[{"from": "2026-12-01T23:00:00Z", "to": "2026-12-02T13:30:00Z"}],
        )
        return UUID(visit["person_id"]), event

    def plan(self, debt: Debt, kind: type[Event] = PlanActivated, **facts: Any) -> Any:
        """What plans tells of a plan of this debt."""
        at = {
            PlanActivated: "activated_at",
            PlanCompleted: "completed_at",
            PlanCancelled: "cancelled_at",
        }
        event = kind(
            **{
                "plan_id": new_id(),
                "case_id": debt.case_id,
                "person_id": debt.person_id,
                "lender": debt.lender,
                "account": debt.external_id,
                at[kind]: self.clock(),
            }
            | facts
        )
        return debt.person_id, event

    def paid(self, debt: Debt, paid_at: datetime | None = None) -> tuple[UUID, AccountPaid]:
        event = AccountPaid(
            lender=debt.lender,
            account=debt.external_id,
            case_id=debt.case_id,
            person_id=debt.person_id,
            paid_at=paid_at or self.clock(),
        )
        return debt.person_id, event

    # --- looking

    def announced(self, *types: str) -> list[Message]:
        return announced(self.engine, *types)

    def count(self, table: str, where: str = "true") -> int:
        with self.engine.connect() as connection:
            found = connection.execute(text(f"SELECT count(*) FROM {table} WHERE {where}"))
            return int(found.scalar_one())


def message(keyed: tuple[UUID, Event], clock: SettableClock) -> Message:
    """A message of this event, to be sent more than once."""
    key, event = keyed
    return message_of(event, message_id=new_id(), key=str(key), now=clock())
