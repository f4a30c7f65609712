"""The stretches of time an `event_count` looks at: seven days, a calendar week, ever, and so on.

Positions are local days, or seconds where the law counts in minutes. "Seven days" is arithmetic
of dates: with day one included, what happened on the 1st and what happens on the 7th share a
window, and on the 8th it is over, whatever the hours were.

A contact must satisfy every window that contains it, also one that ends after it and holds visits
already reserved. Of all those windows only a few can be the fullest: any other may be moved until
it begins with an event, or with the contact, and loses nothing on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from contact_rules.domain.kinds.lines import ALWAYS, Bounds, Part, Tally
from contact_rules.domain.zones import date_of, day_number, weekday

Works = Callable[[int], bool]
"""Is this day a working day?"""


class Period(Protocol):
    """`fullest`: what the fullest window holds that contains `position`; of several the earliest.
    `turns`: the positions of a contact at which an event may enter or leave its windows.
    `grows_by_working_days`: does it hold more, or less, the more days are working days?"""

    in_days: ClassVar[bool]
    grows_by_working_days: ClassVar[bool]

    @property
    def by_working_days(self) -> bool: ...

    def fullest(self, position: int, part: Part, works: Works) -> Tally: ...

    def turns(self, event: int, works: Works) -> Iterable[int]: ...


@dataclass(frozen=True, slots=True)
class RollingDays:
    """Every stretch of so many calendar days, the first and the last included."""

    length: int

    in_days: ClassVar[bool] = True
    grows_by_working_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        return _rolling(position, part, self.length)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        return (event - self.length + 1, event + self.length)


@dataclass(frozen=True, slots=True)
class RollingSeconds:
    """Every stretch of so many seconds: exactly that long after an event it is over."""

    length: int

    in_days: ClassVar[bool] = False
    grows_by_working_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        return _rolling(position, part, self.length)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        return (event - self.length + 1, event + self.length)


def _rolling(position: int, part: Part, length: int) -> Tally:
    last = position + length - 1
    if part.begin >= part.end:
        return Tally(0, (position, last))
    with_event = part.fullest(position - length + 1, position, length)
    with_contact = part.number(position, last)
    if with_event is None or with_contact > with_event.number:
        return Tally(with_contact, (position, last))
    return with_event


def _far(working_days: int) -> int:
    """As many days as so many working days can possibly take. In years whose holidays nobody knows
    yet no day is one, so a search has to end: then the longest window is taken, or no notice."""
    return 7 * working_days + 60


@dataclass(frozen=True, slots=True)
class RollingWorkingDays:
    """Every stretch that holds so many working days; without day one, they follow the first day."""

    length: int
    day_one: bool

    in_days: ClassVar[bool] = True
    grows_by_working_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = True

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        begins = part.positions(self._first(position, works), position)
        if position not in begins[-1:]:
            begins.append(position)
        found = (self._beginning(begin, part, works) for begin in begins)
        return max(found, key=lambda tally: tally.number)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        return (self._first(event, works), self._last(event, works) + 1)

    def _beginning(self, begin: int, part: Part, works: Works) -> Tally:
        last = self._last(begin, works)
        return Tally(part.number(begin, last), (begin, last))

    def _last(self, first: int, works: Works) -> int:
        """The last day of the window that begins on this one."""
        last, left = first if self.day_one else first + 1, self.length - 1
        end = last + _far(self.length)
        while (left or not works(last)) and last < end:
            left -= works(last)
            last += 1
        return last

    def _first(self, day: int, works: Works) -> int:
        """The first day of the earliest window that holds this one."""
        first, left = day, self.length - works(day - 1)
        while left and day - first < _far(self.length):
            first -= 1
            left -= works(first - 1)
        return first if self.day_one else first - 1


@dataclass(frozen=True, slots=True)
class CalendarWeek:
    begins_on: int  # 0 is Monday

    in_days: ClassVar[bool] = True
    grows_by_working_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        first, last = self._window(position)
        return Tally(part.number(first, last), (first, last))

    def turns(self, event: int, works: Works) -> Iterable[int]:
        first, last = self._window(event)
        return (first, last + 1)

    def _window(self, day: int) -> Bounds:
        first = day - (weekday(day) - self.begins_on) % 7
        return (first, first + 6)


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    in_days: ClassVar[bool] = True
    grows_by_working_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        first, last = self._window(position)
        return Tally(part.number(first, last), (first, last))

    def turns(self, event: int, works: Works) -> Iterable[int]:
        first, last = self._window(event)
        return (first, last + 1)

    def _window(self, day: int) -> Bounds:
        first = date_of(day).replace(day=1)
        following = date_of(day_number(first) + 31).replace(day=1)
        return (day_number(first), day_number(following) - 1)


@dataclass(frozen=True, slots=True)
class Ever:
    in_days: ClassVar[bool] = False
    grows_by_working_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        return Tally(part.all(), (-ALWAYS, ALWAYS))

    def turns(self, event: int, works: Works) -> Iterable[int]:
        return ()


@dataclass(frozen=True, slots=True)
class Aged:
    """So many days old, as a notice must be: at least that many days, or working days, passed.

    With `clear` the day of the contact is not counted: that many whole days lie between.
    """

    least: int
    working_days: bool
    clear: bool
    most: int | None

    in_days: ClassVar[bool] = True
    grows_by_working_days: ClassVar[bool] = True

    @property
    def by_working_days(self) -> bool:
        return self.working_days

    def fullest(self, position: int, part: Part, works: Works) -> Tally:
        oldest = -ALWAYS if self.most is None else position - self.most
        youngest = self._youngest(position, works)
        return Tally(part.number(oldest, youngest), (oldest, youngest))

    def turns(self, event: int, works: Works) -> Iterable[int]:
        old_enough = self._old_enough(event, works)
        return (old_enough,) if self.most is None else (old_enough, event + self.most + 1)

    def _youngest(self, day: int, works: Works) -> int:
        """The latest day on which it may have happened, for a contact on this day."""
        if not self.least:
            return day
        last = day - 1 if self.clear else day
        if not self.working_days:
            return last - self.least
        youngest, left = last, self.least
        while left and youngest > last - _far(self.least):
            left -= works(youngest)
            youngest -= 1
        return -ALWAYS if left else youngest

    def _old_enough(self, event: int, works: Works) -> int:
        """The first day of a contact for which it happened early enough."""
        if not self.least:
            return event
        day = event + self.least
        if self.working_days:
            day, left = event, self.least
            while left and day < event + _far(self.least):
                day += 1
                left -= works(day)
        return day + 1 if self.clear else day
