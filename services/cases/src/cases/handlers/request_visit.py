"""A visit is asked for: cases checks what it can see itself, contact-rules decides the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.ids import new_id
from sqlmodel import Session

from cases.domain import agent as agents_domain
from cases.domain import case as case_domain
from cases.domain import visit as domain
from cases.domain.account import Role, days_past_due
from cases.domain.agent import Agent
from cases.domain.case import CaseStatus, CaseStep, PlanActive, Stage, still_owed
from cases.domain.place import PlaceKind
from cases.domain.refusal import Fault, NoSuch, Unacceptable
from cases.domain.visit import Party, Purpose, Visit, VisitStatus
from cases.events import (
    Collector,
    Debt,
    Member,
    Place,
    Residence,
    VisitRequested,
)
from cases.events import Party as EventParty
from cases.store import accounts, addresses, agents, cases, flags, persons, visits
from cases.store.tables import AccountRow, AddressRow, CaseRow
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

    Raises `NoSuch` for a case that is not ``scope``'s, `CaseNotOpen`, `PlanActive`, and refusals
    with pointers for what is wrong with the asking.
    """
    case = cases.get(session, case_id, scope)
    if case is None:
        raise NoSuch("case", "案件")
    persons.lock(session, [case.person_id])
    case = cases.get(session, case_id, scope)
    assert case is not None, "cases are never deleted"
    worked = case_domain.after(CaseStatus(case.status), CaseStep.WORK)
    if flags.standing(session, [case_id])[case_id]:
        raise PlanActive
    domain.check_start(asked.starts_at, now)
    owed = accounts.of_cases(session, [case_id])[case_id]
    listed = {address_id for account in owed for address_id in account.address_ids}
    known = addresses.load(session, listed)
    address = known.get(asked.address_id)
    if address is None:
        raise domain.AddressNotOfCase
    team = _team(session, case, asked.team)
    visit = Visit(
        id=new_id(),
        case_id=case.id,
        person_id=case.person_id,
        lender=case.lender,
        address_id=address.id,
        status=VisitStatus.REQUESTED,
        starts_at=asked.starts_at.astimezone(UTC),
        ends_at=(asked.starts_at + asked.duration).astimezone(UTC),
        party=_party(case, owed, asked.party),
        purpose=asked.purpose,
    )
    event = _requested(visit, address, list(known.values()), owed, team, now)
    visits.request(session, visit, asked.team, by=by, now=now)
    stage = case_domain.stage_of_field_work(Stage(case.stage))
    if (case.status, case.stage) != (worked.value, stage.value):
        cases.work(session, case.id, worked, stage, now)
    outbox.add(session, event, key=visit.person_id, now=now)
    return visit.id


def _team(session: Session, case: CaseRow, ids: Sequence[UUID]) -> list[Agent]:
    found = agents.load(session, ids)
    faults = []
    for at, agent_id in enumerate(ids):
        agent = found.get(agent_id)
        if agent is None or agent.lender not in (None, case.lender):
            faults.append(
                Fault(f"/team/{at}", "no_such_agent", "There is no such agent.", "没有此外访员。")
            )
        elif agent_id in ids[:at]:
            faults.append(
                Fault(f"/team/{at}", "twice_in_team", "Is in the team already.", "重复列入小组。")
            )
    if faults:
        raise Unacceptable(faults)
    return [found[agent_id] for agent_id in ids]


def _party(case: CaseRow, owed: Sequence[AccountRow], asked: Party) -> Party:
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


def _requested(
    visit: Visit,
    address: AddressRow,
    listed: Sequence[AddressRow],
    owed: Sequence[AccountRow],
    team: Sequence[Agent],
    now: datetime,
) -> VisitRequested:
    zone = ZoneInfo(address.timezone) if address.timezone is not None else UTC
    day = visit.starts_at.astimezone(zone).date()
    collector_id, collector_class = agents_domain.collector(team, visit.lender)
    return VisitRequested(
        visit_id=visit.id,
        case_id=visit.case_id,
        person_id=visit.person_id,
        lender=visit.lender,
        place=Place(
            address_id=address.id,
            kind=address.kind,
            country=address.country,
            region=address.region,
            timezone=address.timezone,
        ),
        residence=_residence(owed, {each.id: each for each in listed}),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        party=EventParty(
            # An unknown neighbour is the same neighbour each time: counting too strictly is
            # a visit less, counting too loosely is somebody harassed.
            id=visit.party.id or uuid5(visit.case_id, visit.party.role.value),
            role=visit.party.role.value,
            age=domain.age_on(_born_on(visit, owed), day),
        ),
        purpose=visit.purpose.value,
        debts=[
            Debt(
                id=account.id,
                product=account.product,
                days_past_due=days_past_due(account.due_since, day),
                annual_rate=(
                    None
                    if account.annual_rate is None
                    else format(account.annual_rate.normalize(), "f")
                ),
            )
            for account in owed
            if still_owed(account.overdue, account.as_of, account.paid_at)
        ],
        collector=Collector(id=collector_id, class_=collector_class.value),
        team=[Member(id=agent.id, credentials=agent.valid_on(day)) for agent in team],
        language=_language(owed),
        requested_at=now,
    )


def _residence(owed: Sequence[AccountRow], known: dict[UUID, AddressRow]) -> Residence | None:
    """The home the newest account lists; None when no lender told of one."""
    for account in sorted(owed, key=lambda account: account.as_of, reverse=True):
        for address_id in account.address_ids:
            address = known[address_id]
            if address.kind == PlaceKind.HOME.value:
                return Residence(
                    country=address.country, region=address.region, timezone=address.timezone
                )
    return None


def _born_on(visit: Visit, owed: Sequence[AccountRow]) -> date | None:
    """When whoever is to be met was born, as far as any account says."""
    people = [account.debtor for account in owed]
    if visit.party.role is not Role.DEBTOR:
        people = [
            each
            for account in owed
            for person_id, each in zip(account.related_ids, account.related, strict=True)
            if person_id == visit.party.id
        ]
    said = sorted(each["born_on"] for each in people if each["born_on"] is not None)
    # Of two dates the later: the younger person is the better protected.
    return date.fromisoformat(said[-1]) if said else None


def _language(owed: Sequence[AccountRow]) -> Literal["en", "zh"]:
    tags = [str(account.debtor["language"] or "") for account in owed]
    return "zh" if any(tag.lower().split("-")[0] == "zh" for tag in tags) else "en"
