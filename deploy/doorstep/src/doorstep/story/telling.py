"""The story from its first line to its last."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from shared.clock import monotonic

from doorstep.sample.places import CHILE, INDONESIA, ITALY, Country
from doorstep.screen import Screen
from doorstep.story import days
from doorstep.story.callers import Callers
from doorstep.story.debtors import Debtor, Fresh, nobody_knows_where, push_sample
from doorstep.story.edge import Edge
from doorstep.story.repayment import agree_a_plan, pay_an_instalment
from doorstep.story.table import visits_table
from doorstep.story.visits import Told, Wanted, ask

# Countries of the sample on whose public holidays nobody may be visited. Between them one is never
# farther off than two months.
_RESTING: Final = (INDONESIA, CHILE)
_TWICE: Final = 2
_AT_NIGHT: Final = "By night"
_UTC: Final = ZoneInfo("UTC")
_CREDENTIALS: Final = ("work_id", "authorisation_letter", "agent_certificate")


def tell(callers: Callers, screen: Screen, now: datetime) -> None:
    """Tells the whole story at `now`; takes some seconds. Raises StoryWentOtherwise.

    May be told again to the same house: each time it visits debtors on whom no work was begun.
    """
    began = monotonic()
    screen.title("1  A lender pushes its delinquent accounts")
    accounts = push_sample(callers.lender, now, screen)
    fresh = Fresh(callers.lender, accounts)

    screen.title("2  Visits are asked for, and each is allowed or denied")
    team = [_agent(callers, name) for name in ("Chen Wei-Ting 陳威廷", "Lin Yi-Chun 林怡君")]
    wanted = _wanted(fresh, callers.lender, team, now)
    told: list[Told] = []
    with screen.step("asking for each and waiting for its decision", "all asked for and decided"):
        for one in wanted:
            told.append(ask(callers, one))
            if one.title == _AT_NIGHT:
                told.append(ask(callers, _at_the_next_lawful_time(told[-1])))
    screen.console.print(visits_table(told))

    called_off = told[0]
    debtor = called_off.wanted.debtor
    screen.title("3  One debtor agrees a repayment plan")
    plan = agree_a_plan(callers, debtor, called_off.id, now, screen)

    screen.title("4  A payment comes in")
    pay_an_instalment(callers, debtor, plan, now, screen)

    screen.title(f"All as it should be, in {monotonic() - began:.1f} seconds.")


def _agent(callers: Callers, name: str) -> str:
    """One of the lender's own: an agency's would first have to be announced in writing (Taiwan)."""
    agent = callers.lender.post(
        "/cases/v1/agents",
        {"name": name, "credentials": [{"kind": kind} for kind in _CREDENTIALS]},
        expect=201,
    )
    return str(agent["id"])


def _wanted(fresh: Fresh, lender: Edge, team: Sequence[str], now: datetime) -> list[Wanted]:
    """The visits, in the order in which they are asked for. The first is to be called off."""

    def visit(
        title: str,
        country: str,
        clock: str,
        because: tuple[str, str] | None,
        *,
        team: Sequence[str] = team,
        party: str = "debtor",
        later: bool = False,
    ) -> Wanted:
        debtor = fresh.debtor(country)
        day = next(days.working_days(country, _zone(debtor), now))
        starts_at = days.at(day, clock, _zone(debtor))
        status = "denied" if because else "scheduled"
        return Wanted(title, debtor, starts_at, team, status, because, party, later)

    return [
        visit("By day", "TW", "10:00", None),
        visit(_AT_NIGHT, "TW", "22:15", ("tw", "window"), later=True),
        _on_a_holiday(fresh, team, now),
        # Italy's law has no pack. The default policy wants two other channels tried and a notice
        # given first; this debtor has had neither.
        visit("Where no law pack is", ITALY.code, "10:00", ("default-policy", "event_count")),
        visit("By a lone collector", "CN", "10:00", ("cn", "staffing"), team=team[:1]),
        *_four_in_a_week(fresh.debtor("TW"), team, now),
        visit("To a neighbour", "TW", "15:00", ("tw", "party"), party="neighbour"),
        visit("To a colleague", "CN", "15:00", ("cn", "party"), party="colleague"),
        _where_nobody_knows_the_hour(lender, team, now),
    ]


def _at_the_next_lawful_time(denied: Told) -> Wanted:
    """What the answer promised must hold: the first of the lawful times it named is allowed."""
    first = datetime.fromisoformat(denied.next_lawful[0]["from"])
    return replace(
        denied.wanted,
        title="The same at its next lawful time",
        starts_at=first,
        status="scheduled",
        because=None,
        later=False,
    )


def _on_a_holiday(fresh: Fresh, team: Sequence[str], now: datetime) -> Wanted:
    """In the morning of the public holiday that comes soonest, where people are then let be."""
    found = {country.code: (day, name) for country, day, name in coming_holidays(now)}
    debtor = fresh.debtor_in_one_of(list(found))
    day, name = found[debtor.country]
    return Wanted(
        f"On a holiday ({name})",
        debtor,
        days.at(day, "10:00", _zone(debtor)),
        team,
        "denied",
        (debtor.country.lower(), "window"),
        later=True,
    )


def coming_holidays(now: datetime) -> list[tuple[Country, date, str]]:
    """The next public holiday of each country of the sample that lets nobody be visited then,
    the soonest first; only those near enough to plan a visit for."""
    found = [
        (country, *holiday)
        for country in _RESTING
        if (holiday := days.holiday(country.code, ZoneInfo(country.timezone), now)) is not None
    ]
    return sorted(found, key=lambda each: each[1])


def _four_in_a_week(debtor: Debtor, team: Sequence[str], now: datetime) -> list[Wanted]:
    """Two visits in seven days are what one person has to bear, whoever sends them."""
    too_often = ("person-protection", "event_count")
    week = days.working_week(debtor.country, _zone(debtor), now, days=4)
    names = ("Once", "Twice", "Three times", "Four times")
    return [
        Wanted(
            f"{name} in a week",
            debtor,
            days.at(day, "10:00", _zone(debtor)),
            team,
            "denied" if number > _TWICE else "scheduled",
            too_often if number > _TWICE else None,
            later=number > _TWICE,
        )
        for number, (name, day) in enumerate(zip(names, week, strict=True), start=1)
    ]


def _where_nobody_knows_the_hour(lender: Edge, team: Sequence[str], now: datetime) -> Wanted:
    """In a country of three time zones, at an hour that is lawful in all of them: still no yes."""
    debtor = nobody_knows_where(lender, now)
    day = next(days.working_days(debtor.country, _UTC, now))
    return Wanted(
        "Where no time zone is known",
        debtor,
        days.at(day, "04:00", _UTC),
        team,
        "needs_review",
        (debtor.country.lower(), "window"),
    )


def _zone(debtor: Debtor) -> ZoneInfo:
    return debtor.zone or _UTC
