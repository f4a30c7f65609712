"""Kinds of fields that bodies and addresses of several routes have in common."""

import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from shared.problems import field_error

from cases.domain.place import check_country
from cases.domain.refusal import Refusal


def _readable(value: str) -> str:
    # The common case costs one call: a push of a million accounts has tens of millions of these.
    if value.isprintable():
        return value
    kinds = [unicodedata.category(each) for each in value]
    if "Cc" in kinds:
        raise field_error(
            "control_character", "must not contain control characters", "不得包含控制字符"
        )
    if not any(kind[0] not in "CZ" for kind in kinds):
        raise field_error("blank", "must not be blank", "不得为空白")
    return value


Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_readable),
]
"""A short text in one line, at most 100 characters."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_readable),
]
"""A text in one line, at most 500 characters."""

Lender = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_readable)]
"""A lender's id, as tokens name it."""


def _external_id(value: str) -> str:
    # A slash could not be told from the next part of an address, nor spaces around it be seen.
    if not value.isprintable() or "/" in value or value != value.strip():
        raise field_error(
            "not_an_external_id",
            "must be printable, without slashes and without spaces around it",
            "必须为可打印字符，不含斜杠，首尾无空格",
        )
    return value


ExternalId = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_external_id)
]
"""A lender's own id of an account."""

LanguageTag = Annotated[
    str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
]
"""A language as BCP 47 writes it, e.g. ``zh-TW``."""


def _decimal_text(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A JSON number is a float to most readers: 0.1 + 0.2 would begin here.
        raise field_error(
            "not_a_decimal_string",
            'must be a decimal string such as "1234.50", not a number',
            "必须是小数字符串（如 “1234.50”），而非数字",
        )
    return value


Amount = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    BeforeValidator(_decimal_text),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]+)?$",
            "maxLength": 40,
            "description": "An amount of money: a decimal string with at most as many decimals as"
            " its currency has (ISO 4217).",
            "examples": ["1234.50"],
        }
    ),
]
"""An amount of money as a decimal string; its currency says how many decimals it may have."""

CURRENCY_PATTERN: Final = r"^[A-Z]{3}$"


def _country(value: str) -> str:
    try:
        return check_country(value)
    except Refusal as refusal:
        raise field_error(refusal.code, refusal.en, refusal.zh) from None


Country = Annotated[str, StringConstraints(max_length=2), AfterValidator(_country)]
"""An ISO 3166-1 alpha-2 code in capitals."""
