"""An account turns out to be another person's: what was told of the debt and its debtor is told
for that person too.

Nothing is taken from whoever was taken for the debtor. What would open the door to the other, who
never said it, stays behind: consents, hours that were wished for, notices given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from contact_rules.domain.contact import Direction, Fact, FactKind, Outcome
from contact_rules.domain.ledger import HAPPENED, Entry, EntryKind, counts, kind_of, standing
from contact_rules.domain.told import Told

MOVED: Final = "account_moved"
"""Why a line is in a ledger: the contact was made while the account was taken for another's."""

PERMISSIONS: Final = frozenset(
    {FactKind.PREFERRED_SLOT, FactKind.WAKING_HOURS, FactKind.WORKING_HOURS}
)
"""Kinds whose slots take the place of the law's hours: they open as well as they close."""

_OF_CASES: Final = frozenset({FactKind.HOLD, FactKind.COMPLAINT_OPEN})
"""What cases ends for the one person and begins anew for the other itself, where it goes along."""

_NAMESPACE: Final = UUID("b0f2a6d8-52c7-5d0e-8f5b-1a4de60c7d39")
_CARRIED: Final = "carried"


@dataclass(frozen=True, slots=True)
class Moved:
    """An account that was taken for ``former``'s is ``present``'s."""

    account_id: UUID
    lender: str
    former: UUID
    present: UUID


@dataclass(frozen=True, slots=True)
class _Origin:
    """The contact or fact as it was told at first, and of whom."""

    id: UUID
    person_id: UUID


def contacts_to_tell(
    moved: Moved,
    of_former: Sequence[Entry],
    of_present: Sequence[Entry],
    ids: Iterator[UUID],
    now: datetime,
    *,
    told_before: bool = False,
) -> list[Entry]:
    """The lines for ``present`` that tell of what took place with ``former`` about the debt.

    Given are both ledgers. A contact of the lender that names no debt may have been about this
    one. Told before and unchanged: no line; withdrawn or corrected since: a line that says so.
    What is only planned is not told: whoever planned it calls it off. ``told_before``: none but
    those that were told of before.
    """
    there = standing(of_present)
    lines = []
    for entry in standing(of_former).values():
        origin = _origin(entry)
        if entry.kind not in HAPPENED or origin.person_id == moved.present:
            continue
        if entry.lender != moved.lender or not _about(entry.debts, moved):
            continue
        contact_id = uuid5(_NAMESPACE, f"{origin.id}:{moved.present}")
        before = there.get(str(contact_id))
        if before is None and told_before:
            continue
        line = _line(entry, origin, before, contact_id, moved, now)
        if line is not None:
            line = replace(line, id=next(ids))
            there[str(contact_id)] = line
            lines.append(line)
    return lines


def facts_to_tell(
    moved: Moved, of_former: Iterable[Told], ids: Iterator[UUID], now: datetime
) -> list[Told]:
    """What stands about ``former``, as it is told for ``present``: all that this lender's
    collecting of this debt has to heed, but for what permits it.

    Their references are always the same, so that nothing is taken twice. What began by event ends
    by event for both; what people told is for them to end, for each person.
    """
    facts = []
    for told in of_former:
        said = told.said
        origin = _fact_origin(told)
        if not isinstance(said, Fact) or said.kind in PERMISSIONS:
            continue
        if told.matter is not None and said.kind in _OF_CASES:
            continue
        if told.lender not in (None, moved.lender) or not _about(told.debts, moved):
            continue
        if origin.person_id == moved.present:
            continue
        if said.party == str(moved.former):
            said = replace(said, party=str(moved.present))
        facts.append(
            replace(
                told,
                id=next(ids),
                person_id=moved.present,
                said=said,
                reference=f"{_CARRIED}:{origin.id}:{origin.person_id}:{moved.present}",
                matter=_matter(told, moved),
                recorded_at=now,
            )
        )
    return facts


def origin_of_contact(details: Mapping[str, Any]) -> UUID | None:
    """The contact that this one tells of for another person; None: it is told of itself."""
    carried = details.get(_CARRIED)
    return None if carried is None else UUID(carried["contact_id"])


def _about(debts: Iterable[str], moved: Moved) -> bool:
    """Was it about this debt, or may it have been?"""
    named = set(debts)
    return not named or str(moved.account_id) in named


def _line(
    entry: Entry,
    origin: _Origin,
    before: Entry | None,
    contact_id: UUID,
    moved: Moved,
    now: datetime,
) -> Entry | None:
    """The line that makes ``before``, which stands for ``present``, say what ``entry`` says."""
    if not counts(entry):
        if before is None or not counts(before):
            return None
        return replace(
            before,
            kind=EntryKind.CORRECTED,
            outcome=None,
            occurred_at=now,
            recorded_at=now,
            seq=None,
        )
    outcome = _outcome(entry)
    line = replace(
        entry,
        contact_id=contact_id,
        person_id=moved.present,
        kind=kind_of(outcome),
        party_id=_party(entry, moved),
        outcome=outcome,
        reason=MOVED,
        decision_id=None,  # that was made for somebody else, at another door
        recorded_at=now,
        seq=None,
        details=_details(entry, origin),
    )
    if before is None:
        return line
    if _says(before) == _says(line):
        return None
    return line if outcome is None else replace(line, kind=EntryKind.CORRECTED)


def _outcome(entry: Entry) -> Outcome | None:
    """What came of it, as far as it may count for another person.

    A notice, or a call that takes a wish to be left alone back, was not theirs: without an outcome
    it counts against every limit, and opens nothing.
    """
    opens = entry.outcome is Outcome.NOTICE_GIVEN or entry.direction is Direction.INBOUND
    return None if opens else entry.outcome


def _party(entry: Entry, moved: Moved) -> str | None:
    """Who was met as the debtor was whom the account was taken for."""
    return str(moved.present) if entry.party_id == str(moved.former) else entry.party_id


def _details(entry: Entry, origin: _Origin) -> dict[str, Any]:
    said = {name: each for name, each in (entry.details or {}).items() if name != "said"}
    carried = {"contact_id": str(origin.id), "person_id": str(origin.person_id)}
    return said | {_CARRIED: carried}


def _says(entry: Entry) -> tuple[Any, ...]:
    """All that counts of a contact."""
    return (
        counts(entry),
        entry.outcome,
        entry.channel,
        entry.direction,
        entry.starts_at,
        entry.ends_at,
        entry.purpose,
        entry.place,
        entry.party_id,
        entry.party_role,
        entry.debts,
        entry.collector,
        entry.point,
    )


def _origin(entry: Entry) -> _Origin:
    carried = (entry.details or {}).get(_CARRIED)
    if carried is None:
        return _Origin(entry.contact_id, entry.person_id)
    return _Origin(UUID(carried["contact_id"]), UUID(carried["person_id"]))


def _fact_origin(told: Told) -> _Origin:
    carried, *names = (told.reference or "").split(":")
    if carried != _CARRIED:
        return _Origin(told.id, told.person_id)
    return _Origin(UUID(names[0]), UUID(names[1]))


def _matter(told: Told, moved: Moved) -> str | None:
    """What ends it: that an account was given back is announced of whose it is then, whatever else
    ends by event of whom it began with."""
    if told.matter is None or told.kind != FactKind.MANDATE_ENDED:
        return told.matter
    return f"{told.matter.removesuffix(f':{moved.former}')}:{moved.present}"
