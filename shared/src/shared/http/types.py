"""Types for request and response bodies: what a field may hold, with clear words when it does not.

Sentences about a refused field never quote it.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from shared.problems import field_error

_TIME: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_NAIVE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


class Body(BaseModel):
    """A request body. Unknown fields are refused; it can't be changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Answer(BaseModel):
    """A response body."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _aware_time(value: Any) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None or value.utcoffset() is None:
            raise _no_offset()
        found = value
    else:
        found = _parsed_time(value)
    if found.microsecond:
        raise _fraction()
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR or not (
        _FIRST_YEAR <= found.astimezone(UTC).year <= _LAST_YEAR
    ):
        raise field_error(
            "time_out_of_range",
            f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}",
            f"年份必须在 {_FIRST_YEAR} 至 {_LAST_YEAR} 之间",
        )
    return found


def _parsed_time(value: Any) -> datetime:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, str) and _NAIVE_TIME.fullmatch(value):
            raise _no_offset()
        raise field_error(
            "time_format",
            "must be a time of RFC 3339 such as 2026-12-01T10:00:00+08:00",
            "必须是 RFC 3339 时间，例如 2026-12-01T10:00:00+08:00",
        )
    day, clock, fraction, offset = match.groups()
    if fraction and set(fraction) != {"0"}:
        raise _fraction()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{offset.upper().replace('Z', '+00:00')}")
    except ValueError:
        raise field_error(
            "time_impossible",
            "is not a time that exists",
            "该时间不存在",
        ) from None


def _fraction() -> Exception:
    return field_error(
        "time_fraction",
        "must be a whole second: leave the fraction out",
        "必须为整秒，请勿包含小数秒",
    )


def _no_offset() -> Exception:
    return field_error(
        "time_without_offset",
        "must have an offset such as +08:00 or Z: without one it is not known when it is",
        "必须带时区偏移，例如 +08:00 或 Z",
    )


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        found = value
    else:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise field_error(
                "date_format",
                "must be a date such as 2026-12-01",
                "必须是日期，例如 2026-12-01",
            )
        try:
            found = date.fromisoformat(value)
        except ValueError:
            raise field_error(
                "date_impossible", "is not a date that exists", "该日期不存在"
            ) from None
    if not _FIRST_DAY <= found <= _LAST_DAY:
        raise field_error(
            "date_out_of_range",
            f"must be from {_FIRST_DAY} to {_LAST_DAY}",
            f"必须在 {_FIRST_DAY} 至 {_LAST_DAY} 之间",
        )
    return found


def _readable(value: str) -> str:
    """Refuse control characters (tabs and line ends pass) and text that shows nothing."""
    if any(unicodedata.category(each) == "Cc" and each not in "\t\n\r" for each in value):
        raise field_error(
            "control_character",
            "must not contain control characters",
            "不得包含控制字符",
        )
    if not any(unicodedata.category(each)[0] not in "CZ" for each in value):
        raise field_error("blank", "must not be blank", "不得为空白")
    return value


AwareTime = Annotated[
    datetime,
    BeforeValidator(_aware_time),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 with an offset, whole seconds.",
            "examples": ["2026-12-01T10:00:00+08:00"],
        },
        mode="validation",
    ),
]
"""A moment: RFC 3339 with an offset, whole seconds, from 1970 to 2200. Keeps the offset given."""

Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day as ``2026-12-01``, from 1900 to 2200. Nothing but that form is taken for one."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_readable),
]
"""What a person wrote: not blank, at most 500 characters, spaces around it removed."""

Code = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,62}[A-Za-z0-9])?$")
]
"""A short name for machines: letters, digits and ``. _ : -`` inside, at most 64."""

Whole = Annotated[int, Strict()]
"""A whole number that is one in JSON too: not ``"3"``, ``3.0`` or ``true``."""

Flag = Annotated[bool, Strict()]
"""``true`` or ``false``, not ``1`` or ``"yes"``."""
