"""The asked contact and its past, read out of the JSON body of a check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Json = Mapping[str, Any]

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache(maxsize=100_000)
def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def day_of(value: str | date) -> date:
    """A date of a pack or of a body, which YAML may have read already."""
    return value if isinstance(value, date) else date.fromisoformat(value)


@lru_cache(maxsize=1000)
def zone_named(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=300_000)
def local_date(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


class Past:
    """One entry of the history; what it leaves out is None."""

    def __init__(self, body: Json) -> None:
        self.start = instant(body["starts_at"])
        self.channel: str = body["channel"]
        self.direction: str = body["direction"]
        self.reserved: bool = body.get("reserved", False)
        self.outcome: str | None = None if self.reserved else body.get("outcome")
        self.party: str | None = body.get("party")
        self.role: str | None = body.get("role")
        self.debts: list[str] = list(body.get("debts") or [])
        self.collector: str | None = body.get("collector")
        self.lender: str | None = body.get("lender")
        self.place: str | None = body.get("place")
        self.point: str | None = body.get("point")
        self.purpose: str | None = body.get("purpose")


class Consent:
    def __init__(self, body: Json) -> None:
        self.scope: str = body["scope"]
        self.form: str | None = body.get("form")
        self.given_at = instant(body["given_at"])
        self.until = instant(body["until"]) if body.get("until") else None
        self.channel: str | None = body.get("channel")

    @property
    def of_some_channel(self) -> bool:
        """Given for one channel, and nobody knows which."""
        return self.scope == "channel" and self.channel is None

    def covers(self, start: datetime, end: datetime) -> bool:
        """All of it, both of its ends included."""
        return self.given_at <= start and (self.until is None or end <= self.until)


class Fact:
    def __init__(self, body: Json) -> None:
        self.kind: str = body["kind"]
        self.since = day_of(body["since"]) if body.get("since") else None
        self.until = day_of(body["until"]) if body.get("until") else None
        self.form: str | None = body.get("form")
        self.party: str | None = body.get("party")
        self.channel: str | None = body.get("channel")
        self.slots: list[Json] = list(body.get("slots") or [])

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


class Asked:
    """The contact a check is about."""

    def __init__(self, body: Json) -> None:
        self.body = body
        self.start = instant(body["starts_at"])
        self.end = self.start + timedelta(minutes=body["duration_minutes"])
        self.channel: str = body["channel"]
        self.direction: str = body["direction"]
        self.purpose: str = body["purpose"]
        self.place: Json = body.get("place") or {}
        self.party: Json = body["party"]
        self.role: str = self.party["role"]
        self.debts: list[Json] = list(body.get("debts") or [])
        self.collector: Json = body["collector"]
        self.lender: str | None = body.get("lender")
        self.point: str | None = body.get("point")
        self.team: list[Json] = list(body.get("team") or [])
        self.facts = [Fact(fact) for fact in body.get("facts") or []]
        self.consents = [Consent(consent) for consent in body.get("consents") or []]
        self.history = [Past(entry) for entry in body.get("history") or []]

    def ending(self, end: datetime) -> Asked:
        """The same contact, of another length."""
        other = copy(self)
        other.end = end
        return other

    @property
    def at_the_door(self) -> bool:
        return self.channel in ("visit", "door_note")

    def zones(self, basis: str | None) -> list[ZoneInfo]:
        """Every zone the contact must be lawful in; none, if it is not known where it happens."""
        at_place = self.place.get("timezone")
        anywhere = [at_place, *(self.party.get("timezones") or [])]
        if self.at_the_door or (basis == "place" and at_place is not None):
            anywhere = [at_place]
        names = [name for name in anywhere if name is not None]
        if self.at_the_door and not names:
            return []
        if basis not in (None, "place", "all_candidates"):
            names = [str(basis)]
        return [zone_named(name) for name in dict.fromkeys(names)]

    def date_zone(self, basis: str | None) -> ZoneInfo:
        """Whose date it is, where only a date matters: UTC where no zone is known."""
        zones = self.zones(basis)
        return zones[0] if zones else zone_named("UTC")

    def today(self, basis: str | None = None) -> date:
        """The local day on which it begins."""
        return local_date(self.start, self.date_zone(basis))

    def facts_of(self, kinds: Iterable[str]) -> list[Fact]:
        """The facts of these kinds that concern this channel, whenever they hold."""
        return [
            fact
            for fact in self.facts
            if fact.kind in kinds and fact.channel in (None, self.channel)
        ]

    def consents_of(self, scopes: Iterable[str], channel: str | None = None) -> list[Consent]:
        """The consents of these scopes that are, as far as they say, for this channel, or for
        another one."""
        return [
            consent
            for consent in self.consents
            if consent.scope in scopes and consent.channel in (None, channel or self.channel)
        ]

    def sure_consents_of(self, scopes: Iterable[str]) -> list[Consent]:
        """Those of them that are for this channel without a doubt."""
        return [consent for consent in self.consents_of(scopes) if not consent.of_some_channel]
