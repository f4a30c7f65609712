"""What the signature of a decision says of the history it rested on, line by line.

A line is stated in two parts, each with a digest of its own: what rules look at in any contact
(when, how, with what outcome), and what it was about (whose, of which debts). So a document for
one lender can leave out what another's contacts were about, and every line in it is still proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

FORMAT: Final = "doorstep-decision/1"
TYPE: Final = "doorstep-decision+json"
"""The ``typ`` of a decision's signature: no token of another kind can be taken for one."""

OPEN: Final = (
    "kind",
    "channel",
    "direction",
    "starts_at",
    "ends_at",
    "purpose",
    "place",
    "party_role",
    "outcome",
)
"""What everybody who may see a line is told of it."""
CLOSED: Final = ("contact_id", "lender", "party_id", "debts", "collector", "point")
"""What only its own lender is told, and those who may see everything. Ids of visits and accounts
are random: nobody finds out by trying what a digest of these stands for."""


def moment(at: datetime) -> str:
    """``2026-12-01T02:00:00.000000Z``: one text of one length for one instant."""
    # Up to here it is always of one length; behind it stands +00:00.
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"


def line_digest(open_part: bytes, closed_part: bytes) -> bytes:
    """The digest of a line from those of its parts."""
    return sha256(open_part + closed_part).digest()


def history_digest(lines: Iterable[bytes]) -> str:
    """The digest of a history from those of its lines, the oldest first."""
    return sha256(b"".join(lines)).hexdigest()


class Aliases:
    """Names in place of what a reader is not told: equal things have equal names, and no others.

    So rules count the contacts of a history without its names as they counted them with them.
    """

    def __init__(self, known: Iterable[Mapping[str, Any]]) -> None:
        """``known``: lines of the reader's own, and what else names what the reader knows."""
        self._names: dict[tuple[str, str], str] = {}
        self._given: dict[str, int] = {}
        for line in known:
            for name in CLOSED:
                for each in _values(line.get(name)):
                    self._names[name, each] = each

    def of(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """What a line was about, without what the reader does not know."""
        told: dict[str, Any] = {}
        for name in CLOSED:
            value = line[name]
            if isinstance(value, str):
                told[name] = self._alias(name, value)
            else:
                told[name] = value and [self._alias(name, each) for each in value]
        return told

    def _alias(self, name: str, value: str) -> str:
        known = self._names.get((name, value))
        if known is None:
            known = self._names[name, value] = self._new(name)
        return known

    def _new(self, name: str) -> str:
        what = name.removesuffix("_id").removesuffix("s")
        while True:
            number = self._given[name] = self._given.get(name, 0) + 1
            alias = f"other {what} {number}"
            if (name, alias) not in self._names:
                return alias


def _values(value: Any) -> Iterable[str]:
    return (value,) if isinstance(value, str) else value or ()
