"""From the YAML of a pack to rules that can be asked; anything doubtful in it is refused.

A writer is told everything that is wrong with a file, not only the first of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from contact_rules.domain.contact import CollectorClass, Product
from contact_rules.domain.decision import Severity, SourceQuality, Text, Verdict
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.packs.pack import CITY, REGION, Applies, Covers, Pack, Tightening
from contact_rules.domain.question import ALL_CANDIDATES, AT_THE_PLACE, BY_CHANNEL
from contact_rules.domain.rule import Judge, Rule
from contact_rules.domain.selector import read_selector
from contact_rules.domain.wording import Template, blanks_in
from contact_rules.domain.yaml_nodes import Complaint, Complaints, Node, Section, parse
from contact_rules.domain.zones import day_number, zone

PACK_FIELDS: Final = (
    "id",
    "version",
    "title",
    "applies",
    "covers",
    "lender",
    "extends",
    "zone",
    "on_fail",
    "effective_from",
    "effective_to",
    "verify",
    "rules",
    "examples",
)
RULE_FIELDS: Final = (
    "id",
    "kind",
    "severity",
    "on_fail",
    "tightens",
    "applies_when",
    "exceptions",
    "zone",
    "params",
    "citation",
    "source_quality",
    "effective_from",
    "effective_to",
    "message",
)
COVERS_FIELDS: Final = ("country", "region", "city", "collectors", "products")
PACK_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
RULE_NAME: Final = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*", re.ASCII)
COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_REMEMBERED: Final = 64
"""Texts whose packs are kept: a library, and a few of its earlier and later versions."""
_VERDICTS: Final = [str(verdict) for verdict in (Verdict.DENY, Verdict.NEEDS_REVIEW)]


class _Common(NamedTuple):
    """What all rules of a pack have in common, unless one says otherwise."""

    pack: str
    id: str
    zone: Node | None
    on_fail: Mapping[Severity, Verdict]
    effective_from: date
    effective_to: date


def read_pack(file: Path) -> Pack:
    """The pack in a file. Raises BrokenPack with all that is wrong with it, and OSError."""
    return parse_pack(file.name, file.read_bytes())


@lru_cache(maxsize=_REMEMBERED)
def parse_pack(file: str, content: bytes) -> Pack:
    """The pack in the content of a file of that name. Raises BrokenPack.

    The same pack for the same text: it is read once, however often a file is looked at, a version
    is simulated or a decision made by it is replayed.
    """
    complaints = Complaints()
    top = parse(file, content)
    pack = Section(top, PACK_FIELDS, complaints)
    if not content.endswith(b"\n"):
        # A file cut off in the middle may well be a pack, with less law in it.
        complaints.note(
            Complaint(
                file,
                content.count(b"\n") + 1,
                "the last line does not end, as of a file that is half written",
                "end it with a line break",
            )
        )
    stem, _, dated = file.removesuffix(".yaml").partition("@")
    pack.need("id", partial(_read_id, stem=stem))
    version = pack.need("version", partial(_read_version, dated=dated))
    title = pack.need("title", _read_text)
    applies = pack.need("applies", lambda node: node.choice(Applies))
    covers = pack.may("covers", partial(_read_covers, complaints=complaints), None)
    lender = pack.may("lender", Node.text, None)
    _check_scope(pack, applies, complaints)
    extends = pack.may("extends", _read_extends, ())
    from_, to = _read_dates(pack)
    verify = pack.may("verify", lambda node: tuple(each.text() for each in node.items()), ())
    common = _Common(
        pack=f"{stem}@{version}",
        id=stem,
        zone=pack.get("zone"),
        on_fail=pack.may("on_fail", _read_pack_on_fail, {}) or {},
        effective_from=from_,
        effective_to=to,
    )
    nodes = pack.need("rules", _read_list)
    rules = [complaints.tried(partial(_read_rule, node, common)) for node in nodes or ()]
    complaints.settle()
    _refuse_twins(nodes, rules)
    return Pack(
        id=stem,
        version=version,
        name=common.pack,
        title=title,
        applies=applies,
        covers=covers,
        lender=lender,
        extends=extends,
        effective_from=None if from_ == date.min else from_,
        effective_to=None if to == date.max else to,
        verify=verify,
        rules=tuple(rules),
        tightens=_read_tightenings(nodes, rules, applies),
        examples=pack.get("examples"),
        source=top,
        file=file,
        content=content,
        digest=sha256(content).hexdigest(),
    )


class _Judged(NamedTuple):
    """What the kind of a rule has a say in."""

    kind: str
    basis: str
    judge: Judge
    message: Template


def _read_rule(node: Node, common: _Common) -> Rule:
    complaints = Complaints()
    rule = Section(node, RULE_FIELDS, complaints)
    id_ = rule.need("id", partial(_read_rule_id, pack=common.id))
    severity = rule.need("severity", lambda n: n.choice(Severity))
    on_fail = rule.may("on_fail", lambda n: _read_on_fail(n, severity), None)
    from_, to = _read_dates(rule)
    judged = complaints.tried(lambda: _read_judged(rule, rule.get("zone") or common.zone))
    citation = rule.need("citation", Node.text)
    source_quality = rule.need("source_quality", lambda n: n.choice(SourceQuality))
    applies_when = rule.may("applies_when", read_selector, read_selector(None))
    exceptions = [
        complaints.tried(partial(read_selector, n))
        for n in rule.may("exceptions", Node.items, []) or ()
    ]
    complaints.settle()
    # Whoever names a pack names all its versions: each speaks on its own days only.
    from_, to = max(from_, common.effective_from), min(to, common.effective_to)
    if to < from_:
        node.fail("it is in force on no day on which its pack is")
    return Rule(
        id=id_,
        pack=common.pack,
        kind=judged.kind,
        severity=severity,
        on_fail=on_fail or common.on_fail.get(severity, Verdict.DENY),
        citation=citation,
        source_quality=source_quality,
        message=judged.message,
        effective_from=day_number(from_),
        effective_to=day_number(to),
        basis=judged.basis,
        applies_when=applies_when,
        exceptions=tuple(exceptions),
        judge=judged.judge,
    )


def _read_judged(rule: Section, zone_: Node | None) -> _Judged:
    """Raises BrokenPack for the first that is wrong: each rests on what stands before it."""
    kind = KINDS[rule.must("kind").one_of(KINDS)]
    basis = _read_basis(zone_)
    judge = kind.read(rule.must("params"), basis)
    return _Judged(kind.name, basis, judge, _read_template(rule.must("message"), judge.blanks))


def _read_id(node: Node, stem: str) -> str:
    id_ = node.text()
    if id_ != stem:
        node.fail(f"pack '{id_}' is in the file of '{stem}'", f"{id_}.yaml")
    if not PACK_ID.fullmatch(id_):
        node.fail(f"'{id_}' is no name of a pack", "small letters, numbers and dashes: us-ma")
    return id_


def _read_version(node: Node, dated: str) -> str:
    version = node.date().isoformat()
    if dated and dated != version:
        node.fail(f"version {version} is in the file of version '{dated}'")
    return version


def _read_rule_id(node: Node, pack: str) -> str:
    id_ = node.text()
    prefix = f"{pack}."
    if not id_.startswith(prefix):
        node.fail(f"the rules of this pack are named {prefix}…", prefix + id_)
    if not RULE_NAME.fullmatch(id_.removeprefix(prefix)):
        node.fail(f"'{id_}' is no name of a rule", f"small letters and dashes: {prefix}visits-7d")
    return id_


def _read_list(node: Node) -> list[Node]:
    return node.items() or node.fail("a pack without rules forbids nothing")


def _read_dates(section: Section) -> tuple[date, date]:
    """The first and the last day, without end where the writer names none."""

    def read_to(node: Node) -> date:
        return node.fail("it would end before it begins") if node.date() < from_ else node.date()

    from_ = section.may("effective_from", Node.date, date.min) or date.min
    return from_, section.may("effective_to", read_to, date.max) or date.max


def _read_pack_on_fail(node: Node) -> dict[Severity, Verdict]:
    """By severity; a prohibition that fails is a no in any pack."""
    softer = [str(severity) for severity in Severity if severity is not Severity.PROHIBITION]
    return {
        Severity(severity): Verdict(verdict.one_of(_VERDICTS))
        for severity, verdict in node.fields(softer).items()
    }


def _read_on_fail(node: Node, severity: Severity) -> Verdict:
    verdict = Verdict(node.one_of(_VERDICTS))
    if severity is Severity.PROHIBITION and verdict is not Verdict.DENY:
        node.fail("a prohibition that fails is a no", "on_fail: deny")
    return verdict


def _read_basis(node: Node | None) -> str:
    """`place`, `all_candidates`, or the zone that the law itself fixes, as Asia/Shanghai."""
    if node is None:
        return BY_CHANNEL
    name = node.text()
    if name not in (AT_THE_PLACE, ALL_CANDIDATES) and zone(name) is None:
        node.fail(f"there is no time zone '{name}'", "place, all_candidates, or as Asia/Shanghai")
    return name


def _read_covers(node: Node, complaints: Complaints) -> Covers:
    covers = Section(node, COVERS_FIELDS, complaints)
    country = covers.need("country", _read_country)
    region = covers.may("region", partial(_read_code, code=REGION, example="MA"), None)
    if "city" in covers and "region" not in covers:
        complaints.note(node.complaint("a city lies in a region", "region: NY, city: NYC"))
    return Covers(
        country=country,
        region=region,
        city=covers.may("city", partial(_read_code, code=CITY, example="NYC"), None),
        collectors=covers.may("collectors", lambda n: _read_words(n, list(CollectorClass)), None),
        products=covers.may("products", lambda n: _read_words(n, list(Product)), None),
    )


def _read_country(node: Node) -> str:
    if not COUNTRY.fullmatch(node.text()):
        node.fail(f"'{node.text()}' is no country", "two capital letters: TW")
    return node.text()


def _read_code(node: Node, code: re.Pattern[str], example: str) -> str:
    if not code.fullmatch(node.text()):
        node.fail(f"'{node.text()}' is no code of a place", f"capital letters: {example}")
    return node.text()


def _read_words(node: Node, known: list[str]) -> frozenset[str]:
    return frozenset(node.choices(known))


def _read_extends(node: Node) -> tuple[str, ...]:
    return tuple(each.text() for each in node.items())


def _check_scope(pack: Section, applies: Applies, complaints: Complaints) -> None:
    """Whose a pack is must be said where it is somebody's, and nowhere else."""
    covered = (Applies.JURISDICTION, Applies.OVERLAY)
    if applies is Applies.JURISDICTION and "covers" not in pack:
        complaints.note(
            pack.node.complaint("a jurisdiction says what it covers", "covers: {country: TW}")
        )
    for field, who in (("covers", covered), ("lender", (Applies.OVERLAY,))):
        found = pack.get(field)
        if found is not None and applies is not None and applies not in who:
            said = " or ".join(f"applies: {each}" for each in who)
            complaints.note(found.complaint(f"'{field}' is only said of a pack with {said}"))
    if applies is Applies.OVERLAY and "lender" not in pack:
        complaints.note(
            pack.node.complaint("an overlay says whose it is", "lender: the lender's id")
        )


