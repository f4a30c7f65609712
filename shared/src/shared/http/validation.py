"""Pydantic's findings as field errors: where in the request, a stable code, bilingual words.

Nothing that was sent is quoted: the reader has it before him, and logs must not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails

from shared.http.strict_json import token
from shared.problems import FieldError, Words

_MOST_ERRORS: Final = 100
# Every list of words that a field may hold is shorter.
_LONGEST_MESSAGE: Final = 1000


def field_errors(error: RequestValidationError) -> list[FieldError]:
    """What is wrong with a request, at most a hundred findings, in the order of the fields."""
    return [_of_request(each, error.body) for each in error.errors()[:_MOST_ERRORS]]


def errors_in(found: Sequence[ErrorDetails], document: Any, *, under: str = "") -> list[FieldError]:
    """The same for a document validated outside of a request, as a row of a file.

    ``found`` is `ValidationError.errors()`, ``document`` what was validated, ``under`` a pointer
    to it.
    """
    return [
        FieldError(under + pointer_to(each["loc"], document, each["type"]), *_said(each))
        for each in found[:_MOST_ERRORS]
    ]


def _of_request(found: Mapping[str, Any], body: Any) -> FieldError:
    place, *rest = found["loc"] or ("body",)
    if place == "query":
        pointer = f"?{token(rest[0])}" if rest else "?"
    elif place == "header":
        pointer = "#" + "-".join(part.capitalize() for part in str(rest[0]).split("-"))
    elif place == "path":
        pointer = f"{{{rest[0]}}}"
    else:
        pointer = pointer_to(rest, body, found["type"])
    return FieldError(pointer, *_said(found))


def pointer_to(parts: Sequence[int | str], document: Any, kind: str) -> str:
    """The JSON pointer to what a finding is about.

    Pydantic's location also names steps that are not in the document (the member of a union, a
    validator); they are left out. A missing field is named although it is not there.
    """
    tokens = []
    here = document
    for position, part in enumerate(parts):
        inside = _inside(here, part)
        if inside is not _NOTHING:
            here = inside
        elif position < len(parts) - 1 or kind != "missing":
            continue
        tokens.append(token(part))
    return "".join(f"/{each}" for each in tokens)


_NOTHING: Final = object()


def _inside(document: Any, part: int | str) -> Any:
    """What is at one step into a document, `_NOTHING` if it has no such step."""
    if isinstance(document, Mapping):
        return document.get(part, _NOTHING)
    if isinstance(document, list) and isinstance(part, int) and 0 <= part < len(document):
        return document[part]
    return _NOTHING


def _said(found: Mapping[str, Any]) -> tuple[str, str | Words]:
    """Code and sentence of one finding."""
    kind = found["type"]
    context = found.get("ctx") or {}
    code = _CODES.get(kind, kind)
    if kind in _SENTENCES:
        english, chinese = _SENTENCES[kind]
        shown = {name: _shown(value) for name, value in context.items()}
        shown_zh = shown | {"expected": shown.get("expected", "").replace(" or ", " 或 ")}
        return code, Words(english.format_map(shown), chinese.format_map(shown_zh))
    if "zh" in context and "en" in context:
        return code, Words(str(context["en"]), str(context["zh"]))
    if kind in {"value_error", "assertion_error"}:
        # A sentence of our own validators, which quote nothing.
        return code, _shown(context.get("error", "is not valid"))
    return code, Words("is not valid", "无效")


def _shown(value: object) -> str:
    """Whole; what is too long ends at a word, and is seen to go on."""
    text = str(value)
    if len(text) <= _LONGEST_MESSAGE:
        return text
    begun = text[:_LONGEST_MESSAGE]
    return f"{begun.rpartition(' ')[0] or begun} …"


def known_kinds() -> Iterator[str]:
    """The kinds of finding that have sentences of their own."""
    yield from _SENTENCES


_CODES: Final = {"extra_forbidden": "unknown_field"}

_TEXT = ("must be text", "必须是文本")
_WHOLE = ("must be a whole number", "必须是整数")
_NUMBER = ("must be a number", "必须是数字")
_DECIMAL = ('must be a decimal number such as "1234.50"', '必须是十进制数，例如 "1234.50"')
_FLAG = ("must be true or false", "必须是 true 或 false")
_DATE = ("must be a date such as 2026-12-01", "必须是日期，例如 2026-12-01")
_TIME = (
    "must be a time of RFC 3339 such as 2026-12-01T10:00:00+08:00",
    "必须是 RFC 3339 时间，例如 2026-12-01T10:00:00+08:00",
)
_CLOCK = ("must be a time of day such as 09:30", "必须是时刻，例如 09:30")
_OBJECT = ("must be an object", "必须是对象")
_LIST = ("must be a list", "必须是数组")
_ID = ("must be a UUID", "必须是 UUID")
_CHOICE = ("must be {expected}", "必须是 {expected}")

# Sentences by Pydantic's kind of finding (docs.pydantic.dev/latest/errors/validation_errors).
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "missing": ("is missing", "缺少该字段"),
    "extra_forbidden": ("is not a field that exists here", "此处没有该字段"),
    "none_required": ("must be null", "必须为 null"),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": (
        "must have at least {min_length} characters",
        "至少需要 {min_length} 个字符",
    ),
    "string_too_long": (
        "must have at most {max_length} characters",
        "最多 {max_length} 个字符",
    ),
    "string_pattern_mismatch": ("does not have the form {pattern}", "格式不符合 {pattern}"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": ("is too large a number", "数字过大"),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": ("must be a finite number", "必须是有限数"),
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "decimal_type": _DECIMAL,
    "decimal_parsing": _DECIMAL,
    "decimal_max_digits": ("must have at most {max_digits} digits", "最多 {max_digits} 位数字"),
    "decimal_max_places": (
        "must have at most {decimal_places} decimals",
        "最多 {decimal_places} 位小数",
    ),
    "decimal_whole_digits": (
        "must have at most {whole_digits} digits before the point",
        "小数点前最多 {whole_digits} 位",
    ),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": ("must be in the past", "必须早于今天"),
    "date_future": ("must be in the future", "必须晚于今天"),
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": ("must have an offset such as +08:00", "必须带时区偏移，例如 +08:00"),
    "timezone_naive": ("must not have an offset", "不得带时区偏移"),
    "time_type": _CLOCK,
    "time_parsing": _CLOCK,
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "greater_than": ("must be greater than {gt}", "必须大于 {gt}"),
    "greater_than_equal": ("must be at least {ge}", "不得小于 {ge}"),
    "less_than": ("must be less than {lt}", "必须小于 {lt}"),
    "less_than_equal": ("must be at most {le}", "不得大于 {le}"),
    "multiple_of": ("must be a multiple of {multiple_of}", "必须是 {multiple_of} 的倍数"),
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "too_short": ("must have at least {min_length} entries", "至少需要 {min_length} 项"),
    "too_long": ("must have at most {max_length} entries", "最多 {max_length} 项"),
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "uuid_version": (
        "must be a UUID of version {expected_version}",
        "UUID 版本必须为 {expected_version}",
    ),
    "union_tag_not_found": ("must say which kind it is", "必须指明类型"),
    "union_tag_invalid": ("must be one of {expected_tags}", "必须是 {expected_tags} 之一"),
    "url_type": ("must be an address (URL)", "必须是网址"),
    "url_parsing": ("must be an address (URL)", "必须是网址"),
    "url_scheme": (
        "must be an address (URL) of {expected_schemes}",
        "网址协议必须是 {expected_schemes}",
    ),
    "bytes_type": ("must be data", "必须是数据"),
}
