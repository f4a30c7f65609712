"""Sentences for people, in English and Chinese, with the numbers filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from string import Formatter
from typing import Final, NamedTuple

from contact_rules.domain.contact import Weekday
from contact_rules.domain.decision import Text
from contact_rules.domain.words import WORDS

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


def percent(rate: Decimal) -> Text:
    """0.154 is said as 15.4%."""
    said = f"{(rate * 100).normalize():f}%"
    return Text(said, said)


def word(code: str, of: str = "") -> Text:
    """A word of the contract as people say it; `of`: the property it is a value of.

    A code that is no word of ours, such as a licence only one country knows, is said as written.
    """
    return WORDS.get(f"{of}.{code}") or WORDS.get(code) or Text(code.replace("_", " "), code)


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
PLACE_UNKNOWN: Final = Text(
    "Not known: what kind of place the contact is at.", "无法判断：联系地点的类型未知。"
)
RATE_UNKNOWN: Final = Text(
    "Not known: the yearly interest of a debt.", "无法判断：有债务的年利率未知。"
)
FORM_UNKNOWN: Final = Text(
    "Not known: in which form this was said, and only some forms count.",
    "无法判断：不清楚以何种形式作出，而仅部分形式有效。",
)
NOT_KNOWN: Final = Text("not known", "未知")
ENDLESS: Final = Text("without end", "无期限")
CLOSED: Final = Text("no contact that day", "当天不得联系")
ALL_DAY: Final = Text("all day", "全天")
NOTHING: Final = Text("nothing", "无")
WEEKDAYS: Final = tuple(WORDS[day] for day in Weekday)
