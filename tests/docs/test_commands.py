"""Commands in the guides exist, and every command is in a guide."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import typer.main
from doorstep.__main__ import app

ROOT: Final = Path(__file__).parents[2]
GUIDES: Final = (
    "README.md",
    "CHANGELOG.md",
    "docs/README.md",
    "docs/lenders.md",
    "docs/operators.md",
    "docs/packs.md",
    "docs/rule-writers.md",
    "shared/contracts/README.md",
)


def commands() -> dict[str, set[str]]:
    """Each command of `doorstep`, such as `parked list`, with its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        below = getattr(command, "commands", {})
        for word, each in below.items():
            walk(each, f"{name} {word}".strip())
        if name and not below:
            found[name] = {
                option
                for parameter in command.params
                if parameter.param_type_name == "option"
                for option in (*parameter.opts, *parameter.secondary_opts)
            } | {"--help"}

    walk(typer.main.get_command(app), "")
    return found


def mentioned(guide: Callable[[str], Any]) -> Iterator[tuple[str, list[str]]]:
    """Where a guide writes `doorstep …` or `….venv/bin/doorstep …` in code, and the words after."""
    for name in GUIDES:
        text = "\n".join(code for _, code in guide(name).code).replace("\\\n", " ")
        for line in text.splitlines():
            for found in re.finditer(r"(?:^|[\s(/])doorstep ((?:[\w-]+ ?)[^|)#]*)", line):
                yield f"{name}: {line.strip()}", found[1].split()


def test_every_command_is_in_a_guide(guide: Callable[[str], Any]) -> None:
    written = {" ".join(words[:2]) for _, words in mentioned(guide)}
    written |= {" ".join(words[:1]) for _, words in mentioned(guide)}
    assert not commands().keys() - written


def test_every_command_in_a_guide_exists_with_its_options(guide: Callable[[str], Any]) -> None:
    known = commands()
    groups = {name.split()[0] for name in known if " " in name}
    wrong = []
    for where, words in mentioned(guide):
        name = " ".join(words[:2]) if words[0] in groups and len(words) > 1 else words[0]
        if name in groups or words[0] == "COMMAND":
            continue
        if name not in known:
            wrong.append(f"{where}: no command {name}")
            continue
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        wrong += [f"{where}: {name} has no {option}" for option in options - known[name]]
    assert not wrong, "\n".join(wrong)


def test_options_in_the_table_of_commands_exist(guide: Callable[[str], Any]) -> None:
    known = commands()
    rows = guide("docs/operators.md").table("Commands")
    assert {row[0].strip("`").removeprefix("doorstep ") for row in rows} == known.keys()
    for name, what in rows:
        options = set(re.findall(r"--[\w-]+", what))
        assert options <= known[name.strip("`").removeprefix("doorstep ")], name


def test_make_lists_every_target_the_guides_name(guide: Callable[[str], Any]) -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    targets = set(re.findall(r"^  make (\w+)", listed, re.M))
    for name in GUIDES:
        # Not in sentences: “make” is a word.
        for _, code in guide(name).code:
            for target in re.findall(r"(?:^|[$`(] ?)make (\w+)", code):
                assert target in targets, f"{name}: {code}"
    shown = "\n".join(code for _, code in guide("README.md").code)
    assert "make run " in shown
    assert "make test " in shown


def test_commands_of_the_compose_script_exist(guide: Callable[[str], Any]) -> None:
    script = (ROOT / "deploy" / "compose").read_text(encoding="utf-8")
    own = set(re.findall(r"^#   deploy/compose (\w+)", script, re.M)) | {"story", "ps", "exec"}
    of_docker = {"stop", "start", "restart"}
    for name in GUIDES:
        for _, code in guide(name).code:
            for word in re.findall(r"deploy/compose (\w+)", code):
                assert word in own | of_docker, f"{name}: {code}"
