"""`window`: is the whole planned interval inside the allowed local hours of an allowed day?

It is one set of open instants. The hours open a part of each day; the hours a debtor gave take
their place; slots he excluded and special days are cut out; a consent opens all that it covers.
A contact is right when it lies in one stretch of that set, from its start to its planned end.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.contact import ConsentScope, Fact
from contact_rules.domain.decision import Result, Span, Text
from contact_rules.domain.kinds.calendars import read_calendar
from contact_rules.domain.kinds.hours import (
    HOLIDAY,
    Hours,
    hours_text,
    read_week,
    slots_on,
    without,
)
from contact_rules.domain.public_holidays import (
    HolidayCalendar,
    days_named,
    holiday_names,
)
from contact_rules.domain.question import Question, holds_on
from contact_rules.domain.rule import Finding, Reading
from contact_rules.domain.wording import ALL_DAY, CLOSED, NO_HOLIDAYS, NO_ZONE, WEEKDAYS, Blanks
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import DAY, Zone, date_of, seconds, weekday

Stretch = tuple[int, int]
"""The first and the last second of something open."""

_WORST_FIRST: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)
_FOREVER: Final = 1 << 60
_REMEMBERED: Final = 50_000
_WITH_SLOTS: Final = ("waking_hours", "working_hours", "preferred_slot", "excluded_slot")


class Day(NamedTuple):
    """What is open on a local day if it is a working day, and if it is a public holiday.

    One and the same object twice where that is known, or makes no difference.
    """

    working: tuple[Stretch, ...]
    holiday: tuple[Stretch, ...]


class Around(NamedTuple):
    """The open stretches near a contact, each way as for a Day; `beyond` is out of sight."""

    working: list[Stretch]
    holiday: list[Stretch]
    beyond: int


_Key = tuple[Zone, HolidayCalendar | None, int]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Open hours; see the module for how they come about.

    `week`: Monday to Sunday and public holidays. `closed_on`: names of holidays of the country
    `closed_in`. `agreed_by`: scopes of consent that open what they cover. `replaced_by`,
    `closed_by`: kinds of fact whose slots take the place of the hours, or are cut out of them.
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
    _known_days: dict[_Key, Day] = field(default_factory=dict, repr=False)
    _known_around: dict[_Key, Around] = field(default_factory=dict, repr=False)

    blanks: ClassVar[frozenset[str]] = frozenset({"start", "end", "date", "weekday", "hours"})
    effort: ClassVar[int] = 3

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
            around = self._look_around(question, zone, zone.day(from_), zone.day(to + length))
            known = around.holiday is around.working
            for first, last in around.working if known else around.working + around.holiday:
                yield first
                yield last - length + 1

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        zone = finding.zone
        assert zone is not None
        day = zone.day(at)
        is_holiday = self._is_holiday(question, day)
        hours = self._hours(question, zone, day, as_holiday=is_holiday is True)
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
        if self._slots(question):
            return None
        return finding, at, question.duration, self._calendar(question)

    def _in_zone(self, question: Question, zone: Zone, at: int) -> Finding:
        end = at + question.duration if self.whole else at
        around = self._around(question, zone, zone.day(at), zone.day(end))
        finding = self._among(around.working, around.beyond, zone, at, end)
        if around.holiday is not around.working:
            other = self._among(around.holiday, around.beyond, zone, at, end)
            if other.result is not finding.result:
                return Finding(Result.UNKNOWN, zone=zone, reason=NO_HOLIDAYS)
            finding = min(finding, other, key=lambda found: found.must_end_by or _FOREVER)
        return finding

    def _among(
        self, stretches: Sequence[Stretch], beyond: int, zone: Zone, at: int, end: int
    ) -> Finding:
        for stretch in stretches:
            first, last = stretch
            if first <= at <= last:
                result = Result.PASS if end <= last else Result.FAIL
                if last >= beyond:  # it goes on and on: no limit worth telling
                    return Finding(result, zone=zone)
                return Finding(
                    result, span=stretch, zone=zone, must_end_by=last if self.whole else None
                )
        return Finding(Result.FAIL, zone=zone)

    def _around(self, question: Question, zone: Zone, first: int, last: int) -> Around:
        """What is open from the day before to the day after: 24:00 is the next day's midnight."""
        if first != last or question.contact.consents or self._slots(question):
            return self._look_around(question, zone, first, last)
        key = (zone, self._calendar(question), first)
        around = self._known_around.get(key)
        if around is None:
            if len(self._known_around) >= _REMEMBERED:
                self._known_around.clear()
            around = self._look_around(question, zone, first, last)
            self._known_around[key] = around
        return around

    def _look_around(self, question: Question, zone: Zone, first: int, last: int) -> Around:
        days = [self._day(question, zone, day) for day in range(first - 1, last + 2)]
        working = holiday = self._joined(question, [day.working for day in days])
        if any(day.working is not day.holiday for day in days):
            holiday = self._joined(question, [day.holiday for day in days])
        return Around(working, holiday, zone.turns(last + 2)[-1])

    def _joined(self, question: Question, days: Iterable[Iterable[Stretch]]) -> list[Stretch]:
        """The open stretches of these days and of the consents, joined where they touch."""
        stretches = [stretch for day in days for stretch in day]
        for consent in question.consents(self.agreed_by):
            until = _FOREVER if consent.until is None else seconds(consent.until)
            stretches.append((seconds(consent.given_at), until))
        stretches.sort()
        joined: list[Stretch] = []
        for first, last in stretches:
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return joined

    def _day(self, question: Question, zone: Zone, day: int) -> Day:
        if self._slots(question):
            return question.once((self, zone, day), lambda: self._open(question, zone, day))
        key = (zone, self._calendar(question), day)
        known = self._known_days.get(key)
        if known is None:
            if len(self._known_days) >= _REMEMBERED:
                self._known_days.clear()
            known = self._known_days[key] = self._open(question, zone, day)
        return known

    def _calendar(self, question: Question) -> HolidayCalendar | None:
        return None if self.week[HOLIDAY] is None else question.holidays(self.holidays_of)

    def _open(self, question: Question, zone: Zone, day: int) -> Day:
        is_holiday = self._is_holiday(question, day)
        here = self._hours(question, zone, day, as_holiday=is_holiday is True)
        working = self._instants(zone, day, here)
        if is_holiday is not None:
            return Day(working, working)
        resting = self._hours(question, zone, day, as_holiday=True)
        return Day(working, working if resting == here else self._instants(zone, day, resting))

    def _is_holiday(self, question: Question, day: int) -> bool | None:
        if self.week[HOLIDAY] is None:
            return False
        calendar = self._calendar(question)
        return None if calendar is None else calendar.holiday(day)

    def _hours(self, question: Question, zone: Zone, day: int, *, as_holiday: bool) -> Hours:
        """The local hours of a day, before its clock changes are looked at."""
        if self.closed_on and day in days_named(self.closed_in, self.closed_on, date_of(day).year):
            return ()
        hours = self.week[HOLIDAY if as_holiday else weekday(day)] or ()
        slots = self._slots(question)
        instead = [fact for fact in slots if fact.kind in self.replaced_by]
        if any(holds_on(fact, day) for fact in instead):
            hours = slots_on(day, instead)
        return without(hours, slots_on(day, [f for f in slots if f.kind in self.closed_by]))

    def _slots(self, question: Question) -> list[Fact]:
        """The slots given for this person."""
        if not self.replaced_by and not self.closed_by:
            return []
        who = question.contact.party.id
        return [
            fact
            for fact in question.facts(self.replaced_by | self.closed_by)
            if fact.slots and fact.party in (None, who)
        ]

    def _instants(self, zone: Zone, day: int, hours: Hours) -> tuple[Stretch, ...]:
        """The instants at which the clock on the wall reads these hours.

        An hour the clocks skip is never read; one they repeat is read twice.
        """
        midnight, inside = day * DAY, 1 if self.ends_excluded else 0
        pieces = zone.pieces(day)
        stretches = []
        for piece in pieces:
            for from_, to in hours:
                first = max(piece.from_, midnight + from_ + inside - piece.offset)
                last = min(piece.to - 1, midnight + to - inside - piece.offset)
                if to == DAY and piece is pieces[-1] and not inside:
                    last = piece.to  # 24:00 is still this day's, although the clock reads 00:00
                if first <= last:
                    stretches.append((first, last))
        return tuple(stretches)


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
    if "holidays" in fields and week[HOLIDAY] is None:
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
