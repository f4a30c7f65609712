"""When may these persons be contacted? Calendars of many at once, by all that is stored of each."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from contact_rules.domain import Check, Contact, Debt, Library, Residence, Window
from contact_rules.handlers.ask_rules import Asked, zone_of
from contact_rules.handlers.deciding import Desk, Standing, asked_of, objections

_TEAMS: Final = frozenset({"staffing"})
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OfPerson:
    """A contact with a stored person, and the stretch of starts it is asked for (at most 90 days).

    ``visit``: the one that would be moved; its own place is left out. ``due_since``: since when
    debts are due, by id: their days past due are those of each local day. ``staffed``: the team is
    known; else nothing is asked about teams.
    """

    person_id: UUID
    contact: Contact
    residence: Residence | None
    from_: datetime
    to: datetime
    visit: UUID | None
    due_since: Mapping[str, date]
    staffed: bool = True


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every lawful start; where there is none, what stands against the first one asked for."""

    windows: Sequence[Window]
    why_not: Sequence[Check] = ()


def calendars(
    asked: Iterable[OfPerson], standing: Mapping[UUID, Standing], desk: Desk
) -> Iterator[Calendar]:
    """The calendar of each, in order: every start at which a visit asked for now would be allowed.

    ``standing`` is what `look_up` found about their persons. Nothing is locked, stored or
    reserved: whoever asks for a visit next may take the place.
    """
    limits = _day_limits(desk.library)
    for each in asked:
        yield _calendar(each, standing[each.person_id], desk, limits)


def _calendar(
    each: OfPerson, standing: Standing, desk: Desk, limits: Collection[Decimal]
) -> Calendar:
    windows: list[Window] = []
    first: Contact | None = None
    for contact, begin, end in _stretches(each, limits):
        first = first or contact
        asked = _asked(contact, each, standing, desk)
        for window in asked.windows(begin, end):
            if windows and windows[-1].to + _SECOND == window.from_:
                windows[-1] = Window(windows[-1].from_, window.to)
            else:
                windows.append(window)
    if windows or first is None:
        return Calendar(windows)
    return Calendar((), objections(_asked(first, each, standing, desk).check()))


def _asked(contact: Contact, each: OfPerson, standing: Standing, desk: Desk) -> Asked:
    asked = asked_of(contact, each.residence, standing, desk, without=each.visit)
    return asked if each.staffed else replace(asked, but_for=_TEAMS)


def _stretches(
    each: OfPerson, limits: Collection[Decimal]
) -> Iterator[tuple[Contact, datetime, datetime]]:
    """The time asked for, cut where a debt grows older than some rule cares for."""
    contact = each.contact.at(each.from_)
    if not each.due_since or each.to < each.from_:
        if each.to >= each.from_:
            yield contact, each.from_, each.to
        return
    here = zone_of(contact) or ZoneInfo("UTC")
    begin, end = each.from_.astimezone(here).date(), each.to.astimezone(here).date()
    days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]

    def over(day: date) -> frozenset[tuple[str, Decimal]]:
        late = {id_: _days_past_due(since, day) for id_, since in each.due_since.items()}
        return frozenset((id_, limit) for id_ in late for limit in limits if late[id_] > limit)

    for _, same in groupby(days, over):
        alike = list(same)
        opens = datetime.combine(alike[0], time.min, here).astimezone(UTC)
        closes = datetime.combine(alike[-1] + _DAY, time.min, here).astimezone(UTC) - _SECOND
        starts_at = max(each.from_, opens)
        debts = tuple(_aged(debt, each.due_since, alike[0]) for debt in contact.debts)
        yield (
            replace(contact, starts_at=starts_at, debts=debts),
            starts_at,
            min(each.to, closes),
        )


def _aged(debt: Debt, due_since: Mapping[str, date], day: date) -> Debt:
    since = due_since.get(debt.id)
    return debt if since is None else replace(debt, days_past_due=_days_past_due(since, day))


def _days_past_due(since: date, day: date) -> int:
    return max(0, (day - since).days)


def _day_limits(library: Library) -> set[Decimal]:
    """After how many days past due any rule may answer otherwise."""
    return {
        threshold.limit
        for pack in library
        for rule in pack.rules
        for selector in (rule.applies_when, *rule.exceptions)
        for threshold in selector.thresholds
        if threshold.property == "days_past_due"
    }
