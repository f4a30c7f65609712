"""The commands in the guides work as they stand, and answer what is printed below them.

A block marked `sh` is run; the blocks of a guide are one session, in their order. The block right
below it says what comes back: `http` the status and the JSON of the last answer, `text` what is
printed. In them `…` stands for anything: within a word or line, as an element for any number of
elements, as a field for any further fields, as a line for any number of lines. An answer that is
not shown is a success; every block ends with 0. Blocks marked otherwise are not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).parents[2]
GUIDES: Final = ("README.md", "docs/lenders.md", "docs/operators.md", "docs/rule-writers.md")
ADDRESS: Final = "http://127.0.0.1:8000"
SESSION_SECONDS: Final = 600
ANYTHING: Final = "…"
_OTHER_HOUSES: Final = ("CASES_", "CONTACT_RULES_", "PLANS_", "CONSOLE_", "DOORSTEP_")


@dataclass(frozen=True)
class Example:
    """One block of commands, and what the guide says comes back."""

    guide: str
    line: int
    commands: str
    kind: str
    """Of the answer: `http`, `text`, or nothing where none is shown."""
    answer: str


@dataclass(frozen=True)
class Outcome:
    """What came back."""

    exit_code: int | None
    """None where the session ended before."""
    printed: str
    complained: str

    @property
    def statuses(self) -> list[int]:
        return [int(line) for line in self.complained.splitlines() if re.fullmatch(r"\d{3}", line)]


@cache
def examples(guide: str) -> tuple[Example, ...]:
    text = (ROOT / guide).read_text(encoding="utf-8")
    blocks = [token for token in MarkdownIt("commonmark").parse(text) if token.level == 0]
    found = []
    for at, block in enumerate(blocks):
        if block.type == "fence" and block.info == "sh":
            assert block.map is not None
            below = blocks[at + 1] if at + 1 < len(blocks) else None
            answered = below is not None and below.info in {"http", "text"}
            found.append(
                Example(
                    guide=guide,
                    line=block.map[0] + 1,
                    commands=block.content,
                    kind=below.info if below is not None and answered else "",
                    answer=below.content if below is not None and answered else "",
                )
            )
    return tuple(found)


ALL: Final = [example for guide in GUIDES for example in examples(guide)]


@pytest.fixture(scope="session")
def outcome(
    try_out: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Example], Outcome]]:
    """What came of an example, in the session of its guide. The sessions go on side by side."""
    with ThreadPoolExecutor(len(GUIDES)) as side_by_side:
        sessions = {
            guide: side_by_side.submit(
                _run, examples(guide), try_out, tmp_path_factory.mktemp("session")
            )
            for guide in GUIDES
        }
        yield lambda example: sessions[example.guide].result()[example]


def _run(session: tuple[Example, ...], try_out: Any, results: Path) -> dict[Example, Outcome]:
    script = ["set -u"]
    for number, example in enumerate(session):
        commands = example.commands.replace(ADDRESS, try_out.house.url)
        at = results / str(number)
        script.append(f'{{\n{commands}}} >"{at}.out" 2>"{at}.err"; echo $? >"{at}.code"')
    tools = (try_out.tools, try_out.directory / ".venv" / "bin")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(_OTHER_HOUSES)},
        "PATH": ":".join([os.environ["PATH"], *map(str, tools)]),
        "CURL_HOME": str(try_out.tools),
        "DOORSTEP_URL": try_out.house.url,
        "NO_COLOR": "1",
        "USER": "an-operator",
    }
    subprocess.run(
        ["sh", "-s"],
        input="\n".join(script) + "\n",
        text=True,
        cwd=try_out.directory,
        env=environment,
        timeout=SESSION_SECONDS,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    return {
        example: Outcome(
            exit_code=int(_read(results / f"{number}.code") or -1)
            if (results / f"{number}.code").exists()
            else None,
            printed=_read(results / f"{number}.out"),
            complained=_read(results / f"{number}.err"),
        )
        for number, example in enumerate(session)
    }


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("example", ALL, ids=[f"{each.guide}:{each.line}" for each in ALL])
def test_comes_back_as_printed(example: Example, outcome: Callable[[Example], Outcome]) -> None:
    came = outcome(example)
    seen = f"\n{came.printed}\n{came.complained}"
    assert came.exit_code == 0, f"ended with {came.exit_code}:{seen}"
    statuses = came.statuses
    if example.kind == "http":
        said, _, body = example.answer.partition("\n")
        assert statuses, f"no answer came:{seen}"
        assert statuses.pop() == int(said.split()[0]), seen
        wrong = differences(json.loads(body), json.loads(came.printed))
        assert not wrong, "\n".join(wrong) + seen
    elif example.kind == "text":
        assert matches(example.answer, came.printed), seen
    assert all(200 <= status < 300 for status in statuses), seen


def test_thirty_minutes_are_enough_for_rule_writers() -> None:
    """To read all of it, what is run and what comes back included, at half of a reader's speed."""
    words = (ROOT / "docs/rule-writers.md").read_text(encoding="utf-8").split()
    assert len(words) / 100 < 25


