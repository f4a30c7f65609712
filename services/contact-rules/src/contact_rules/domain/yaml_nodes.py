"""Reads a YAML file so that every complaint names the file, the line and what would be right.

Scalars stay as they were written: `NO` is Norway and `08:00` is a time, never a truth or a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode

E = TypeVar("E", bound=StrEnum)
_WHOLE: Final = re.compile(r"[0-9]{1,5}")
_NOTHING: Final = ("", "~", "null", "Null", "NULL")


class BrokenPack(Exception):
    """A pack that can't be used. The sentence names the file, the line and, if known, a remedy."""

    def __init__(self, file: str, line: int, what: str, suggestion: str = "") -> None:
        self.file, self.line, self.what, self.suggestion = file, line, what, suggestion
        super().__init__(f"{file}:{line}: {what}" + (f" ({suggestion})" if suggestion else ""))


class Node:
    """One value of the file, with its line."""

    def __init__(self, file: str, yaml: YamlNode) -> None:
        self._file, self._yaml = file, yaml

    @property
    def line(self) -> int:
        return int(self._yaml.start_mark.line) + 1

    def fail(self, what: str, suggestion: str = "") -> NoReturn:
        raise BrokenPack(self._file, self.line, what, suggestion)

    def fields(self, known: Iterable[str]) -> dict[str, Node]:
        """A mapping whose keys are among the known; those that say nothing are left out."""
        known = list(known)
        found: dict[str, Node] = {}
        for key, value in self.pairs():
            name = key.text()
            if name not in known:
                key.fail(f"'{name}' is not known here", _nearest(name, known))
            if not value.empty:
                found[name] = value
        return found

    def pairs(self) -> list[tuple[Node, Node]]:
        """A mapping of any keys, each of them once."""
        if not isinstance(self._yaml, MappingNode):
            self.fail("a mapping (key: value) belongs here")
        pairs = [(Node(self._file, k), Node(self._file, v)) for k, v in self._yaml.value]
        seen: set[str] = set()
        for key, _ in pairs:
            if (name := key.text()) in seen:
                key.fail(f"'{name}' is said twice")
            seen.add(name)
        return pairs

    def need(self, key: str) -> Node:
        """The value of a key that must be there."""
        values = {name.text(): value for name, value in self.pairs()}
        if key not in values or values[key].empty:
            self.fail(f"'{key}' is missing")
        return values[key]

    @property
    def is_mapping(self) -> bool:
        return isinstance(self._yaml, MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self._yaml, SequenceNode)

    @property
    def empty(self) -> bool:
        y = self._yaml
        return isinstance(y, ScalarNode) and y.style is None and y.value in _NOTHING

    def items(self) -> list[Node]:
        if not isinstance(self._yaml, SequenceNode):
            self.fail("a list belongs here", "write [ … ], also for a single one")
        return [Node(self._file, item) for item in self._yaml.value]

    def text(self) -> str:
        if not isinstance(self._yaml, ScalarNode) or not self._yaml.value.strip():
            self.fail("a text belongs here")
        return str(self._yaml.value).strip()

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
            self.fail(f"'{text}' is not known here", _nearest(text, known))
        return text

    def choice(self, vocabulary: type[E]) -> E:
        return vocabulary(self.one_of([str(member) for member in vocabulary]))

    def choices(self, known: Collection[str]) -> list[str]:
        """A list, not empty, of known words."""
        items = self.items()
        if not items:
            self.fail("an empty list matches nothing", "leave the key out to match everything")
        return [item.one_of(known) for item in items]


def read(file: Path) -> Node:
    """The top of a YAML file; raises BrokenPack where it is no YAML at all."""
    try:
        yaml = YAML(typ="safe", pure=True).compose(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as broken:
        raise BrokenPack(
            file.name, 1, f"not UTF-8: {broken.reason}", "save it as UTF-8"
        ) from broken
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line = mark.line + 1 if mark else 1
        raise BrokenPack(file.name, line, broken.problem or "not YAML") from broken
    except YAMLError as broken:
        raise BrokenPack(file.name, 1, str(broken)) from broken
    if yaml is None:
        raise BrokenPack(file.name, 1, "the file is empty")
    return Node(file.name, yaml)


def _nearest(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else "one of: " + ", ".join(sorted(known))
