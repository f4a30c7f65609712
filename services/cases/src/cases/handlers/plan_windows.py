"""When could these visits be made? The questions contact-rules is asked, out of what is stored.

Nothing is locked or changed: whoever asks for a visit first has its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.ids import new_id
from sqlmodel import Session

from cases.domain import visit as visit_domain
from cases.domain.agent import Agent
from cases.domain.planning import NoHome, NoSuchCase, NoSuchVisit, alike
from cases.domain.refusal import Fault, Refusal, Unacceptable
from cases.domain.visit import Party, Purpose, Visit, VisitStatus, VisitStep
from cases.handlers.request_visit import party_of, workable
from cases.handlers.visit_questions import (
    Ground,
    born_on,
    day_at,
    grounds_of,
    home_of,
    question,
    team_of,
)
from cases.store import cases, flags, visits
from cases.store.flags import Standing
from cases.store.tables import AddressRow, CaseRow
from cases.store.visits import Planned

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit somebody would like to plan, or a planned one (``visit_id``) to be moved.

    ``address_id`` None: the home, or where it is planned. ``team`` None: whoever may come, or
    those planned. ``duration`` None: as planned.
    """

    case_id: UUID | None
    visit_id: UUID | None
    address_id: UUID | None
    duration: timedelta | None
    party: Party | None
    purpose: Purpose | None
    team: Sequence[UUID] | None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked about one wanted visit: several questions where its facts change meanwhile.

    ``barred``: why nothing is asked, because cases itself would refuse the visit at any time.
    """

    case_id: UUID
    visit_id: UUID | None
    address_id: UUID | None
    questions: Sequence[Mapping[str, Any]] = ()
    barred: Refusal | None = None


def inquire(
    session: Session,
    wanted: Sequence[Wanted],
    from_: datetime,
    to: datetime,
    now: datetime,
    *,
    scope: str | None,
) -> list[Inquiry]:
    """What to ask contact-rules about each, in order, for starts from ``from_`` to ``to``.

    Raises `Unacceptable` with everything wrong in any of them, each with its pointer below
    ``/visits``; cases and visits that are not ``scope``'s are not there.
    """
    known = _Known.of(session, wanted, now)
    found: list[Inquiry] = []
    faults: list[Fault] = []
    for at, each in enumerate(wanted):
        try:
            found.append(_inquiry(known, str(at), each, from_, to, scope))
        except Unacceptable as refusal:
            faults += [
                replace(fault, pointer=f"/visits/{at}{fault.pointer}") for fault in refusal.faults
            ]
        except Refusal as refusal:
            faults.append(Fault.of(f"/visits/{at}{refusal.pointer}", refusal))
    if faults:
        raise Unacceptable(faults)
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of all that is asked about, read in a few statements."""

    session: Session
    cases: Mapping[UUID, CaseRow]
    planned: Mapping[UUID, Planned]
    grounds: Mapping[UUID, Ground]
    flags: Mapping[UUID, Sequence[Standing]]

    @classmethod
    def of(cls, session: Session, wanted: Sequence[Wanted], now: datetime) -> "_Known":
        planned = visits.load(session, {each.visit_id for each in wanted if each.visit_id})
        ids = {each.case_id for each in wanted if each.case_id}
        found = cases.load(session, ids | {each.visit.case_id for each in planned.values()})
        return cls(
            session,
            found,
            planned,
            grounds_of(session, found),
            flags.standing(session, found, now),
        )


def _inquiry(
    known: _Known, name: str, wanted: Wanted, from_: datetime, to: datetime, scope: str | None
) -> Inquiry:
    planned = None if wanted.visit_id is None else known.planned.get(wanted.visit_id)
    case_id = wanted.case_id if planned is None else planned.visit.case_id
    case = None if case_id is None else known.cases.get(case_id)
    if case is None or scope not in (None, case.lender):
        raise NoSuchCase if wanted.visit_id is None else NoSuchVisit
    try:
        workable(case, known.flags[case.id])
        if planned is not None:
            visit_domain.after(planned.visit.status, VisitStep.RESCHEDULE)
    except Refusal as refusal:
        return Inquiry(case.id, wanted.visit_id, wanted.address_id, barred=refusal)
    ground = known.grounds[case.id]
    address = _address(wanted, planned, ground)
    ids = planned.team if wanted.team is None and planned is not None else wanted.team
    team = None if ids is None else team_of(known.session, case.lender, ids, keep=False)
    visit = _visit(wanted, planned, case, address, ground, from_)
    days = _days(address, from_, to)
    return Inquiry(
        case.id,
        wanted.visit_id,
        address.id,
        [
            _question(f"{name}.{at}", visit, address, team, ground, begin, end)
            | ({} if planned is None else {"visit_id": str(planned.visit.id)})
            for at, (begin, end) in enumerate(
                _parts(days, address, team or (), born_on(visit.party, ground.owed), from_, to)
            )
        ],
    )


