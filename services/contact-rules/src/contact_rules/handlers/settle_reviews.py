"""A review ends: the rules are asked once more, and what people said becomes a decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

import structlog
from shared.ids import new_id
from shared.log import frames
from sqlmodel import Session

from contact_rules.domain import Decision, Pack, Verdict
from contact_rules.domain.review import Doubt, Review, denied_by_people, doubts, doubts_kept
from contact_rules.handlers.ask_rules import Asked
from contact_rules.handlers.deciding import (
    Desk,
    Standing,
    VisitRequest,
    announcement,
    approve,
    asked_of,
    decision_record,
    look_up,
    request_again,
    reservation,
)
from contact_rules.store import approvals, decisions, ledger
from contact_rules.store.decisions import DecisionRecord
from shared import outbox

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """What the rules say now of the visit under review, and what people were asked about."""

    request: VisitRequest
    asked: Asked
    packs: tuple[Pack, ...]
    decision: Decision
    standing: Standing
    before: frozenset[Doubt]

    @classmethod
    def of(cls, record: DecisionRecord, standing: Standing, desk: Desk) -> Self:
        """The question of a decision, as a request of its own, with all that stands now."""
        request = replace(request_again(record), request_id=new_id())
        asked = asked_of(
            request.contact, request.residence, standing, desk, without=record.visit_id
        )
        return cls(
            request=request,
            asked=asked,
            packs=asked.packs(),
            decision=asked.check(),
            standing=standing,
            before=doubts_kept(record.checks),
        )

    @property
    def doubts(self) -> frozenset[Doubt]:
        """What the rules leave to people now."""
        return doubts(self.decision.checks)

    @property
    def unseen(self) -> frozenset[Doubt]:
        """What nobody has been asked about yet."""
        return self.doubts - self.before

    def record(
        self,
        review: Review,
        now: datetime,
        desk: Desk,
        *,
        verdict: Verdict | None = None,
        overridden: Sequence[str] = (),
    ) -> DecisionRecord:
        """The decision it comes to; ``verdict`` None: the rules' own."""
        return decision_record(
            self.request,
            self.asked,
            self.packs,
            self.decision,
            self.standing,
            now,
            desk,
            verdict=verdict,
            overridden=overridden,
            review_id=review.id,
        )


def ask_again(session: Session, reviews: Sequence[Review], desk: Desk) -> dict[UUID, AskedAgain]:
    """The questions of these reviews, by review. The caller holds their persons' locks.

    One that this version can't read is logged and left out: it can't be approved, and must not
    keep the others from their end.
    """
    stands = look_up(session, sorted({review.person_id for review in reviews}))
    found = {}
    for review in reviews:
        record = decisions.find(session, review.decision_id, lender=None)
        assert record is not None, "a review refers to its decision"
        try:
            found[review.id] = AskedAgain.of(record, stands[review.person_id], desk)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            _log.error("question_unreadable", review_id=str(review.id), raised=frames(error))
    return found


def approve_reviewed(
    session: Session, review: Review, again: AskedAgain, now: datetime, *, desk: Desk
) -> DecisionRecord:
    """The yes of people: its place is reserved and an approval signed and announced.

    No rule says no and people were asked about every doubt; `again` was asked under the person's
    lock. The doubts that are left are overridden.
    """
    record = again.record(
        review,
        now,
        desk,
        verdict=Verdict.ALLOW,
        overridden=sorted({doubt.rule for doubt in again.doubts}),
    )
    signed = approve(again.request, record, now, desk)
    decisions.add(session, [record])
    ledger.add(session, [reservation(again.request, record, now)])
    approvals.add(session, [signed])
    outbox.add(session, announcement(record, signed), key=review.person_id, now=now)
    return record


def deny_reviewed(
    session: Session,
    denied: Sequence[tuple[Review, AskedAgain]],
    now: datetime,
    *,
    desk: Desk,
) -> list[DecisionRecord]:
    """The no of people, or of time, for reviews that are closed as rejected or lapsed."""
    records = []
    for review, again in denied:
        decision = replace(
            again.decision,
            checks=(*again.decision.checks, denied_by_people(review)),
            obligations=(),
        )
        records.append(
            replace(again, decision=decision).record(review, now, desk, verdict=Verdict.DENY)
        )
    _announce(session, records, now)
    return records


def leave_to_rules(
    session: Session, review: Review, again: AskedAgain, now: datetime, *, desk: Desk
) -> DecisionRecord:
    """What the rules say by now takes the place of what people were asked: a no, or new doubts."""
    assert again.decision.verdict is not Verdict.ALLOW
    record = again.record(review, now, desk)
    _announce(session, [record], now)
    return record


def _announce(session: Session, records: Sequence[DecisionRecord], now: datetime) -> None:
    decisions.add(session, records)
    outbox.add_many(
        session, [(record.person_id, announcement(record, None)) for record in records], now=now
    )
