"""The events of one group laid along a calendar, so that a stretch of it is counted by bisection.

A check of fifty contacts and a calendar of ten thousand take the same steps: where does the stretch
begin in the row of events, where does it end, how many lie between?
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

from contact_rules.domain.contact import Channel
from contact_rules.domain.history import Event
from contact_rules.domain.zones import Zone

Bounds = tuple[int, int]
"""The first and the last position of a window."""

ALWAYS: Final = 1 << 60
_FEW: Final = 24


class Tally(NamedTuple):
    """How many events a window holds."""

    number: int
    window: Bounds


class Row:
    """Events in the order of time. Positions are local days of a zone or, without one, seconds.

    Where midnight came twice (in Newfoundland, until 2011) a later event may lie on an earlier day;
    sorting the days apart from the events changes no number over all of them.
    """

    __slots__ = ("_held", "ats", "positions")

    def __init__(self, events: Iterable[Event], zone: Zone | None) -> None:
        self.ats = [event.at for event in events]
        self.positions = self.ats if zone is None else sorted(map(zone.day, self.ats))
        self._held: dict[int, list[int]] | None = None

    def number(self, begin: int, end: int) -> int:
        """How much the events from one index to before another count for."""
        return end - begin if begin < end else 0

    def held(self, length: int) -> list[int]:
        """For each event, what the stretch of so many positions holds that begins with it."""
        if self._held is None:
            self._held = {}
        found = self._held.get(length)
        if found is None:
            found = self._held[length] = [
                self.number(index, bisect_right(self.positions, position + length - 1, index))
                for index, position in enumerate(self.positions)
            ]
        return found


class Channels(Row):
    """Counts the channels of the events, and not the events; `but` for one channel."""

    __slots__ = ("_indexes",)

    def __init__(self, events: Iterable[Event], zone: Zone | None, but: Channel | None) -> None:
        events = [event for event in events if event.past.channel is not but]
        super().__init__(events, zone)
        self._indexes: dict[Channel, list[int]] = {}
        for index, event in enumerate(events):
            self._indexes.setdefault(event.past.channel, []).append(index)

    def number(self, begin: int, end: int) -> int:
        return sum(
            bisect_left(indexes, begin) < bisect_left(indexes, end)
            for indexes in self._indexes.values()
        )


class Line:
    """The events of one group: on the local days of a zone or, without one, when they were.

    `own`: the channel of the asked contact, where it is channels that are counted. `in_doubt`: is
    it not certain of all of them that they belong here?
    """

    __slots__ = ("_events", "_own", "_rows", "_sure", "group", "in_doubt", "zone")

    def __init__(
        self, zone: Zone | None, group: int, events: list[Event], own: Channel | None
    ) -> None:
        self.zone, self.group, self._own, self._events = zone, group, own, events
        self._sure = [event for event in events if event.certain]
        self.in_doubt = len(self._sure) < len(events)
        self._rows: dict[tuple[bool, bool], Row] = {}

    def row(self, sure: bool, itself: bool) -> Row:
        """All of them, or only the `sure` ones; to be counted with the contact `itself`, or not."""
        key = (sure and self.in_doubt, itself and self._own is not None)
        return self._rows.get(key) or self._laid(key)

    def _laid(self, key: tuple[bool, bool]) -> Row:
        sure, itself = key
        events = self._sure if sure else self._events
        if self._own is None:
            row = Row(events, self.zone)
        else:
            row = Channels(events, self.zone, self._own if itself else None)
        self._rows[key] = row
        return row


class Part(NamedTuple):
    """The events of a row from the index `begin` to before `end`."""

    row: Row
    begin: int
    end: int

    def number(self, first: int, last: int) -> int:
        """What lies on these positions, both included."""
        positions = self.row.positions
        begin = bisect_left(positions, first, self.begin, self.end)
        return self.row.number(begin, bisect_right(positions, last, begin, self.end))

    def all(self) -> int:
        return self.row.number(self.begin, self.end)

    def positions(self, first: int, last: int) -> list[int]:
        """Where events lie from one position to another, each position once."""
        known, found = self.row.positions, []
        index = bisect_left(known, first, self.begin, self.end)
        while index < self.end and known[index] <= last:
            found.append(known[index])
            index = bisect_right(known, known[index], index, self.end)
        return found

    def fullest(self, first: int, last: int, length: int) -> Tally | None:
        """Of the stretches of so many positions that begin with an event between `first` and
        `last` the fullest, and of several the earliest; `last` lies in all of them."""
        positions = self.row.positions
        begin = bisect_left(positions, first, self.begin, self.end)
        end = bisect_right(positions, last, begin, self.end)
        if begin == end:
            return None
        if end == self.end:  # nothing lies later, so the earliest holds all that the others hold
            numbers = [self.row.number(begin, end)]
        elif end - begin > _FEW and self.end == len(self.row.ats):
            numbers = self.row.held(length)[begin:end]
        else:
            numbers = [
                self.row.number(
                    index, bisect_right(positions, positions[index] + length - 1, index, self.end)
                )
                for index in range(begin, end)
            ]
        most = max(numbers)
        from_ = positions[begin + numbers.index(most)]
        return Tally(most, (from_, from_ + length - 1))
