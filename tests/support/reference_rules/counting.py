"""`event_count` and its aliases: every window that holds the contact is looked at, one by one.

What a past contact leaves out puts it in doubt. So each count is made twice, once so that the
doubtful ones help the contact and once so that they hurt it; where the two disagree, nobody knows.
An outcome not known yet is no such doubt: it is taken to be the one that counts most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reference_rules import days_off
from reference_rules.asked import DAY, WEEKDAYS, Asked, Past, local_date
from reference_rules.choosing import Maybe, all_of, any_of, fits_contact, fits_past, opposite
from reference_rules.spelling import Spec, spell_out

EVER = 10**9


def judge(kind: str, params: Mapping[str, Any], basis: str | None, asked: Asked) -> str:
    spec = spell_out(kind, params)
    zones = asked.zones(basis)
    if not zones and spec.counts_days:
        return "unknown"
    results = [
        Count(spec, zone, debt, asked).result()
        for zone in zones or [asked.date_zone(basis)]
        for debt in _groups(spec, asked)
    ]
    return next(r for r in ("fail", "unknown", "pass", "not_applicable") if r in results)


def _groups(spec: Spec, asked: Asked) -> list[str | None]:
    """Each asked debt is a group of its own; else there is one group."""
    if "debt" not in spec.group_by:
        return [None]
    return [debt["id"] for debt in asked.debts] or [None]


class Count:
    """One rule, counted in one zone and one group."""

    def __init__(self, spec: Spec, zone: ZoneInfo, debt: str | None, asked: Asked) -> None:
        self.spec, self.zone, self.debt, self.asked = spec, zone, debt, asked
        self.members = [(past, self._is_counted(past)) for past in asked.history]
        self.myself = self._counts_itself()
        self.day = local_date(asked.start, zone)

    def result(self) -> str:
        if self.spec.last:
            kind, unkind = self._in_a_row(kindly=True), self._in_a_row(kindly=False)
        else:
            kind, unkind = self._count(kindly=True), self._count(kindly=False)
        if kind == unkind or "fail" not in (kind, unkind):
            return unkind
        return "unknown"

    # --- who is counted ---------------------------------------------------------------------

    def _is_counted(self, past: Past) -> Maybe:
        """Towards a minimum a plan does not count, and an outcome nobody knows does not either."""
        at_least = self.spec.bound == "min"
        if at_least and past.reserved and not self.spec.last:
            return False
        return all_of(
            [
                self._in_group(past),
                fits_past(self.spec.match, past, self.asked, outcome=not at_least),
                opposite(self._is_excluded(past)),
            ]
        )

    def _is_excluded(self, past: Past) -> Maybe:
        helps_to_exclude = self.spec.bound == "min" and not self.spec.last
        answers = []
        for item in self.spec.exclude:
            if isinstance(item.get("consent"), Mapping):
                answers.append(self._is_agreed(item, past.start, past.channel))
            else:
                answers.append(fits_past(item, past, self.asked, outcome=helps_to_exclude))
        return any_of(answers)

    def _counts_itself(self) -> Maybe:
        excluded = []
        for item in self.spec.exclude:
            if isinstance(item.get("consent"), Mapping):
                excluded.append(self._is_agreed(item, self.asked.start, self.asked.channel))
            else:
                excluded.append(fits_contact(item, self.asked, outcome=False))
        return all_of([fits_contact(self.spec.match, self.asked), opposite(any_of(excluded))])

    def _is_agreed(self, item: Mapping[str, Any], start: datetime, channel: str) -> Maybe:
        """Does a consent as an `exclude` names it cover a contact begun then?"""
        wanted = item["consent"]
        answers: list[Maybe] = []
        for consent in self.asked.consents_of(wanted["scope"], channel):
            if wanted.get("form") and consent.form not in wanted["form"]:
                continue
            age = (local_date(start, self.zone) - local_date(consent.given_at, self.zone)).days
            if consent.covers(start, start) and age < item.get("days", EVER):
                ended = self._ended(item.get("ends_with"), consent.given_at, start)
                answers.append(all_of([None if consent.of_some_channel else True, opposite(ended)]))
        return any_of(answers)

    def _ended(self, ends_with: Any, given_at: datetime, start: datetime) -> Maybe:
        """Did a contact come between that puts an end to the consent?"""
        if ends_with is None:
            return False
        at_least = self.spec.bound == "min"
        return any_of(
            fits_past(ends_with, other, self.asked, outcome=not at_least)
            for other in self.asked.history
            if given_at < other.start < start and not other.reserved
        )

    def _in_group(self, past: Past) -> Maybe:
        asked = self.asked
        pairs = {
            "person": (past.party, asked.party["id"]),
            "contact_point": (past.point, asked.point),
            "channel": (past.channel, asked.channel),
            "creditor": (past.lender, asked.lender),
            "collector": (past.collector, asked.collector["id"]),
        }
        answers: list[Maybe] = []
        for name in self.spec.group_by:
            if name == "debt":
                known = past.debts and self.debt is not None
                answers.append(self.debt in past.debts if known else None)
            else:
                theirs, ours = pairs[name]
                answers.append(None if theirs is None or ours is None else theirs == ours)
        return all_of(answers)

    # --- what begins the count --------------------------------------------------------------

    def _steps(self, selector: Mapping[str, Any], taken: bool, in_doubt: bool) -> list[datetime]:
        """The instants of such events. `taken`: is one whose outcome nobody knows (a plan, for
        one) taken for such an event? `in_doubt`: is one that leaves out something else?"""
        found = []
        for past in self.asked.history:
            fits = all_of([self._in_group(past), fits_past(selector, past, self.asked, taken)])
            if past.reserved and not taken:
                continue
            if fits is True or (fits is None and in_doubt):
                found.append(past.start)
        return found

    def _armed(self, kindly: bool) -> datetime | None:
        """The first event that arms the rule. In doubt there was none, if that helps; else it is
        the one that leaves more to count where more is worse, or less where less is."""
        certain, possible = (
            [
                at
                for at in self._steps(self.spec.armed_after or {}, taken=True, in_doubt=in_doubt)
                if at < self.asked.start
            ]
            for in_doubt in (False, True)
        )
        at_least = self.spec.bound == "min"
        if kindly:
            if not certain:
                return None
            return min(possible if at_least else certain)
        if at_least:
            return min(certain, default=max(possible, default=None))
        return min(possible, default=None)

    def _stretch(self, kindly: bool) -> tuple[list[datetime], list[datetime]] | None:
        """Only events after all of the first instants and up to all of the second count; None
        where the rule is not armed. A later event that begins the count anew ends the window."""
        start = self.asked.start
        after: list[datetime] = []
        until: list[datetime] = []
        if self.spec.armed_after is not None:
            armed = self._armed(kindly)
            if armed is None:
                return None
            after.append(armed)
        if self.spec.since is not None:
            at_least = self.spec.bound == "min"
            anew = self._steps(self.spec.since, taken=at_least, in_doubt=kindly is not at_least)
            after += [at for at in anew if at < start]
            until += [at for at in anew if at >= start]
        return after, until

    # --- counting ---------------------------------------------------------------------------

    def _count(self, kindly: bool) -> str:
        spec, start = self.spec, self.asked.start
        stretch = self._stretch(kindly)
        if stretch is None:
            return "not_applicable"
        after, until = stretch
        at_least = spec.bound == "min"
        in_doubt = kindly is at_least
        itself = not at_least and (self.myself is True or (self.myself is None and in_doubt))
        events = [
            past
            for past, counted in self.members
            if (counted is True or (counted is None and in_doubt))
            and (itself or past.start < start)
            and all(past.start > begin for begin in after)
            and all(past.start <= end for end in until)
        ]
        numbers = [self._number(inside, itself) for inside in self._windows(events, kindly)]
        if at_least:
            return "pass" if max(numbers, default=0) >= spec.limit else "fail"
        return "pass" if max(numbers, default=0) <= spec.limit else "fail"

    def _number(self, events: Iterable[Past], itself: bool) -> int:
        itself = itself and self.spec.bound == "max"
        if self.spec.distinct:
            channels = {past.channel for past in events}
            return len(channels | {self.asked.channel} if itself else channels)
        return len(list(events)) + itself

    def _windows(self, events: list[Past], kindly: bool) -> Iterable[list[Past]]:
        """What lies in each window that holds the contact."""
        name, *numbers = self.spec.window
        if name == "ever":
            yield events
        elif name == "seconds":
            yield from self._of_seconds(events, timedelta(seconds=numbers[0]))
        else:
            dated = [(past, local_date(past.start, self.zone)) for past in events]
            if name == "age":
                yield [past for past, day in dated if self._is_old_enough(day, kindly)]
            for first, last in self._days(dated, kindly):
                yield [past for past, day in dated if first <= day <= last]

    def _of_seconds(self, events: list[Past], length: timedelta) -> Iterable[list[Past]]:
        """A window may begin with any event, or with the contact: none holds more than those."""
        start = self.asked.start
        for begin in {start, *(past.start for past in events)}:
            if begin <= start < begin + length:
                yield [past for past in events if begin <= past.start < begin + length]

    def _days(self, dated: list[tuple[Past, date]], kindly: bool) -> Iterable[tuple[date, date]]:
        """Every window of days that holds the day of the contact."""
        day = self.day
        match self.spec.window:
            case ("days", length):
                for back in range(length):
                    yield day - back * DAY, day + (length - 1 - back) * DAY
            case ("week", begins):
                first = day - (day.weekday() - WEEKDAYS.index(begins)) % 7 * DAY
                yield first, first + 6 * DAY
            case ("month",):
                first = day.replace(day=1)
                yield first, (first + 31 * DAY).replace(day=1) - DAY
            case ("business", length, day_one):
                yield from self._working_days(dated, length, day_one, kindly)

    def _working_days(
        self, dated: list[tuple[Past, date]], length: int, day_one: bool, kindly: bool
    ) -> Iterable[tuple[date, date]]:
        """A window begins on any day and ends with the so-manieth working day; in doubt a day is
        none if that hurts. Only windows that begin with an event, or the contact, can hurt."""
        works = kindly is not (self.spec.bound == "min")
        horizon = max([self.day, *(d for _, d in dated)])
        for first in {self.day, *(d for _, d in dated if d <= self.day)}:
            last = first - DAY if day_one else first
            left = length
            while left and last <= horizon:
                last += DAY
                left -= self._works(last, works)
            if last >= self.day:
                yield first, last

    def _is_old_enough(self, then: date, kindly: bool) -> bool:
        """As old as it must be, on the day of the contact, and not older than it may be."""
        _, least, business, clear, most = self.spec.window
        works = kindly is (self.spec.bound == "min")
        passed = [then + n * DAY for n in range(1, (self.day - then).days + 1)]
        if then > self.day or (most is not None and len(passed) > most):
            return False
        if clear:
            passed = passed[:-1]
        if business:
            passed = [day for day in passed if self._works(day, works)]
        return bool(len(passed) >= least)

    def _works(self, day: date, in_doubt: bool) -> bool:
        if self.spec.holidays == "place":
            where = self.asked.place
            answer = days_off.is_working_day(where.get("country"), where.get("region"), day)
        else:
            answer = days_off.is_working_day(self.spec.holidays, None, day)
        return in_doubt if answer is None else answer

    # --- the last n in a row ----------------------------------------------------------------

    def _in_a_row(self, kindly: bool) -> str:
        """The latest so many before the contact all ended so; of two at once the other is later."""
        latest: list[tuple[datetime, bool]] = []
        for past, counted in self.members:
            ended_so = past.outcome in self.spec.outcomes
            there = ended_so is kindly if counted is None else counted
            if there and past.start < self.asked.start:
                latest.append((past.start, not ended_so))
        row = sorted(latest, reverse=True)[: self.spec.limit]
        good = len(row) == self.spec.limit and not any(broken for _, broken in row)
        return "pass" if good else "fail"
