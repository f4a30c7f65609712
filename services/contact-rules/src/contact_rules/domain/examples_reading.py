"""Reads the contacts of a pack's examples, in the words of the contract and with its defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

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
    Outcome,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Residence,
    Role,
    Slot,
    Weekday,
)
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import zone

T = TypeVar("T")
Fields = dict[str, Node]

_CONTACT: Final = (
    "at",
    "minutes",
    "channel",
    "direction",
    "purpose",
    "place",
    "residence",
    "party",
    "debts",
    "collector",
    "team",
    "point",
    "lender",
)
_PAST: Final = (
    "id",
    "at",
    "channel",
    "direction",
    "purpose",
    "outcome",
    "party",
    "role",
    "debts",
    "collector",
    "place",
    "point",
    "lender",
    "reserved",
)


_WHERE: Final = ("timezone", "country", "region", "city")


@dataclass(frozen=True, slots=True)
class Asked:
    """The contact of an example, and the zone its times are written in.

    `residence` decides which packs a contact is asked of, and an example says that itself; so it
    is read and no more.
    """

    contact: Contact
    zone: str | None
    residence: Residence | None = None


def read_asked(common: Node | None, given: Node | None, proposed: Node) -> Asked:
    """One contact out of what the examples share, what is given and what is proposed."""
    fields = common.fields(_CONTACT) if common else {}
    own = proposed.fields(_CONTACT)
    known = given.fields(("history", "facts", "consents")) if given else {}
    place = _merged(fields, own, "place", ("kind", *_WHERE))
    residence = _merged(fields, own, "residence", _WHERE)
    party = _merged(fields, own, "party", ("id", "role", "age", "timezones"))
    collector = _merged(fields, own, "collector", ("id", "class"))
    fields |= own
    timezones = tuple(n.text() for n in party["timezones"].items()) if "timezones" in party else ()
    named = place["timezone"].text() if "timezone" in place else next(iter(timezones), None)
    if "at" not in fields:
        proposed.need("at")
    contact = Contact(
        starts_at=read_moment(fields["at"], named),
        duration=timedelta(minutes=_get(fields, "minutes", lambda n: n.integer(), 30)),
        channel=_get(fields, "channel", lambda n: n.choice(Channel), Channel.VISIT),
        direction=_get(fields, "direction", lambda n: n.choice(Direction), Direction.OUTBOUND),
        purpose=_get(fields, "purpose", lambda n: n.choice(Purpose), Purpose.COLLECT),
        place=_read_place(place) if place else None,
        party=Party(
            id=_get(party, "id", Node.text, "debtor"),
            role=_get(party, "role", lambda n: n.choice(Role), Role.DEBTOR),
            age=_get(party, "age", lambda n: n.integer(), None),
            timezones=timezones,
        ),
        debts=_get(fields, "debts", lambda n: tuple(map(_read_debt, n.items())), (Debt("loan"),)),
        collector=Collector(
            id=_get(collector, "id", Node.text, "collector"),
            class_=_get(
                collector, "class", lambda n: n.choice(CollectorClass), CollectorClass.AGENCY
            ),
        ),
        team=_get(fields, "team", lambda n: tuple(map(_read_member, n.items())), ()),
        point=_get(fields, "point", Node.text, None),
        lender=_get(fields, "lender", Node.text, None),
        facts=_get(known, "facts", lambda n: tuple(map(_read_fact, n.items())), ()),
        consents=_get(
            known, "consents", lambda n: tuple(_read_consent(c, named) for c in n.items()), ()
        ),
    )
    past = known["history"].items() if "history" in known else []
    history = tuple(_read_past(entry, contact, named) for entry in past)
    return Asked(
        replace(contact, history=history), named, _read_residence(residence) if residence else None
    )


def read_moment(node: Node, timezone: str | None) -> datetime:
    """`2026-03-02 21:30`, local to the place, or with an offset of its own."""
    text = node.text()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        node.fail(f"'{text}' is no time", "times are written 2026-03-02 21:30")
    if moment.tzinfo is not None:
        return moment
    if timezone is None or zone(timezone) is None:
        node.fail(f"'{text}' is local to nowhere", "give the place a timezone, or say an offset")
    return moment.replace(tzinfo=ZoneInfo(timezone))


def _read_place(fields: Fields) -> Place:
    return Place(
        kind=_get(fields, "kind", lambda n: n.choice(PlaceKind), PlaceKind.HOME),
        timezone=_get(fields, "timezone", Node.text, None),
        country=_get(fields, "country", Node.text, None),
        region=_get(fields, "region", Node.text, None),
        city=_get(fields, "city", Node.text, None),
    )


def _read_residence(fields: Fields) -> Residence:
    return Residence(
        country=_get(fields, "country", Node.text, None),
        region=_get(fields, "region", Node.text, None),
        timezone=_get(fields, "timezone", Node.text, None),
        city=_get(fields, "city", Node.text, None),
    )


def _read_debt(node: Node) -> Debt:
    fields = node.fields(("id", "product", "days_past_due", "annual_rate"))
    return Debt(
        id=node.need("id").text(),
        product=_get(fields, "product", lambda n: n.choice(Product), None),
        days_past_due=_get(fields, "days_past_due", lambda n: n.integer(), None),
        annual_rate=_get(fields, "annual_rate", _read_decimal, None),
    )


def _read_decimal(node: Node) -> Decimal:
    try:
        return Decimal(node.text())
    except InvalidOperation:
        node.fail(f"'{node.text()}' is no number", '"0.24"')


def _read_member(node: Node) -> Member:
    fields = node.fields(("id", "credentials", "employer", "announced_on"))
    return Member(
        id=node.need("id").text(),
        credentials=_get(
            fields, "credentials", lambda n: frozenset(c.text() for c in n.items()), frozenset()
        ),
        employer=_get(fields, "employer", Node.text, None),
        announced_on=_get(fields, "announced_on", Node.date, None),
    )


def _read_fact(node: Node) -> Fact:
    fields = node.fields(("kind", "since", "until", "form", "party", "channel", "slots"))
    return Fact(
        kind=node.need("kind").choice(FactKind),
        since=_get(fields, "since", Node.date, None),
        until=_get(fields, "until", Node.date, None),
        form=_get(fields, "form", lambda n: n.choice(Form), None),
        party=_get(fields, "party", Node.text, None),
        channel=_get(fields, "channel", lambda n: n.choice(Channel), None),
        slots=_get(fields, "slots", lambda n: tuple(map(_read_slot, n.items())), ()),
    )


def _read_slot(node: Node) -> Slot:
    node.fields(("days", "from", "to"))
    days = node.need("days").choices(list(Weekday))
    return Slot(
        frozenset(map(Weekday, days)), _read_time(node.need("from")), _read_time(node.need("to"))
    )


def _read_time(node: Node) -> time:
    try:
        return time.fromisoformat(node.text())
    except ValueError:
        node.fail(f"'{node.text()}' is no time of day", '"09:30"; midnight is "00:00"')


def _read_consent(node: Node, timezone: str | None) -> Consent:
    fields = node.fields(("scope", "form", "given_at", "until", "channel"))
    return Consent(
        scope=node.need("scope").choice(ConsentScope),
        given_at=read_moment(node.need("given_at"), timezone),
        form=_get(fields, "form", lambda n: n.choice(Form), None),
        until=_get(fields, "until", lambda n: read_moment(n, timezone), None),
        channel=_get(fields, "channel", lambda n: n.choice(Channel), None),
    )


def _read_past(node: Node, contact: Contact, timezone: str | None) -> PastContact:
    """Where it does not say otherwise, as the contact itself; `party: ~` says it is not known."""
    fields = node.fields(_PAST)
    not_known = {key.text() for key, value in node.pairs() if value.empty}

    def get(key: str, read: Callable[[Node], T], default: T | None) -> T | None:
        return None if key in not_known else _get(fields, key, read, default)

    direction = _get(fields, "direction", lambda n: n.choice(Direction), Direction.OUTBOUND)
    outbound = direction is Direction.OUTBOUND
    return PastContact(
        id=get("id", Node.text, None),
        channel=_get(fields, "channel", lambda n: n.choice(Channel), Channel.VISIT),
        direction=direction,
        purpose=get("purpose", lambda n: n.choice(Purpose), Purpose.COLLECT if outbound else None),
        starts_at=read_moment(node.need("at"), timezone),
        outcome=get("outcome", lambda n: n.choice(Outcome), None),
        party=get("party", Node.text, contact.party.id),
        role=get("role", lambda n: n.choice(Role), None),
        debts=get(
            "debts",
            lambda n: tuple(debt.text() for debt in n.items()),
            tuple(debt.id for debt in contact.debts),
        )
        or (),
        collector=get("collector", Node.text, contact.collector.id),
        place=get(
            "place",
            lambda n: n.choice(PlaceKind),
            contact.place.kind if contact.place else None,
        ),
        point=get("point", Node.text, contact.point),
        lender=get("lender", Node.text, contact.lender),
        reserved="reserved" in fields and fields["reserved"].true_or_false(),
    )


def _merged(common: Fields, own: Fields, key: str, known: tuple[str, ...]) -> Fields:
    """The parts of a place or a party: the example's own, else those all have in common.

    An example takes one of these away by saying nothing for it: `timezone: ~`.
    """
    parts = common[key].fields(known) if key in common else {}
    if key in own:
        parts |= own[key].fields(known)
        for name, value in own[key].pairs():
            if value.empty:
                del parts[name.text()]
    return parts


def _get(fields: Fields, key: str, read: Callable[[Node], T], default: T) -> T:
    return read(fields[key]) if key in fields else default
