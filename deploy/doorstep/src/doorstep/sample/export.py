"""The sample accounts as files a lender would send: CSV or NDJSON."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def write_ndjson(path: Path, some: Iterable[dict[str, Any]]) -> int:
    """Write ``some`` accounts, one JSON object a line; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for account in some:
            file.write(json.dumps(account, ensure_ascii=False) + "\n")
            count += 1
    return count


def write_csv(path: Path, some: Iterable[dict[str, Any]]) -> int:
    """Write ``some`` accounts under dotted columns (``addresses.0.country``); returns how many.

    A field that not every account has is an empty cell where it is missing.
    """
    rows = [dict(_cells(account)) for account in some]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _cells(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        inner = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list):
        inner = [(str(place), each) for place, each in enumerate(value)]
    else:
        yield name, json.dumps(value) if isinstance(value, bool) else str(value)
        return
    for key, each in inner:
        yield from _cells(each, f"{name}.{key}" if name else key)
