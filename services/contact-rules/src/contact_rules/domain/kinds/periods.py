"""The stretches of time an `event_count` looks at: seven days, a calendar week, ever, and so on.

Positions are local days, or seconds where the law counts in minutes. "Seven days" is arithmetic
of dates: with day one included, what happened on the 1st and what happens on the 7th share a
window, and on the 8th it is over, whatever the hours were.

A contact must satisfy every window that contains it, also one that ends after it and holds visits
already reserved. Of all those windows only a few can be the fullest: any other may be moved until
it begins with an event, or with the contact, and loses nothing on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from contact_rules.domain.zones import date_of, day_number, weekday

Works = Callable[[int], bool]
"""Is this day a working day?"""

Bounds = tuple[int, int]
"""The first and the last position of a window."""

ALWAYS: Final = 1 << 60


class Period(Protocol):
    """`windows`: those that contain `position` and could be the fullest, given where events lie.
    `turns`: the positions of a contact at which an event may enter or leave its windows."""

    in_days: ClassVar[bool]

    @property
    def by_working_days(self) -> bool: ...

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]: ...

    def turns(self, event: int, works: Works) -> Iterable[int]: ...


@dataclass(frozen=True, slots=True)
class RollingDays:
    """Every stretch of so many calendar days, the first and the last included."""

    length: int

    in_days: ClassVar[bool] = True
    by_working_days: ClassVar[bool] = False

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        return _rolling(position, events, self.length)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        return (event - self.length + 1, event, event + 1, event + self.length)


@dataclass(frozen=True, slots=True)
class RollingSeconds:
    """Every stretch of so many seconds: exactly that long after an event it is over."""

    length: int

    in_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        return _rolling(position, events, self.length)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        return (event - self.length + 1, event, event + 1, event + self.length)


def _rolling(position: int, events: Sequence[int], length: int) -> list[Bounds]:
    if not events:
        return [(position, position + length - 1)]
    begins = {event for event in events if position - length < event <= position}
    begins.add(position)
    return [(begin, begin + length - 1) for begin in sorted(begins)]


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
    by_working_days: ClassVar[bool] = True

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        begins = {event for event in events if event <= position} | {position}
        bounds = ((begin, self._last(begin, works)) for begin in sorted(begins))
        return [(first, last) for first, last in bounds if position <= last]

    def turns(self, event: int, works: Works) -> Iterable[int]:
        first = event
        while self._last(first - 1, works) >= event:
            first -= 1
        return (first, event, event + 1, self._last(event, works) + 1)

    def _last(self, first: int, works: Works) -> int:
        last, left = first if self.day_one else first + 1, self.length - 1
        end = last + _far(self.length)
        while (left or not works(last)) and last < end:
            left -= works(last)
            last += 1
        return last


@dataclass(frozen=True, slots=True)
class CalendarWeek:
    begins_on: int  # 0 is Monday

    in_days: ClassVar[bool] = True
    by_working_days: ClassVar[bool] = False

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        first = position - (weekday(position) - self.begins_on) % 7
        return ((first, first + 6),)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        ((first, last),) = self.windows(event, (), works)
        return (first, last + 1)


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    in_days: ClassVar[bool] = True
    by_working_days: ClassVar[bool] = False

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        first = date_of(position).replace(day=1)
        following = date_of(day_number(first) + 31).replace(day=1)
        return ((day_number(first), day_number(following) - 1),)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        ((first, last),) = self.windows(event, (), works)
        return (first, last + 1)


@dataclass(frozen=True, slots=True)
class Ever:
    in_days: ClassVar[bool] = False
    by_working_days: ClassVar[bool] = False

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        return ((-ALWAYS, ALWAYS),)

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

    @property
    def by_working_days(self) -> bool:
        return self.working_days

    def windows(self, position: int, events: Sequence[int], works: Works) -> Iterable[Bounds]:
        oldest = -ALWAYS if self.most is None else position - self.most
        begin = position - 1 if self.clear else position
        if not self.working_days:
            return ((oldest, begin - self.least),)
        youngest, left = begin, self.least
        while left and youngest > begin - _far(self.least):
            left -= works(youngest)
            youngest -= 1
        return ((oldest, -ALWAYS if left else youngest),)

    def turns(self, event: int, works: Works) -> Iterable[int]:
        day, left = event, self.least
        while left and day < event + _far(self.least):
            day += 1
            left -= works(day) if self.working_days else 1
        old_enough = day + 1 if self.clear else day
        return (old_enough,) if self.most is None else (old_enough, event + self.most + 1)
