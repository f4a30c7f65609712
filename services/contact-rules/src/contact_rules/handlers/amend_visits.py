"""What planned visits rest on changed, debts or credentials: each is asked about once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from contact_rules.domain import Contact, Decision, Verdict, check
from contact_rules.domain.approval_checks import nothing_owed
from contact_rules.handlers.deciding import (
    DecidedForAnother,
    Desk,
    Standing,
    VisitRequest,
    asked_of,
    decision_record,
    look_up,
    objections,
    one_a_person,
    request_again,
    reservation,
    verdict_but_for,
)
from contact_rules.handlers.reconsider_visits import PlannedVisit, Revocations, planned_visits
from contact_rules.store import decisions, ledger, persons
from contact_rules.store.decisions import DecisionRecord


@dataclass(frozen=True, slots=True)
class AmendedVisit:
    """A visit as it is told by now. ``told`` has the id of this telling as its ``request_id``."""

    told: VisitRequest
    why: str


def amend_visits(
    session: Session, amended: Sequence[AmendedVisit], now: datetime, *, desk: Desk
) -> None:
    """Decide about these visits again, by what is told of them now.

    What changed is taken over: debts, whom they meet, where they live, credentials. Time, place and
    team stay those that were approved: only a request to move a visit changes them. If the rules
    still allow it, the approval stands, and from now on rests on what was told; else it is revoked
    as in `reconsider_visits`. Either way the decision is kept. Visits without an approval in force,
    and what was told before, change nothing.

    Raises `DecidedForAnother`.
    """
    if not amended:
        return
    persons.lock(session, {one.told.subject.person_id for one in amended})
    why = {_named(one.told): one.why for one in amended}
    for together in one_a_person([one.told for one in amended]):
        _amend_together(session, together, why, now, desk)


def _named(told: VisitRequest) -> UUID:
    assert told.request_id is not None, "each telling has an id of its own"
    return told.request_id


def _amend_together(
    session: Session,
    requests: Sequence[VisitRequest],
    why: Mapping[UUID, str],
    now: datetime,
    desk: Desk,
) -> None:
    planned = {
        visit.approval.visit_id: visit
        for visits in planned_visits(
            session, [told.subject.person_id for told in requests], now
        ).values()
        for visit in visits
    }
    concerned = [told for told in requests if told.subject.visit_id in planned]
    if not concerned:
        return
    decided = decisions.of_requests(session, [_named(told) for told in concerned])
    standing = look_up(session, [told.subject.person_id for told in concerned])
    revoked = Revocations(now)
    records = []
    entries = []
    for told in concerned:
        if _told_before(decided, told):
            continue
        visit, stands = planned[told.subject.visit_id], standing[told.subject.person_id]
        request, decision, record = _decided(visit, told, stands, now, desk)
        records.append(record)
        if record.verdict is Verdict.ALLOW:
            entries.append(reservation(request, record, now))
        else:
            against = objections(decision, record.overridden)
            revoked.add(visit, request, against, why[_named(told)])
    decisions.add(session, records)
    ledger.add(session, entries)
    revoked.write(session)


def _told_before(decided: Mapping[UUID, DecisionRecord], told: VisitRequest) -> bool:
    record = decided.get(_named(told))
    if record is not None and record.visit_id != told.subject.visit_id:
        raise DecidedForAnother("what was told before was about another visit")
    return record is not None


def _decided(
    visit: PlannedVisit, told: VisitRequest, stands: Standing, now: datetime, desk: Desk
) -> tuple[VisitRequest, Decision, DecisionRecord]:
    before = request_again(visit.record)
    request = replace(
        before,
        contact=_taken_over(before.contact, told.contact),
        residence=told.residence,
        request_id=told.request_id,
    )
    asked = asked_of(
        request.contact, request.residence, stands, desk, without=request.subject.visit_id
    )
    packs = asked.packs()
    decision = check(asked.contact, packs)
    if (paid := nothing_owed(request.contact.debts)) is not None:
        decision = replace(
            decision, verdict=Verdict.DENY, checks=(*decision.checks, paid), obligations=()
        )
    overridden = visit.record.overridden
    record = decision_record(
        request,
        asked,
        packs,
        decision,
        stands,
        now,
        desk,
        verdict=verdict_but_for(decision, overridden),
        overridden=overridden,
        review_id=visit.record.review_id,
    )
    return request, decision, record


def _taken_over(before: Contact, told: Contact) -> Contact:
    """The contact as it was approved, with what is told of it now."""
    members = {member.id: member for member in told.team}
    same_address = told.point == before.point
    return replace(
        before,
        place=told.place if same_address else before.place,
        party=told.party,
        debts=told.debts,
        collector=told.collector,
        team=tuple(members.get(member.id, member) for member in before.team),
    )
