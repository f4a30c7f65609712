"""What contact-rules is told of a visit: where, when, who, for which debts, by whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlmodel import Session

from cases.domain import agent as agents_domain
from cases.domain import visit as domain
from cases.domain.account import Role, days_past_due
from cases.domain.agent import Agent, CollectorClass
from cases.domain.case import still_owed
from cases.domain.place import PlaceKind
from cases.domain.refusal import Fault, Unacceptable
from cases.domain.visit import Party, Visit
from cases.events import Collector, Debt, Member, Place, Residence
from cases.events import Party as EventParty
from cases.store import accounts, addresses, agents
from cases.store.tables import AccountRow, AddressRow


@dataclass(frozen=True, slots=True)
class Ground:
    """What a visit rests on: the accounts of its case, and every address they list.

    What was recalled is not among them: neither the debt nor what its lender told with it.
    """

    owed: Sequence[AccountRow]
    listed: Mapping[UUID, AddressRow]

    def address(self, address_id: UUID) -> AddressRow:
        """The address of that id. Raises `AddressNotOfCase` for one that is not listed now."""
        try:
            return self.listed[address_id]
        except KeyError:
            raise domain.AddressNotOfCase from None


def ground_of(session: Session, case_id: UUID) -> Ground:
    """What visits of this case of a locked person rest on now."""
    return grounds_of(session, [case_id])[case_id]


def grounds_of(session: Session, case_ids: Collection[UUID]) -> dict[UUID, Ground]:
    """What visits of these cases rest on now, by case; two statements for all."""
    held = {
        case_id: [account for account in of_case if account.recalled_at is None]
        for case_id, of_case in accounts.of_cases(session, case_ids).items()
    }
    listed = {
        case_id: {address_id for account in owed for address_id in account.address_ids}
        for case_id, owed in held.items()
    }
    known = addresses.load(session, set().union(*listed.values()))
    return {
        case_id: Ground(owed, {each: known[each] for each in listed[case_id]})
        for case_id, owed in held.items()
    }


def team_of(
    session: Session, lender: str, ids: Sequence[UUID], *, keep: bool = True
) -> list[Agent]:
    """The agents with these ids, in this order. Raises `Unacceptable` with every fault.

    ``keep``: their papers stay as they are until the transaction ends, so that a visit asked for
    now and a paper withdrawn now can't miss each other. Lock persons before, never after.
    """
    found = agents.load(session, ids, keep=keep)
    faults = []
    for at, agent_id in enumerate(ids):
        agent = found.get(agent_id)
        if agent is None or agent.lender not in (None, lender):
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


def day_at(moment: datetime, timezone: str | None) -> date:
    """The date at a door at that moment; in UTC where its time zone is not known."""
    return moment.astimezone(ZoneInfo(timezone) if timezone is not None else UTC).date()


def question(
    visit: Visit, address: AddressRow, team: Sequence[Agent] | None, ground: Ground
) -> dict[str, Any]:
    """What every event that asks about a visit says, by the names of its fields.

    Ages, days past due and credentials are those of the day of the visit. ``team`` None: not
    known yet; then the lender collects itself. Raises `MixedTeam`.
    """
    day = day_at(visit.starts_at, address.timezone)
    collector_id, collector_class = (
        (visit.lender, CollectorClass.CREDITOR)
        if team is None
        else agents_domain.collector(team, visit.lender)
    )
    return {
        "visit_id": visit.id,
        "case_id": visit.case_id,
        "person_id": visit.person_id,
        "lender": visit.lender,
        "place": Place(
            address_id=address.id,
            kind=address.kind,
            country=address.country,
            region=address.region,
            timezone=address.timezone,
            city=address.city,
        ),
        "residence": _residence(ground),
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "party": EventParty(
            # An unknown neighbour is the same neighbour each time: counting too strictly is
            # a visit less, counting too loosely is somebody harassed.
            id=visit.party.id or uuid5(visit.case_id, visit.party.role.value),
            role=visit.party.role.value,
            age=domain.age_on(born_on(visit.party, ground.owed), day),
        ),
        "purpose": visit.purpose.value,
        "debts": [
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
            for account in ground.owed
            if still_owed(account.overdue, account.as_of, account.paid_at, account.recalled_at)
        ],
        "collector": Collector(id=collector_id, class_=collector_class.value),
        "team": [Member(id=agent.id, credentials=agent.valid_on(day)) for agent in team or ()],
        "language": _language(ground.owed),
    }


def home_of(ground: Ground) -> AddressRow | None:
    """The home the newest account lists; None when no lender told of one."""
    for account in sorted(ground.owed, key=lambda account: account.as_of, reverse=True):
        for address_id in account.address_ids:
            address = ground.listed[address_id]
            if address.kind == PlaceKind.HOME.value:
                return address
    return None


def _residence(ground: Ground) -> Residence | None:
    home = home_of(ground)
    if home is None:
        return None
    return Residence(
        country=home.country, region=home.region, timezone=home.timezone, city=home.city
    )


def born_on(party: Party, owed: Sequence[AccountRow]) -> date | None:
    """When whoever is to be met was born, as far as any account says."""
    people = [account.debtor for account in owed]
    if party.role is not Role.DEBTOR:
        people = [
            each
            for account in owed
            for person_id, each in zip(account.related_ids, account.related, strict=True)
            if person_id == party.id
        ]
    said = sorted(each["born_on"] for each in people if each["born_on"] is not None)
    # Of two dates the later: the younger person is the better protected.
    return date.fromisoformat(said[-1]) if said else None


def _language(owed: Sequence[AccountRow]) -> Literal["en", "zh"]:
    tags = [str(account.debtor["language"] or "") for account in owed]
    return "zh" if any(tag.lower().split("-")[0] == "zh" for tag in tags) else "en"
