"""Types of fields that only this service has: zones, countries, hours of the day, rates."""

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from shared.problems import field_error

_ZONES: Final = frozenset(available_timezones())
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_RATE: Final = re.compile(r"\d{1,3}(\.\d{1,10})?", re.ASCII)


def is_zone(name: str) -> bool:
    """Whether ``name`` is a time zone of the IANA database."""
    return name in _ZONES


def _zone(name: str) -> str:
    if not is_zone(name):
        raise field_error(
            "not_a_time_zone",
            "must be a time zone of the IANA database such as Asia/Taipei",
            "必须是 IANA 时区，例如 Asia/Taipei",
        )
    return name


def _hour(value: Any) -> time:
    if isinstance(value, time):
        return value
    found = _HOUR.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise field_error(
            "not_a_time_of_day", "must be a time of day such as 09:30", "必须是时刻，例如 09:30"
        )
    return time(int(found[1]), int(found[2]))


def _rate(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _RATE.fullmatch(value):
        raise field_error(
            "not_a_rate",
            'must be a decimal number in quotes such as "0.15" (15 % a year)',
            '必须是带引号的十进制数，例如 "0.15"（年利率 15%）',
        )
    return Decimal(value)


ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
"""The name of a zone that exists: a check with a misspelt one would ask about nowhere."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

Region = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]
"""The part of ISO 3166-2 behind the country and the dash."""

City = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3}$")]
"""The part of UN/LOCODE behind the country, such as ``NYC``."""

Hour = Annotated[
    time,
    BeforeValidator(_hour),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
]
"""A local time of day, ``HH:MM``."""

Rate = Annotated[
    Decimal,
    BeforeValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,10})?$"}),
]
"""A yearly rate as a decimal string: ``"0.15"`` is 15 % a year."""
