"""A question as it is kept with its decision, and read again: the body of ``POST /v1/checks``."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from contact_rules.domain.approval import rfc3339
from contact_rules.domain.contact import (
    Channel,
    Collector,
    CollectorClass,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Direction,
    Fact,
    FactKind,
    Form,
    Member,
    Party,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Residence,
    Role,
    Slot,
    Weekday,
)
from contact_rules.domain.packs.pack import Pack


def facts_of(
    contact: Contact, residence: Residence | None, packs: Sequence[Pack]
) -> dict[str, Any]:
    """Everything a decision rested on but the history, which the ledger holds.

    Posted to ``/v1/checks`` with that history, it gives the same answer. What is not known is
    left out. Packs are not named where one was asked in doubt: whoever names it asks it without.
    """
    named = None if any(pack.in_doubt for pack in packs) else [pack.name for pack in packs]
    place = contact.place
    party = contact.party
    facts: dict[str, Any] = _known(packs=named) | {
        "starts_at": rfc3339(contact.starts_at),
        "duration_minutes": int(contact.duration.total_seconds()) // 60,
        "channel": contact.channel.value,
        "direction": contact.direction.value,
        "purpose": contact.purpose.value,
        "party": _known(id=party.id, role=party.role.value, age=party.age)
        | ({"timezones": list(party.timezones)} if party.timezones else {}),
        "debts": [_debt(debt) for debt in contact.debts],
        "collector": {"id": contact.collector.id, "class": contact.collector.class_.value},
        "team": [_member(member) for member in contact.team],
    }
    if place is not None:
        facts["place"] = _known(
            kind=place.kind.value,
            timezone=place.timezone,
            country=place.country,
            region=place.region,
            city=place.city,
        )
    if residence is not None:
        facts["residence"] = _known(
            country=residence.country,
            region=residence.region,
            timezone=residence.timezone,
            city=residence.city,
        )
    if contact.facts:
        facts["facts"] = [fact_data(fact) for fact in contact.facts]
    if contact.consents:
        facts["consents"] = [consent_data(consent) for consent in contact.consents]
    return facts | _known(lender=contact.lender, point=contact.point)


def question_of(facts: Mapping[str, Any]) -> tuple[Contact, Residence | None]:
    """The question that `facts_of` wrote, without its history.

    Raises KeyError or ValueError for what `facts_of` never writes.
    """
    place, residence, party = facts.get("place"), facts.get("residence"), facts["party"]
    contact = Contact(
        starts_at=datetime.fromisoformat(facts["starts_at"]),
        duration=timedelta(minutes=facts["duration_minutes"]),
        channel=Channel(facts["channel"]),
        direction=Direction(facts["direction"]),
        purpose=Purpose(facts["purpose"]),
        place=None if place is None else Place(**place | {"kind": PlaceKind(place["kind"])}),
        party=Party(
            party["id"],
            Role(party["role"]),
            party.get("age"),
            tuple(party.get("timezones", ())),
        ),
        debts=tuple(_debt_of(debt) for debt in facts["debts"]),
        collector=Collector(facts["collector"]["id"], CollectorClass(facts["collector"]["class"])),
        team=tuple(_member_of(member) for member in facts["team"]),
        point=facts.get("point"),
        facts=tuple(fact_of(fact) for fact in facts.get("facts", ())),
        consents=tuple(consent_of(consent) for consent in facts.get("consents", ())),
        lender=facts.get("lender"),
    )
    return contact, None if residence is None else Residence(**residence)


def fact_data(fact: Fact) -> dict[str, Any]:
    """A fact as ``POST /v1/checks`` takes it."""
    said = _known(
        kind=fact.kind.value,
        since=None if fact.since is None else fact.since.isoformat(),
        until=None if fact.until is None else fact.until.isoformat(),
        form=None if fact.form is None else fact.form.value,
        party=fact.party,
        channel=None if fact.channel is None else fact.channel.value,
    )
    slots = [
        {
            "days": [day.value for day in Weekday if day in slot.days],
            "from": f"{slot.from_:%H:%M}",
            "to": f"{slot.to:%H:%M}",
        }
        for slot in fact.slots
    ]
    return said | ({"slots": slots} if slots else {})


def fact_of(said: Mapping[str, Any]) -> Fact:
    """The fact that `fact_data` wrote."""
    since, until = said.get("since"), said.get("until")
    form, channel = said.get("form"), said.get("channel")
    return Fact(
        kind=FactKind(said["kind"]),
        since=None if since is None else date.fromisoformat(since),
        until=None if until is None else date.fromisoformat(until),
        form=None if form is None else Form(form),
        party=said.get("party"),
        channel=None if channel is None else Channel(channel),
        slots=tuple(
            Slot(
                frozenset(Weekday(day) for day in slot["days"]),
                time.fromisoformat(slot["from"]),
                time.fromisoformat(slot["to"]),
            )
            for slot in said.get("slots", ())
        ),
    )


def consent_data(consent: Consent) -> dict[str, Any]:
    """A consent as ``POST /v1/checks`` takes it."""
    return _known(
        scope=consent.scope.value,
        channel=None if consent.channel is None else consent.channel.value,
        form=None if consent.form is None else consent.form.value,
        given_at=rfc3339(consent.given_at),
        until=None if consent.until is None else rfc3339(consent.until),
    )


def consent_of(said: Mapping[str, Any]) -> Consent:
    """The consent that `consent_data` wrote."""
    form, channel, until = said.get("form"), said.get("channel"), said.get("until")
    return Consent(
        scope=ConsentScope(said["scope"]),
        given_at=datetime.fromisoformat(said["given_at"]),
        form=None if form is None else Form(form),
        until=None if until is None else datetime.fromisoformat(until),
        channel=None if channel is None else Channel(channel),
    )


def _member(member: Member) -> dict[str, Any]:
    announced_on = member.announced_on
    return _known(
        id=member.id,
        credentials=sorted(member.credentials),
        employer=member.employer,
        announced_on=None if announced_on is None else announced_on.isoformat(),
    )


def _member_of(said: Mapping[str, Any]) -> Member:
    announced_on = said.get("announced_on")
    return Member(
        said["id"],
        frozenset(said["credentials"]),
        said.get("employer"),
        None if announced_on is None else date.fromisoformat(announced_on),
    )


def _debt(debt: Debt) -> dict[str, Any]:
    return _known(
        id=debt.id,
        product=None if debt.product is None else debt.product.value,
        days_past_due=debt.days_past_due,
        annual_rate=None if debt.annual_rate is None else str(debt.annual_rate),
    )


def _debt_of(said: Mapping[str, Any]) -> Debt:
    product, rate = said.get("product"), said.get("annual_rate")
    return Debt(
        said["id"],
        None if product is None else Product(product),
        said.get("days_past_due"),
        None if rate is None else Decimal(rate),
    )


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
