"""A visit is asked for: cases checks what it can see itself, contact-rules decides the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from cases.domain import case as case_domain
from cases.domain import hold as hold_domain
from cases.domain import visit as domain
from cases.domain import visit_times
from cases.domain.account import Role
from cases.domain.case import CaseStatus, CaseStep, Flag, PlanActive, Stage
from cases.domain.complaint import ComplaintIsOpen
from cases.domain.refusal import NoSuch
from cases.domain.visit import Party, Purpose, Visit, VisitStatus
from cases.events import VisitRequested
from cases.handlers.visit_questions import ground_of, question, team_of
from cases.store import cases, flags, holds, persons, visits
from cases.store.flags import Standing
from cases.store.tables import AccountRow, CaseRow
from shared import outbox

_LIABLE = frozenset({Role.CO_DEBTOR, Role.GUARANTOR})


@dataclass(frozen=True, slots=True)
class Asked:
    """A visit somebody would like to have made."""

    address_id: UUID
    starts_at: datetime
    duration: timedelta
    party: Party
    purpose: Purpose
    team: Sequence[UUID]


def request_visit(
    session: Session, case_id: UUID, asked: Asked, now: datetime, *, scope: str | None, by: str
) -> UUID:
    """Ask contact-rules for a visit; returns its id. The case is worked on from now on.

    Raises `NoSuch` for a case that is not ``scope``'s, `CaseNotOpen`, `PlanActive`,
    `ComplaintIsOpen`, `OnHold`, and refusals with pointers for what is wrong with the asking.
    """
    case = cases.get(session, case_id, scope)
    if case is None:
        raise NoSuch("case", "案件")
    persons.lock(session, [case.person_id])
    case = cases.get(session, case_id, scope)
    assert case is not None, "cases are never deleted"
    worked = check_workable(session, case, now)
    visit_times.check_start(asked.starts_at, now)
    ground = ground_of(session, case_id)
    address = ground.address(asked.address_id)
    ends_at = asked.starts_at + asked.duration
    check_not_held(session, case_id, asked.starts_at, ends_at, address.timezone)
    team = team_of(session, case.lender, asked.team)
    visit = Visit(
        id=new_id(),
        case_id=case.id,
        person_id=case.person_id,
        lender=case.lender,
        address_id=address.id,
        status=VisitStatus.REQUESTED,
        starts_at=asked.starts_at.astimezone(UTC),
        ends_at=ends_at.astimezone(UTC),
        party=party_of(case, ground.owed, asked.party),
        purpose=asked.purpose,
    )
    event = VisitRequested(
        **question(visit, address, team, ground), requested_at=now, requested_by=by
    )
    visits.request(session, visit, asked.team, by=by, now=now)
    stage = case_domain.stage_of_field_work(Stage(case.stage))
    if (case.status, case.stage) != (worked.value, stage.value):
        cases.work(session, case.id, worked, stage, now)
    outbox.add(session, event, key=visit.person_id, now=now)
    return visit.id


def check_workable(session: Session, case: CaseRow, now: datetime) -> CaseStatus:
    """The status of a case of a locked person once it is worked on.

    Raises `CaseNotOpen`, `PlanActive` or `ComplaintIsOpen` where it needs or allows no visit,
    whenever that is. Some days are left to `check_not_held`.
    """
    return workable(case, flags.standing(session, [case.id], now)[case.id])


def workable(case: CaseRow, standing: Sequence[Standing]) -> CaseStatus:
    """As `check_workable`, by the flags that stand."""
    worked = case_domain.after(CaseStatus(case.status), CaseStep.WORK)
    kinds = {flag.kind for flag in standing}
    if Flag.PLAN_ACTIVE in kinds:
        raise PlanActive
    if Flag.COMPLAINT_OPEN in kinds:
        raise ComplaintIsOpen
    return worked


def check_not_held(
    session: Session,
    case_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    timezone: str | None,
) -> None:
    """Raise `OnHold` if a hold keeps everybody away on a day of a visit to a door there."""
    days = hold_domain.days_of(starts_at, ends_at, timezone)
    hold_domain.check_free(holds.not_lifted(session, [case_id])[case_id], *days)


def party_of(case: CaseRow, owed: Sequence[AccountRow], asked: Party) -> Party:
    """Who is to be met, with the id of their person where they are known by name.

    Calling somebody a guarantor must not get round the limits for third parties, so whoever is
    liable has to be named beside an account.
    """
    if asked.role is Role.DEBTOR:
        if asked.id not in (None, case.person_id):
            raise domain.PartyNotKnown
        return Party(Role.DEBTOR, case.person_id)
    named = {
        person_id
        for account in owed
        for person_id, each in zip(account.related_ids, account.related, strict=True)
        if each["role"] == asked.role.value
    }
    if asked.id is not None:
        if asked.id not in named:
            raise domain.PartyNotKnown
        return asked
    if len(named) == 1:
        return Party(asked.role, named.pop())
    if asked.role in _LIABLE:
        raise domain.PartyNotKnown
    return asked
