"""Agents join, and change: planned visits rest on their papers and on who employs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.ids import new_id
from shared.messages import Event
from sqlmodel import Session

from cases.domain.agent import HOUSE, Agent, AgentPlannedMeanwhile, Credential, MixedTeam
from cases.domain.refusal import NoSuch
from cases.domain.visit import CancelReason
from cases.events import VisitAmended
from cases.handlers.cancel_visits import STOPPABLE, stop
from cases.handlers.visit_questions import day_at, grounds_of, question
from cases.store import addresses, agents, persons, visits
from cases.store.tables import AgentRow
from shared import outbox

_AT_ONCE: Final = 200
"""Visits asked about again in one go: what they rest on is read for so many together."""


def register_agent(
    session: Session,
    *,
    lender: str | None,
    name: str,
    employer: str | None,
    credentials: Sequence[Credential],
    by: str,
    now: datetime,
) -> Agent:
    """A new agent of ``lender``, or of the house if None.

    Who names no employer works for that lender, or for the house.
    """
    agent = Agent(
        id=new_id(),
        lender=lender,
        name=name,
        employer=employer or lender or HOUSE,
        credentials=credentials,
    )
    agents.add(session, agent, by=by, now=now)
    return agent


@dataclass(frozen=True, slots=True)
class LockedAgent:
    """An agent whom nobody else changes, nor plans a visit with, until the transaction ends."""

    row: AgentRow
    visits: Sequence[UUID]
    """Visits of theirs that may still happen or go on; all their persons are locked."""


def lock_agent(session: Session, agent_id: UUID, scope: str | None) -> LockedAgent:
    """Lock an agent of ``scope`` (None: anybody's) and the persons of their live visits.

    Raises `NoSuch`, and `AgentPlannedMeanwhile` when a visit is planned at this very moment.
    """
    known = agents.load(session, [agent_id]).get(agent_id)
    # An agent of the house goes for every lender, and is none's to change.
    if known is None or scope not in (None, known.lender):
        raise NoSuch("agent", "外访员")
    # Persons first, as everybody does who plans; so the visits are looked for before and after.
    locked = set(agents.visits_of(session, agent_id, STOPPABLE).values())
    persons.lock(session, locked)
    row = agents.lock(session, agent_id)
    assert row is not None, "agents are never deleted"
    planned = agents.visits_of(session, agent_id, STOPPABLE)
    if not locked.issuperset(planned.values()):
        raise AgentPlannedMeanwhile
    return LockedAgent(row, list(planned))


def change_agent(
    session: Session,
    locked: LockedAgent,
    *,
    name: str,
    employer: str | None,
    credentials: Sequence[Credential],
    by: str,
    now: datetime,
) -> Agent:
    """What an agent is from now on; the same once more changes nothing.

    Live visits for which that makes a difference are announced anew, whole, and contact-rules
    looks at them again. One whose team has two employers now has no collector: it is cancelled.
    """
    before = agents.of_row(locked.row)
    agent = replace(
        before,
        name=name,
        employer=employer or before.lender or HOUSE,
        credentials=list(credentials),
    )
    if agent == before:
        return before
    agents.change(session, locked.row, agent, by=by, now=now)
    for first in range(0, len(locked.visits), _AT_ONCE):
        some = visits.load(session, locked.visits[first : first + _AT_ONCE])
        _amend(session, list(some.values()), before, agent, now, by=by)
    return agent


def _amend(
    session: Session,
    planned: Sequence[visits.Planned],
    before: Agent,
    after: Agent,
    now: datetime,
    *,
    by: str,
) -> None:
    grounds = grounds_of(session, {each.visit.case_id for each in planned})
    doors = addresses.load(session, {each.visit.address_id for each in planned})
    people = agents.load(session, {member for each in planned for member in each.team}, keep=True)
    mixed: list[visits.Planned] = []
    events: list[tuple[UUID | str, Event]] = []
    for each in planned:
        visit, door = each.visit, doors[each.visit.address_id]
        day = day_at(visit.starts_at, door.timezone)
        if (before.employer, before.valid_on(day)) == (after.employer, after.valid_on(day)):
            continue
        try:
            asked = question(visit, door, _team(each, people), grounds[visit.case_id])
        except MixedTeam:
            mixed.append(each)
            continue
        event = VisitAmended(**asked, requested_at=now, requested_by=by, why="team")
        events.append((visit.person_id, event))
    outbox.add_many(session, events, now=now)
    stop(session, mixed, CancelReason.AGENT, now, by=by)


def _team(planned: visits.Planned, people: Mapping[UUID, Agent]) -> list[Agent]:
    return [people[member] for member in planned.team]
