"""What packs say about each other: versions that follow each other, extensions, tightened rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from contact_rules.domain.packs.pack import Applies, Pack, Tightening
from contact_rules.domain.packs.tightening import looser_than
from contact_rules.domain.yaml_nodes import Complaints, nearest


def refuse_contradictions(packs: Sequence[Pack]) -> Sequence[Pack]:
    """The packs, if they can stand beside each other. Raises BrokenPack with all that speaks
    against it:

    - two versions of a pack that are in force on the same day,
    - packs extended that there are not, or that extend each other in a circle,
    - rules that claim to tighten another and are looser, or can't be proven not to be.
    """
    complaints = Complaints()
    _check_versions(packs, complaints)
    _check_extensions(packs, complaints)
    _check_tightenings(packs, complaints)
    complaints.settle()
    return packs


def _direct(packs: Iterable[Pack]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pack in packs:
        found.setdefault(pack.id, set()).update(pack.extends)
    return found


def _all_brought(id_: str, direct: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [id_]
    while left:
        for each in direct.get(left.pop(), ()):
            if each not in found:
                found.add(each)
                left.append(each)
    return found


def _check_versions(packs: Sequence[Pack], complaints: Complaints) -> None:
    for one, other in combinations(packs, 2):
        if one.id == other.id and one.meets(other):
            later = max(one, other, key=lambda pack: (pack.version, pack.file))
            earlier = one if later is other else other
            complaints.note(
                later.source.complaint(
                    f"{later.name} ({later.file}) and {earlier.name} ({earlier.file})"
                    " are in force on the same days",
                    "end the earlier one with effective_to, begin the later one with"
                    " effective_from",
                )
            )


def _check_extensions(packs: Sequence[Pack], complaints: Complaints) -> None:
    by_id = {pack.id: pack for pack in packs}
    direct = _direct(packs)
    for pack in packs:
        for node in pack.source.need("extends").items() if pack.extends else ():
            id_ = node.text()
            extended = by_id.get(id_)
            if extended is None:
                complaints.note(node.complaint(f"there is no pack '{id_}'", nearest(id_, by_id)))
            elif id_ == pack.id or pack.id in _all_brought(id_, direct):
                way = " → ".join(_way(id_, pack.id, direct))
                complaints.note(
                    node.complaint(f"packs extend each other in a circle: {pack.id} → {way}")
                )
            elif extended.applies is Applies.OVERLAY and extended.lender != pack.lender:
                complaints.note(
                    node.complaint(f"'{id_}' is for the contacts of '{extended.lender}' alone")
                )


def _way(from_: str, to: str, direct: Mapping[str, set[str]]) -> list[str]:
    """From one pack to another that it brings along, by the shortest way."""
    ways = [[from_]]
    for way in ways:
        if way[-1] == to:
            return way
        ways += ([*way, each] for each in sorted(direct.get(way[-1], ())) if each not in way)
    raise AssertionError("it was found to be brought along")


def _check_tightenings(packs: Sequence[Pack], complaints: Complaints) -> None:
    ids = {rule.id for pack in packs for rule in pack.rules}
    for pack in packs:
        for tightening in pack.tightens:
            if tightening.base not in ids:
                complaints.note(
                    tightening.source.complaint(
                        f"there is no rule '{tightening.base}'", nearest(tightening.base, ids)
                    )
                )
            elif tightening.base.partition(".")[0] == pack.id:
                complaints.note(tightening.source.complaint("it tightens a rule of another pack"))
            else:
                _check_tightening(pack, tightening, packs, complaints)


def _check_tightening(
    pack: Pack, tightening: Tightening, packs: Iterable[Pack], complaints: Complaints
) -> None:
    """All wordings of the other rule that are in force together with this one are looked at."""
    rule = tightening.rule
    advice = "write it as a rule of its own, without 'tightens': it is asked beside the law anyway"
    met = False
    for other in packs:
        for base in other.rules:
            if base.id != tightening.base or not (
                rule.effective_from <= base.effective_to
                and base.effective_from <= rule.effective_to
            ):
                continue
            met = True
            looser = [*_asked_less(pack, other), *looser_than(rule, base)]
            if looser:
                complaints.note(
                    tightening.source.complaint(
                        f"'{rule.id}' does not tighten '{base.id}' ({other.name}): "
                        + "; ".join(looser),
                        advice,
                    )
                )
    if not met:
        complaints.note(
            tightening.source.complaint(
                f"'{rule.id}' is never in force together with '{tightening.base}'"
            )
        )


def _asked_less(pack: Pack, other: Pack) -> Iterable[str]:
    if pack.covers is not None and (other.covers is None or not pack.covers.contains(other.covers)):
        yield f"it is asked in fewer cases (covers {pack.covers})"