def _read_text(node: Node) -> Text:
    node.fields(("en", "zh"))
    return Text(node.need("en").text(), node.need("zh").text())


def _read_template(node: Node, known: frozenset[str]) -> Template:
    text = _read_text(node)
    for sentence in (text.en, text.zh):
        try:
            unknown = blanks_in(sentence) - known
        except ValueError as broken:
            node.fail(f"the message can't be filled in: {broken}")
        if unknown:
            node.fail(
                f"the message asks for {{{sorted(unknown)[0]}}}, which this kind does not tell",
                "it tells: " + ", ".join(sorted(known)),
            )
    return Template(text.en, text.zh)


def _read_tightenings(
    nodes: list[Node], rules: list[Rule], applies: Applies
) -> tuple[Tightening, ...]:
    """Which rules of other packs these claim to tighten; the whole library proves them right."""
    found = []
    for node, rule in zip(nodes, rules, strict=True):
        base = node.fields(RULE_FIELDS).get("tightens")
        if base is not None and applies is not Applies.OVERLAY:
            base.fail("only a rule of an overlay tightens another", "leave it out")
        if base is not None:
            found.append(Tightening(rule, base.text(), base))
    return tuple(found)


def _refuse_twins(nodes: list[Node], rules: list[Rule]) -> None:
    """Two wordings of a rule may follow each other; on no day are both in force."""
    for index, (node, rule) in enumerate(zip(nodes, rules, strict=True)):
        for other in rules[:index]:
            if rule.id == other.id and _overlap(rule, other):
                node.fail(f"'{rule.id}' is there twice on the same days", "end the earlier one")


def _overlap(one: Rule, other: Rule) -> bool:
    return one.effective_from <= other.effective_to and other.effective_from <= one.effective_to
