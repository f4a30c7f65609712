"""Kinds of fields that several bodies have in common, and whose rows a caller may touch."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from shared.auth import Caller, Role
from shared.problems import Words, field_error, invalid, not_found

from plans.domain.plan import Actor

WRITERS: Final = (Role.LENDER, Role.OPS)
"""Who offers plans and records what happens to them. Agents negotiate at the door with quotes, and
take no money: neither offers nor payments are theirs."""

READERS: Final = (*WRITERS, Role.COMPLIANCE, Role.AUDITOR, Role.SERVICE)


def _decimal_text(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A JSON number is a float to most readers: 0.1 + 0.2 would begin here.
        raise field_error(
            "not_a_decimal_string",
            'must be a decimal string such as "1234.50", not a number',
            "必须是小数字符串（如 “1234.50”），而非数字",
        )
    return value


def _decimal(pattern: str, description: str, example: str) -> Any:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": pattern,
            "maxLength": 40,
            "description": description,
            "examples": [example],
        }
    )


Amount = Annotated[
    str,
    StringConstraints(max_length=40),
    BeforeValidator(_decimal_text),
    _decimal(
        r"^[0-9]+(\.[0-9]+)?$",
        "More than zero, with at most as many decimals as the currency has, and at most 10^15"
        " minor units.",
        "1234.50",
    ),
]
"""An amount of money; whether it fits its currency is the domain's question."""

Rate = Annotated[
    str,
    StringConstraints(max_length=40),
    BeforeValidator(_decimal_text),
    _decimal(
        r"^[0-9]+(\.[0-9]{1,8})?$",
        "A fraction of one a year, from 0 to 10: 0.12 is 12 %.",
        "0.12",
    ),
]
"""An annual rate."""

Currency = Annotated[
    str,
    StringConstraints(max_length=8),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "description": "ISO 4217; no funds, no metals.",
            "examples": ["CNY"],
        }
    ),
]


def _printable(value: str) -> str:
    if not value.isprintable() or "/" in value or value != value.strip():
        raise field_error(
            "not_an_external_id",
            "must be printable, without slashes and without spaces around it",
            "必须为可打印字符，不含斜杠，首尾无空格",
        )
    return value


ExternalId = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_printable)
]
"""A lender's own id of an account or a payment."""


def _shown(value: str) -> str:
    if not value.isprintable():
        raise field_error("not_printable", "must be printable", "必须为可打印字符")
    return value


Method = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_shown),
]
"""How something was paid, in the lender's own word."""

Lender = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_printable)]
"""A lender's id, as tokens name it."""


def actor(caller: Caller) -> Actor:
    """The caller as histories name it."""
    return Actor(caller.subject, caller.role)


def lender_of(caller: Caller, named: str | None) -> str | None:
    """The lender whose rows are meant: the token's own, else the one named, else None.

    Raises Problem 404 if a lender's token names another lender: for it there is no such one.
    """
    own = caller.lender_scope()
    if own is None:
        return named
    if named not in {None, own}:
        raise not_found(Words("lender", "机构"))
    return own


def lender_needed(caller: Caller, named: str | None, *, pointer: str) -> str:
    """As `lender_of`, where ids mean nothing without a lender: Problem 422 if there is none."""
    found = lender_of(caller, named)
    if found is None:
        raise invalid(
            pointer,
            "missing",
            Words(
                "is needed: your token names no lender, and external ids are a lender's own",
                "必填：令牌未指明机构，而外部编号仅在机构内唯一",
            ),
        )
    return found
