"""Accounts as CSV: columns named by their place in an account, as ``debtor.name`` or
``addresses.0.country``.

The dialect is RFC 4180 in UTF-8: commas, double quotes, a header, LF or CRLF. A quote that is
never closed costs the rows behind it nothing: only the row it stands in is reported.
"""

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from math import isfinite
from typing import Any, Final, NamedTuple, TypeAlias

from cases.domain.import_file import BadRow, FileRefused, Row, lines, too_long
from cases.domain.refusal import Fault


class BrokenHeader(FileRefused):
    """The first line does not name the columns of accounts."""

    code = "broken_header"


class Kind(Enum):
    """What a cell becomes. FREE is an object whose fields the lender names."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    FREE = "free"


# What an account looks like: an object maps fields to shapes, a list holds its elements' shape.
Shape: TypeAlias = Kind | Mapping[str, "Shape"] | tuple["Shape"]

# A cell may hold line feeds (an address in three lines), but a quote left open must not swallow
# the file.
_MOST_LINES: Final = 50
_MOST_COLUMNS: Final = 2000


def read_csv(chunks: Iterable[bytes], longest: int, shape: Shape) -> Iterator[Row | BadRow]:
    """One row a record; a row's ``line`` is the line its record begins on, the header's is 1.

    An empty cell says nothing, like a field left out; an element of a list all of whose cells are
    empty is left out. A column that is no field of an account is kept, as null when empty, so
    that the judge of rows refuses it. Raises `BrokenHeader` when the header can't be read.
    """
    records = _Records(lines(chunks, longest), longest)
    header = next(records, None)
    if header is None:
        raise BrokenHeader(
            "The file is empty: its first line has to name the columns.",
            "文件为空：第一行应为列名。",
        )
    if isinstance(header, BadRow):
        raise BrokenHeader(
            f"The header can't be read. {header.fault.en}", f"无法读取表头。{header.fault.zh}"
        )
    columns = _columns([name.strip() for name in header.cells], shape)
    return _rows(records, columns, len(header.cells))


def _rows(records: "_Records", columns: "_Object", width: int) -> Iterator[Row | BadRow]:
    for record in records:
        if isinstance(record, BadRow):
            yield record
        elif len(record.cells) != width:
            # Over several lines, rather a stray quote than an account.
            records.look_again()
            cells = len(record.cells)
            yield _bad(
                record.line,
                "ragged_row",
                f"The row has {cells} cells, the header has {width}.",
                f"该行有 {cells} 个单元格，表头有 {width} 个。",
            )
        else:
            account = columns.value(record.cells)
            content = json.dumps({} if account is _NOTHING else account, ensure_ascii=False)
            yield Row(record.line, content.encode())


def _bad(line: int, code: str, en: str, zh: str) -> BadRow:
    return BadRow(line, Fault("", code, en, zh))


class _Record(NamedTuple):
    line: int
    cells: list[str]


@dataclass(slots=True)
class _Records:
    """Cuts lines into records and has each read by the standard library.

    A record is whole when its double quotes are even in number. One that is not whole after
    fifty lines, or that the standard library refuses, is reported as its first line, and reading
    goes on with the second.
    """

    lines: Iterator[tuple[int, bytes | None]]
    longest: int
    waiting: deque[tuple[int, bytes | None]] = field(default_factory=deque)
    taken: list[tuple[int, bytes | None]] = field(default_factory=list)

    def __iter__(self) -> "_Records":
        return self

    def __next__(self) -> _Record | BadRow:
        while True:
            number, line = self._take_first()
            if line is None:
                return too_long(number, self.longest)
            if line.strip():
                return self._record(number, line)

    def look_again(self) -> None:
        """Read the last record's lines again, but for the first."""
        self.waiting.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]

    def _take_first(self) -> tuple[int, bytes | None]:
        self.taken = []
        return self._take()

    def _take(self) -> tuple[int, bytes | None]:
        taken = self.waiting.popleft() if self.waiting else next(self.lines)
        self.taken.append(taken)
        return taken

    def _record(self, number: int, first: bytes) -> _Record | BadRow:
        parts = [first]
        quotes, size = first.count(b'"'), len(first)
        while quotes % 2:
            try:
                _, line = self._take()
            except StopIteration:
                line = None
            if line is None or len(self.taken) > _MOST_LINES or size + len(line) > self.longest:
                self.look_again()
                return _bad(
                    number, "open_quote", "A double quote is never closed.", "双引号未闭合。"
                )
            parts.append(line)
            quotes, size = quotes + line.count(b'"'), size + len(line)
        try:
            cells = next(csv.reader([b"\n".join(parts).decode()], strict=True))
        except UnicodeDecodeError as error:
            self.look_again()
            at = error.start + 1
            return _bad(
                number,
                "not_utf8",
                f"Byte {at} of the row is not UTF-8.",
                f"该行第 {at} 个字节不是 UTF-8。",
            )
        except csv.Error:
            self.look_again()
            return _bad(
                number,
                "broken_csv",
                "The row is not CSV: a double quote or a line end is misplaced.",
                "该行不是有效的 CSV：双引号或换行位置有误。",
            )
        return _Record(number, cells)


