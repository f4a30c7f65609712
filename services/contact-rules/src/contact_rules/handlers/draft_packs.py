"""Somebody writes a pack: it is taken as a draft if it could stand beside all others."""

from dataclasses import replace
from datetime import date, datetime
from typing import Final

from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import BrokenPack, Library, Pack, UnknownPack, run_examples
from contact_rules.domain.pack_version import (
    PackVersion,
    Step,
    VersionRefusal,
    VersionState,
    latest_day,
)
from contact_rules.domain.packs.coverage import untried
from contact_rules.domain.packs.loading import PACK_ID, parse_pack
from contact_rules.domain.packs.succession import in_place_of
from contact_rules.domain.yaml_nodes import Complaint, parse
from contact_rules.store import pack_versions
from contact_rules.store.shelf import InUse

_FILE: Final = "draft.yaml"
_WORDS_OF_THE_API: Final = ("drafts",)
"""What stands in addresses where the id of a pack stands."""


class VersionIsThere(VersionRefusal):
    """There is a pack of this id and version, and its text never changes."""

    code = "version_is_there"

    def __init__(self) -> None:
        super().__init__(
            "There is a pack of this id and version; give the changed text a version of its own.",
            "此规则包的该版本已存在；修改后的文本须使用新的版本。",
        )


def draft_pack(
    session: Session, content: bytes, now: datetime, *, by: str, reason: str | None, in_use: InUse
) -> PackVersion:
    """Keep a pack as a draft.

    Raises BrokenPack with all that is wrong with it (see `examined`), and VersionIsThere.
    """
    pack = examined(content, in_use, now)
    version = PackVersion(
        id=new_id(),
        pack_id=pack.id,
        version=pack.version,
        digest=pack.digest,
        state=VersionState.DRAFT,
        author=by,
        created_at=now,
        changed_at=now,
    )
    if any(pack.name == each.name for each in in_use.files):
        raise VersionIsThere
    pack_versions.keep_text(session, pack, now)
    if not pack_versions.add(session, version):
        raise VersionIsThere
    pack_versions.note(session, Step(new_id(), version.id, "drafted", by, now, reason))
    return version


def examined(content: bytes, in_use: InUse, now: datetime) -> Pack:
    """The pack, if it could be put in force: it can be read, it stands beside all others that are
    in use (in place of its older versions), and each of its rules is shown by its own examples.

    Takes a second for a large one. Raises BrokenPack with everything that speaks against it.
    """
    id_ = parse(_FILE, content).need("id").text()
    if not PACK_ID.fullmatch(id_) or id_ in _WORDS_OF_THE_API:
        raise BrokenPack(Complaint(_FILE, 1, f"'{id_}' is no name of a pack", "as us-ma"))
    pack = parse_pack(f"{id_}.yaml", content)
    pack = replace(pack, file=f"{pack.name}.yaml")
    if (pack.effective_to or date.max) < latest_day(now):
        pack.source.need("effective_to").fail("its last day is over")
    in_place_of(in_use.library, pack)
    _refuse_other_outcomes(pack, in_use.library)
    return pack


def _refuse_other_outcomes(pack: Pack, library: Library) -> None:
    """As `doorstep packs test` does."""
    beside = Library([*(each for each in library if each.id != pack.id), pack])
    try:
        results = run_examples(pack, beside)
    except UnknownPack as unknown:
        assert pack.examples is not None
        pack.examples.fail(str(unknown))
    file = f"{pack.id}.yaml"
    complaints = [
        Complaint(file, result.line, f"example “{result.why}”: {problem}")
        for result in results
        for problem in result.problems
    ]
    lines = {
        rule.id: node.line
        for rule, node in zip(pack.rules, pack.source.need("rules").items(), strict=True)
    }
    for each in untried(pack, [result.decision for result in results]):
        lacks = [] if each.broken else ["none that it denies"]
        lacks += [] if each.kept else ["none that it lets pass"]
        complaints.append(
            Complaint(
                file, lines[each.rule], f"{each.rule} has no full examples: " + " and ".join(lacks)
            )
        )
    if complaints:
        raise BrokenPack(*complaints)
