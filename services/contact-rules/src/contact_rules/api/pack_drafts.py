"""Routes of packs on their way into force: drafts, approvals, the day, the end."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import Answer, Body, Day, Text
from shared.idempotency import Once
from shared.paging import Listing
from shared.problems import Problem, Words, conflict, forbidden
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from contact_rules.api.pack_text import PACK_BODY, GivenPack, told
from contact_rules.api.served import ContactRulesService, FirstTime, Part, Served
from contact_rules.domain import BrokenPack
from contact_rules.domain.pack_version import PackVersion, Step, VersionState
from contact_rules.handlers.draft_packs import draft_pack
from contact_rules.handlers.schedule_packs import (
    DoesNotFit,
    NoSuchVersion,
    approve_pack,
    end_pack,
    schedule_pack,
    withdraw_pack,
)
from contact_rules.store import pack_versions, rule_changes
from contact_rules.store.pack_versions import RulesChanged
from contact_rules.store.rule_changes import Cause, RuleChange

router = APIRouter(tags=["packs on their way"])


def of_the_house(*roles: Role) -> Callable[..., Any]:
    """Dependency: one of these roles, and not bound to one lender: packs are everybody's law."""
    allowed = allow(*roles)

    async def caller(found: Annotated[Caller, Depends(allowed)]) -> Caller:
        if found.lender_scope() is not None:
            raise forbidden(
                Words("A token of one lender may not do this.", "绑定机构的令牌无权进行此操作。")
            )
        return found

    return caller


Writer = Annotated[Caller, Depends(of_the_house(Role.COMPLIANCE, Role.OPS))]
Decider = Annotated[Caller, Depends(of_the_house(Role.COMPLIANCE))]
Watcher = Annotated[Caller, Depends(of_the_house(Role.COMPLIANCE, Role.OPS, Role.AUDITOR))]


class VersionAnswer(Answer):
    """A version of a pack, without its text."""

    id: UUID
    pack: str = Field(examples=["tw"])
    version: str
    name: str = Field(examples=["tw@2027-01-01"])
    digest: str = Field(description="SHA-256 of its text.")
    state: VersionState
    effective_from: date | None = Field(description="The first local day it is law.")
    effective_to: date | None = Field(description="The last one; null: no end is known.")
    author: str
    approved_by: Sequence[str] = Field(description="Two are needed, neither of them the author.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, version: PackVersion) -> "VersionAnswer":
        return cls(**_shown(version))


class StepAnswer(Answer):
    """Something that was done with it."""

    step: str
    by: str
    at: datetime
    reason: str | None
    data: dict[str, Any] | None

    @classmethod
    def of(cls, step: Step) -> "StepAnswer":
        return cls(step=step.step, by=step.by, at=step.at, reason=step.reason, data=step.data)


class RuleChangeAnswer(Answer):
    """The planned visits from a day on are asked again, and how far that is."""

    cause: Cause
    from_on: date
    total: int = Field(description="Visits that were planned when it began.")
    done: int
    revoked: int
    failed: int = Field(
        description="Persons whose visits could not be asked about; the checks at dispatch and at"
        " the door are made by the new rules all the same."
    )
    begun_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, change: RuleChange) -> "RuleChangeAnswer":
        return cls(
            cause=change.cause,
            from_on=change.from_on,
            total=max(change.total, change.done),
            done=change.done,
            revoked=change.revoked,
            failed=change.failed,
            begun_at=change.begun_at,
            ended_at=change.ended_at,
        )


class WholeVersionAnswer(VersionAnswer):
    """A version of a pack with its text and its life."""

    text: str
    steps: Sequence[StepAnswer] = Field(description="Who did what when and why, in order.")
    asked_again: Sequence[RuleChangeAnswer] = Field(
        description="The planned visits that were asked again because of it."
    )


class ApprovalBody(Body):
    """An approval."""

    reason: Text = Field(description="Why; it is kept.")


class ScheduleBody(Body):
    """The day from which it is law."""

    effective_from: Day = Field(
        description="A local day: it begins where the door is. Today or later, everywhere on earth."
    )
    reason: Text | None = None


class RetireBody(Body):
    """The last day on which it is law."""

    effective_to: Day = Field(description="A local day, today or later everywhere on earth.")
    reason: Text


class WithdrawBody(Body):
    """It is not to come into force."""

    reason: Text


@router.post(
    "/v1/packs/drafts", status_code=201, response_model=VersionAnswer, openapi_extra=PACK_BODY
)
def create_pack_draft(
    request: Request, service: Served, caller: Writer, once: FirstTime, given: GivenPack
) -> Response:
    """Hand in a pack as a draft.

    It is read and tried like a file on disk: every error comes with its line (422), it must stand
    beside all packs in use in place of its older versions, overlays may only tighten,
    person-protection may not be weakened, and its own examples must come out as they say, at least
    one that each rule denies and one that it lets pass. A text never changes: a changed one is a
    new draft, of a version of its own.
    """
    now = service.clock()
    in_use = service.shelf.in_use
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        try:
            version = draft_pack(
                session, given.content, now, by=caller.subject, reason=given.reason, in_use=in_use
            )
        except BrokenPack as broken:
            raise given.problem(broken.complaints) from None
        where = f"{request.scope.get('root_path', '')}/v1/packs/drafts/{version.id}"
        return once.answer(session, 201, VersionAnswer.of(version), headers={"Location": where})


