"""Approvals: what became of one, whether its visit may still take place, what a token proves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import Answer, AwareTime, Body, Code, Text
from shared.keys import LEEWAY
from shared.problems import Language, Words, invalid, not_found

from contact_rules import events
from contact_rules.api.readers import Reader
from contact_rules.api.served import Served, Spoken
from contact_rules.domain import Member, Verdict
from contact_rules.domain.approval import ApprovalState
from contact_rules.handlers.recheck_approval import (
    Do,
    Going,
    Rechecked,
    Step,
    recheck_approval,
)
from contact_rules.handlers.verify_token import Shown, verify_token
from contact_rules.store import approvals
from contact_rules.store.approvals import SignedApproval

router = APIRouter(tags=["approvals"])

VERIFY_PATH: Final = "/v1/approvals/verify"
"""Open to all: who is asked at a door has no account here, and the token is signed."""

_APPROVAL = Words("approval", "批准")
_LARGEST_TEAM: Final = 50


class WholeApprovalAnswer(Answer):
    """An approval and what became of it."""

    id: UUID
    state: ApprovalState
    decision_id: UUID
    visit_id: UUID
    person_id: UUID
    lender: str
    starts_at: datetime
    ends_at: datetime
    must_end_by: datetime | None
    expires_at: datetime = Field(description="Unless somebody is at the door by then.")
    issued_at: datetime
    checked_in_at: datetime | None = Field(description="Since when somebody is at the door.")
    ended_at: datetime | None = Field(description="Since when it is reserved no longer.")
    ended_why: str | None = Field(
        description="A code: of a kind of fact such as `deceased`, of a cancellation such as"
        " `plan`, or `contact`, `correction`, `team`, `rules`, `rescheduled`, `expired`,"
        " `took_place`, or `never_completed`: somebody was at the door, and a day later nobody had"
        " said what came of it."
    )
    token: str = Field(description="Verifies with `/.well-known/approval-keys.json` alone.")

    @classmethod
    def of(cls, signed: SignedApproval) -> "WholeApprovalAnswer":
        approval = signed.approval
        return cls(
            id=approval.id,
            state=approval.state,
            decision_id=approval.decision_id,
            visit_id=approval.visit_id,
            person_id=approval.person_id,
            lender=approval.lender,
            starts_at=approval.starts_at,
            ends_at=approval.ends_at,
            must_end_by=approval.must_end_by,
            expires_at=approval.expires_at,
            issued_at=approval.issued_at,
            checked_in_at=approval.checked_in_at,
            ended_at=approval.ended_at,
            ended_why=approval.ended_why,
            token=signed.token,
        )


class MemberBody(Body):
    """Somebody who goes, with the credentials valid on that day."""

    id: UUID
    credentials: Annotated[list[Code], Field(max_length=50)]
    employer: Text | None = Field(default=None, description="Left out: as the visit was approved.")


class RecheckBody(Body):
    """A step of a visit that was approved."""

    visit_id: UUID
    step: Step = Field(
        description="`dispatch`: the planned time is judged; `check_in`: a start at `at`."
    )
    at: AwareTime | None = Field(
        default=None,
        description="When they are at the door, or set out. Left out: now. Never in the future.",
    )
    team: Annotated[list[MemberBody], Field(max_length=_LARGEST_TEAM)] = Field(
        description="Who goes. All of them must be named in the approval; some may stay at home,"
        " where the rules let the others go."
    )


class InsteadAnswer(Answer):
    """What to do in place of it."""

    do: Do = Field(
        description="`wait`: it is lawful from `not_before` on; `reschedule`: ask to move it;"
        " `leave` and `cancel`: there is no time for it."
    )
    not_before: datetime | None
    next_lawful: Sequence[events.SpanData] = Field(
        description="Starts at which the same visit would be allowed as things stand, in UTC."
    )


class RecheckAnswer(Answer):
    """May they? ``go`` is a yes; anything else, no answer among it, is a no."""

    go: bool
    state: ApprovalState
    verdict: Verdict
    checks: Sequence[events.CheckData] = Field(
        description="What stands against it, in both languages: rules that fail or can't tell, and"
        " `approval.state`, `approval.team` or `approval.time` where it is not the visit that was"
        " approved."
    )
    must_end_by: datetime | None
    instead: InsteadAnswer | None = Field(description="With a no.")

    @classmethod
    def of(cls, found: Rechecked) -> "RecheckAnswer":
        instead = found.instead
        return cls(
            go=found.go,
            state=found.approval.state,
            verdict=found.verdict,
            checks=[events.check_data(each) for each in found.checks],
            must_end_by=found.must_end_by,
            instead=None
            if instead is None
            else InsteadAnswer(
                do=instead.do,
                not_before=instead.not_before,
                next_lawful=[events.window_data(each) for each in instead.next_lawful],
            ),
        )


class TokenBody(Body):
    """What an agent shows."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=16 * 1024)]


