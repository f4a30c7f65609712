"""A contact made ready for the rules: what they all need, found out once and not once per rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from contact_rules.domain.contact import Consent, Contact, Fact
from contact_rules.domain.public_holidays import HolidayCalendar, calendar_of
from contact_rules.domain.zones import (
    DATES,
    Zone,
    day_number,
    seconds,
    whole_second_from,
    zone,
)

T = TypeVar("T")

BY_CHANNEL: Final = ""
"""Zone basis: at the door its own zone, else every zone the person may be in."""
AT_THE_PLACE: Final = "place"
ALL_CANDIDATES: Final = "all_candidates"

Shape = str
"""What selectors look at first: channel, direction, place, purpose, role, collector, products.

A text, because one remembers its hash, and hundreds of selectors ask for it.
"""


class Question:
    """One contact whose start may still move; the facts and the history stay as they are.

    Rules keep here what they worked out about it (`once`), so it serves one check or one calendar
    and is then thrown away.
    """

    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        self.start = seconds(contact.starts_at)
        self.duration = contact.duration // timedelta(seconds=1)
        self.shape: Shape = "|".join(
            (
                contact.channel,
                contact.direction,
                contact.place.kind if contact.place else "",
                contact.purpose,
                contact.party.role,
                contact.collector.class_,
                *sorted({debt.product or "" for debt in contact.debts}),
            )
        )
        self._found: dict[Hashable, Any] = {}
        self._zones: dict[str, tuple[Zone, ...]] = {}

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """What `work` finds, worked out the first time only. It must not depend on the start."""
        try:
            return self._found[key]  # type: ignore[no-any-return]
        except KeyError:
            found = self._found[key] = work()
            return found

    def zones(self, basis: str) -> tuple[Zone, ...]:
        """The calendars this contact must be lawful in; none if they are not known.

        `basis` is one of the words above, or the name of a zone that the law itself fixes. Even
        then a door that nobody has given a zone is a door nobody knows the place of: not known.
        """
        zones = self._zones.get(basis)
        if zones is None:
            zones = self._zones[basis] = self._find_zones(basis)
        return zones

    def zone_for_dates(self, basis: str) -> Zone:
        """Whose date it is when only the date matters; UTC where no zone is known."""
        zones = self.zones(basis)
        return zones[0] if zones else _utc()

    def local(self, at: int) -> datetime:
        """The instant as people at the place write it; with the asked offset if that is unknown."""
        zones = self.zones(BY_CHANNEL)
        if zones:
            return zones[0].local(at)
        return datetime.fromtimestamp(at, self.contact.starts_at.tzinfo)

    def holidays(self, country: str | None) -> HolidayCalendar | None:
        """The holidays of a country, or at the place of the contact; None: not known."""
        if country is not None:
            return calendar_of(country, None)
        place = self.contact.place
        return calendar_of(place.country, place.region) if place else None

    def facts(self, kinds: Collection[str]) -> list[Fact]:
        """The facts of these kinds that concern this channel, whenever they hold."""
        return [
            fact
            for fact in self.contact.facts
            if fact.kind in kinds and fact.channel in (None, self.contact.channel)
        ]

    def consents(self, scopes: Collection[str]) -> list[Consent]:
        """The consents of these scopes that concern this channel, whenever they hold."""
        return [
            consent
            for consent in self.contact.consents
            if consent.scope in scopes and consent.channel in (None, self.contact.channel)
        ]

    def _find_zones(self, basis: str) -> tuple[Zone, ...]:
        contact = self.contact
        place = contact.place.timezone if contact.place else None
        if contact.channel.at_the_door or (basis == AT_THE_PLACE and place):
            names = [place or ""]
        else:
            names = list(dict.fromkeys(name for name in (place, *contact.party.timezones) if name))
        if basis not in (BY_CHANNEL, AT_THE_PLACE, ALL_CANDIDATES) and "" not in names:
            names = [basis]
        zones = [zone(name) for name in names]
        return () if None in zones else tuple(z for z in zones if z is not None)


def holds_on(fact: Fact, day: int) -> bool:
    """Is it a fact on this local day?"""
    return (fact.since is None or day_number(fact.since) <= day) and (
        fact.until is None or day <= day_number(fact.until)
    )


def fact_turns(fact: Fact, calendar: Zone) -> list[int]:
    """The instants at which it begins or ceases to be a fact."""
    turns: list[int] = []
    if fact.since is not None:
        turns += day_turns(day_number(fact.since), calendar)
    if fact.until is not None:
        turns += day_turns(day_number(fact.until) + 1, calendar)
    return turns


def day_turns(day: int, calendar: Zone) -> list[int]:
    """The instants at which the local date passes to this day; of days off the calendar, none."""
    return calendar.turns(day) if day in DATES else []


def consent_covers(consent: Consent, start: int, end: int) -> bool:
    """Does it hold for the whole contact?"""
    return whole_second_from(consent.given_at) <= start and (
        consent.until is None or end <= seconds(consent.until)
    )


def consent_turns(consent: Consent, duration: int) -> list[int]:
    """The starts at which it begins or ceases to cover the whole contact."""
    turns = [whole_second_from(consent.given_at)]
    if consent.until is not None:
        turns.append(seconds(consent.until) - duration + 1)
    return turns


def _utc() -> Zone:
    utc = zone("UTC")
    assert utc is not None
    return utc
