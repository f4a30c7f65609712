"""Everything that is wrong with some files of packs: each for itself, then all of them together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from contact_rules.domain.packs.library import Library
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.pack import Pack
from contact_rules.domain.packs.person_protection import refuse_unprotected
from contact_rules.domain.yaml_nodes import BrokenPack, Complaint, Complaints


class Linted(NamedTuple):
    """The packs that could be read, by the name of their file, and what is wrong."""

    packs: dict[str, Pack]
    complaints: tuple[Complaint, ...]


def lint(files: Iterable[Path]) -> Linted:
    """How these files would do as a library. Never raises for what is in them, nor for one that
    can't be read."""
    complaints = Complaints()
    packs = {}
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            complaints.note(Complaint(file.name, 1, f"it can't be read: {error.strerror}"))
            continue
        packs[file.name] = complaints.tried(partial(parse_pack, file.name, content))
    if not complaints:
        # Only now: what those say that can't be read is not known.
        complaints.tried(lambda: Library(packs.values()))
        complaints.tried(lambda: refuse_unprotected(packs.values()))
    try:
        complaints.settle()
    except BrokenPack as broken:
        return Linted(packs, broken.complaints)
    return Linted(packs, ())