@router.get("/v1/packs/drafts")
def list_pack_drafts(
    service: Served,
    _caller: Watcher,
    page: Part,
    state: VersionState | None = None,
    pack: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> Listing[VersionAnswer]:
    """All versions that were handed in here, whatever became of them, the newest first."""
    after = page.after(datetime, UUID)
    with transaction(service.engine) as session:
        found = pack_versions.page(
            session,
            state=state,
            pack_id=pack,
            after=None if after is None else (after[0], after[1]),
            limit=page.fetch,
        )
    shown, following = page.cut(found, lambda version: (version.created_at, version.id))
    return Listing(items=[VersionAnswer.of(each) for each in shown], next=following)


@router.get("/v1/packs/drafts/{version_id}")
def get_pack_draft(version_id: UUID, service: Served, _caller: Watcher) -> WholeVersionAnswer:
    """One version with its text, its steps, and how far planned visits have been asked again."""
    with transaction(service.engine) as session:
        version = pack_versions.find(session, version_id)
        if version is None:
            raise NoSuchVersion
        _, text = pack_versions.text_of(session, version.digest)
        return WholeVersionAnswer(
            **_shown(version),
            text=text,
            steps=[StepAnswer.of(each) for each in pack_versions.steps(session, version_id)],
            asked_again=[
                RuleChangeAnswer.of(each) for each in rule_changes.of_version(session, version_id)
            ],
        )


@router.post("/v1/packs/drafts/{version_id}/approve", response_model=VersionAnswer)
def approve_pack_draft(
    version_id: UUID, service: Served, caller: Decider, once: FirstTime, body: ApprovalBody
) -> Response:
    """Be for it. Two different persons must, neither of them its author, after a simulation."""

    def approve(session: Session, now: datetime) -> PackVersion:
        return approve_pack(session, version_id, now, by=caller.subject, reason=body.reason)

    return _done(service, once, approve)


@router.post("/v1/packs/drafts/{version_id}/schedule", response_model=VersionAnswer)
def schedule_pack_draft(
    version_id: UUID, service: Served, caller: Decider, once: FirstTime, body: ScheduleBody
) -> Response:
    """Make it law from a day on. The version before it ends the day before.

    From this moment visits planned for that day and later are judged by it, and those planned
    already are asked again (`asked_again` tells how far that is).
    """

    def schedule(session: Session, now: datetime) -> PackVersion:
        return schedule_pack(
            session,
            version_id,
            body.effective_from,
            now,
            by=caller.subject,
            reason=body.reason,
            in_use=service.shelf.in_use,
        )

    return _done(service, once, schedule)


@router.post("/v1/packs/drafts/{version_id}/retire", response_model=VersionAnswer)
def retire_pack_version(
    version_id: UUID, service: Served, caller: Decider, once: FirstTime, body: RetireBody
) -> Response:
    """End an active version without another in its place. No older one comes back.

    It stays active until its last day is over. What protects each person can't be ended so.
    """

    def retire(session: Session, now: datetime) -> PackVersion:
        return end_pack(
            session,
            version_id,
            body.effective_to,
            now,
            by=caller.subject,
            reason=body.reason,
            in_use=service.shelf.in_use,
        )

    return _done(service, once, retire)


@router.post("/v1/packs/drafts/{version_id}/withdraw", response_model=VersionAnswer)
def withdraw_pack_draft(
    version_id: UUID, service: Served, caller: Decider, once: FirstTime, body: WithdrawBody
) -> Response:
    """Take back a version that is not in force yet; its id and version may be used again."""

    def withdraw(session: Session, now: datetime) -> PackVersion:
        return withdraw_pack(
            session,
            version_id,
            now,
            by=caller.subject,
            reason=body.reason,
            in_use=service.shelf.in_use,
        )

    return _done(service, once, withdraw)


def _done(
    service: ContactRulesService, once: Once, act: Callable[[Session, datetime], PackVersion]
) -> Response:
    service.shelf.look_at_database()  # so that what is judged fits what is in force
    try:
        with transaction(service.engine) as session:
            if (stored := once.answered(session)) is not None:
                return stored
            answer = once.answer(session, 200, VersionAnswer.of(act(session, service.clock())))
    except DoesNotFit as unfit:
        raise Problem(
            409, unfit.code, Words(str(unfit), unfit.zh), errors=told(unfit.complaints, "")
        ) from None
    except RulesChanged:
        raise conflict(
            "changed_meanwhile",
            Words(
                "Somebody changed the rules in force at the same moment; nothing was done. Look"
                " again and repeat it.",
                "施行中的规则同时被他人修改，未作任何更改。请查看后重试。",
            ),
        ) from None
    with suppress(SQLAlchemyError):  # done is done: if it fails, the loop looks a second later
        service.shelf.look_at_database()
    return answer


def _shown(version: PackVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "pack": version.pack_id,
        "version": version.version,
        "name": version.name,
        "digest": version.digest,
        "state": version.state,
        "effective_from": version.effective_from,
        "effective_to": version.effective_to,
        "author": version.author,
        "approved_by": version.approved_by,
        "created_at": version.created_at,
        "changed_at": version.changed_at,
    }
