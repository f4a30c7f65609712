"""What all decisions about visits are made of: the desk, what stands about a person, the answer."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from shared.keys import Signer
from shared.messages import Event
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import Check, Contact, Decision, Library, Pack, Residence, Verdict
from contact_rules.domain.approval import ISSUER, Subject, claims, reserve
from contact_rules.domain.approval_checks import begun_already
from contact_rules.domain.decision import combined
from contact_rules.domain.known import Known, with_known
from contact_rules.domain.ledger import Entry, EntryKind, Line, effective_history
from contact_rules.domain.question_data import facts_of, question_of
from contact_rules.domain.review import USUAL_LENGTH
from contact_rules.domain.rule import HARMLESS
from contact_rules.handlers.ask_rules import Asked
from contact_rules.handlers.proving import history_of, proven
from contact_rules.store import facts, ledger
from contact_rules.store.approvals import SignedApproval
from contact_rules.store.decisions import DecisionRecord

ENGINE: Final = version("doorstep-contact-rules")
MOST_NEXT_LAWFUL: Final = 5
"""How many lawful windows a no comes with."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What decisions are made with: the rules, and the key that they are signed with."""

    library: Library
    signer: Signer
    issuer: str = ISSUER
    library_digest: str | None = None
    review_length: timedelta = USUAL_LENGTH
    """How long people have to decide what rules leave open."""


@dataclass(frozen=True, slots=True)
class VisitRequest:
    """A visit somebody asks for. ``contact`` comes without history, which the ledger has, and
    without facts and consents, which are known of the person.

    ``request_id`` is None for the visit's own, first request.
    """

    subject: Subject
    contact: Contact
    residence: Residence | None = None
    request_id: UUID | None = None
    requested_by: str | None = None


@dataclass(slots=True)
class Standing:
    """All that stands about one person who is locked: the ledger, oldest line first, and what is
    known."""

    lines: list[Line]
    known: list[Known]


class DecidedForAnother(Exception):
    """The request was decided before, for another person or visit: somebody mixed up ids."""


def one_a_person(requests: Sequence[VisitRequest]) -> Iterator[list[VisitRequest]]:
    """The requests in order, in lists that hold no person twice: most often it is one list.

    A decision says up to which line of the ledger it knows, so what an earlier one about the same
    person reserved has to be written first.
    """
    together: list[VisitRequest] = []
    people: set[UUID] = set()
    for request in requests:
        if request.subject.person_id in people:
            yield together
            together, people = [], set()
        together.append(request)
        people.add(request.subject.person_id)
    yield together


def look_up(session: Session, persons: Sequence[UUID]) -> dict[UUID, Standing]:
    """What stands about each person; two statements for all.

    To decide by it, hold the persons' locks from an earlier statement (`persons.lock`).
    """
    lines = ledger.lines(session, persons)
    known = facts.standing(session, persons)
    return {person: Standing(lines[person], known[person]) for person in lines}


def asked_of(
    contact: Contact,
    residence: Residence | None,
    standing: Standing,
    desk: Desk,
    *,
    without: UUID | None = None,
) -> Asked:
    """The question with all that stands: history, facts and consents.

    ``without``: the contact asked about, where the ledger has it already; its own place must not
    stand in its way.
    """
    lines = standing.lines
    if without is not None:
        own = str(without)
        lines = [line for line in lines if line.contact_id != own]
    if lines:  # most people have none, and a copy of the contact takes 10 µs
        contact = replace(contact, history=effective_history(lines))
    return Asked(with_known(contact, standing.known), desk.library, residence)


def request_again(record: DecisionRecord) -> VisitRequest:
    """The request that a stored decision answered, to be asked again as things stand now."""
    contact, residence = question_of(record.facts)
    assert contact.point is not None
    subject = Subject(
        visit_id=record.visit_id,
        case_id=record.case_id,
        person_id=record.person_id,
        lender=record.lender,
        address_id=UUID(contact.point),
        team=tuple(UUID(member.id) for member in contact.team),
    )
    # What was known then is not what is known now.
    contact = replace(contact, facts=(), consents=())
    return VisitRequest(subject, contact, residence, record.request_id, record.requested_by)


def objections(decision: Decision, overridden: Collection[str] = ()) -> list[Check]:
    """The checks that stand against it, but for those that people have settled.

    People settle doubts only: a rule whose own verdict is a no counts whoever overrode it.
    """
    return [
        each
        for each in decision.checks
        if each.result not in HARMLESS
        and not (each.verdict is Verdict.NEEDS_REVIEW and each.rule in overridden)
    ]


def verdict_but_for(decision: Decision, overridden: Collection[str]) -> Verdict:
    """The verdict, if the doubts that rules ``overridden`` raise are settled."""
    if not overridden:
        return decision.verdict
    return combined({each.verdict for each in objections(decision, overridden)})


def in_time(decision: Decision, contact: Contact, now: datetime) -> Decision:
    """The decision, but a no if the contact's start has passed by now."""
    late = begun_already(contact.starts_at, now)
    if late is None:
        return decision
    checks = (*decision.checks, late)
    return replace(decision, verdict=Verdict.DENY, checks=checks, obligations=())


