"""Sentences for people, in English and Chinese, with the numbers filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Final, NamedTuple

from contact_rules.domain.decision import Text

Blanks = Mapping[str, str | int]
"""What fills a template, by name."""


class Template:
    """A sentence with {blanks} in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        self.en, self.zh = en, zh
        self._en, self._zh = _Ready.made(en), _Ready.made(zh)

    def filled(self, blanks: Blanks, words: Mapping[str, Text] | None = None) -> Text:
        """The sentence with numbers and dates (`blanks`), and `words` in their language."""
        if not words:
            return Text(self._en.filled(blanks), self._zh.filled(blanks))
        return Text(
            self._en.filled({**blanks, **{name: text.en for name, text in words.items()}}),
            self._zh.filled({**blanks, **{name: text.zh for name, text in words.items()}}),
        )


class _Ready(NamedTuple):
    """A template taken apart once, because a batch of decisions fills thousands of them."""

    pattern: str
    names: tuple[str, ...]

    @staticmethod
    def made(sentence: str) -> _Ready:
        pattern, names = "", []
        for literal, name, _, _ in Formatter().parse(sentence):
            pattern += literal.replace("%", "%%")
            if name is not None:
                pattern += "%s"
                names.append(name)
        return _Ready(pattern, tuple(names))

    def filled(self, blanks: Blanks) -> str:
        return self.pattern % tuple([blanks[name] for name in self.names])


def blanks_in(sentence: str) -> set[str]:
    """The names in braces; raises ValueError where braces are not matched or hold more."""
    names = set()
    for _, name, spec, conversion in Formatter().parse(sentence):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(f"'{{{name}}}' is no plain name in braces")
        names.add(name)
    return names


def listed(words: Iterable[Text]) -> Text:
    words = list(words)
    return Text(", ".join(word.en for word in words), "、".join(word.zh for word in words))


DOES_NOT_APPLY: Final = Text("Does not apply to this contact.", "不适用于本次联系。")
NO_ZONE: Final = Text(
    "Not known: the time zone at the door, so the local time can't be judged.",
    "无法判断：当地时区未知，无法确定当地时间。",
)
NO_HOLIDAYS: Final = Text(
    "Not known: whether this is a public holiday at the place.",
    "无法判断：不清楚当天在当地是否为公众假日。",
)
SCOPE_UNKNOWN: Final = Text(
    "Not known: whether this rule applies, because the contact leaves out what decides it.",
    "无法判断：缺少决定本规则是否适用的信息。",
)
HISTORY_UNCLEAR: Final = Text(
    "Not known: some earlier contacts leave out whom or what they were about, and they decide.",
    "无法判断：部分历史联系未写明对象或事由，而结论取决于它们。",
)
AGE_UNKNOWN: Final = Text("Not known: the person's age.", "无法判断：对方年龄未知。")
CLOSED: Final = Text("no contact that day", "当天不得联系")
ALL_DAY: Final = Text("all day", "全天")
NOTHING: Final = Text("nothing", "无")

WEEKDAYS: Final = (
    Text("Monday", "星期一"),
    Text("Tuesday", "星期二"),
    Text("Wednesday", "星期三"),
    Text("Thursday", "星期四"),
    Text("Friday", "星期五"),
    Text("Saturday", "星期六"),
    Text("Sunday", "星期日"),
)

WORDS: Final[dict[str, Text]] = {
    # roles
    "debtor": Text("debtor", "债务人"),
    "co_debtor": Text("co-debtor", "共同债务人"),
    "guarantor": Text("guarantor", "担保人"),
    "spouse": Text("spouse", "配偶"),
    "debt_related": Text("third party related to the debt", "与债务相关的第三人"),
    "family": Text("family member", "家属"),
    "household": Text("member of the household", "同住人"),
    "minor": Text("minor", "未成年人"),
    "employer": Text("employer", "雇主"),
    "colleague": Text("colleague", "同事"),
    "neighbour": Text("neighbour", "邻居"),
    "reference": Text("reference", "联系人"),
    "attorney": Text("attorney", "律师"),
    "representative": Text("representative", "代理人"),
    "other": Text("other", "其他"),
    "liable": Text("whoever is liable", "债务责任人"),
    "third_party": Text("third parties", "第三人"),
    # channels and directions
    "visit": Text("visit", "外访"),
    "phone": Text("phone", "电话"),
    "sms": Text("text message", "短信"),
    "email": Text("e-mail", "电子邮件"),
    "im": Text("instant message", "即时通讯"),
    "letter": Text("letter", "信函"),
    "door_note": Text("note at the door", "门前留言"),
    "outbound": Text("outbound", "主动联系"),
    "inbound": Text("inbound", "对方来联系"),
    # purposes
    "collect": Text("collecting", "催收"),
    "locate": Text("asking where the debtor is", "询问债务人下落"),
    "relay": Text("leaving a request to be called", "请求转告"),
    "plan": Text("a repayment plan", "还款计划"),
    "reply": Text("a reply", "答复"),
    "legal_notice": Text("a legal notice", "法定通知"),
    "service_of_process": Text("service of process", "送达诉讼文书"),
    "repossession": Text("repossession", "收回担保物"),
    "validation": Text("validation of the debt", "债务核实"),
    # collectors, products, states and consents that packs speak of
    "creditor": Text("creditor", "债权人"),
    "agency": Text("agency", "受托催收机构"),
    "debt_buyer": Text("debt buyer", "债权受让人"),
    "credit_card": Text("credit card", "信用卡"),
    "deceased": Text("deceased", "已去世"),
    "call_frequency": Text("more calls", "通话频次"),
    # credentials
    "work_id": Text("work ID", "工作证件"),
    "authorisation_letter": Text("authorisation letter", "授权文件"),
    # properties of a contact, and what a rule is
    "channel": Text("channel", "渠道"),
    "direction": Text("direction", "方向"),
    "party": Text("person", "对象"),
    "place": Text("place", "地点"),
    "purpose": Text("purpose", "目的"),
    "collector": Text("collector", "催收方"),
    "product": Text("product", "产品"),
    "state": Text("known", "已知情况"),
    "consent": Text("consent to", "已同意"),
    "prohibition": Text("prohibition", "禁止性规定"),
    "presumption": Text("presumption", "推定"),
    "guidance": Text("guidance", "指引"),
    "policy": Text("our own policy", "内部政策"),
    "text": Text("text read", "已读原文"),
    "report": Text("known from reports, text not read", "来自报道，未读原文"),
    "memory": Text("not yet verified", "尚未核实"),
}
"""The words of the contract as people say them."""


def word(code: str) -> Text:
    return WORDS.get(code) or Text(code.replace("_", " "), code)
