"""Prints a pack as a lawyer would read it: each rule, what it says, its law and how sure we are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from textwrap import fill
from typing import Final, Literal

from contact_rules.domain.decision import Severity, SourceQuality, Text, Verdict
from contact_rules.domain.packs.pack import Applies, Pack
from contact_rules.domain.rule import Rule
from contact_rules.domain.selector import ROLE_GROUPS, Selector, Test
from contact_rules.domain.wording import word
from contact_rules.domain.zones import date_of, day_number

Language = Literal["en", "zh"]

_WIDTH: Final = 96
_ALWAYS: Final = (day_number(date.min), day_number(date.max))
_APPLIES: Final = {
    Applies.JURISDICTION: Text("applies to contacts in {where}", "适用于{where}的联系"),
    Applies.FALLBACK: Text(
        "applies where no pack of a jurisdiction does", "在没有法域规则包适用时适用"
    ),
    Applies.ALWAYS: Text("always applies", "始终适用"),
    Applies.NAMED: Text("applies only where it is named", "仅在指明时适用"),
}
_KNOWN: Final = Text("as well known as its least known rule: {how}", "以最不确定的规则为准：{how}")
_WHEN: Final = Text("When", "适用")
_UNLESS: Final = Text("Unless", "例外")
_NOT: Final = Text("not ", "非")
_SOURCE: Final = Text("Source", "依据")
_FORCE: Final = Text("In force", "施行")
_FROM: Final = Text("from {day}", "自 {day} 起")
_TO: Final = Text("to {day}", "至 {day} 止")
_REVIEW: Final = Text("if not kept, somebody must look at it", "不符合时须人工复核")
_VERIFY: Final = Text("To verify", "待核实")


def show(pack: Pack, language: Language) -> str:
    """The whole pack as text for a terminal, in "en" or "zh"."""
    return "\n".join(_lines(pack, language)) + "\n"


def _lines(pack: Pack, language: Language) -> Iterator[str]:
    def say(text: Text) -> str:
        return text.zh if language == "zh" else text.en

    where = ""
    if pack.covers is not None:
        where = "-".join(filter(None, (pack.covers.country, pack.covers.region)))
    yield f"{say(pack.title)}  {pack.name}"
    yield say(_APPLIES[pack.applies]).format(where=where)
    yield say(_KNOWN).format(how=say(word(pack.source_quality)))
    for rule in pack.rules:
        yield ""
        yield f"{rule.id}  ({'; '.join(say(text) for text in _standing(rule))})"
        blanks = dict.fromkeys(rule.judge.blanks, "…") | dict(rule.judge.fixed)
        yield _paragraph(say(rule.message.filled(blanks)))
        if rule.applies_when.tests:
            yield _paragraph(f"{say(_WHEN)}: {say(_selector(rule.applies_when))}")
        for exception in rule.exceptions:
            yield _paragraph(f"{say(_UNLESS)}: {say(_selector(exception))}")
        yield _paragraph(f"{say(_SOURCE)}: {rule.citation}")
        if force := say(_in_force(rule)):
            yield _paragraph(f"{say(_FORCE)}: {force}")
    if pack.verify:
        yield ""
        yield f"{say(_VERIFY)}:"
        for doubt in pack.verify:
            yield fill(doubt, _WIDTH, initial_indent="- ", subsequent_indent="  ")


def _paragraph(text: str) -> str:
    return fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _standing(rule: Rule) -> Iterator[Text]:
    yield word(rule.severity)
    # Of our own policy there is no other text to read: the words would sound like verified law.
    if rule.severity is not Severity.POLICY or rule.source_quality is not SourceQuality.TEXT:
        yield word(rule.source_quality)
    if rule.on_fail is Verdict.NEEDS_REVIEW:
        yield _REVIEW


def _selector(selector: Selector) -> Text:
    tests = [_test(test) for test in selector.tests]
    return Text("; ".join(test.en for test in tests), "；".join(test.zh for test in tests))


def _test(test: Test) -> Text:
    name = word(test.property)
    values = [word(value) for value in _grouped(test)]
    not_ = _NOT if test.negated else Text("", "")
    return Text(
        f"{name.en} {not_.en}{' or '.join(value.en for value in values)}",
        f"{name.zh}：{not_.zh}{'、'.join(value.zh for value in values)}",
    )


def _grouped(test: Test) -> list[str]:
    """The values, with `third_party` for all the third parties at once."""
    left = set(test.values)
    groups = []
    if test.property == "party":
        for name, roles in ROLE_GROUPS.items():
            if left.issuperset(roles):
                groups.append(name)
                left.difference_update(roles)
    return groups + sorted(left)


def _in_force(rule: Rule) -> Text:
    parts = []
    for day, never, text in zip(
        (rule.effective_from, rule.effective_to), _ALWAYS, (_FROM, _TO), strict=True
    ):
        if day != never:
            said = date_of(day).isoformat()
            parts.append(Text(text.en.format(day=said), text.zh.format(day=said)))
    return Text(" ".join(part.en for part in parts), "，".join(part.zh for part in parts))
