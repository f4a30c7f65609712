"""From when until when a consent is good: its own end, or that of the days a rule gives it."""

from __future__ import annotations

from typing import Final

from contact_rules.domain.contact import Consent
from contact_rules.domain.zones import DATES, DAY, Zone, seconds, whole_second_from

FOREVER: Final = 1 << 60


def whole_term(consent: Consent) -> tuple[int, int]:
    """The first and the last second of a consent. One that is said to end in the year 9999 has no
    end; one that ends before it was given has no second at all: its last is before its first."""
    last = FOREVER if consent.until is None else seconds(consent.until)
    return whole_second_from(consent.given_at), FOREVER if last // DAY >= DATES.stop else last


def term(consent: Consent, days: int | None, calendar: Zone) -> tuple[int, int]:
    """The same of a consent that is good for so many local `days`, the one on which it was given
    included; for any number of them without `days`."""
    first, last = whole_term(consent)
    if days is not None:
        last = min(last, calendar.last_second(calendar.day(seconds(consent.given_at)) + days - 1))
    return first, last
