"""Reads a YAML file so that every complaint names the file, the line and what would be right.

Scalars stay as they were written: `NO` is Norway and `08:00` is a time, never a truth or a number.
The events of libyaml are put together here and not by its own composer: that one recurses in C,
and a file of many brackets would end the process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeVar, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
D = TypeVar("D")

# Fifteen times as fast; where PyYAML was built without libyaml its own parser does.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE: Final = re.compile(r"[0-9]{1,5}")
_NOTHING: Final = ("", "~", "null", "Null", "NULL")
_DEEPEST: Final = 50
_LARGEST: Final = 4 * 1024 * 1024


class Complaint(NamedTuple):
    """What is wrong, where, and (if known) what would be right."""

    file: str
    line: int
    what: str
    suggestion: str = ""

    def __str__(self) -> str:
        remedy = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}: {self.what}{remedy}"


class BrokenPack(Exception):
    """Packs that can't be used: everything that was found wrong, in the order of the lines.

    `file`, `line`, `what` and `suggestion` are those of the first complaint.
    """

    def __init__(self, *complaints: Complaint) -> None:
        self.complaints = tuple(dict.fromkeys(sorted(complaints, key=lambda each: each[:2])))
        self.file, self.line, self.what, self.suggestion = self.complaints[0]
        super().__init__("\n".join(map(str, self.complaints)))


class Complaints:
    """What is wrong, gathered, so that a writer is told all of it at once."""

    def __init__(self) -> None:
        self._found: list[Complaint] = []

    def __len__(self) -> int:
        return len(self._found)

    def note(self, complaint: Complaint) -> None:
        self._found.append(complaint)

    def tried(self, read: Callable[[], T]) -> T:
        """What `read` makes of it. Where it complains that is noted, and what is returned is of no
        use: settle before anything is made of it."""
        try:
            return read()
        except BrokenPack as broken:
            self._found += broken.complaints
            return cast(T, None)

    def settle(self) -> None:
        """Raises BrokenPack if there is anything to complain about."""
        if self._found:
            raise BrokenPack(*self._found)


class Node:
    """One value of the file, with its line."""

    __slots__ = ("_file", "_plain", "_value", "line")

    def __init__(
        self, file: str, line: int, value: str | list[Node] | _Pairs, *, plain: bool = False
    ) -> None:
        self._file, self.line, self._value, self._plain = file, line, value, plain

    def complaint(self, what: str, suggestion: str = "") -> Complaint:
        return Complaint(self._file, self.line, what, suggestion)

    def fail(self, what: str, suggestion: str = "") -> NoReturn:
        raise BrokenPack(self.complaint(what, suggestion))

    def fields(self, known: Iterable[str]) -> dict[str, Node]:
        """A mapping whose keys are among the known; those that say nothing are left out."""
        complaints = Complaints()
        found = self.fields_but_for(complaints, list(known))
        complaints.settle()
        return found

    def fields_but_for(self, complaints: Complaints, known: Collection[str]) -> dict[str, Node]:
        """The fields of a mapping; a key that is not known is noted, and taken as what it probably
        means, so that reading can go on."""
        found: dict[str, Node] = {}
        meant: dict[str, Node] = {}
        for key, value in self.pairs():
            name = key.text()
            if name in known:
                if not value.empty:
                    found[name] = value
            else:
                complaints.note(key.complaint(f"'{name}' is not known here", nearest(name, known)))
                for near in get_close_matches(name, known, n=1):
                    meant[near] = value
        return meant | found

    def pairs(self) -> list[tuple[Node, Node]]:
        """A mapping of any keys, each of them once."""
        if not isinstance(self._value, _Pairs):
            self.fail("a mapping (key: value) belongs here")
        seen: set[str] = set()
        for key, _ in self._value:
            if (name := key.text()) in seen:
                key.fail(f"'{name}' is said twice")
            seen.add(name)
        return list(self._value)

    def need(self, key: str) -> Node:
        """The value of a key that must be there."""
        found = [v for name, v in self.pairs() if name.text() == key and not v.empty]
        return found[0] if found else self.fail(f"'{key}' is missing")

    @property
    def is_mapping(self) -> bool:
        return isinstance(self._value, _Pairs)

    @property
    def is_list(self) -> bool:
        return isinstance(self._value, list) and not self.is_mapping

    @property
    def empty(self) -> bool:
        return self._plain and self._value in _NOTHING

    def items(self) -> list[Node]:
        if not isinstance(self._value, list) or isinstance(self._value, _Pairs):
            self.fail("a list belongs here", "write [ … ], also for a single one")
        return list(self._value)

    def text(self) -> str:
        if not isinstance(self._value, str) or not self._value.strip():
            self.fail("a text belongs here")
        return self._value.strip()

    def integer(self, least: int = 0) -> int:
        text = self.text()
        if not _WHOLE.fullmatch(text) or int(text) < least:
            self.fail(f"'{text}' is not a whole number of at least {least}, of five digits at most")
        return int(text)

    def true_or_false(self) -> bool:
        return self.one_of(("true", "false")) == "true"

    def date(self) -> date:
        text = self.text()
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.fail(f"'{text}' is not a date", "dates are written 2026-11-21")

    def one_of(self, known: Collection[str]) -> str:
        text = self.text()
        if text not in known:
            self.fail(f"'{text}' is not known here", nearest(text, known))
        return text

    def choice(self, vocabulary: type[E]) -> E:
        return vocabulary(self.one_of([str(member) for member in vocabulary]))

    def choices(self, known: Collection[str]) -> list[str]:
        """A list, not empty, of known words."""
        items = self.items()
        if not items:
            self.fail("an empty list matches nothing", "leave the key out to match everything")
        complaints = Complaints()
        words = [complaints.tried(partial(item.one_of, known)) for item in items]
        complaints.settle()
        return words


class _Pairs(list[tuple[Node, Node]]):
    """The keys and values of a mapping, as they were written."""


class Section:
    """The fields of one mapping, read one by one; complaints are gathered for its reader."""

    def __init__(self, node: Node, known: Collection[str], complaints: Complaints) -> None:
        """Raises BrokenPack where it is no mapping at all."""
        self.node, self._complaints = node, complaints
        self._fields = node.fields_but_for(complaints, known)

    def __contains__(self, key: str) -> bool:
        return key in self._fields

    def get(self, key: str) -> Node | None:
        return self._fields.get(key)

    def must(self, key: str) -> Node:
        """The value of a key that must be there. Raises BrokenPack."""
        return self._fields.get(key) or self.node.fail(f"'{key}' is missing")

    def need(self, key: str, read: Callable[[Node], T]) -> T:
        """What a field that must be there says. See `Complaints.tried`."""
        return self._complaints.tried(lambda: read(self.must(key)))

    def may(self, key: str, read: Callable[[Node], T], default: D) -> T | D:
        """What a field that may be left out says. See `Complaints.tried`."""
        if key not in self._fields:
            return default
        return self._complaints.tried(lambda: read(self._fields[key]))


def read(file: Path) -> Node:
    """The top of a YAML file; raises BrokenPack where it is no YAML at all, and OSError."""
    return parse(file.name, file.read_bytes())


def parse(name: str, content: bytes) -> Node:
    """The top of the YAML in `content`, called `name` in complaints; raises BrokenPack."""
    if len(content) > _LARGEST:
        raise BrokenPack(Complaint(name, 1, "the file is too large", "4 MB at most"))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = content.count(b"\n", 0, broken.start) + 1
        raise BrokenPack(
            Complaint(name, line, f"not UTF-8: {broken.reason}", "save it as UTF-8")
        ) from broken
    try:
        top = _composed(name, yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line = mark.line + 1 if mark else 1
        raise BrokenPack(Complaint(name, line, broken.problem or "not YAML")) from broken
    except yaml.YAMLError as broken:
        raise BrokenPack(Complaint(name, 1, " ".join(str(broken).split()))) from broken
    if top is None:
        raise BrokenPack(Complaint(name, 1, "the file is empty"))
    return top


def nearest(word: str, known: Collection[str]) -> str:
    """The suggestion for a word that is not known: what was meant perhaps, or all there are."""
    near = get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else "one of: " + ", ".join(sorted(known))


class _Open(NamedTuple):
    """A mapping or a list whose end has not come yet; of a mapping keys and values alternate."""

    event: CollectionStartEvent
    line: int
    parts: list[Node]

    def closed(self, file: str) -> Node:
        if isinstance(self.event, MappingStartEvent):
            pairs = zip(self.parts[::2], self.parts[1::2], strict=True)
            return Node(file, self.line, _Pairs(pairs))
        return Node(file, self.line, self.parts)


def _composed(file: str, events: Iterable[Event]) -> Node | None:
    """The one document of a file; None if there is none."""
    top: list[Node] = []
    within: list[_Open] = []
    anchors: dict[str, Node] = {}
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 1
        anchor = event.anchor if isinstance(event, NodeEvent) else None
        if isinstance(event, ScalarEvent):
            node = Node(file, line, event.value, plain=event.implicit[0])
        elif isinstance(event, CollectionStartEvent):
            if len(within) == _DEEPEST:
                raise BrokenPack(Complaint(file, line, "there are too many brackets in brackets"))
            within.append(_Open(event, line, []))
            continue
        elif isinstance(event, CollectionEndEvent):
            ended = within.pop()
            node, anchor = ended.closed(file), ended.event.anchor
        elif isinstance(event, AliasEvent):
            if anchor not in anchors:
                raise BrokenPack(Complaint(file, line, f"'*{anchor}' stands for nothing yet"))
            node, anchor = anchors[anchor], None
        elif isinstance(event, DocumentStartEvent) and top:
            raise BrokenPack(Complaint(file, line, "another document begins here", "one a file"))
        else:
            continue
        if anchor:
            anchors[anchor] = node
        (within[-1].parts if within else top).append(node)
    return top[0] if top else None
