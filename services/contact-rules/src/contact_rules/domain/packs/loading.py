"""From the YAML of a pack to rules that can be asked; anything doubtful in it is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from contact_rules.domain.contact import CollectorClass, Product
from contact_rules.domain.decision import Severity, SourceQuality, Text, Verdict
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.packs.pack import Applies, Covers, Pack
from contact_rules.domain.question import ALL_CANDIDATES, AT_THE_PLACE, BY_CHANNEL
from contact_rules.domain.rule import Rule
from contact_rules.domain.selector import read_selector
from contact_rules.domain.wording import Template, blanks_in
from contact_rules.domain.yaml_nodes import Node, read
from contact_rules.domain.zones import day_number, zone

_PACK: Final = (
    "id",
    "version",
    "title",
    "applies",
    "covers",
    "zone",
    "on_fail",
    "effective_from",
    "effective_to",
    "verify",
    "rules",
    "examples",
)
_RULE: Final = (
    "id",
    "kind",
    "severity",
    "on_fail",
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
_NO: Final = (Verdict.DENY, Verdict.NEEDS_REVIEW)


def read_pack(file: Path) -> Pack:
    """Raises BrokenPack."""
    top = read(file)
    fields = top.fields(_PACK)
    id_ = top.need("id").text()
    if id_ != file.stem:
        fields["id"].fail(f"pack '{id_}' is in the file of '{file.stem}'", f"{id_}.yaml")
    applies = top.need("applies").choice(Applies)
    covers = _read_covers(fields["covers"]) if "covers" in fields else None
    if (applies is Applies.JURISDICTION) is not (covers is not None):
        top.fail(
            "a jurisdiction says what it covers, and nothing else does", "covers: {country: …}"
        )
    version = top.need("version").date().isoformat()
    rules = [_read_rule(node, f"{id_}@{version}", fields) for node in top.need("rules").items()]
    if not rules:
        fields["rules"].fail("a pack without rules forbids nothing")
    _refuse_twins(fields["rules"].items(), rules)
    return Pack(
        id=id_,
        version=version,
        name=f"{id_}@{version}",
        title=_read_text(top.need("title")),
        applies=applies,
        covers=covers,
        effective_from=fields["effective_from"].date() if "effective_from" in fields else None,
        effective_to=fields["effective_to"].date() if "effective_to" in fields else None,
        verify=tuple(n.text() for n in fields["verify"].items()) if "verify" in fields else (),
        rules=tuple(rules),
        examples=fields.get("examples"),
        file=file.name,
    )


def _read_rule(node: Node, pack: str, pack_fields: dict[str, Node]) -> Rule:
    fields = node.fields(_RULE)
    id_ = node.need("id")
    prefix = pack.partition("@")[0] + "."
    if not id_.text().startswith(prefix):
        id_.fail(f"the rules of this pack are named {prefix}…", prefix + id_.text())
    kind = KINDS[node.need("kind").one_of(KINDS)]
    severity = node.need("severity").choice(Severity)
    basis = _read_basis(fields.get("zone") or pack_fields.get("zone"))
    from_ = fields.get("effective_from") or pack_fields.get("effective_from")
    to = fields.get("effective_to") or pack_fields.get("effective_to")
    if from_ and to and to.date() < from_.date():
        to.fail("it would end before it begins")
    judge = kind.read(node.need("params"), basis)
    exceptions = fields["exceptions"].items() if "exceptions" in fields else []
    return Rule(
        id=id_.text(),
        pack=pack,
        kind=kind.name,
        severity=severity,
        on_fail=_read_on_fail(severity, fields.get("on_fail"), pack_fields.get("on_fail")),
        citation=node.need("citation").text(),
        source_quality=node.need("source_quality").choice(SourceQuality),
        message=_read_template(node.need("message"), judge.blanks),
        effective_from=day_number(from_.date() if from_ else date.min),
        effective_to=day_number(to.date() if to else date.max),
        basis=basis,
        applies_when=read_selector(fields.get("applies_when")),
        exceptions=tuple(read_selector(exception) for exception in exceptions),
        judge=judge,
    )


def _read_on_fail(severity: Severity, own: Node | None, packs: Node | None) -> Verdict:
    """Deny, unless the rule or its pack asks for a review; a prohibition can't be reviewed away."""
    chosen = own
    if chosen is None and packs is not None:
        softer = [str(s) for s in Severity if s is not Severity.PROHIBITION]
        chosen = packs.fields(softer).get(severity)
    if chosen is None:
        return Verdict.DENY
    verdict = Verdict(chosen.one_of([str(v) for v in _NO]))
    if severity is Severity.PROHIBITION and verdict is not Verdict.DENY:
        chosen.fail("a prohibition that fails is a no", "on_fail: deny")
    return verdict


def _read_basis(node: Node | None) -> str:
    """`place`, `all_candidates`, or the zone that the law itself fixes, as Asia/Shanghai."""
    if node is None:
        return BY_CHANNEL
    name = node.text()
    if name not in (AT_THE_PLACE, ALL_CANDIDATES) and zone(name) is None:
        node.fail(f"there is no time zone '{name}'", "place, all_candidates, or as Asia/Shanghai")
    return name


def _read_covers(node: Node) -> Covers:
    fields = node.fields(("country", "region", "collectors", "products"))
    country = node.need("country")
    if len(country.text()) != 2 or not country.text().isupper():
        country.fail(f"'{country.text()}' is no country", "two capital letters: TW")
    return Covers(
        country=country.text(),
        region=fields["region"].text() if "region" in fields else None,
        collectors=_read_words(fields.get("collectors"), list(CollectorClass)),
        products=_read_words(fields.get("products"), list(Product)),
    )


def _read_words(node: Node | None, known: list[str]) -> frozenset[str] | None:
    return None if node is None else frozenset(node.choices(known))


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


def _refuse_twins(nodes: list[Node], rules: list[Rule]) -> None:
    """Two versions of a rule may follow each other; on no day are both in force."""
    for index, (node, rule) in enumerate(zip(nodes, rules, strict=True)):
        for other in rules[:index]:
            if rule.id == other.id and _overlap(rule, other):
                node.fail(f"'{rule.id}' is there twice on the same days", "end the earlier one")


def _overlap(one: Rule, other: Rule) -> bool:
    return one.effective_from <= other.effective_to and other.effective_from <= one.effective_to