def matches(expected: str, printed: str) -> bool:
    """Whether printed text is what a `text` block shows."""
    lines = [line.rstrip() for line in printed.replace("\r", "").rstrip().splitlines()]
    pattern = "".join(
        r"(?:[^\n]*\n)*"
        if line.strip() == ANYTHING
        else re.escape(line.rstrip()).replace(ANYTHING, r"[^\n]*") + r"\n"
        for line in expected.rstrip().splitlines()
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def differences(expected: Any, found: Any, at: str = "") -> list[str]:
    """Where JSON that came back is not what an `http` block shows, in words."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return _different_objects(expected, found, at)
    if isinstance(expected, list) and isinstance(found, list):
        return _different_lists(expected, found, at)
    if expected in (ANYTHING, found):
        return []
    if isinstance(expected, str) and isinstance(found, str):
        pattern = re.escape(expected).replace(ANYTHING, ".*")
        if re.fullmatch(pattern, found, re.DOTALL):
            return []
    return [f"{at or '/'}: shown {expected!r}, came {found!r}"]


def _different_objects(expected: dict[str, Any], found: dict[str, Any], at: str) -> list[str]:
    wrong = []
    for name, value in expected.items():
        if name == ANYTHING:
            continue
        if name not in found:
            wrong.append(f"{at}/{name}: shown, did not come")
        else:
            wrong += differences(value, found[name], f"{at}/{name}")
    if ANYTHING not in expected:
        wrong += [f"{at}/{name}: came, is not shown" for name in found if name not in expected]
    return wrong


def _different_lists(expected: list[Any], found: list[Any], at: str) -> list[str]:
    if not expected:
        return [f"{at}: shown empty, came {len(found)}"] if found else []
    if expected[0] == ANYTHING:
        tries = [_different_lists(expected[1:], found[n:], at) for n in range(len(found) + 1)]
        return min(tries, key=len)
    if not found:
        return [f"{at}: shown {expected[0]!r}, came nothing"]
    return differences(expected[0], found[0], f"{at}[]") + _different_lists(
        expected[1:], found[1:], at
    )


SHOWN = {"id": "…", "list": ["…", {"rule": "a", "…": "…"}, "…"], "of": "tw@…"}


@pytest.mark.parametrize(
    "came",
    [
        {"id": 1, "list": [{"rule": "a"}], "of": "tw@1"},
        {"id": None, "list": [3, {"rule": "a", "more": 1}, {"rule": "b"}], "of": "tw@"},
    ],
)
def test_dots_stand_for_anything(came: Any) -> None:
    assert differences(SHOWN, came) == []


@pytest.mark.parametrize(
    "came",
    [
        {"id": 1, "list": [{"rule": "a"}]},
        {"id": 1, "list": [{"rule": "a"}], "of": "cn@1"},
        {"id": 1, "list": [], "of": "tw@1"},
        {"id": 1, "list": [{"rule": "b"}], "of": "tw@1"},
        {"id": 1, "list": [{"rule": "a"}], "of": "tw@1", "unheard": "of"},
    ],
)
def test_and_nothing_else_does(came: Any) -> None:
    assert differences(SHOWN, came)


def test_text_is_compared_line_by_line() -> None:
    assert matches("a … c\n…\nend\n", "a b c\r\nx\ny\nend  \n\n")
    assert matches("…\nend", "end")
    assert not matches("a\nend", "a\nb\nend")
    assert not matches("a …", "b c")
