"""Which rules did a contact break that took place? Asked afterwards, by what is known now.

Afterwards more is certain than before: what came of it, and of all before it. And only that makes
a breach: a rule that surely says no. What is not known is nobody's fault, and what came later
can't make a contact unlawful: of too many it is the last that was one too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from contact_rules.domain.contact import (
    Channel,
    Collector,
    CollectorClass,
    Contact,
    Debt,
    Direction,
    Fact,
    Outcome,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Purpose,
    Residence,
    Role,
)
from contact_rules.domain.decision import Check, Result, Verdict
from contact_rules.domain.known import Known
from contact_rules.domain.ledger import HAPPENED, Line, counts, past_contact, standing
from contact_rules.domain.packs.pack import Applies, Pack, in_order
from contact_rules.domain.question import Question

Cause = Literal["contact", "late_contact", "correction", "fact"]
"""What was learned: of the contact itself, of an earlier one, that something told was wrong, or a
fact."""

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_NOBODY_TOLD: Final = frozenset({"staffing"})
"""Kinds of rule about what only an approved visit's question says: who goes."""


class Past:
    """All that took place with one person, the first first, as rules read it: as far as asked."""

    __slots__ = ("_lines", "_read")

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._read: list[PastContact] = []

    def first(self, number: int) -> tuple[PastContact, ...]:
        """The first so many."""
        for line in self._lines[len(self._read) : number]:
            # An outcome that nobody knows is not one that is still to come: it is not assumed.
            self._read.append(replace(past_contact(line), reserved=False))
        return tuple(self._read[:number])


