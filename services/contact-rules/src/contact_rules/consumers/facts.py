"""What cases and plans announce that is known of a person from then on: holds, complaints, plans,
accounts taken back; and when each of them ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime
from shared.ids import new_id
from shared.inbox import Delivered, Handler
from shared.messages import Received
from sqlmodel import Session

from contact_rules.domain import Fact, FactKind
from contact_rules.domain.told import Told
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.record_facts import MatterEnded, end_matters, record_facts

CASES: Final = "cases"
PLANS: Final = "plans"


class _OfPerson(Received):
    """All of these say whom and which lender they are about."""

    person_id: UUID
    lender: str


class HoldPlaced(_OfPerson):
    """No collecting from a day to a day, both included, or until it is lifted."""

    TYPE: ClassVar[str] = "cases.hold-placed.v1"

    hold_id: UUID
    from_on: date
    until_on: date | None
    placed_at: AwareDatetime


class HoldLifted(_OfPerson):
    """A hold is over before its time, or at last."""

    TYPE: ClassVar[str] = "cases.hold-lifted.v1"

    hold_id: UUID
    lifted_at: AwareDatetime


class ComplaintOpened(_OfPerson):
    """Somebody complained."""

    TYPE: ClassVar[str] = "cases.complaint-opened.v1"

    complaint_id: UUID
    received_on: date | None = None
    opened_at: AwareDatetime


class ComplaintClosed(_OfPerson):
    """The complaint was answered."""

    TYPE: ClassVar[str] = "cases.complaint-closed.v1"

    complaint_id: UUID
    outcome: str
    closed_at: AwareDatetime


class AccountRecalled(_OfPerson):
    """The lender took an account back: nobody here collects it any more."""

    TYPE: ClassVar[str] = "cases.account-recalled.v1"

    account_id: UUID
    recalled_at: AwareDatetime


class AccountReturned(_OfPerson):
    """The lender gave a recalled account once more."""

    TYPE: ClassVar[str] = "cases.account-returned.v1"

    account_id: UUID
    recalled_at: AwareDatetime
    returned_at: AwareDatetime


class _OfPlan(_OfPerson):
    plan_id: UUID


class PlanActivated(_OfPlan):
    """A repayment plan runs."""

    TYPE: ClassVar[str] = "plans.plan-activated.v1"

    activated_at: AwareDatetime


class PlanCompleted(_OfPlan):
    """All of it is paid."""

    TYPE: ClassVar[str] = "plans.plan-completed.v1"

    completed_at: AwareDatetime


class PlanCancelled(_OfPlan):
    """It ended before it was paid."""

    TYPE: ClassVar[str] = "plans.plan-cancelled.v1"

    cancelled_at: AwareDatetime


def of_facts(desk: Callable[[], Desk]) -> list[Handler[Any]]:
    """What is done about each type: it is known from then on, or no longer."""
    begins: list[tuple[type[Received], Callable[[Any], _Begins]]] = [
        (HoldPlaced, _hold_placed),
        (ComplaintOpened, _complaint_opened),
        (AccountRecalled, _account_recalled),
        (PlanActivated, _plan_activated),
    ]
    ends: list[tuple[type[Received], Callable[[Any], _Ends]]] = [
        (HoldLifted, _hold_lifted),
        (ComplaintClosed, _complaint_closed),
        (AccountReturned, _account_returned),
        (PlanCompleted, _plan_completed),
        (PlanCancelled, _plan_cancelled),
    ]
    return [
        *(Handler(model, partial(_begun, desk, read)) for model, read in begins),
        *(Handler(model, partial(_ended, desk, read)) for model, read in ends),
    ]


@dataclass(frozen=True, slots=True)
class _Begins:
    """What an event says has begun. A matter may begin and end several times, each at its time."""

    fact: Fact
    matter: str
    by: str
    at: datetime
    debts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ends:
    kind: FactKind
    matter: str
    by: str
    at: datetime
    reason: str


def _begun(
    desk: Callable[[], Desk],
    read: Callable[[Any], _Begins],
    session: Session,
    delivered: Sequence[Delivered[_OfPerson]],
    now: datetime,
) -> None:
    told = []
    for one in delivered:
        begins = read(one.event)
        told.append(
            Told(
                id=new_id(),
                person_id=one.event.person_id,
                said=begins.fact,
                lender=one.event.lender,
                debts=begins.debts,
                reference=f"{begins.matter}:{begins.at.isoformat()}",
                matter=begins.matter,
                told_by=begins.by,
                occurred_at=begins.at,
                recorded_at=now,
            )
        )
    record_facts(session, told, now, desk=desk())


def _ended(
    desk: Callable[[], Desk],
    read: Callable[[Any], _Ends],
    session: Session,
    delivered: Sequence[Delivered[_OfPerson]],
    now: datetime,
) -> None:
    ended = []
    for one in delivered:
        ends = read(one.event)
        ended.append(
            MatterEnded(
                person_id=one.event.person_id,
                kind=ends.kind,
                matter=ends.matter,
                reason=ends.reason,
                told_by=ends.by,
                ended_at=ends.at,
            )
        )
    end_matters(session, ended, now, desk=desk())


def _hold_placed(event: HoldPlaced) -> _Begins:
    fact = Fact(FactKind.HOLD, since=event.from_on, until=event.until_on)
    return _Begins(fact, _matter(event, "hold", event.hold_id), CASES, event.placed_at)


def _hold_lifted(event: HoldLifted) -> _Ends:
    matter = _matter(event, "hold", event.hold_id)
    return _Ends(FactKind.HOLD, matter, CASES, event.lifted_at, "lifted")


def _complaint_opened(event: ComplaintOpened) -> _Begins:
    fact = Fact(FactKind.COMPLAINT_OPEN, since=event.received_on)
    matter = _matter(event, "complaint", event.complaint_id)
    return _Begins(fact, matter, CASES, event.opened_at)


def _complaint_closed(event: ComplaintClosed) -> _Ends:
    matter = _matter(event, "complaint", event.complaint_id)
    return _Ends(FactKind.COMPLAINT_OPEN, matter, CASES, event.closed_at, event.outcome)


def _account_recalled(event: AccountRecalled) -> _Begins:
    fact = Fact(FactKind.MANDATE_ENDED)
    matter = _matter(event, "recall", event.account_id)
    return _Begins(fact, matter, CASES, event.recalled_at, (str(event.account_id),))


def _account_returned(event: AccountReturned) -> _Ends:
    matter = _matter(event, "recall", event.account_id)
    at = max(event.returned_at, event.recalled_at)
    return _Ends(FactKind.MANDATE_ENDED, matter, CASES, at, "returned")


def _plan_activated(event: PlanActivated) -> _Begins:
    # Of all that the lender is owed: nobody visits for one debt whose debtor pays off another.
    fact = Fact(FactKind.PLAN_ACTIVE)
    return _Begins(fact, _matter(event, "plan", event.plan_id), PLANS, event.activated_at)


def _plan_completed(event: PlanCompleted) -> _Ends:
    return _plan_over(event, event.completed_at, "completed")


def _plan_cancelled(event: PlanCancelled) -> _Ends:
    return _plan_over(event, event.cancelled_at, "cancelled")


def _plan_over(event: _OfPlan, at: datetime, reason: str) -> _Ends:
    return _Ends(FactKind.PLAN_ACTIVE, _matter(event, "plan", event.plan_id), PLANS, at, reason)


def _matter(event: _OfPerson, what: str, id_: UUID) -> str:
    """What begins and ends, for this person: when two turn out to be one, it may end under the one
    id after it began under the other."""
    return f"{what}:{id_}:{event.person_id}"