class TokenAnswer(Answer):
    """Whether it is an approval of ours that still stands, and what for."""

    valid: bool
    message: str = Field(description="In the language of `Accept-Language`.")
    state: ApprovalState | None = Field(description="Null for a token that is none of ours.")
    visit_id: UUID | None = None
    lender: str | None = Field(default=None, description="Whom they come for.")
    team: Sequence[UUID] = Field(default=(), description="Who may come, and nobody else.")
    address_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    must_end_by: datetime | None = None
    expires_at: datetime | None = None


_Asker = Annotated[Caller, Depends(allow(Role.SERVICE, Role.OPS, Role.COMPLIANCE))]


@router.post(VERIFY_PATH)
def verify_approval(service: Served, spoken: Spoken, body: TokenBody) -> TokenAnswer:
    """Is what an agent shows an approval that still stands: who may come, for whom, when, until
    when? Open to all. The signature alone can be verified without us
    (`/.well-known/approval-keys.json`); only here one learns that it was revoked since."""
    with transaction(service.engine) as session:
        shown = verify_token(
            session,
            body.token,
            keys=service.approval_keys.keys(),
            issuer=service.settings.approval_issuer,
            now=service.clock(),
        )
    return _told(shown, spoken)


@router.get("/v1/approvals/{approval_id}")
def get_approval(approval_id: UUID, caller: Reader, service: Served) -> WholeApprovalAnswer:
    """One approval: its state, and how and why it ended. A lender sees its own."""
    with transaction(service.engine) as session:
        signed = approvals.find(session, approval_id)
    if signed is None or caller.lender_scope() not in (None, signed.approval.lender):
        raise not_found(_APPROVAL)
    return WholeApprovalAnswer.of(signed)


@router.post("/v1/approvals/{approval_id}/recheck")
def recheck(approval_id: UUID, caller: _Asker, service: Served, body: RecheckBody) -> RecheckAnswer:
    """May this visit still take place, now that its team sets out or is about to knock?

    Asked as everything stands at this moment, the visit's own place left out. Nothing is stored,
    so it may be asked any number of times. Without a yes, nobody goes.
    """
    now = service.clock()
    at = now if body.at is None else body.at
    if at > now + LEEWAY:
        raise invalid(
            "/at", "in_the_future", Words("must not lie in the future", "不得晚于当前时间")
        )
    going = Going(
        approval_id,
        body.visit_id,
        body.step,
        min(at, now).replace(microsecond=0),
        [
            Member(str(member.id), frozenset(member.credentials), member.employer)
            for member in body.team
        ],
    )
    desk = service.desk()
    with transaction(service.engine) as session:
        # All of it is read as of one moment, and nobody is waited for.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        found = recheck_approval(session, going, desk=desk, lender=caller.lender_scope())
    if found is None:
        raise not_found(_APPROVAL)
    return RecheckAnswer.of(found)


def _told(shown: Shown | None, language: Language) -> TokenAnswer:
    if shown is None:
        return TokenAnswer(valid=False, message=_FORGED.say(language), state=None)
    return TokenAnswer(
        valid=shown.stands,
        message=(_OURS if shown.stands else _OVER).say(language),
        state=shown.state,
        visit_id=shown.visit_id,
        lender=shown.lender,
        team=shown.team,
        address_id=shown.address_id,
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        must_end_by=shown.must_end_by,
        expires_at=shown.expires_at,
    )


_FORGED: Final = Words(
    "This is not an approval of ours. Whoever shows it must not visit you by it.",
    "此凭证并非本系统签发，出示者无权凭此上门。",
)
_OVER: Final = Words(
    "This was an approval of ours, and it stands no longer: nobody may visit by it.",
    "此批准确由本系统签发，但已失效，任何人不得凭此上门。",
)
_OURS: Final = Words(
    "This is an approval of ours: those it names may come at the time it says, nobody else.",
    "此批准由本系统签发且有效：仅限所列人员于所列时间上门。",
)
