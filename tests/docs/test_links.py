"""Links between the files of the project lead somewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.dom import minidom

import pytest

ROOT: Final = Path(__file__).parents[2]
LEFT_OUT: Final = {".venv", ".git", ".doorstep", "node_modules", ".pytest_cache"}
GUIDES: Final = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*.md")
    if not LEFT_OUT.intersection(path.relative_to(ROOT).parts)
)


def test_the_guides_are_found() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/lenders.md", "docs/operators.md"} <= {*GUIDES}


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_leads_somewhere(name: str, guide: Callable[[str], Any]) -> None:
    wrong = []
    for line, target in guide(name).links:
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.resolve().is_relative_to(ROOT) or not file.exists():
            wrong.append(f"{name}:{line}: {target} leads nowhere")
        elif anchor and anchor not in guide(str(file.resolve().relative_to(ROOT))).anchors:
            wrong.append(f"{name}:{line}: {target} has no such heading")
    assert not wrong, "\n".join(wrong)


def test_every_guide_is_in_the_index(guide: Callable[[str], Any]) -> None:
    indexed = {target for _, target in guide("docs/README.md").links}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= indexed
    decided = {target for _, target in guide("docs/decisions/README.md").links}
    decisions = {path.name for path in (ROOT / "docs" / "decisions").glob("0*.md")}
    assert decisions <= decided


def test_the_picture_says_in_words_what_it_shows() -> None:
    picture = minidom.parse(str(ROOT / "docs" / "house.svg")).documentElement
    assert picture is not None
    assert picture.getAttribute("role") == "img"
    for name in ("title", "desc"):
        (element,) = picture.getElementsByTagName(name)
        assert element.firstChild is not None
    text = picture.toxml()
    for part in ("gateway", "cases", "contact-rules", "plans", "console", "inbox", "outbox"):
        assert f">{part}<" in text, part