def _address(wanted: Wanted, planned: Planned | None, ground: Ground) -> AddressRow:
    """Where to: as wanted, as planned, or the home the newest account lists."""
    if wanted.address_id is not None:
        return ground.address(wanted.address_id)
    if planned is not None:
        return ground.address(planned.visit.address_id)
    home = home_of(ground)
    if home is None:
        raise NoHome
    return home


def _visit(
    wanted: Wanted,
    planned: Planned | None,
    case: CaseRow,
    address: AddressRow,
    ground: Ground,
    starts_at: datetime,
) -> Visit:
    """The visit that would be asked for, with ``starts_at`` to stand for any start."""
    if planned is not None:
        before = planned.visit
        duration = wanted.duration or before.ends_at - before.starts_at
        return replace(
            before, address_id=address.id, starts_at=starts_at, ends_at=starts_at + duration
        )
    assert wanted.duration is not None
    assert wanted.party is not None
    assert wanted.purpose is not None
    return Visit(
        id=new_id(),
        case_id=case.id,
        person_id=case.person_id,
        lender=case.lender,
        address_id=address.id,
        status=VisitStatus.REQUESTED,
        starts_at=starts_at,
        ends_at=starts_at + wanted.duration,
        party=party_of(case, ground.owed, wanted.party),
        purpose=wanted.purpose,
    )


def _days(address: AddressRow, from_: datetime, to: datetime) -> tuple[date, date]:
    return day_at(from_, address.timezone), day_at(to, address.timezone)


def _parts(
    days: tuple[date, date],
    address: AddressRow,
    team: Sequence[Agent],
    born: date | None,
    from_: datetime,
    to: datetime,
) -> Iterator[tuple[datetime, datetime]]:
    """The time asked for, cut at midnights at the door where ages or papers turn."""
    zone = UTC if address.timezone is None else ZoneInfo(address.timezone)
    for first, last in alike(*days, team, born):
        begin = datetime.combine(first, time.min, zone)
        end = datetime.combine(last + _DAY, time.min, zone).astimezone(UTC) - _SECOND
        yield max(from_, begin.astimezone(UTC)), min(to, end)


def _question(
    name: str,
    visit: Visit,
    address: AddressRow,
    team: Sequence[Agent] | None,
    ground: Ground,
    from_: datetime,
    to: datetime,
) -> dict[str, Any]:
    """What contact-rules is asked; nothing in it depends on which start between the two it is."""
    length = visit.ends_at - visit.starts_at
    asked = question(replace(visit, starts_at=from_, ends_at=from_ + length), address, team, ground)
    due_since = {account.id: account.due_since for account in ground.owed}
    said = {
        "id": name,
        "person_id": str(visit.person_id),
        "from": from_.isoformat(),
        "to": to.isoformat(),
        "duration_minutes": length // timedelta(minutes=1),
        "channel": "visit",
        "direction": "outbound",
        "purpose": asked["purpose"],
        "place": asked["place"].model_dump(exclude={"address_id"}, exclude_none=True),
        "party": asked["party"].model_dump(mode="json", exclude_none=True),
        "debts": [
            debt.model_dump(mode="json", exclude={"days_past_due"}, exclude_none=True)
            | {"due_since": str(due_since[debt.id])}
            for debt in asked["debts"]
        ],
        "collector": asked["collector"].model_dump(),
        "lender": visit.lender,
        "point": str(address.id),
    }
    if asked["residence"] is not None:
        said["residence"] = asked["residence"].model_dump(exclude_none=True)
    if team is not None:
        said["team"] = [member.model_dump(mode="json") for member in asked["team"]]
    return said
