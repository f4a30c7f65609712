"""What contact-rules answers and takes back: cases' own copies of its events, and what is done."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict
from shared.inbox import Delivered, Handler, Prepare
from shared.keys import BadKeys, KeySet, key_name
from shared.messages import Message, Received
from sqlmodel import Session

from cases.domain.approval import Obligation
from cases.handlers import decide_visits, move_visits, revoke_visits
from cases.handlers.decide_visits import Answered
from cases.handlers.move_visits import Moved, NotMoved
from cases.store.decisions import Denial, Revocation

_log = structlog.get_logger(__name__)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Obligation(_Part):
    rule: str
    what: str
    when: str


class _Approval(_Part):
    id: UUID
    token: str
    expires_at: datetime
    obligations: list[_Obligation]


class VisitApproved(Received):
    """Contact-rules says yes to a visit, signed."""

    TYPE: ClassVar[str] = "contact-rules.visit-approved.v1"

    visit_id: UUID
    person_id: UUID
    decision_id: UUID
    approval: _Approval


class _Denied(Received):
    visit_id: UUID
    person_id: UUID
    decision_id: UUID
    # Kept as they came: what a check says is contact-rules' own, and shown, not read.
    checks: list[dict[str, Any]]
    next_lawful: list[dict[str, Any]]


class VisitDenied(_Denied):
    """Contact-rules says no to a visit."""

    TYPE: ClassVar[str] = "contact-rules.visit-denied.v1"


class VisitNeedsReview(_Denied):
    """Contact-rules leaves a visit to people."""

    TYPE: ClassVar[str] = "contact-rules.visit-needs-review.v1"


class VisitRescheduled(VisitApproved):
    """Contact-rules says yes to moving a visit, signed."""

    TYPE: ClassVar[str] = "contact-rules.visit-rescheduled.v1"

    request_id: UUID


class RescheduleDenied(_Denied):
    """Contact-rules says no to moving a visit, or that only people could say yes."""

    TYPE: ClassVar[str] = "contact-rules.reschedule-denied.v1"

    request_id: UUID
    verdict: Literal["deny", "needs_review"]


class ApprovalRevoked(Received):
    """Contact-rules takes an approval back."""

    TYPE: ClassVar[str] = "contact-rules.approval-revoked.v1"

    visit_id: UUID
    approval_id: UUID
    reason: str
    checks: list[dict[str, Any]]
    revoked_at: datetime


class ApprovalExpired(Received):
    """The time of an approval passed."""

    TYPE: ClassVar[str] = "contact-rules.approval-expired.v1"

    visit_id: UUID
    approval_id: UUID


def of_contact_rules(keys: KeySet) -> list[Handler[Any]]:
    """What is done about each type; approvals are proven by ``keys``."""
    return [
        Handler(VisitApproved, partial(_approved, keys)),
        Handler(VisitDenied, partial(_denied, "deny")),
        Handler(VisitNeedsReview, partial(_denied, "needs_review")),
        Handler(VisitRescheduled, partial(_rescheduled, keys)),
        Handler(RescheduleDenied, _reschedule_denied),
        Handler(ApprovalRevoked, _revoked),
        Handler(ApprovalExpired, _expired),
    ]


def fetch_missing_keys(keys: KeySet) -> Prepare:
    """Before the transaction: fetch contact-rules' public keys if an approval names an unknown one.

    Also when they were fetched long ago, for one may have been withdrawn since. While a missing
    one can't be fetched it raises `TimeoutError`: the batch is kept and tried again, for the
    approvals may be good. One whose key is in no fetched set is tried, and parks.
    """
    # A set of keys in a file is read by itself, and never refreshed over the network.
    remote = keys.may_refresh

    def prepare(messages: Sequence[Message]) -> None:
        named = _key_names(messages) if remote else set()
        unknown = any(keys.get(kid) is None for kid in named)
        if unknown and not keys.may_refresh:
            raise TimeoutError("contact-rules' keys were asked for a moment ago")
        if unknown or (named and keys.wants_refresh):
            try:
                keys.refresh()
            except BadKeys as error:
                _log.warning("approval_keys_unreachable", why=str(error))
                if unknown:
                    raise TimeoutError("contact-rules' keys can't be reached") from None

    return prepare


def _key_names(messages: Sequence[Message]) -> set[str]:
    names = set()
    for message in messages:
        if message.type in {VisitApproved.TYPE, VisitRescheduled.TYPE}:
            try:
                kid = key_name(message.data["approval"]["token"])
            except (LookupError, TypeError, AttributeError):
                continue
            if kid is not None:
                names.add(kid)
    return names


def _approved(
    keys: KeySet, session: Session, delivered: Sequence[Delivered[VisitApproved]], now: datetime
) -> None:
    answers = [_answered(one.event, one.message) for one in delivered]
    decide_visits.schedule_visits(session, answers, now, keys=keys)


def _answered(event: VisitApproved, message: Message) -> Answered:
    approval = event.approval
    return Answered(
        visit_id=event.visit_id,
        person_id=UUID(message.subject),
        decision_id=event.decision_id,
        approval_id=approval.id,
        token=approval.token,
        expires_at=approval.expires_at,
        obligations=[Obligation(each.rule, each.what, each.when) for each in approval.obligations],
    )


def _denied(
    verdict: str, session: Session, delivered: Sequence[Delivered[_Denied]], now: datetime
) -> None:
    denials = [
        (
            UUID(one.message.subject),
            _denial(one.event, verdict),
        )
        for one in delivered
    ]
    decide_visits.deny_visits(session, denials, now)


def _denial(event: _Denied, verdict: str) -> Denial:
    return Denial(
        decision_id=event.decision_id,
        visit_id=event.visit_id,
        verdict=verdict,
        checks=event.checks,
        next_lawful=event.next_lawful,
    )


def _rescheduled(
    keys: KeySet, session: Session, delivered: Sequence[Delivered[VisitRescheduled]], now: datetime
) -> None:
    for one in delivered:
        moved = Moved(one.event.request_id, _answered(one.event, one.message))
        move_visits.move_visit(session, moved, now, keys=keys)


def _reschedule_denied(
    session: Session, delivered: Sequence[Delivered[RescheduleDenied]], now: datetime
) -> None:
    for one in delivered:
        denial = _denial(one.event, one.event.verdict)
        told = NotMoved(one.event.request_id, UUID(one.message.subject), denial)
        move_visits.keep_visit(session, told, now)


def _revoked(
    session: Session, delivered: Sequence[Delivered[ApprovalRevoked]], now: datetime
) -> None:
    told = [
        (
            UUID(one.message.subject),
            Revocation(
                approval_id=one.event.approval_id,
                visit_id=one.event.visit_id,
                reason=one.event.reason,
                checks=one.event.checks,
                revoked_at=one.event.revoked_at,
            ),
        )
        for one in delivered
    ]
    revoke_visits.revoke_visits(session, told, now)


def _expired(
    session: Session, delivered: Sequence[Delivered[ApprovalExpired]], now: datetime
) -> None:
    told = [
        (UUID(one.message.subject), one.event.visit_id, one.event.approval_id) for one in delivered
    ]
    revoke_visits.expire_visits(session, told, now)
