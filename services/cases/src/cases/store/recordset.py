"""Many rows in one statement: they go over as one JSON document that PostgreSQL takes apart.

Arrays for ``unnest`` were tried and were several times slower: psycopg escapes every text in them
in Python, while JSON is written and read in C on either side.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def recordset(columns: str) -> str:
    """The rows of the parameter ``:rows`` as a table ``new`` with these columns and types."""
    return f"json_to_recordset(CAST(:rows AS json)) AS new ({columns})"


def document(rows: Iterable[Mapping[str, Any]]) -> str:
    """The value of ``:rows``."""
    return dumps(list(rows))


def dumps(value: Any) -> str:
    """Compact JSON, the same text for the same value, times and bytes as PostgreSQL reads them."""
    return json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        sort_keys=True,
        default=_plain,
    )


def _plain(value: Any) -> str:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    msg = f"no JSON for {type(value).__name__}"
    raise TypeError(msg)
