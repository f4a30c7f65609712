"""Something is told of a person, or ends: it is kept, and their planned visits are asked again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import Fact, FactKind, Form, Role
from contact_rules.domain.known import OF_THE_PERSON
from contact_rules.domain.told import Ended, Told, local_day, not_so_since
from contact_rules.handlers.consume_reservations import CompletedVisit, described
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.handlers.report_breaches import report_breaches
from contact_rules.store import facts, ledger, persons
from contact_rules.store.facts import Kept

CASES: Final = "cases"
"""Who told what a visit found out."""

_OF_OUTCOMES: Final = {
    "deceased": (FactKind.DECEASED, None),
    "hospital": (FactKind.HOSPITAL, None),
    "disputes_debt": (FactKind.DISPUTE, Form.ORAL),
    "hardship": (FactKind.HARDSHIP, None),
}
_NAMED: Final = frozenset({Role.CO_DEBTOR, Role.GUARANTOR})
"""Who owes beside the debtor: what a visit to them finds out is about them. From anybody else a
team learns of the debtor."""


class ToldOtherwise(Exception):
    """Something else was told under the same reference."""


class HasEnded(Exception):
    """The fact or consent has ended already."""


@dataclass(frozen=True, slots=True)
class MatterEnded:
    """The end of what began by event: a hold was lifted, a plan is over."""

    person_id: UUID
    kind: FactKind
    matter: str
    reason: str
    told_by: str
    ended_at: datetime


def record_fact(session: Session, told: Told, now: datetime, *, desk: Desk) -> tuple[Kept, bool]:
    """Keep what one caller tells; whether that was new. Told before, it is the one kept then.

    Where a fact leaves out since when, it is since the day it was told, where the person lives.
    Planned visits it makes unlawful are revoked, and contacts that took place since it began and
    should not have are reported. Raises `ToldOtherwise`.
    """
    persons.lock(session, [told.person_id])
    new = _keep(session, [told], now, desk)
    if new:
        return Kept(new[0], None), True
    assert told.reference is not None
    before = facts.of_reference(session, told.reference)
    if before is None or not told.tells_the_same(before.told):
        raise ToldOtherwise
    return before, False


def record_facts(session: Session, told: Sequence[Told], now: datetime, *, desk: Desk) -> None:
    """Keep what events tell, each reference once. Planned visits that become unlawful by it are
    revoked, unless the end of the matter is known already."""
    if not told:
        return
    persons.lock(session, (each.person_id for each in told))
    _keep(session, told, now, desk)


def end_matters(
    session: Session, ended: Sequence[MatterEnded], now: datetime, *, desk: Desk
) -> None:
    """End what stands of these matters, and what may still arrive of the time before."""
    if not ended:
        return
    persons.lock(session, (each.person_id for each in ended))
    by_kind: dict[FactKind, set[UUID]] = {}
    for each in ended:
        end = Ended(
            id=new_id(),
            reason=each.reason,
            told_by=each.told_by,
            occurred_at=each.ended_at,
            recorded_at=now,
            matter=each.matter,
        )
        if facts.end(session, end):
            by_kind.setdefault(each.kind, set()).add(each.person_id)
    for kind, people in by_kind.items():
        reconsider_visits(session, people, now, desk=desk, why=kind)


def withdraw(session: Session, kept: Kept, end: Ended, now: datetime, *, desk: Desk) -> Kept:
    """End one fact or consent for good: it was taken back, or it was never so.

    Planned visits that rested on it are revoked. Where it was one no longer before its end was
    told, contacts since then that only it made lawful are reported. That it was never so may turn
    out after it has ended. Raises `HasEnded`.
    """
    persons.lock(session, [kept.told.person_id])
    # It may have ended while the lock was waited for.
    before = facts.find(session, kept.told.id)
    assert before is not None
    known = before.ended is not None and (before.ended.in_error or not end.in_error)
    if known or not facts.end(session, end):
        raise HasEnded
    person_id = kept.told.person_id
    reconsider_visits(session, [person_id], now, desk=desk, why=kept.told.kind)
    since = not_so_since(before.told, end)
    if since is not None:
        begun = {person_id: since}
        report_breaches(session, [person_id], now, desk=desk, cause="fact", since=begun)
    return Kept(kept.told, end)


def facts_of_outcome(
    session: Session, completed: Sequence[CompletedVisit], now: datetime, *, desk: Desk
) -> None:
    """Keep what these visits found out that is a fact in itself: a death, a dispute.

    It may come before or after the visit's own line is written.
    """
    telling = [visit for visit in completed if visit.code in _OF_OUTCOMES]
    if not telling:
        return
    persons.lock(session, (visit.person_id for visit in completed))
    histories = ledger.histories(session, sorted({visit.person_id for visit in telling}))
    told = []
    for visit in telling:
        kind, form = _OF_OUTCOMES[visit.code]
        entry = described(histories[visit.person_id], visit.visit_id)
        named = entry is not None and entry.party_role in _NAMED
        of_the_person = kind in OF_THE_PERSON
        told.append(
            Told(
                id=new_id(),
                person_id=visit.person_id,
                said=Fact(kind, form=form, party=entry.party_id if entry and named else None),
                lender=None if of_the_person else visit.lender,
                debts=entry.debts if entry and not of_the_person else (),
                evidence=({"kind": "visit", "reference": str(visit.visit_id)},),
                reference=f"visit:{visit.visit_id}:{kind}",
                told_by=CASES,
                occurred_at=visit.ended_at,
                recorded_at=now,
            )
        )
    record_facts(session, told, now, desk=desk)


def _keep(session: Session, told: Sequence[Told], now: datetime, desk: Desk) -> list[Told]:
    """Keep what is not kept yet, with the day since when it is, and do what follows from it."""
    zones = facts.zones(session, {each.person_id for each in told})
    dated = [each.since(local_day(each.occurred_at, zones[each.person_id])) for each in told]
    new = [each for each in dated if facts.add(session, each)]
    by_kind: dict[str, set[UUID]] = {}
    past: dict[UUID, datetime] = {}
    for each in new:
        by_kind.setdefault(each.kind, set()).add(each.person_id)
        begun = each.began_before(local_day(now, zones[each.person_id]))
        if begun is not None:
            past[each.person_id] = min(begun, past.get(each.person_id, begun))
    for kind, people in by_kind.items():
        reconsider_visits(session, people, now, desk=desk, why=kind)
    if past:
        report_breaches(session, list(past), now, desk=desk, cause="fact", since=past)
    return new
