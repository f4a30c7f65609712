"""Asks the rules about a contact with the packs that apply to it; nothing is stored or reserved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from contact_rules.domain import Contact, Decision, Library, Pack, Residence, Window
from contact_rules.domain import check as check_by
from contact_rules.domain import windows as windows_by

HORIZON: Final = timedelta(days=90)
"""How far ahead lawful times are looked for."""

_LOOKS: Final = (timedelta(days=7), timedelta(days=28), HORIZON)
"""Most often the first week has enough, and a calendar costs as much as it is long."""
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A contact, and how the packs it is checked against are found.

    ``named``: exactly these; None: those that place, residence, collector, products and lender
    call for on the local day of the start. ``but_for``: kinds of rules that are not asked, because
    what they ask for is not settled yet.
    """

    contact: Contact
    library: Library
    residence: Residence | None = None
    named: tuple[Pack, ...] | None = None
    but_for: frozenset[str] = frozenset()

    def packs(self) -> tuple[Pack, ...]:
        """The packs for the start asked about."""
        if self.named is not None:
            return self.named
        return self._packs_on(self.contact.starts_at.astimezone(self._zone()).date())

    def check(self) -> Decision:
        """The verdict with every rule's reason."""
        return check_by(self.contact, self.packs())

    def windows(self, from_: datetime, to: datetime) -> list[Window]:
        """Every whole second between the two (at most 90 days apart) at which `check` allows."""
        found: list[Window] = []
        for packs, first, last in self._stretches(from_, to):
            for window in windows_by(self.contact, packs, first, last):
                if found and found[-1].to + _SECOND == window.from_:
                    found[-1] = Window(found[-1].from_, window.to)
                else:
                    found.append(window)
        return found

    def next_lawful(self, from_: datetime, *, most: int) -> list[Window]:
        """The first lawful windows from ``from_`` on, at most ``most``, within 90 days."""
        found: list[Window] = []
        for look in _LOOKS:
            found = self.windows(from_, from_ + look)
            if len(found) > most:  # the last one may go on behind this look
                break
        return found[:most]

    def earliest(self) -> datetime | None:
        """The first lawful start from the one asked about on, within 90 days."""
        found = self.next_lawful(self.contact.starts_at, most=1)
        return found[0].from_ if found else None

    def _stretches(
        self, from_: datetime, to: datetime
    ) -> Iterator[tuple[tuple[Pack, ...], datetime, datetime]]:
        """The time between the two, cut where other packs come into force."""
        if self.named is not None:
            yield self.named, from_, to
            return
        here = self._zone()
        days = _days(from_.astimezone(here).date(), to.astimezone(here).date())
        for packs, same in groupby(days, self._packs_on):
            of_packs = list(same)
            begins = datetime.combine(of_packs[0], time.min, here)
            ends = datetime.combine(of_packs[-1] + _DAY, time.min, here)
            yield packs, max(from_, begins), min(to, ends.astimezone(from_.tzinfo) - _SECOND)

    def _packs_on(self, day: date) -> tuple[Pack, ...]:
        contact = self.contact
        packs = self.library.resolve(
            contact.place,
            self.residence,
            contact.collector.class_,
            {debt.product for debt in contact.debts},
            contact.lender,
            day,
        )
        return tuple(_but_for(pack, self.but_for) for pack in packs) if self.but_for else packs

    def _zone(self) -> ZoneInfo:
        """Whose calendar says which day it is; UTC where no zone is known."""
        return zone_of(self.contact) or ZoneInfo("UTC")


def zone_of(contact: Contact) -> ZoneInfo | None:
    """Where people read the clock: at the place, else where the person is; None if not known."""
    names = [contact.place.timezone] if contact.place else []
    for name in (*names, *contact.party.timezones):
        if name is not None:
            try:
                return ZoneInfo(name)
            except (ValueError, OSError, LookupError):
                continue
    return None


@lru_cache(maxsize=512)
def _but_for(pack: Pack, kinds: frozenset[str]) -> Pack:
    """The pack without its rules of these kinds; the same one each time."""
    return replace(pack, rules=tuple(rule for rule in pack.rules if rule.kind not in kinds))


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]
