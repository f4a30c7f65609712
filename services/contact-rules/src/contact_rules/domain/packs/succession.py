"""Versions of a pack that follow each other: one that comes into force ends the one before it.

Files say nothing of versions that were put in force while the service runs, and are never
rewritten: that they end is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from contact_rules.domain.packs.library import Library
from contact_rules.domain.packs.pack import Pack
from contact_rules.domain.packs.person_protection import guarded
from contact_rules.domain.zones import day_number

_DAY = timedelta(days=1)


def in_succession(files: Iterable[Pack], live: Iterable[Pack]) -> list[Pack]:
    """The packs of the files and those put in force since, each ended by the next of its id.

    ``live`` come with the days they were scheduled for. Against a file of another version from the
    same day on they win: two people approved them. A file of the same name is the same pack, as
    when a release brings along what was put in force before: it is in force from whichever day is
    earlier, by the text that was approved. Files that contradict each other are left to do so:
    `Library` says it.
    """
    files = list(files)
    on_disk = {pack.name: pack for pack in files}
    live = [
        _begun(pack, min(_begins(pack), _begins(on_disk.get(pack.name, pack)))) for pack in live
    ]
    names = {pack.name for pack in live}
    by_id: dict[str, list[Pack]] = {}
    for pack in live:
        by_id.setdefault(pack.id, []).append(pack)
    found: list[Pack] = []
    for pack in files:
        if pack.name not in names:
            found += _before(pack, [_begins(each) for each in by_id.get(pack.id, ())])
    for pack in live:
        later = [each for each in (*found, *by_id[pack.id]) if each.id == pack.id]
        begins = [_begins(each) for each in later if _begins(each) > _begins(pack)]
        found += _before(pack, begins)
    return found


def guarded_library(files: Iterable[Pack], live: Iterable[Pack]) -> Library:
    """What decisions are made by: see `in_succession`.

    Raises BrokenPack where these can't stand beside each other, or don't protect each person.
    """
    return guarded(Library(in_succession(files, live)))


def in_place_of(packs: Iterable[Pack], draft: Pack) -> Library:
    """These packs with the draft in force on all days, and no other version of it.

    Raises BrokenPack where it can't stand beside the others, or person-protection is weakened.
    """
    return guarded(Library([*(pack for pack in packs if pack.id != draft.id), at_all_times(draft)]))


def at_all_times(pack: Pack) -> Pack:
    """The pack as if it had always been in force. Rules that begin or end on days of their own,
    within its days, still do."""
    return _on_days(pack, date.min, date.max)


def _begun(pack: Pack, first: date) -> Pack:
    """The pack in force from an earlier day on."""
    if first == _begins(pack):
        return pack
    return _on_days(pack, first, pack.effective_to or date.max)


def _on_days(pack: Pack, first: date, last: date) -> Pack:
    """The pack on more days than its own; rules that began or ended with it still do."""
    began, ended = day_number(_begins(pack)), day_number(pack.effective_to or date.max)
    from_, to = day_number(first), day_number(last)
    rules = {
        id(rule): replace(
            rule,
            effective_from=from_ if rule.effective_from == began else rule.effective_from,
            effective_to=to if rule.effective_to == ended else rule.effective_to,
        )
        for rule in pack.rules
    }
    return replace(
        pack,
        effective_from=None if first == date.min else first,
        effective_to=None if last == date.max else last,
        rules=tuple(rules.values()),
        tightens=tuple(replace(each, rule=rules[id(each.rule)]) for each in pack.tightens),
    )


def _before(pack: Pack, begins: Sequence[date]) -> list[Pack]:
    """The pack until the first of these days; nothing, if none is left to it."""
    own = _begins(pack)
    following = [day for day in begins if day >= own]
    if not following:
        return [pack]
    last = min(following)
    return [] if last <= own else [pack.limited(None, last - _DAY)]


def _begins(pack: Pack) -> date:
    return pack.effective_from or date.min
