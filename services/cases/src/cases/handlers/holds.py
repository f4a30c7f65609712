"""Collection is held for a reason, and goes on again: visits within a hold don't happen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from shared.ids import new_id
from shared.messages import Event
from sqlmodel import Session

from cases.domain import hold as domain
from cases.domain.account import local_day
from cases.domain.case import CaseIsClosed, CaseStatus
from cases.domain.hold import Hold, HoldState
from cases.domain.refusal import NoSuch
from cases.domain.visit import CancelReason
from cases.events import HoldLifted, HoldPlaced
from cases.handlers.cancel_visits import STOPPABLE, stop
from cases.store import accounts, addresses, cases, holds, persons, visits
from cases.store.tables import CaseRow
from shared import outbox

_NOWHERE: Final = "UTC"


def place_hold(
    session: Session,
    case_id: UUID,
    *,
    reason: str,
    note: str | None,
    from_on: date | None,
    until_on: date | None,
    now: datetime,
    scope: str | None,
    by: str,
) -> Hold:
    """No collection on this case from ``from_on`` (None: today) to ``until_on`` (None: no end).

    Live visits on those days, in the calendar of their doors, are cancelled at once. Raises
    `NoSuch`, `CaseIsClosed`, and refusals with pointers for days that hold nothing.
    """
    case = lock_case(session, case_id, scope)
    if case.status == CaseStatus.CLOSED.value:
        raise CaseIsClosed
    calendar = calendar_of(session, case_id)
    today = local_day(now, calendar)
    first = today if from_on is None else from_on
    domain.check_days(first, until_on, today)
    hold = Hold(
        id=new_id(),
        case_id=case.id,
        person_id=case.person_id,
        lender=case.lender,
        reason=reason,
        note=note,
        calendar=calendar,
        from_on=first,
        until_on=until_on,
        placed_at=now,
        placed_by=by,
    )
    _place(session, [hold], now)
    return hold


def lift_hold(
    session: Session, hold_id: UUID, reason: str, now: datetime, *, scope: str | None, by: str
) -> Hold:
    """End a hold before its time. Lifted already, nothing changes.

    Visits it cancelled stay so. Raises `NoSuch`, and `HoldOver` for one that ended by itself.
    """
    hold = holds.get(session, hold_id, scope)
    if hold is None:
        raise NoSuch("hold", "停催记录")
    persons.lock(session, [hold.person_id])
    hold = holds.get(session, hold_id, scope)
    assert hold is not None, "holds are never deleted"
    state = hold.state(now)
    if state is HoldState.LIFTED:
        return hold
    if state is HoldState.ENDED:
        raise domain.HoldOver
    _lift(session, [hold], reason, now, by=by)
    return replace(hold, lifted_at=now, lifted_by=by, lift_reason=reason)


def carry_holds(
    session: Session, merged: Mapping[UUID, CaseRow], now: datetime, *, by: str
) -> None:
    """What holds on closed cases stands anew on those they were merged into, by the old id.

    The work goes on under another person, and so must what keeps everybody from the door.
    """
    standing = [
        hold
        for of_case in holds.not_lifted(session, list(merged)).values()
        for hold in of_case
        if hold.state(now) is not HoldState.ENDED
    ]
    _lift(session, standing, domain.MERGED, now, by=by)
    moved = []
    for hold in standing:
        case = merged[hold.case_id]
        moved.append(replace(hold, id=new_id(), case_id=case.id, person_id=case.person_id))
    _place(session, moved, now)


def lock_case(session: Session, case_id: UUID, scope: str | None) -> CaseRow:
    """Lock the person of a case; the case as it is then. Raises `NoSuch`."""
    case = cases.get(session, case_id, scope)
    if case is None:
        raise NoSuch("case", "案件")
    persons.lock(session, [case.person_id])
    case = cases.get(session, case_id, scope)
    assert case is not None, "cases are never deleted"
    return case


def calendar_of(session: Session, case_id: UUID) -> str:
    """The time zone whose dates count for a case: that of its newest account."""
    held = accounts.of_cases(session, [case_id])[case_id]
    return max(held, key=lambda each: each.as_of).calendar if held else _NOWHERE


def _place(session: Session, placed: Sequence[Hold], now: datetime) -> None:
    if not placed:
        return
    holds.add(session, placed)
    notes, events = [], []
    for hold in placed:
        code = domain.reason_given(hold.reason).value
        until = None if hold.until_on is None else hold.until_on.isoformat()
        data = {
            "hold_id": str(hold.id),
            "reason": code,
            "from": hold.from_on.isoformat(),
            "until": until,
        }
        notes.append(cases.Note(hold.case_id, "hold_placed", hold.placed_by, now, data))
        event = HoldPlaced(
            hold_id=hold.id,
            case_id=hold.case_id,
            person_id=hold.person_id,
            lender=hold.lender,
            reason=code,
            from_on=hold.from_on,
            until_on=hold.until_on,
            placed_at=now,
        )
        events.append((hold.person_id, event))
    cases.note(session, notes, now)
    outbox.add_many(session, list[tuple[UUID | str, Event]](events), now=now)
    _stop_held(session, placed, now)


def _stop_held(session: Session, placed: Sequence[Hold], now: datetime) -> None:
    live = visits.of_cases(session, {hold.case_id for hold in placed}, STOPPABLE)
    doors = addresses.load(session, {each.visit.address_id for each in live})
    for hold in placed:
        held: list[visits.Planned] = []
        free: list[visits.Planned] = []
        for each in live:
            visit = each.visit
            zone = doors[visit.address_id].timezone
            days = domain.days_of(visit.starts_at, visit.ends_at, zone)
            here = visit.case_id == hold.case_id and hold.keeps_away(*days)
            (held if here else free).append(each)
        stop(session, held, CancelReason.HOLD, now, by=hold.placed_by)
        live = free


def _lift(session: Session, lifted: Sequence[Hold], reason: str, now: datetime, *, by: str) -> None:
    holds.lift(session, [hold.id for hold in lifted], reason, by=by, now=now)
    cases.note(
        session,
        [
            cases.Note(hold.case_id, "hold_lifted", by, now, {"hold_id": str(hold.id)})
            for hold in lifted
        ],
        now,
    )
    outbox.add_many(
        session,
        [
            (
                hold.person_id,
                HoldLifted(
                    hold_id=hold.id,
                    case_id=hold.case_id,
                    person_id=hold.person_id,
                    lender=hold.lender,
                    lifted_at=now,
                ),
            )
            for hold in lifted
        ],
        now=now,
    )