class Made(NamedTuple):
    """A contact that took place, and how many did before it."""

    line: Line
    past: Past
    place: int

    @property
    def before(self) -> tuple[PastContact, ...]:
        """All that took place before it, the first first."""
        return self.past.first(self.place)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the latest decision about a person says of him that lasts longer than a visit."""

    residence: Residence | None = None
    age: int | None = None
    timezones: tuple[str, ...] = ()
    products: Mapping[str, Debt] | None = None


NOWHERE: Final = Whereabouts()


def whereabouts_of(question: Contact, residence: Residence | None, person: str) -> Whereabouts:
    """What the question of a decision says of ``person``."""
    party = question.party
    return Whereabouts(
        residence=residence,
        age=party.age if party.id == person else None,
        timezones=party.timezones,
        products={debt.id: Debt(debt.id, debt.product) for debt in question.debts},
    )


def made(lines: Iterable[Line]) -> list[Made]:
    """Every contact of a ledger that took place, in the order of time; of two at one moment the
    one told first is the first."""
    happened = [line for line in standing(lines).values() if line.kind in HAPPENED and counts(line)]
    happened.sort(key=_when)
    past = Past(happened)
    return [Made(line, past, place) for place, line in enumerate(happened)]


def _when(line: Line) -> tuple[datetime, int]:
    assert line.starts_at is not None
    return line.starts_at, line.seq


def as_approved(question: Contact, one: Made) -> Contact:
    """A visit that was decided, as it was made: ``question`` is that of its decision."""
    return replace(question, facts=(), consents=(), **_as_made(one))


def as_told(one: Made, details: Mapping[str, Any], known: Whereabouts) -> Contact:
    """Another contact, by what was said of it (see `recording`) and what is known of the person."""
    line = one.line
    assert line.channel is not None
    assert line.direction is not None
    place = _place(line, details, known.residence)
    party = line.party_id or line.person_id
    products = known.products or {}
    return Contact(
        channel=Channel(line.channel),
        direction=Direction(line.direction),
        purpose=Purpose.COLLECT if line.purpose is None else Purpose(line.purpose),
        place=place,
        party=Party(
            party,
            Role.DEBTOR if line.party_role is None else Role(line.party_role),
            known.age if party == line.person_id else None,
            _zones(place, known),
        ),
        debts=tuple(products.get(debt) or Debt(debt) for debt in line.debts),
        collector=Collector(
            line.collector or line.lender,
            CollectorClass(details.get("collector_class", CollectorClass.CREDITOR)),
        ),
        point=line.point,
        lender=line.lender,
        **_as_made(one),
    )


def known_by_then(
    known: Iterable[Known], begun: datetime, here: ZoneInfo | None
) -> Iterator[Known]:
    """What is known now, as far as it surely held when a contact had ``begun``.

    What ended by then is left out; what ended later held all the same, to the contact's end: a
    consent that is taken back at the door made it lawful to knock.

    Facts begin on days, not at hours. One that was told after the contact began may be of later the
    same day: somebody who asks to be left alone does so in a contact. It holds from the next day
    on. They end at an instant, as that is told.
    """
    for each in known:
        fact = each.said
        if not each.stood(begun):
            continue
        if isinstance(fact, Fact) and each.recorded_at > begun:
            told_on = each.recorded_at.astimezone(here or UTC).date()
            yield replace(each, said=replace(fact, since=(fact.since or told_on) + _DAY))
        else:
            yield each


def broken(contact: Contact, packs: Sequence[Pack], *, team_known: bool) -> list[Check]:
    """The rules that it surely broke. ``team_known``: does the contact say who went?"""
    asked = [pack for pack in packs if not pack.in_doubt]
    found = list(_denials(contact, asked, team_known))
    if found and _in_doubt(contact):
        # A rule may say no because of outcomes that it assumed: it must, whatever came of them.
        for outcome in Outcome:
            settled = _settled(contact, outcome)
            surely = {each.rule for each in _denials(settled, asked, team_known)}
            found = [each for each in found if each.rule in surely]
    return found


def certain(packs: Iterable[Pack], contact: Contact, residence: Residence | None) -> list[Pack]:
    """Those packs that surely are the law of the contact: where nobody knows in which country it
    was, that which stands in for a missing law is not."""
    where = contact.place or residence
    somewhere = where is not None and where.country is not None
    return [pack for pack in packs if somewhere or pack.applies is not Applies.FALLBACK]


def _denials(contact: Contact, packs: Sequence[Pack], team_known: bool) -> Iterator[Check]:
    """As `checking.check` asks, but only the rules that can say no, and telling only those that do:
    most of a check is to tell of rules that are kept."""
    question = Question(contact)
    for pack in in_order(packs):
        for rule in pack.rules:
            if rule.on_fail is not Verdict.DENY or not (
                team_known or rule.kind not in _NOBODY_TOLD
            ):
                continue
            finding = rule.evaluate(question, question.start)
            if finding is not None and finding.result is Result.FAIL:
                yield rule.explain(question, question.start, finding)


def _in_doubt(contact: Contact) -> bool:
    return contact.outcome is None or any(past.outcome is None for past in contact.history)


def _settled(contact: Contact, outcome: Outcome) -> Contact:
    """The contact, if ``outcome`` is what came of it and of each before, where nobody knows."""
    return replace(
        contact,
        outcome=contact.outcome or outcome,
        history=tuple(
            replace(past, outcome=outcome) if past.outcome is None else past
            for past in contact.history
        ),
    )


def _as_made(one: Made) -> dict[str, Any]:
    line = one.line
    assert line.starts_at is not None
    starts_at = line.starts_at.replace(microsecond=0)
    # Whole minutes, as questions are kept in: the part of a minute that is left over is forgiven.
    length = max((line.ends_at or starts_at) - starts_at, timedelta(0)) // _MINUTE * _MINUTE
    return {
        "starts_at": starts_at,
        "duration": length,
        "outcome": None if line.outcome is None else Outcome(line.outcome),
        "history": one.before,
    }


def _place(line: Line, details: Mapping[str, Any], residence: Residence | None) -> Place | None:
    if line.place is None:
        return None
    said = details.get("place", {})
    kind = PlaceKind(line.place)
    if not said and kind is PlaceKind.HOME and residence is not None:
        return Place(kind, residence.timezone, residence.country, residence.region, residence.city)
    return Place(kind, **said)


def _zones(place: Place | None, known: Whereabouts) -> tuple[str, ...]:
    """Where a remote contact surely found the person: in one zone, or nobody knows."""
    if place is not None and place.timezone is not None:
        return ()
    if known.residence is not None and known.residence.timezone is not None:
        return (known.residence.timezone,)
    return known.timezones if len(known.timezones) == 1 else ()