def decision_record(
    request: VisitRequest,
    asked: Asked,
    packs: Sequence[Pack],
    decision: Decision,
    standing: Standing,
    now: datetime,
    desk: Desk,
    *,
    verdict: Verdict | None = None,
    overridden: Sequence[str] = (),
    review_id: UUID | None = None,
    with_times: bool = True,
) -> DecisionRecord:
    """The decision as it will be kept, with all that it rests on, and signed.

    ``verdict``: what it comes to, where people had a say; else what the rules found. All lines of
    ``standing`` are in the database, or ``ledger_seq`` would not say what it rested on.
    ``with_times``: with a no, the next lawful times are looked for.
    """
    record = unsigned_record(
        request,
        asked,
        packs,
        decision,
        standing.lines,
        now,
        verdict=verdict,
        overridden=overridden,
        review_id=review_id,
        with_times=with_times,
        library=desk.library_digest,
        history=history_of(standing.lines),
    )
    return proven(record, desk.signer)


def unsigned_record(
    request: VisitRequest,
    asked: Asked,
    packs: Sequence[Pack],
    decision: Decision,
    lines: Sequence[Line],
    now: datetime,
    *,
    verdict: Verdict | None = None,
    overridden: Sequence[str] = (),
    review_id: UUID | None = None,
    with_times: bool = True,
    library: str | None = None,
    history: str | None = None,
) -> DecisionRecord:
    """What `decision_record` keeps, before anybody vouches for it: the same question with the same
    lines always comes to the same."""
    subject = request.subject
    verdict = decision.verdict if verdict is None else verdict
    # With a yes the laws are left out: that is most of what there would be to write.
    told = events.trace_data if verdict is Verdict.ALLOW else events.check_data
    return DecisionRecord(
        id=new_id(),
        visit_id=subject.visit_id,
        case_id=subject.case_id,
        person_id=subject.person_id,
        lender=subject.lender,
        verdict=verdict,
        engine=ENGINE,
        packs=[pack.name for pack in packs],
        facts=facts_of(asked.contact, request.residence, packs),
        ledger_seq=max((line.seq for line in lines), default=0),
        checks=[told(each) for each in decision.checks],
        obligations=[events.obligation_data(each) for each in decision.obligations],
        must_end_by=decision.must_end_by,
        next_lawful=next_lawful(asked, max(asked.contact.starts_at, now.replace(microsecond=0)))
        if with_times and verdict is not Verdict.ALLOW
        else [],
        decided_at=now,
        request_id=request.request_id,
        requested_by=request.requested_by,
        overridden=overridden,
        review_id=review_id,
        library=library,
        history=history,
    )


def approve(
    request: VisitRequest, record: DecisionRecord, now: datetime, desk: Desk
) -> SignedApproval:
    """A new approval for what the request asks for, and the token that proves it."""
    contact = request.contact
    approval = reserve(
        new_id(),
        record.id,
        request.subject,
        starts_at=contact.starts_at,
        ends_at=contact.ends_at,
        must_end_by=record.must_end_by,
        now=now,
    )
    return SignedApproval(
        approval, desk.signer.sign(claims(approval, request.subject, issuer=desk.issuer))
    )


def reservation(request: VisitRequest, record: DecisionRecord, now: datetime) -> Entry:
    """The line of the ledger that holds the visit's place in every window."""
    contact, subject = request.contact, request.subject
    return Entry(
        id=new_id(),
        contact_id=subject.visit_id,
        person_id=subject.person_id,
        kind=EntryKind.RESERVED,
        lender=subject.lender,
        channel=contact.channel,
        direction=contact.direction,
        starts_at=contact.starts_at,
        ends_at=contact.ends_at,
        purpose=contact.purpose,
        place=None if contact.place is None else contact.place.kind,
        party_id=contact.party.id,
        party_role=contact.party.role,
        debts=tuple(debt.id for debt in contact.debts),
        collector=contact.collector.id,
        point=contact.point,
        decision_id=record.id,
        occurred_at=now,
        recorded_at=now,
    )


def announcement(record: DecisionRecord, signed: SignedApproval | None) -> Event:
    """The answer to a visit's own request; ``signed`` is there where it is a yes."""
    checks = told_checks(record)
    if signed is not None:
        # Built of our own parts, so nothing in it has to be read again.
        return events.VisitApproved.model_construct(
            visit_id=record.visit_id,
            case_id=record.case_id,
            person_id=record.person_id,
            decision_id=record.id,
            approval=approval_data(signed, record),
            checks=checks,
        )
    if record.verdict is Verdict.DENY:
        return events.VisitDenied(
            visit_id=record.visit_id,
            case_id=record.case_id,
            person_id=record.person_id,
            decision_id=record.id,
            verdict="deny",
            checks=checks,
            next_lawful=list(record.next_lawful),
        )
    assert record.verdict is Verdict.NEEDS_REVIEW
    return events.VisitNeedsReview(
        visit_id=record.visit_id,
        case_id=record.case_id,
        person_id=record.person_id,
        decision_id=record.id,
        verdict="needs_review",
        checks=checks,
        next_lawful=list(record.next_lawful),
    )


def told_checks(record: DecisionRecord) -> list[Any]:
    """The checks of rules that applied, as events tell them."""
    return [each for each in record.checks if each["result"] != "not_applicable"]


def approval_data(signed: SignedApproval, record: DecisionRecord) -> events.ApprovalData:
    """An approval as events tell it."""
    return {
        "id": signed.approval.id,
        "token": signed.token,
        "expires_at": signed.approval.expires_at,
        "must_end_by": signed.approval.must_end_by,
        "obligations": list(record.obligations),
    }


def next_lawful(asked: Asked, from_: datetime) -> list[events.SpanData]:
    """The next starts from ``from_`` on at which the same visit would be allowed, a few of them."""
    found = asked.next_lawful(from_, most=MOST_NEXT_LAWFUL)
    return [events.window_data(window) for window in found]
