"""Local calendars: which local day and hour an instant is, and back, exact when clocks change.

Instants are whole seconds since 1970 UTC and days are counted from 1970-01-01, so that the rules
compare plain numbers: a check of fifty past contacts must not make fifty time zone conversions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY: Final = 86_400
_CHUNK: Final = 366 * DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_KNOWN: Final = range(-62_000_000_000, 253_000_000_000)
"""From the year 5 to 9987: nearer to the ends of what a date can say, conversions fail."""


DATES: Final = range(-717_000, 2_928_000)
"""The days of those years: what lies outside is no day that a contact could share a window with."""


class Piece(NamedTuple):
    """A stretch with one offset from UTC: `from_` inclusive, `to` exclusive, all in seconds."""

    from_: int
    to: int
    offset: int


class Zone:
    """The local calendar of one IANA zone. Immutable to its users; remembers what it worked out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = ZoneInfo(name)
        self._chunks: dict[int, tuple[Piece, ...]] = {}
        self._days: dict[int, tuple[Piece, ...]] = {}
        self._lately = Piece(0, 0, 0)  # where the last answer lay: the next one mostly does too

    def offset(self, at: int) -> int:
        """Seconds to add to UTC for the clock on the wall at this instant."""
        piece = self._lately
        if not piece.from_ <= at < piece.to:
            piece = self._lately = self._piece(at)
        return piece.offset

    def day(self, at: int) -> int:
        """The local day of this instant."""
        piece = self._lately
        if not piece.from_ <= at < piece.to:
            piece = self._lately = self._piece(at)
        return (at + piece.offset) // DAY

    def _piece(self, at: int) -> Piece:
        chunk = self._chunks.get(at // _CHUNK) or self._chunk(at // _CHUNK)
        for piece in chunk:
            if at < piece.to:
                return piece
        raise AssertionError("a chunk covers all its seconds")

    def pieces(self, day: int) -> tuple[Piece, ...]:
        """The instants of a local day: one piece as a rule, of 23 to 25 hours when clocks change
        inside two; several also where midnight itself repeats; none for a day a country skipped."""
        pieces = self._days.get(day)
        if pieces is None:
            pieces = self._days[day] = self._pieces(day)
        return pieces

    def turns(self, day: int) -> list[int]:
        """The instants at which the local date may pass from before this day to it or later."""
        entering = self.pieces(day)
        following = day + 1
        while not entering:  # a skipped day is entered and left in one step
            entering, following = self.pieces(following), following + 1
        return [piece.from_ for piece in (*self.pieces(day - 1), *entering)]

    def last_second(self, day: int) -> int:
        """The last second of a local day; of one that a country skipped, of the day before."""
        while not (pieces := self.pieces(day)):
            day -= 1
        return pieces[-1].to - 1

    def local(self, at: int) -> datetime:
        """The instant as people there would write it."""
        return (_EPOCH + timedelta(seconds=at)).astimezone(self._info)

    def _pieces(self, day: int) -> tuple[Piece, ...]:
        begins, ends = day * DAY, (day + 1) * DAY
        near = [
            piece
            for chunk in sorted({(begins - DAY) // _CHUNK, (ends + DAY) // _CHUNK})
            for piece in self._chunks.get(chunk) or self._chunk(chunk)
        ]
        cut = (
            Piece(max(p.from_, begins - p.offset), min(p.to, ends - p.offset), p.offset)
            for p in near
        )
        return tuple(piece for piece in cut if piece.from_ < piece.to)

    def _chunk(self, number: int) -> tuple[Piece, ...]:
        """About a year, cut where the offset changes.

        Looks once a day and then closes in: no zone has changed its clocks twice within a day
        since 1970 (a test reads the whole database to be sure).
        """
        begins, ends = number * _CHUNK, (number + 1) * _CHUNK
        pieces, since, offset = [], begins, self._offset(begins)
        for at in range(begins + DAY, ends + 1, DAY):
            if self._offset(at) == offset:
                continue
            before, after = at - DAY, at
            while after - before > 1:
                middle = (before + after) // 2
                if self._offset(middle) == offset:
                    before = middle
                else:
                    after = middle
            pieces.append(Piece(since, after, offset))
            since, offset = after, self._offset(after)
        pieces.append(Piece(since, ends, offset))
        self._chunks[number] = chunk = tuple(pieces)
        return chunk

    def _offset(self, at: int) -> int:
        offset = self.local(min(max(at, _KNOWN.start), _KNOWN.stop)).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())


@lru_cache(maxsize=1024)
def zone(name: str) -> Zone | None:
    """The calendar of a zone; None for a name that is no zone, which rules take as not known."""
    try:
        return Zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def seconds(moment: datetime) -> int:
    """The instant as a number; fractions of a second are dropped."""
    return int(moment.timestamp() // 1)


def whole_second_from(moment: datetime) -> int:
    """The first whole second that is not before it."""
    return seconds(moment) + bool(moment.microsecond)


def day_number(day: date) -> int:
    return day.toordinal() - _FIRST_DAY


def date_of(day: int) -> date:
    return date.fromordinal(day + _FIRST_DAY)


def weekday(day: int) -> int:
    """0 is Monday."""
    return (day + 3) % 7
