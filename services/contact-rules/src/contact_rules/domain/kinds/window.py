"""`window`: is the whole planned interval inside the allowed local hours of an allowed day?

It is one set of open seconds. The hours open a part of each day; the hours a debtor gave take
their place; slots he excluded and special days are cut out; a consent opens all that it covers.
A contact is right when it lies in one stretch of that set, from its start to its planned end.

Both ends of a stretch belong to it, unless the rule says otherwise (`bounds: open`: "after 8 and
before 9 at night"). That is said of the hours alone: where a consent or an excluded slot begins or
ends, a contact may end or begin at that very instant.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.contact import ConsentScope, Fact
from contact_rules.domain.decision import Result, Span, Text
from contact_rules.domain.kinds.calendars import read_calendar
from contact_rules.domain.kinds.hours import (
    HOLIDAY,
    MAKEUP,
    Hours,
    hours_text,
    read_week,
    slots_from_yesterday,
    slots_on,
    without,
)
from contact_rules.domain.kinds.terms import FOREVER, whole_term
from contact_rules.domain.public_holidays import (
    HolidayCalendar,
    days_named,
    holiday_names,
)
from contact_rules.domain.question import Question, holds_on
from contact_rules.domain.rule import Finding, Reading, Repeats
from contact_rules.domain.wording import ALL_DAY, CLOSED, NO_HOLIDAYS, NO_ZONE, WEEKDAYS, Blanks
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import DAY, Zone, date_of, weekday

Stretch = tuple[int, int]
"""The first and the last instant of something open."""

_WORST_FIRST: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)
_REMEMBERED: Final = 50_000
_SATURDAY: Final = 5
_WITH_SLOTS: Final = ("waking_hours", "working_hours", "preferred_slot", "excluded_slot")


class Day(NamedTuple):
    """What is open on a local day, and what of it is cut out.

    `ways`: one where it is known what day it is; else three, as it is a day like others, a public
    holiday, or one on which people work in return for a holiday; and one more, closed, where nobody
    knows yet when the special days of that year are.
    """

    ways: tuple[tuple[Stretch, ...], ...]
    cuts: tuple[Stretch, ...]


class Around(NamedTuple):
    """The open stretches near a contact, each way there can be (without doubt only one); what
    goes on until `beyond` is out of sight, and no limit worth telling."""

    ways: list[list[Stretch]]
    beyond: int


_DayKey = tuple[Zone, HolidayCalendar | None, int]
_AroundKey = tuple[Zone, HolidayCalendar | None, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Open hours; see the module for how they come about.

    `week`: Monday to Sunday, public holidays and made-up days. `closed_on`: names of holidays of
    the country `closed_in`. `agreed_by`: scopes of consent that open what they cover.
    `replaced_by`, `closed_by`: kinds of fact whose slots take the place of the hours, or are cut
    out of them.
    """

    basis: str
    week: tuple[Hours | None, ...]
    holidays_of: str | None
    closed_in: str
    closed_on: frozenset[str]
    ends_excluded: bool
    whole: bool
    agreed_by: frozenset[str]
    replaced_by: frozenset[str]
    closed_by: frozenset[str]
    _known_days: dict[_DayKey, Day] = field(default_factory=dict, repr=False)
    _known_around: dict[_AroundKey, Around] = field(default_factory=dict, repr=False)

    blanks: ClassVar[frozenset[str]] = frozenset({"start", "end", "date", "weekday", "hours"})
    effort: ClassVar[int] = 3
    repeats: ClassVar[Repeats] = Repeats.NEVER

    @property
    def fixed(self) -> Blanks:
        return {}

    def evaluate(self, question: Question, at: int) -> Finding:
        zones = question.zones(self.basis)
        if not zones:
            return Finding(Result.UNKNOWN, reason=NO_ZONE)
        if len(zones) == 1:
            return self._in_zone(question, zones[0], at)
        findings = [self._in_zone(question, zone, at) for zone in zones]
        worst = min(findings, key=lambda finding: _WORST_FIRST.index(finding.result))
        ends = [finding.must_end_by for finding in findings]
        if any(f.result is not Result.PASS and f.must_end_by is None for f in findings):
            ends = []  # in one of the zones it may not even begin
        end = min((end for end in ends if end is not None), default=None)
        return worst._replace(must_end_by=end)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        length = question.duration if self.whole else 0
        for zone in question.zones(self.basis):
            first_day, last_day = zone.day(from_), zone.day(to + length)
            for stretches in self._look_around(question, zone, first_day, last_day).ways:
                for first, last in stretches:
                    yield first
                    yield last - length + 1

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        zone = finding.zone
        assert zone is not None
        day = zone.day(at)
        cut = slots_on(day, cuts := self._slots(question, self.closed_by))
        hours = self._hours(question, day, self._places(question, day)[0])
        hours = without(hours, (*cut, *slots_from_yesterday(day, cuts)))
        start, end = _clock(zone, at), _clock(zone, at + question.duration)
        limit = hours_text(hours) or "closed"
        blanks = {"start": start, "end": end, "date": date_of(day).isoformat()}
        words = {"weekday": WEEKDAYS[weekday(day)], "hours": Text(limit, limit)}
        if not hours or hours == ((0, DAY),):
            words["hours"] = ALL_DAY if hours else CLOSED
        return Reading(
            measured=f"{start}-{end}",
            limit=limit,
            window=Span(*map(zone.local, finding.span)) if finding.span else None,
            blanks=blanks,
            words=words,
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        if self._slots(question, self.replaced_by | self.closed_by):
            return None
        return finding, at, question.duration, self._calendar(question)

    def _in_zone(self, question: Question, zone: Zone, at: int) -> Finding:
        end = at + question.duration if self.whole else at
        around = self._around(question, zone, zone.day(at), zone.day(end))
        found = [self._among(stretches, around.beyond, zone, at, end) for stretches in around.ways]
        if len(found) == 1:
            return found[0]
        if any(finding.result is not found[0].result for finding in found):
            return Finding(Result.UNKNOWN, zone=zone, reason=NO_HOLIDAYS)
        return min(found, key=lambda finding: finding.must_end_by or FOREVER)

    def _among(
        self, stretches: Iterable[Stretch], beyond: int, zone: Zone, at: int, end: int
    ) -> Finding:
        for stretch in stretches:
            first, last = stretch
            if first <= at <= last:
                result = Result.PASS if end <= last else Result.FAIL
                if last >= beyond:
                    return Finding(result, zone=zone)
                return Finding(
                    result, span=stretch, zone=zone, must_end_by=last if self.whole else None
                )
        return Finding(Result.FAIL, zone=zone)

    def _around(self, question: Question, zone: Zone, first: int, last: int) -> Around:
        """What is open on these local days, the one before and two after them."""
        agreed = self.agreed_by and question.contact.consents
        if agreed or self._slots(question, self.replaced_by | self.closed_by):
            return question.once(
                (self, zone, first, last), lambda: self._look_around(question, zone, first, last)
            )
        key = (zone, self._calendar(question), first, last)
        around = self._known_around.get(key)
        if around is None:
            if len(self._known_around) >= _REMEMBERED:
                self._known_around.clear()
            around = self._look_around(question, zone, first, last)
            self._known_around[key] = around
        return around

    def _look_around(self, question: Question, zone: Zone, first: int, last: int) -> Around:
        before = first - 1
        while not zone.pieces(before):  # a country skipped it: 24:00 is that of the day before
            before -= 1
        after = last + 1
        while not zone.pieces(after):
            after += 1
        days = [self._day(question, zone, day) for day in range(before, after + 2)]
        cuts = _joined(cut for day in days for cut in day.cuts)
        ways: list[list[Stretch]] = []
        for way in range(max(len(day.ways) for day in days)):
            opened = _joined(each for day in days for each in day.ways[way % len(day.ways)])
            stretches = self._stretches(question, opened, cuts)
            if stretches not in ways:
                ways.append(stretches)
        return Around(ways, zone.last_second(after) + 1)

    def _stretches(
        self, question: Question, opened: Iterable[Stretch], cuts: list[Stretch]
    ) -> list[Stretch]:
        """The open stretches without the cuts and with the consents; what one second ends and the
        next one begins goes on."""
        apart = [left for stretch in opened for left in self._left_of(stretch, cuts)]
        apart += [
            whole_term(consent)
            for consent in question.consents(self.agreed_by)
            # Nobody knows whether a consent to no channel in particular is to this one.
            if consent.scope is not ConsentScope.CHANNEL or consent.channel is not None
        ]
        return _joined((each for each in apart if each[0] <= each[1]), apart_by=1)

    def _left_of(self, stretch: Stretch, cuts: list[Stretch]) -> Iterable[Stretch]:
        """A stretch without the cuts; a single instant left between two of them is gone as well.

        What the bounds take from it are its own ends, not those that a cut made.
        """
        begin, last = stretch
        inside = without_last = 1 if self.ends_excluded else 0
        for from_, to in cuts:
            if last <= from_:
                break
            if to <= begin:
                continue
            if begin < from_:
                yield begin + inside, from_
            begin, inside = to, 0
        if begin < last:
            yield begin + inside, last - without_last

    def _day(self, question: Question, zone: Zone, day: int) -> Day:
        if self._slots(question, self.replaced_by | self.closed_by):
            return question.once((self, zone, day), lambda: self._open(question, zone, day))
        key = (zone, self._calendar(question), day)
        known = self._known_days.get(key)
        if known is None:
            if len(self._known_days) >= _REMEMBERED:
                self._known_days.clear()
            known = self._known_days[key] = self._open(question, zone, day)
        return known

    def _calendar(self, question: Question) -> HolidayCalendar | None:
        if self.week[HOLIDAY] is None and self.week[MAKEUP] is None:
            return None
        return question.holidays(self.holidays_of)

    def _open(self, question: Question, zone: Zone, day: int) -> Day:
        cuts = self._slots(question, self.closed_by)
        ways = [
            _instants(zone, day, self._hours(question, day, place))
            for place in self._places(question, day)
        ]
        if self._closed(day) is None:
            ways.append(())
        return Day(
            tuple(ways),
            _instants(zone, day, slots_on(day, cuts) + slots_from_yesterday(day, cuts)),
        )

    def _places(self, question: Question, day: int) -> tuple[int, ...]:
        """The day's place in the week; three of them where it is in doubt."""
        calendar, usual = self._calendar(question), weekday(day)
        rests: bool | None = False
        works: bool | None = False
        if self.week[HOLIDAY] is not None:
            rests = None if calendar is None else calendar.holiday(day)
        if self.week[MAKEUP] is not None and usual >= _SATURDAY:
            works = None if calendar is None else calendar.made_up(day)
        if rests:
            return (HOLIDAY,)
        if rests is False and works is not None:
            return (MAKEUP if works else usual,)
        return (
            MAKEUP if works else usual,
            usual if rests is False else HOLIDAY,
            usual if works is False else MAKEUP,
        )

    def _hours(self, question: Question, day: int, place: int) -> Hours:
        """The local hours of a day at this place in the week, before anything is cut out."""
        if self._closed(day):
            return ()
        hours = self.week[place] or ()
        given = self._slots(question, self.replaced_by)
        if not given:
            return hours
        if any(holds_on(fact, day) for fact in given):
            hours = slots_on(day, given)
        return tuple(sorted((*hours, *slots_from_yesterday(day, given))))

    def _closed(self, day: int) -> bool | None:
        """Is this one of the special days on which all is closed? None: not known."""
        if not self.closed_on:
            return False
        special = days_named(self.closed_in, self.closed_on, date_of(day).year)
        return None if special is None else day in special

    def _slots(self, question: Question, kinds: frozenset[str]) -> list[Fact]:
        """The slots given for this person."""
        if not kinds or not question.contact.facts:
            return []
        who = question.contact.party.id
        return [fact for fact in question.facts(kinds) if fact.slots and fact.party in (None, who)]


def _instants(zone: Zone, day: int, hours: Hours) -> tuple[Stretch, ...]:
    """When the clock on the wall reads these hours, up to the instant at which it no longer does.

    An hour the clocks skip is never read; one they repeat is read twice.
    """
    midnight = day * DAY
    stretches = []
    for piece in zone.pieces(day):
        for from_, to in hours:
            first = max(piece.from_, midnight + from_ - piece.offset)
            last = min(piece.to, midnight + to - piece.offset)
            if first < last:
                stretches.append((first, last))
    return tuple(stretches)


def _joined(stretches: Iterable[Stretch], *, apart_by: int = 0) -> list[Stretch]:
    """In order, and as one where they touch, or are not further apart."""
    joined: list[Stretch] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1] + apart_by:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _clock(zone: Zone, at: int) -> str:
    """The time of day on the wall, with seconds only where there are any."""
    minutes, second = divmod((at + zone.offset(at)) % DAY, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{second:02}" if second else text


def read(params: Node, basis: str) -> Window:
    fields = params.fields(
        ("hours", "holidays", "closed_on", "bounds", "test", "override_by", "closed_by")
    )
    if "hours" not in fields:
        params.need("hours")
    week = read_week(fields["hours"])
    if "holidays" in fields and week[HOLIDAY] is None and week[MAKEUP] is None:
        fields["holidays"].fail("a holiday calendar without hours for holidays", "say holiday: …")
    closed_in, closed_on = _read_special_days(fields.get("closed_on"))
    over = fields["override_by"].fields(("consent", "state")) if "override_by" in fields else {}
    return Window(
        basis=basis,
        week=week,
        holidays_of=read_calendar(fields.get("holidays")),
        closed_in=closed_in,
        closed_on=closed_on,
        ends_excluded=_read_word(fields.get("bounds"), "open", "closed"),
        whole=not _read_word(fields.get("test"), "start", "whole_interval"),
        agreed_by=frozenset(over["consent"].choices(list(ConsentScope)))
        if "consent" in over
        else frozenset(),
        replaced_by=frozenset(over["state"].choices(_WITH_SLOTS))
        if "state" in over
        else frozenset(),
        closed_by=frozenset(fields["closed_by"].choices(_WITH_SLOTS))
        if "closed_by" in fields
        else frozenset(),
    )


def _read_word(node: Node | None, word: str, default: str) -> bool:
    return node is not None and node.one_of((word, default)) == word


def _read_special_days(node: Node | None) -> tuple[str, frozenset[str]]:
    """`{country: TW, names: ["Chinese New Year"]}`, by the English names of the library."""
    if node is None:
        return "", frozenset()
    country = read_calendar(node.need("country"))
    if country is None:
        node.fail("special days are those of one country", "country: TW")
    fields = node.fields(("country", "names"))
    names = fields["names"].choices(holiday_names(country)) if "names" in fields else []
    return country, frozenset(names or node.need("names").text())
