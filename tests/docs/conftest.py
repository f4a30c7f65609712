"""The guides as tests read them, and a house to try their commands on."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from contact_rules.domain import shipped
from doorstep_process import House, house
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in_curl.py")


class Cell(str):
    """What stands in one field of a table."""

    __slots__ = ()

    @property
    def code(self) -> list[str]:
        """What of it is in code type."""
        return re.findall(r"`([^`]+)`", self)


@dataclass(frozen=True)
class Guide:
    """A Markdown file of the project."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @property
    def anchors(self) -> set[str]:
        """What `#…` may point at here: headings as code hosts name them."""
        return {
            re.sub(r"[^\w\- ]", "", content.content.lower()).replace(" ", "-")
            for opening, content in zip(self.tokens, self.tokens[1:], strict=False)
            if opening.type == "heading_open"
        }

    @property
    def links(self) -> list[tuple[int, str]]:
        """Line and target of each link and picture."""
        return [
            (token.map[0] + 1 if token.map else 0, str(target))
            for token in self.tokens
            for child in token.children or ()
            if (target := child.attrGet("href") or child.attrGet("src"))
        ]

    @property
    def code(self) -> list[tuple[int, str]]:
        """Line and text of everything in code type: blocks by line, and words in sentences."""
        found = []
        for token in self.tokens:
            begins = token.map[0] + 1 if token.map else 0
            if token.type in {"fence", "code_block"}:
                lines = token.content.splitlines()
                found += [(begins + at, line) for at, line in enumerate(lines, start=1)]
            for child in token.children or ():
                if child.type == "code_inline":
                    found.append((begins, child.content))
        return found

    def table(self, heading: str, first: str | None = None) -> list[list[Cell]]:
        """The rows below the head of the first table after a heading, cell by cell.

        `first`: what stands first in its head, where there are several.
        """
        rows: list[list[Cell]] = []
        under = inside = False
        head: list[str] = []
        for at, token in enumerate(self.tokens):
            if token.type == "inline" and self.tokens[at - 1].type == "heading_open":
                under = token.content == heading
            elif token.type == "thead_open":
                head = []
            elif token.type == "th_open":
                head.append(self.tokens[at + 1].content)
            elif under and token.type == "tbody_open":
                inside = first in (None, *head[:1])
            elif inside and token.type == "tr_open":
                rows.append([])
            elif inside and token.type == "td_open":
                rows[-1].append(Cell(self.tokens[at + 1].content))
            elif inside and token.type == "tbody_close":
                return rows
        raise AssertionError(f"{self.path} has no table of {first or 'anything'} under “{heading}”")

    def blocks(self, info: str) -> list[tuple[int, str, str]]:
        """Line, heading above and text of each block of code marked so."""
        found, heading = [], ""
        for at, token in enumerate(self.tokens):
            if token.type == "inline" and self.tokens[at - 1].type == "heading_open":
                heading = token.content
            elif token.type == "fence" and token.info == info:
                assert token.map is not None
                found.append((token.map[0] + 1, heading, token.content))
        return found

    def words(self, heading: str | None = None) -> set[str]:
        """The words in code type in sentences and tables: of all, or below one heading."""
        found: set[str] = set()
        level = ""
        for at, token in enumerate(self.tokens):
            if token.type == "heading_open" and token.tag <= (level or "h6"):
                level = token.tag if self.tokens[at + 1].content == heading else ""
            elif token.type == "inline" and (level or heading is None):
                for child in token.children or ():
                    if child.type == "code_inline":
                        found |= set(re.findall(r"[\w-]+", child.content))
        return found


@pytest.fixture(scope="session")
def guide() -> Callable[[str], Guide]:
    """`guide("docs/lenders.md")`, by its path in the project."""
    read: dict[str, Guide] = {}
    return lambda name: read.setdefault(name, Guide(ROOT / name))


@pytest.fixture
def reference(guide: Callable[[str], Guide]) -> Guide:
    """That of the pack format."""
    return guide("docs/packs.md")


@dataclass(frozen=True)
class TryOut:
    """A house that stands open and empty, and a directory like that of somebody who has it."""

    house: House
    directory: Path
    """Holds `.venv`, the services and the home, `.doorstep`, as the root of the project does. Its
    house has its packs in `house-packs`, as the rule writers' guide has."""
    tools: Path
    """Holds `curl` where this machine has none, and curl's settings."""


@pytest.fixture(scope="session")
def try_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TryOut]:
    directory = tmp_path_factory.mktemp("try-out")
    (directory / ".venv").symlink_to(sys.prefix)
    (directory / "services").symlink_to(ROOT / "services")
    packs = shutil.copytree(shipped(), directory / "house-packs")
    tools = tmp_path_factory.mktemp("tools")
    # So that the status of each answer is seen without a word of it in the examples.
    (tools / ".curlrc").write_text('write-out = "%{stderr}%{http_code}\\n"\n')
    if shutil.which("curl") is None:
        curl = tools / "curl"
        curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
        curl.chmod(0o755)
    environment = {"CONTACT_RULES_PACKS": str(packs)}
    with house(directory / ".doorstep", "--no-demo", environment=environment) as running:
        running.wait_until_open(120)
        yield TryOut(running, directory, tools)
