"""Strict reading of JSON: what readers understand differently, or can't be stored, is refused.

Two readers of one document must not understand two things: duplicate keys, ``NaN``, numbers too
large for a float and half a character are refused here, once, for every route.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from shared.problems import FieldError, Problem, Words, invalid_fields

DEEPEST: Final = 64
LONGEST_NUMBER: Final = 100
_MOST_ERRORS: Final = 20
_LONGEST_NAME: Final = 64

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
# Escaped Chinese is fine, and whole files of it come: only these escapes need the slow walk.
_ESCAPED_TROUBLE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")

_DUPLICATE: Final = Words("is there twice", "重复出现")
_NOT_A_NUMBER: Final = Words(
    "is not JSON: NaN and Infinity are not numbers", "不是合法的 JSON 数字（NaN 或 Infinity）"
)
_NUMBER_TOO_LARGE: Final = Words("is too large a number", "数字过大")
_NUL: Final = Words("must not contain the character U+0000", "不得包含字符 U+0000")
_SURROGATE: Final = Words(
    "contains half a character (a lone surrogate)", "包含不完整的字符（孤立代理项）"
)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where a value was that is no JSON; found again, with its place, by the walk."""

    code: str
    words: Words


class _Doubled(dict[str, Any]):
    """An object some key of which came twice."""

    twice: tuple[str, ...] = ()


class _Reading:
    """One reading: remembers whether anything makes a walk over the result necessary."""

    def __init__(self) -> None:
        self.suspicious = False

    def object_from(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        self.suspicious = True
        doubled = _Doubled(plain)
        counted = Counter(name for name, _ in pairs)
        doubled.twice = tuple(name for name, count in counted.items() if count > 1)
        return doubled

    def constant(self, _name: str) -> _Refused:
        self.suspicious = True
        return _Refused("not_a_number", _NOT_A_NUMBER)

    def integer(self, digits: str) -> int | _Refused:
        if len(digits) <= LONGEST_NUMBER:
            return int(digits)
        self.suspicious = True
        return _Refused("number_too_large", _NUMBER_TOO_LARGE)

    def decimal(self, digits: str) -> float | _Refused:
        number = float(digits)
        if len(digits) <= LONGEST_NUMBER and number not in (float("inf"), float("-inf")):
            return number
        self.suspicious = True
        return _Refused("number_too_large", _NUMBER_TOO_LARGE)


def read(body: bytes) -> Any:
    """The document in ``body`` (UTF-8, a byte order mark is skipped).

    Raises Problem 400 ``malformed_json`` for what is no JSON, is nested deeper than 64, or names a
    key twice; 422 with pointers for characters that can't be stored and absurd numbers.
    """
    reading = _Reading()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(
            f"The body is not UTF-8 (byte {error.start + 1}).",
            f"请求体不是 UTF-8 编码（第 {error.start + 1} 字节）。",
        ) from None
    brackets = text.count("[") + text.count("{")
    if brackets > DEEPEST and _depth(text) > DEEPEST:
        raise _too_deep()
    try:
        document = json.loads(
            text,
            object_pairs_hook=reading.object_from,
            parse_constant=reading.constant,
            parse_int=reading.integer,
            parse_float=reading.decimal,
        )
    except json.JSONDecodeError as error:
        raise _malformed(
            f"The body is not JSON: line {error.lineno}, column {error.colno}.",
            f"请求体不是合法的 JSON：第 {error.lineno} 行第 {error.colno} 列。",
        ) from None
    except RecursionError:
        raise _too_deep() from None
    # Raw NULs and surrogates are no JSON or no UTF-8: only an escape can bring them in.
    if reading.suspicious or _ESCAPED_TROUBLE.search(text):
        _refuse_what_is_wrong(document)
    return document


# An unclosed string reaches to the end: without that, each quote in it would be tried anew.
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def _depth(text: str) -> int:
    """How deep brackets nest outside of strings; no parser has to recurse to find out."""
    deepest = depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        found = match[0]
        if found in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found in "]}":
            depth -= 1
    return deepest


def _refuse_what_is_wrong(document: Any) -> None:
    malformed: list[FieldError] = []
    unstorable: list[FieldError] = []
    for pointer, value in _walk(document):
        if isinstance(value, _Refused):
            target = malformed if value.code == "not_a_number" else unstorable
            target.append(FieldError(pointer, value.code, value.words))
        elif isinstance(value, _Doubled):
            malformed += [
                FieldError(f"{pointer}/{token(name)}", "duplicate_key", _DUPLICATE)
                for name in value.twice
            ]
        elif isinstance(value, str):
            if "\0" in value:
                unstorable.append(FieldError(pointer, "nul_character", _NUL))
            elif _SURROGATES.search(value):
                unstorable.append(FieldError(pointer, "lone_surrogate", _SURROGATE))
        if len(malformed) + len(unstorable) >= _MOST_ERRORS:
            break
    if malformed:
        raise _malformed(
            "The body is not JSON that everyone reads alike.",
            "请求体不是含义明确的 JSON。",
            malformed,
        )
    if unstorable:
        raise invalid_fields(unstorable)


def _walk(document: Any) -> Iterator[tuple[str, Any]]:
    """Every value and every key with its pointer, without recursion."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        pointer, value = waiting.pop()
        yield pointer, value
        if isinstance(value, dict):
            for name, inner in value.items():
                place = f"{pointer}/{token(name)}"
                yield place, name
                waiting.append((place, inner))
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{index}", inner) for index, inner in enumerate(value)]


def token(name: object) -> str:
    """One part of a JSON pointer (RFC 6901), shortened and made printable: keys may be anything."""
    text = str(name)
    if len(text) > _LONGEST_NAME:
        text = text[:_LONGEST_NAME] + "…"
    text = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return text.replace("~", "~0").replace("/", "~1")


def _malformed(en: str, zh: str, errors: list[FieldError] | None = None) -> Problem:
    return Problem(400, "malformed_json", Words(en, zh), errors=errors or ())


def _too_deep() -> Problem:
    return _malformed(
        f"The body is nested deeper than {DEEPEST}.", f"请求体嵌套超过 {DEEPEST} 层。"
    )
