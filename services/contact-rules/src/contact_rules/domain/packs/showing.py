"""Prints a pack as a lawyer would read it: each rule, what it says, its law and how sure we are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from textwrap import fill
from typing import Final, Literal

from contact_rules.domain.decision import Severity, SourceQuality, Text, Verdict
from contact_rules.domain.duties import Act, Entry, Moment
from contact_rules.domain.kinds.obligation import Obliges
from contact_rules.domain.kinds.place import Places
from contact_rules.domain.packs.pack import Applies, Pack
from contact_rules.domain.rule import Rule
from contact_rules.domain.selector import ROLE_GROUPS, Selector, Test, Threshold
from contact_rules.domain.wording import listed, percent, word
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
    Applies.NAMED: Text(
        "applies only where it is named, or another pack brings it along",
        "仅在指明或由其他规则包引入时适用",
    ),
    Applies.OVERLAY: Text(
        "applies beside all others to contacts of the lender {lender}",
        "对贷款机构 {lender} 的联系，与其他规则包一并适用",
    ),
}
_ONLY_FOR: Final = Text("only for {what}", "仅适用于{what}")
_BRINGS: Final = Text("brings along {packs}", "同时引入 {packs}")
_TIGHTENS: Final = Text("Stricter than {rule}", "严于 {rule}")
_KNOWN: Final = Text("as well known as its least known rule: {how}", "以最不确定的规则为准：{how}")
_WHEN: Final = Text("When", "适用")
_UNLESS: Final = Text("Unless", "例外")
_NOT: Final = Text("not ", "非")
_OVER: Final = Text("over {limit}", "超过 {limit}")
_AT_MOST: Final = Text("at most {limit}", "不超过 {limit}")
_MUST: Final = Text("Must, {when}: {what}", "须履行（{when}）：{what}")
_SHOWN_BY: Final = Text("shown by {evidence}", "凭证：{evidence}")
_KEPT: Final = Text("kept for {keep}", "保存 {keep}")
_GIVEN: Final = Text("only with {consent}", "须{consent}")
_OTHERWISE: Final = Text("else {what}", "否则{what}")
_CANNOT: Final = Text("no contact with {state}", "有下列情形时不得联系：{state}")
_SOURCE: Final = Text("Source", "依据")
_FORCE: Final = Text("In force", "施行")
_FROM: Final = Text("from {day}", "自 {day} 起")
_TO: Final = Text("to {day}", "至 {day} 止")
_REVIEW: Final = Text("if not kept, somebody must look at it", "不符合时须人工复核")
_OPEN: Final = Text("…", "…")
_VERIFY: Final = Text("To verify", "待核实")


def show(pack: Pack, language: Language) -> str:
    """The whole pack as text for a terminal, in "en" or "zh"."""
    return "\n".join(_lines(pack, language)) + "\n"


def _lines(pack: Pack, language: Language) -> Iterator[str]:
    def say(text: Text) -> str:
        return text.zh if language == "zh" else text.en

    yield f"{say(pack.title)}  {pack.name}"
    yield say(_APPLIES[pack.applies]).format(where=pack.covers, lender=pack.lender)
    if business := say(_business(pack)):
        yield business
    if pack.extends:
        yield say(_BRINGS).format(packs=", ".join(pack.extends))
    yield say(_KNOWN).format(how=say(word(pack.source_quality)))
    tightens = {tightening.rule.id: tightening.base for tightening in pack.tightens}
    for rule in pack.rules:
        yield ""
        yield f"{rule.id}  ({'; '.join(say(text) for text in _standing(rule))})"
        yield _paragraph(say(_message(rule)))
        if duty := _duty(rule):
            yield _paragraph(say(duty))
        if said := say(_selector(rule.applies_when)):
            yield _paragraph(f"{say(_WHEN)}: {said}")
        for exception in rule.exceptions:
            yield _paragraph(f"{say(_UNLESS)}: {say(_selector(exception))}")
        if rule.id in tightens:
            yield _paragraph(say(_TIGHTENS).format(rule=tightens[rule.id]))
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


def _business(pack: Pack) -> Text:
    """The collectors and products it is about, if not all."""
    covers = pack.covers
    if covers is None:
        return Text("", "")
    return _joined(
        _filled(_ONLY_FOR, what=_either(map(word, sorted(some))))
        for some in (covers.collectors, covers.products)
        if some is not None
    )


def _message(rule: Rule) -> Text:
    """Its sentence, with what differs from contact to contact left open."""
    words = dict.fromkeys(rule.judge.blanks, _OPEN)
    for name, value in rule.judge.fixed.items():
        words[name] = value if isinstance(value, Text) else Text(str(value), str(value))
    return rule.message.filled({}, words)


def _selector(selector: Selector) -> Text:
    return _joined([*map(_test, selector.tests), *map(_threshold, selector.thresholds)])


def _test(test: Test) -> Text:
    name, not_ = word(test.property), _NOT if test.negated else Text("", "")
    if test.negated and test.property in ("state", "consent"):
        name, not_ = word(f"not_{test.property}"), Text("", "")
    values = _either(word(value, test.property) for value in _grouped(test))
    form = Text("", "")
    if test.forms is not None:
        forms = _either(map(word, sorted(test.forms)))
        form = Text(f", {forms.en}", f"（{forms.zh}）")
    return Text(
        f"{name.en} {not_.en}{values.en}{form.en}", f"{name.zh}：{not_.zh}{values.zh}{form.zh}"
    )


def _threshold(threshold: Threshold) -> Text:
    name = word(threshold.property)
    limit = threshold.limit
    said = percent(limit) if threshold.property == "annual_rate" else Text(f"{limit}", f"{limit}")
    said = _filled(_AT_MOST if threshold.negated else _OVER, limit=said)
    return Text(f"{name.en} {said.en}", f"{name.zh}：{said.zh}")


def _duty(rule: Rule) -> Text | None:
    """What those who go must do, and what if they can't."""
    match rule.judge:
        case Obliges(duty=duty, otherwise=otherwise, needs=needs, impossible_when=obstacles):
            parts = [_filled(_MUST, when=word(duty.when), what=word(duty.what))]
            if duty.evidence:
                parts.append(_filled(_SHOWN_BY, evidence=listed(map(word, duty.evidence))))
            if duty.keep:
                parts.append(_filled(_KEPT, keep=rule.judge.kept))
            if needs:
                parts.append(_filled(_GIVEN, consent=_test(Test("consent", needs))))
            if otherwise:
                parts.append(_filled(_OTHERWISE, what=word(otherwise.what)))
            if obstacles:
                states = _either(word(kind, "state") for kind in sorted(obstacles))
                parts.append(_filled(_CANNOT, state=states))
            return _joined(parts)
        case Places(entry=Entry.NEVER):
            return _at_start(Act.STAY_OUTSIDE)
        case Places(entry=Entry.IF_INVITED):
            return _at_start(Act.ENTER_ONLY_IF_INVITED)
        case Places(entry=Entry.WITH_CONSENT):
            consent = _test(Test("consent", frozenset({"entry"})))
            parts = [_at_start(Act.ENTER_AS_AGREED), _filled(_GIVEN, consent=consent)]
            return _joined([*parts, _filled(_OTHERWISE, what=word(Act.STAY_OUTSIDE))])
    return None


def _at_start(act: Act) -> Text:
    return _filled(_MUST, when=word(Moment.AT_START), what=word(act))


def _filled(text: Text, **words: Text) -> Text:
    return Text(
        text.en.format(**{name: said.en for name, said in words.items()}),
        text.zh.format(**{name: said.zh for name, said in words.items()}),
    )


def _joined(parts: Iterable[Text]) -> Text:
    parts = list(parts)
    return Text("; ".join(part.en for part in parts), "；".join(part.zh for part in parts))


def _either(words: Iterable[Text]) -> Text:
    words = list(words)
    return Text(" or ".join(each.en for each in words), "、".join(each.zh for each in words))


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