_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column that is a value."""

    index: int
    kind: Kind
    known: bool

    def value(self, cells: Sequence[str]) -> object:
        text = cells[self.index]
        if not text or text.isspace():
            return _NOTHING if self.known else None
        if self.kind is Kind.NUMBER:
            return _number(text)
        if self.kind is Kind.BOOLEAN:
            return {"true": True, "false": False}.get(text.strip().lower(), text)
        return text


@dataclass(frozen=True, slots=True)
class _Object:
    """Columns that are the fields of one object."""

    fields: list[tuple[str, "_Node"]]

    def value(self, cells: Sequence[str]) -> object:
        made = {}
        for name, node in self.fields:
            value = node.value(cells)
            if value is not _NOTHING:
                made[name] = value
        return made or _NOTHING


@dataclass(frozen=True, slots=True)
class _List:
    """Columns that are the elements of one list, in the order of their numbers."""

    elements: list["_Node"]

    def value(self, cells: Sequence[str]) -> object:
        made = [element.value(cells) for element in self.elements]
        return [value for value in made if value is not _NOTHING] or _NOTHING


_Node: TypeAlias = _Cell | _Object | _List
_Path: TypeAlias = tuple[str | int, ...]


def _columns(names: Sequence[str], shape: Shape) -> _Object:
    if len(names) > _MOST_COLUMNS:
        raise BrokenHeader(
            f"The header has more than {_MOST_COLUMNS} columns.",
            f"表头超过 {_MOST_COLUMNS} 列。",
        )
    cells: dict[_Path, _Cell] = {}
    for index, name in enumerate(names):
        if not name:
            raise BrokenHeader(f"Column {index + 1} has no name.", f"第 {index + 1} 列没有列名。")
        try:
            path, kind = _place(name, shape)
        except _NotANumber:
            raise BrokenHeader(
                f"Column {index + 1} leads into a list and needs a number from 0 there,"
                " as in addresses.0.country.",
                f"第 {index + 1} 列指向列表，应写明从 0 开始的序号，如 addresses.0.country。",
            ) from None
        if path in cells:
            raise BrokenHeader(f"Column {index + 1} repeats another.", f"第 {index + 1} 列重复。")
        cells[path] = _Cell(index, kind or Kind.TEXT, known=kind is not None)
    for one, other in pairwise(sorted(cells, key=lambda path: [str(part) for part in path])):
        if other[: len(one)] == one:
            columns = f"{cells[one].index + 1}, {cells[other].index + 1}"
            raise BrokenHeader(
                f"One column is a part of another: columns {columns}.",
                f"一列包含另一列：第 {columns} 列。",
            )
    if ("external_id",) not in cells:
        raise BrokenHeader(
            "There is no column external_id. Columns are separated by commas.",
            "缺少 external_id 列。各列以逗号分隔。",
        )
    tree = _tree(cells)
    assert isinstance(tree, _Object)
    return tree


class _NotANumber(Exception):
    """A part of a column's name stands where the number of a list's element should."""


def _place(name: str, shape: Shape) -> tuple[_Path, Kind | None]:
    """Where a column belongs and what its cells are; None if it is no field of an account."""
    parts = name.split(".")
    path: list[str | int] = []
    at: Shape | None = shape
    for number, part in enumerate(parts):
        if at is Kind.FREE:
            return (*path, ".".join(parts[number:])), Kind.TEXT
        if isinstance(at, tuple):
            if not (part.isascii() and part.isdecimal() and len(part) < 10):
                raise _NotANumber
            path.append(int(part))
            at = at[0]
        else:
            path.append(part)
            at = at.get(part) if isinstance(at, Mapping) else None
    return tuple(path), at if isinstance(at, Kind) and at is not Kind.FREE else None


def _tree(cells: Mapping[_Path, _Cell]) -> _Node:
    if () in cells:
        return cells[()]
    branches: dict[str | int, dict[_Path, _Cell]] = {}
    for path, cell in cells.items():
        branches.setdefault(path[0], {})[path[1:]] = cell
    if all(isinstance(part, int) for part in branches):
        return _List([_tree(branches[part]) for part in sorted(branches, key=int)])
    return _Object([(str(part), _tree(branch)) for part, branch in branches.items()])


def _number(text: str) -> Any:
    """The number ``text`` says, or the text itself for the judge of rows to refuse."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not isfinite(number):
        return text
    return int(number) if number.is_integer() and "." not in text else number
