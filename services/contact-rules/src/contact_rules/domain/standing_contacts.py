"""What stands for each contact of a person, out of all lines of the ledger: for people to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from contact_rules.domain.ledger import Entry, EntryKind, counts, kind_of, standing


class ContactStatus(StrEnum):
    PLANNED = "planned"
    RESERVED = "reserved"
    """Approved: it holds its place."""
    ATTEMPTED = "attempted"
    """Nobody was reached; or, without an outcome, nobody said yet."""
    REACHED = "reached"
    CONVERSED = "conversed"
    RELEASED = "released"
    """It was planned or approved, and will not happen."""
    WITHDRAWN = "withdrawn"
    """It was told as made, and never happened."""


@dataclass(frozen=True, slots=True)
class StandingContact:
    """One contact: the line that stands for it, with what the lines before say of it."""

    stands: Entry
    described: Entry
    status: ContactStatus
    counts: bool
    corrected: bool
    first_seq: int
    first_recorded_at: datetime


def standing_contacts(entries: Iterable[Entry]) -> list[StandingContact]:
    """Each contact of one person once, in the order they were first written down.

    ``entries`` are in the order they were written.
    """
    lines: dict[UUID, list[Entry]] = {}
    for entry in entries:
        lines.setdefault(entry.contact_id, []).append(entry)
    return [_folded(of_contact) for of_contact in lines.values()]


def _folded(lines: list[Entry]) -> StandingContact:
    (stands,) = standing(lines).values()
    first = lines[0]
    return StandingContact(
        stands=stands,
        described=_described(stands, lines),
        status=_status(stands),
        counts=counts(stands),
        corrected=any(line.kind is EntryKind.CORRECTED for line in lines),
        first_seq=first.seq or 0,
        first_recorded_at=first.recorded_at,
    )


def _described(stands: Entry, lines: list[Entry]) -> Entry:
    """A release may say nothing of what it releases: another line does then."""
    if stands.channel is not None:
        return stands
    said = next((line for line in reversed(lines) if line.channel is not None), None)
    return stands if said is None else replace(said, outcome=None)


def _status(stands: Entry) -> ContactStatus:
    if stands.kind in _TOLD and (stands.kind is not EntryKind.CORRECTED or counts(stands)):
        return ContactStatus(kind_of(stands.outcome).value)
    if stands.kind is EntryKind.CORRECTED:
        return ContactStatus.WITHDRAWN
    return ContactStatus(stands.kind.value)


_TOLD: Final = (EntryKind.CORRECTED, EntryKind.CONSUMED)
