"""Pages of a list: `?limit=` and an opaque `cursor` that says where the next page begins.

A cursor holds the sort values of the last row shown, so pages stay right while rows come and go.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from shared.problems import Problem, Words, invalid

DEFAULT: Final = 50
MOST: Final = 200
_LONGEST_CURSOR: Final = 1024
_MOST_VALUES: Final = 8

Value = UUID | datetime | date | int | str | None
Row = TypeVar("Row")
Item = TypeVar("Item")


class Listing(BaseModel, Generic[Item]):
    """The answer of every list."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted. From the dependency `page`.

    ::

        after = page.after(datetime, UUID)        # None on the first page
        rows = …  # WHERE (opened_at, id) > after ORDER BY opened_at, id LIMIT page.fetch
        shown, following = page.cut(rows, lambda row: (row.opened_at, row.id))
    """

    limit: int = DEFAULT
    cursor: str | None = None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than shown, to know whether a page follows."""
        return self.limit + 1

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The sort values after which this page begins, None at the beginning.

        ``types`` are those of the values, in order. Raises Problem 422 for a cursor that was not
        made by this list.
        """
        return None if self.cursor is None else decode(self.cursor, *types)

    def cut(
        self, rows: Sequence[Row], key: Callable[[Row], Sequence[Value]]
    ) -> tuple[Sequence[Row], str | None]:
        """The rows to show of the ``fetch`` that were read, and the cursor of the next page."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, encode(*key(shown[-1]))


async def page(
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many, at most 200.")] = DEFAULT,
    cursor: Annotated[str | None, Query(description="`next` of the page before; opaque.")] = None,
) -> Page:
    """Dependency of every list."""
    if cursor is not None and (len(cursor) > _LONGEST_CURSOR or not cursor):
        raise _bad_cursor()
    return Page(limit=limit, cursor=cursor)


def encode(*values: Value) -> str:
    """The cursor of a page that begins after ``values``."""
    plain = [_plain(value) for value in values]
    packed = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).rstrip(b"=").decode("ascii")


def decode(cursor: str, *types: type) -> tuple[Any, ...]:
    """The values in a cursor, each of the type given (None is of any). Raises Problem 422."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        plain = json.loads(packed.decode("utf-8"))
        if not isinstance(plain, list) or len(plain) != len(types) or len(plain) > _MOST_VALUES:
            raise _bad_cursor()
        return tuple(_typed(value, kind) for value, kind in zip(plain, types, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError, OverflowError):
        raise _bad_cursor() from None


def _plain(value: Value) -> int | str | None:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def _typed(value: object, kind: type) -> Any:
    if value is None:
        return None
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
            raise ValueError
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode("utf-8")
    if kind is datetime:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError
        return found
    if kind is date:
        return date.fromisoformat(value)
    return UUID(value) if kind is UUID else value


def _bad_cursor() -> Problem:
    return invalid(
        "?cursor",
        "not_a_cursor",
        Words("is not a cursor of this list", "不是该列表的游标"),
    )
