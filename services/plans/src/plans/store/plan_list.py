"""Lists of plans: filtered, in the order they were offered, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, tuple_
from sqlmodel import Session, col, select

from plans.domain.plan import Plan, State
from plans.store.plans import plan_of
from plans.store.rows import PlanRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which plans; None leaves a filter out. ``after`` is (offered_at, id) of the last shown."""

    lender: str | None = None
    state: State | None = None
    case_id: UUID | None = None
    account: str | None = None
    newest_first: bool = True
    after: tuple[datetime, UUID] | None = None


def list_plans(session: Session, wanted: Wanted, *, limit: int, now: datetime) -> Sequence[Plan]:
    """At most ``limit`` plans, without their instalments."""
    offered, id_ = col(PlanRow.offered_at), col(PlanRow.id)
    asked = select(PlanRow).limit(limit)
    if wanted.newest_first:
        asked = asked.order_by(offered.desc(), id_.desc())
    else:
        asked = asked.order_by(offered, id_)
    if wanted.lender is not None:
        asked = asked.where(PlanRow.lender == wanted.lender)
    if wanted.case_id is not None:
        asked = asked.where(PlanRow.case_id == wanted.case_id)
    if wanted.account is not None:
        asked = asked.where(PlanRow.account == wanted.account)
    if wanted.state is not None:
        asked = asked.where(_is_in(wanted.state, now))
    if wanted.after is not None:
        place, last = tuple_(offered, id_), tuple_(*wanted.after)
        asked = asked.where(place < last if wanted.newest_first else place > last)
    return [plan_of(row) for row in session.execute(asked).scalars()]


def _is_in(state: State, now: datetime) -> ColumnElement[bool]:
    """As `plans.domain.plan.Plan.state_at`: an offer nobody took has expired."""
    stored, expires = col(PlanRow.state), col(PlanRow.expires_at)
    if state is State.OFFERED:
        return and_(stored == State.OFFERED, expires > now)
    if state is State.EXPIRED:
        return (stored == State.EXPIRED) | and_(stored == State.OFFERED, expires <= now)
    return stored == state
