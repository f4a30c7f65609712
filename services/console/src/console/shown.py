"""How times, dates and amounts are shown: in the reader's language, at the door's own clock."""

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

from console.words import Language

_LOCALES: Final = {"en": "en_GB", "zh": "zh_CN"}


def moment(value: str | None, language: Language, zone: str | None = None) -> str:
    """A time at the clock of ``zone`` (UTC where there is none), with its offset."""
    if not value:
        return "–"
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    if len(value) <= len("2026-11-21"):
        return day(value, language)
    pattern = "EEE d MMM y, HH:mm" if language == "en" else "y年M月d日 EEE HH:mm"
    local = at.astimezone(zone_of(zone))
    return f"{format_datetime(local, pattern, locale=_LOCALES[language])} {offset_of(local)}"


def offset_of(at: datetime) -> str:
    """``UTC+8``, ``UTC+5:30``, ``UTC``."""
    offset = at.utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"


def day(value: str | None, language: Language) -> str:
    """A date without a time."""
    if not value:
        return "–"
    try:
        return format_date(date.fromisoformat(value), "long", locale=_LOCALES[language])
    except ValueError:
        return value


def money(value: str | None, currency: str, language: Language) -> str:
    """An amount with all its decimals; never rounded by the reader's locale."""
    if value is None:
        return "–"
    try:
        amount = Decimal(value)
        decimals = max(0, -int(amount.as_tuple().exponent))
        digits = "0" * decimals
        pattern = f"¤¤ #,##0{'.' + digits if digits else ''}"
        return format_currency(
            amount, currency, pattern, locale=_LOCALES[language], currency_digits=False
        ).replace("\xa0", " ")
    except (InvalidOperation, ValueError):
        return f"{currency} {value}"


def percent(value: str | None, language: Language) -> str:
    """A share such as ``0.1268`` as ``12.68 %``."""
    if value is None:
        return "–"
    try:
        return format_percent(Decimal(value), "#,##0.00 %", locale=_LOCALES[language])
    except (InvalidOperation, ValueError):
        return value


def number(value: int | str | None, language: Language) -> str:
    """A whole number."""
    return "–" if value is None else format_decimal(value, locale=_LOCALES[language])


def zone_of(name: str | None) -> tzinfo:
    """The zone of that name, UTC where it is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
