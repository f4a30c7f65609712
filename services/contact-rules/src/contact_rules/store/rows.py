"""Adds many rows to a table at once, in the transaction of the session.

By binary COPY: for a hundred rows it took half the time of the client and a third of the whole
that an INSERT executed many times took (29 against 79 µs a ledger line).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.types.json import Json
from pydantic_core import to_json
from shared.db import driver_cursor
from sqlalchemy import ARRAY, JSON, BigInteger, Column, DateTime, Table, Text, Uuid
from sqlmodel import Session


class Adding:
    """How rows are added to ``table``: their values come in the order of ``columns``."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._types = [_type(table.c[name]) for name in columns]
        self._json = [place for place, type_ in enumerate(self._types) if type_ == "json"]
        self._statement = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"

    def __call__(self, session: Session, rows: Iterable[list[Any]]) -> None:
        """Add ``rows`` in order. Raises what SQLAlchemy raises for a statement that fails."""
        with (
            driver_cursor(session, self._statement) as cursor,
            cursor.copy(self._statement) as copy,
        ):
            copy.set_types(self._types)
            for row in rows:
                for place in self._json:
                    if row[place] is not None:
                        row[place] = Json(row[place], dumps=to_json)
                copy.write_row(row)


def _type(column: Column[Any]) -> str:
    """PostgreSQL's name of a column's type."""
    for kind, name in (
        (Uuid, "uuid"),
        (Text, "text"),
        (DateTime, "timestamptz"),
        (JSON, "json"),
        (BigInteger, "int8"),
    ):
        if isinstance(column.type, kind):
            return name
    assert isinstance(column.type, ARRAY)
    assert isinstance(column.type.item_type, Text)
    return "text[]"
